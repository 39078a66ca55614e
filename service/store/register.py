"""The register: groups, subscribers and campaigns, and how much was sent unasked, to whom and in all."""

from __future__ import annotations

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from service.campaigns import Campaign, decode_campaign, encode_campaign
from service.conversation import Person
from service.groups import Group, GroupError, decode_group, encode_group
from service.store.codec import decode_person
from service.store.keys import bucket_of, buckets, keys, name_of_row
from service.store.outbox import OUTBOX_DAYS
from service.store.rows import Row, encode_row
from service.store.script import Script
from service.store.store import StoreAwayError
from service.subscriptions import Subscriptions, decode_subscriptions

log = structlog.get_logger()

PATIENCE = 5.0
"""Seconds to wait for Redis: nobody waits on the line for what happens here."""

AT_ONCE = 500
"""Rows that are written, or subscribers that are read, in one go."""

DAY = 24 * 60 * 60

GROUPS, CENSUS, CAMPAIGNS, REPORTS = "groups", "census", "campaigns", "reports"
ALERTED, WORKER = "alerted", "worker"

DRAFT_DAYS = 7

NOTICE_DAYS = 60


class Register:
    """Everything that concerns more than one person.

    Its methods raise StoreAwayError where Redis does not answer within ``patience`` seconds.
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url, socket_timeout=patience, socket_connect_timeout=patience, retry=Retry(NoBackoff(), 1)
        )
        self._enqueue = Script("enqueue")

    def close(self) -> None:
        """Close every connection."""
        self._redis.close()

    # Groups

    def groups(self) -> tuple[Group, ...]:
        """Every group, by its code, with the last count of its members."""
        stored, counted = self._together(("HGETALL", GROUPS), ("HGETALL", CENSUS))
        found = []
        for code, group in sorted(stored.items()):
            people, names = json.loads(counted.get(code, b"[0,[]]"))
            try:
                found.append(decode_group(group)._replace(people=people, names=tuple(names)))
            except GroupError as error:  # the others must go on
                log.error("group", code=code.decode(), why=str(error))
        return tuple(found)

    def group(self, code: str) -> Group | None:
        """The group of that code, without its count."""
        stored = self._ask("HGET", GROUPS, code)
        return decode_group(stored) if stored else None

    def write_group(self, group: Group) -> None:
        """Keep a group, in place of the one with its code."""
        self._ask("HSET", GROUPS, group.code, encode_group(group._replace(people=0, names=())))

    def remove_group(self, code: str) -> None:
        """The group is no more."""
        self._together(("HDEL", GROUPS, code), ("HDEL", CENSUS, code))

    def change_group(self, code: str, step: Callable[[Group], Group]) -> Group | None:
        """Let a group take a step, on whatever it is by then; the group after it, None where there is none."""
        changed: Group | None = self._changed(
            GROUPS,
            lambda line: line.hget(GROUPS, code),
            lambda stored: step(decode_group(stored)),
            lambda line, group: line.hset(GROUPS, code, encode_group(group._replace(people=0, names=()))),
        )
        return changed

    def _changed(
        self,
        key: str,
        read: Callable[[Any], bytes | None],
        step: Callable[[bytes], Any],
        write: Callable[[Any, Any], Any],
    ) -> Any:
        """Change what lies under ``key`` by what it is then, again if somebody else was quicker; None without it."""
        changed: list[Any] = []

        def take(line: Any) -> None:
            changed.clear()
            stored = read(line)
            line.multi()
            if stored:
                changed.append(step(stored))
                write(line, changed[0])

        try:
            self._redis.transaction(take, key)
        except RedisError as error:
            raise StoreAwayError(str(error)) from error
        return changed[0] if changed else None

    def count(self) -> None:
        """Count the members of every group anew, and note the first names that they chose."""
        people: dict[str, int] = defaultdict(int)
        names: dict[str, list[str]] = defaultdict(list)
        for _, subscriptions in self.subscribers():
            for each in subscriptions.groups:
                people[each.group] += 1
                if each.name:
                    names[each.group].append(each.name)
        counted = {code: json.dumps([people[code], sorted(names[code])], ensure_ascii=False) for code in people}
        self._together(("DEL", CENSUS), *(("HSET", CENSUS, code, told) for code, told in counted.items()))

    # Subscribers

    def subscribers(self) -> Iterator[tuple[str, Subscriptions]]:
        """Everybody who asked to be sent something: contacts and what they asked for."""
        for bucket in buckets():
            cursor = 0
            while True:
                cursor, found = self._ask("HSCAN", keys_of(bucket)[0], cursor, "COUNT", AT_ONCE)
                for contact, stored in found.items():
                    try:
                        yield contact.decode(), decode_subscriptions(stored)
                    except (ValueError, TypeError, IndexError) as error:  # the others must get theirs
                        log.error("subscriptions", why=f"those of one contact cannot be read ({type(error).__name__})")
                if not cursor:
                    break

    def subscriptions(self, contact: str) -> Subscriptions:
        """What somebody asked to be sent."""
        return decode_subscriptions(self._ask("HGET", keys(contact, "").subscribers, contact))

    def person(self, contact: str) -> Person:
        """What is remembered of somebody for good."""
        return decode_person(self._ask("GET", keys(contact, "").person))

    def due(self, now: int) -> Iterator[tuple[str, int]]:
        """Contacts for whom the clock has something to do, and since when (Unix seconds)."""
        commands = [("ZRANGEBYSCORE", keys_of(bucket)[1], "-inf", now, "WITHSCORES") for bucket in buckets()]
        for found in self._together(*commands):
            yield from ((contact.decode(), int(score)) for contact, score in found)

    # Rows of a broadcast

    def enqueue(self, broadcast: str, rows: Iterable[Row]) -> int:
        """Write the rows of a broadcast to the outbox, each once however often this is done; how many are new.

        Rows are taken from ``rows`` as they are written, so that a hundred thousand need no room at once.
        """
        new = 0
        by_bucket: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            bucket = bucket_of(row.contact)
            by_bucket[bucket].append(row)
            if len(by_bucket[bucket]) >= AT_ONCE:
                new += self._written(broadcast, bucket, by_bucket.pop(bucket))
        for bucket, some in by_bucket.items():
            new += self._written(broadcast, bucket, some)
        return new

    def _written(self, broadcast: str, bucket: str, rows: list[Row]) -> int:
        arguments: list[Any] = [(OUTBOX_DAYS + 1) * DAY]
        for row in rows:
            arguments += [name_of_row(row.contact, row.id), row.contact, row.after, encode_row(row)]
        names = f"n:{broadcast}"
        new = int(self._run(self._enqueue, [f"z:{{{bucket}}}"], arguments))
        self._together(("SADD", names, *arguments[1::4]), ("EXPIRE", names, OUTBOX_DAYS * DAY))
        return new

    def rows_of(self, broadcast: str) -> Iterator[str]:
        """The names of the rows of a broadcast."""
        cursor = 0
        while True:
            cursor, found = self._ask("SSCAN", f"n:{broadcast}", cursor, "COUNT", AT_ONCE)
            yield from (name.decode() for name in found)
            if not cursor:
                break

    def keep_draft(self, leader: str, first: int, write: Callable[[str], bytes]) -> str:
        """Keep a draft for a leader under the first free number of three digits from ``first`` on; that number.

        ``write`` seals it under its number. The same draft keeps its number.
        """
        key = keys(leader, "").drafts
        for number in range(first, first + 900):
            name = str(100 + (number - 100) % 900)
            sealed = write(name)
            if self._ask("HSETNX", key, name, sealed) or self._ask("HGET", key, name) == sealed:
                self._ask("EXPIRE", key, DRAFT_DAYS * DAY)
                return name
        return ""

    # Reports

    def keep_report(self, name: str, sealed: bytes) -> None:
        """Keep what a member reports, sealed, for the operator to read."""
        self._ask("HSETNX", REPORTS, name, sealed)

    def reports(self) -> dict[str, bytes]:
        """What members reported, sealed, by its name."""
        return {name.decode(): sealed for name, sealed in self._ask("HGETALL", REPORTS).items()}

    def drop_report(self, name: str) -> None:
        """The operator has dealt with a report."""
        self._ask("HDEL", REPORTS, name)

    # Limits

    def is_within_cap(self, contact: str, row: str, day: int, most: int) -> bool:
        """Whether ``row`` is among the first ``most`` that go to somebody unasked on ``day`` (counted since 1970).

        Tried again, it counts once.
        """
        key = keys(contact, "").sent
        _, new, count, _ = self._together(
            ("ZREMRANGEBYSCORE", key, "-inf", day - 1),
            ("ZADD", key, "NX", day, row),
            ("ZCARD", key),
            ("EXPIRE", key, 2 * DAY),
        )
        if not new or count <= most:
            return True
        self._ask("ZREM", key, row)
        return False

    def spend(self, day: str, segments: int, budget: int) -> bool:
        """Count segments that are sent unasked on ``day``; False, and nothing counted, where the budget has no room."""
        spent, _ = self._together(("INCRBY", f"spent:{day}", segments), ("EXPIRE", f"spent:{day}", 2 * DAY))
        if spent <= budget:
            return True
        self._ask("DECRBY", f"spent:{day}", segments)
        return False

    def spent(self, day: str) -> int:
        """The segments that were sent unasked on ``day``."""
        return int(self._ask("GET", f"spent:{day}") or 0)

    # Spoken notices, and invitations

    def keep_notice(self, name: str, recorded: bytes) -> None:
        """Keep what a leader recorded, as MP3, for as long as a group may play it."""
        self._ask("SET", f"notice:{name}", recorded, "EX", NOTICE_DAYS * DAY)

    def notice(self, name: str) -> bytes | None:
        """What a leader recorded, if it is still there."""
        found: bytes | None = self._ask("GET", f"notice:{name}")
        return found

    def may_invite(self, contact: str, row: str) -> bool:
        """Whether a number that somebody keyed in may get a text of ours: none did, until it answers."""
        named = keys(contact, "")
        if self._ask("EXISTS", named.session):
            return True
        return bool(self._ask("SET", named.invited, row, "NX")) or self._ask("GET", named.invited) == row.encode()

    # Campaigns

    def campaigns(self) -> list[Campaign]:
        """Every campaign, by its id."""
        ids = sorted(each.decode() for each in self._ask("SMEMBERS", CAMPAIGNS))
        return [found for each in ids if (found := self.campaign(each))]

    def campaign(self, name: str) -> Campaign | None:
        """The campaign of that id."""
        stored = self._ask("GET", f"campaign:{name}")
        return decode_campaign(stored) if stored else None

    def write_campaign(self, campaign: Campaign) -> None:
        """Keep a campaign, in place of the one with its id."""
        self._together(("SADD", CAMPAIGNS, campaign.id), ("SET", f"campaign:{campaign.id}", encode_campaign(campaign)))

    def change_campaign(self, name: str, step: Callable[[Campaign], Campaign]) -> Campaign | None:
        """Let a campaign take a step, on whatever it is by then; the campaign after it, None where there is none."""
        key = f"campaign:{name}"
        changed: Campaign | None = self._changed(
            key,
            lambda line: line.get(key),
            lambda stored: step(decode_campaign(stored)),
            lambda line, campaign: line.set(key, encode_campaign(campaign)),
        )
        return changed

    # The operator and the worker

    def is_news(self, what: str, now: int, again: int) -> bool:
        """Whether the operator was not told of this within the last ``again`` seconds; they count as told then."""
        told = int(self._ask("HGET", ALERTED, what) or 0)
        if told + again > now:
            return False
        self._ask("HSET", ALERTED, what, now)
        return True

    def alive(self, now: int) -> None:
        """A worker lives."""
        self._ask("SET", WORKER, now)

    def lived(self) -> int:
        """When a worker last lived (Unix seconds), 0 for never."""
        return int(self._ask("GET", WORKER) or 0)

    def _ask(self, *command: Any) -> Any:
        try:
            return self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except RedisError as error:
            raise StoreAwayError(str(error)) from error

    def _together(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Several commands in one round trip."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
                return list(pipeline.execute())
        except RedisError as error:
            raise StoreAwayError(str(error)) from error

    def _run(self, script: Script, names: list[str], arguments: list[Any]) -> Any:
        try:
            return self._redis.evalsha(script.digest, len(names), *names, *arguments)
        except NoScriptError:  # a Redis that was restarted
            return self._redis.eval(script.source, len(names), *names, *arguments)
        except RedisError as error:
            raise StoreAwayError(str(error)) from error


def keys_of(bucket: str) -> tuple[str, str]:
    """The keys of a bucket's subscribers, and of what is due for them."""
    return f"b:{{{bucket}}}", f"t:{{{bucket}}}"


class Fresh:
    """The groups, read again once they are older than ``SECONDS``; ``last`` is how they were last, asking nobody."""

    SECONDS = 2.0

    def __init__(self, read: Callable[[], tuple[Group, ...]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock, self.last, self._until = read, clock, tuple[Group, ...](), 0.0

    def now(self) -> tuple[Group, ...]:
        """The groups; asks Redis once in a while."""
        if self._clock() >= self._until:
            self._until = self._clock() + self.SECONDS
            with contextlib.suppress(StoreAwayError):
                self.last = self._read()
        return self.last
