"""The outbox: rows that were written with the decision that caused them, and every step that each of them takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from service.store.keys import buckets, outbox_keys
from service.store.rows import FINAL, Row, State, decode_row, encode_row
from service.store.script import Script
from service.store.store import PATIENCE, StoreAwayError

OUTBOX_DAYS = 30
"""Days for which a row is kept after its last status: for whoever asks what became of it."""

EXPIRY = OUTBOX_DAYS * 24 * 60 * 60

HANDED = "handed"
"""The key of what the job engine was given."""

Step = Callable[[Row], Row]


class Outbox:
    """The rows of every contact. Its methods raise StoreAwayError where Redis does not answer."""

    def __init__(self, url: str) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 1)
        )
        self._swap, self._slot = Script("swap"), Script("slot")

    def waiting(self, now: float, most: int) -> list[str]:
        """Rows that may go now (Unix seconds): ``most`` of each bucket, those that were asked for first.

        They stay until they are claimed.
        """
        found = self._all("ZRANGEBYSCORE", lambda bucket: (f"z:{{{bucket}}}", "-inf", int(now), "LIMIT", 0, most))
        return [name.decode() for names in found for name in names]

    def waits(self) -> int:
        """How many rows wait, for whatever hour."""
        return sum(self._all("ZCARD", lambda bucket: (f"z:{{{bucket}}}",)))

    def read_all(self, names: Sequence[str]) -> list[Row | None]:
        """The rows of these names, in one round trip."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.get(outbox_keys(name).row)
                return [decode_row(stored) if stored else None for stored in pipeline.execute()]
        except RedisError as error:
            raise StoreAwayError(str(error)) from error

    def read(self, name: str) -> Row | None:
        """The row of that name, or None."""
        stored = self._ask("GET", outbox_keys(name).row)
        return decode_row(stored) if stored else None

    def step(self, name: str, step: Step) -> Row | None:
        """Let a row take a step, on whatever it is by then; the row after it, None where it is gone."""
        keys = outbox_keys(name)
        stored = self._ask("GET", keys.row)
        while stored:
            before = decode_row(stored)
            after = step(before)
            if after == before:
                return before
            written = encode_row(after)
            stored = self._run(
                self._swap,
                list(keys),
                [stored, written, name, _where(after), after.after, after.claimed, EXPIRY],
            )
            if stored == 1:
                return after
        return None

    def take(self, name: str, before: Row, after: Row) -> bool:
        """Let a row take a step from ``before``, for us alone: False where it has moved, or somebody was quicker."""
        stored = [encode_row(before), encode_row(after), name, _where(after), after.after, after.claimed, EXPIRY]
        return bool(self._run(self._swap, list(outbox_keys(name)), stored) == 1)

    def handed(self, attempts: Sequence[str], now: float) -> set[str]:
        """Which of these attempts the job engine has been given and is not given again yet."""
        if not attempts:
            return set()
        scores = self._ask("ZMSCORE", HANDED, *attempts)
        return {each for each, until in zip(attempts, scores, strict=True) if until and float(until) > now}

    def hand_on(self, attempts: Sequence[str], now: float, until: float) -> None:
        """The job engine is given these attempts, and not again before ``until``; what is over is forgotten."""
        self._ask("ZREMRANGEBYSCORE", HANDED, "-inf", now)
        if attempts:
            self._ask("ZADD", HANDED, *(each for attempt in attempts for each in (until, attempt)))

    def claimed(self, before: int) -> list[str]:
        """Rows that somebody claimed before then (Unix seconds), and never told what became of them."""
        return self._scored("u", before)

    def unsettled(self, before: int) -> list[str]:
        """Rows handed to Twilio before then (Unix seconds), of which nothing final is known."""
        return self._scored("k", before)

    def _scored(self, which: str, before: int) -> list[str]:
        found = self._all("ZRANGEBYSCORE", lambda bucket: (f"{which}:{{{bucket}}}", "-inf", before))
        return [name.decode() for names in found for name in names]

    def dead(self) -> Iterator[str]:
        """Rows that failed too often."""
        for found in self._all("SMEMBERS", lambda bucket: (f"f:{{{bucket}}}",)):
            yield from (name.decode() for name in sorted(found))

    def slot(self, sender: str, now: float, interval: float, segments: int, farthest: float) -> float:
        """Take the next moment at which ``sender`` may send; the seconds until then.

        ``interval`` is how long one segment keeps it busy. Where the moment is farther away than ``farthest`` seconds
        none is taken, and what comes back is negative: so far away, with the sign turned.
        """
        arguments = [int(now * 1000), f"{interval * 1000:.3f}", segments, int(farthest * 1000)]
        wait = int(self._run(self._slot, [f"r:{sender}"], arguments))
        return wait / 1000 if wait >= 0 else (wait + 1) / 1000 - 0.001

    def close(self) -> None:
        """Close every connection."""
        self._redis.close()

    def _all(self, command: str, arguments: Callable[[str], tuple[Any, ...]]) -> list[Any]:
        """What every bucket answers to a command."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for bucket in buckets():
                    pipeline.execute_command(command, *arguments(bucket))  # type: ignore[no-untyped-call]
                return list(pipeline.execute())
        except RedisError as error:
            raise StoreAwayError(str(error)) from error

    def _ask(self, *command: Any) -> Any:
        try:
            return self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except RedisError as error:
            raise StoreAwayError(str(error)) from error

    def _run(self, script: Script, names: list[str], arguments: list[Any]) -> Any:
        try:
            return self._redis.evalsha(script.digest, len(names), *names, *arguments)
        except NoScriptError:  # a Redis that was restarted
            return self._redis.eval(script.source, len(names), *names, *arguments)
        except RedisError as error:
            raise StoreAwayError(str(error)) from error


def _where(row: Row) -> str:
    """In which list a row stands; each wants something else to happen."""
    if row.state is State.WAITING:
        return "waiting"
    if row.state is State.DEAD:
        return "dead"
    if row.state is State.SENDING:
        return "claimed"
    return "final" if row.state in FINAL else "unsettled"
