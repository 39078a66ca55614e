"""A turn in two round trips: ``begin`` reads all that it needs, ``commit`` remembers all that it decided."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from service.conversation import Allowance, Known, Person, Session
from service.store.codec import decode_person, decode_session, encode_person, encode_session
from service.store.keys import ANSWER_SECONDS, SESSION_DAYS, keys
from service.store.line import Line

BURST = 60
"""Texts that a contact may send at once."""

INTERVAL = 10
"""Seconds after which they may send one more."""

PATIENCE = 2.0
"""Seconds to wait for Redis before it counts as away; Twilio waits 15 for us in all."""

DISK_PATIENCE = 2000
"""Milliseconds to wait for the disk to have what must survive a power cut."""

_ALLOWANCES = {0: Allowance.REFUSED_AGAIN, 1: Allowance.REFUSED, 2: Allowance.GRANTED}


class StoreError(Exception):
    """What was decided could not be remembered."""


class StoreAwayError(StoreError):
    """Redis does not answer."""


class Stored(NamedTuple):
    """What was found: the answer of a message that was answered before, else what is known, and the bytes it was in."""

    answer: bytes | None
    known: Known
    session: bytes
    person: bytes


class Commit(NamedTuple):
    """What a turn wants remembered. ``durable`` waits for the disk: it holds an opt-out or a consent."""

    session: Session
    person: Person
    answer: bytes
    durable: bool


class Store:
    """What we remember of contacts. Opens its connections when they are first needed, after any fork."""

    def __init__(self, url: str) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 1),
            retry_on_error=[redis.ConnectionError],
        )
        self._line = Line(self._redis.connection_pool)
        self._begin = _Script("begin")
        self._commit = _Script("commit")

    def begin(self, contact: str, message: str, now: float) -> Stored:
        """Begin a turn at ``now`` (Unix seconds); ``message`` is the id of what came in, empty where it has none.

        Raises StoreAwayError.
        """
        named = keys(contact, message)
        arguments: list[str | int] = [int(now * 1000), BURST, INTERVAL * 1000, message]
        try:
            answer, *known = self._run(self._begin, named, arguments)[0]
        except RedisError as error:
            raise StoreAwayError(str(error)) from error
        if answer is not None:
            return Stored(answer, Known(), b"", b"")
        return _stored(known[0], known[1], _ALLOWANCES[known[2]])

    def commit(self, contact: str, message: str, before: Stored, commit: Commit) -> Stored | None:
        """Remember a turn; None if it is remembered, else what another turn has left in the meantime.

        Raises StoreAwayError, and StoreError where the disk does not have in time what it must.
        """
        named = keys(contact, message)
        arguments = [
            message,
            before.session,
            encode_session(commit.session),
            SESSION_DAYS * 24 * 60 * 60,
            before.person,
            encode_person(commit.person),
            commit.answer,
            ANSWER_SECONDS,
        ]
        try:
            behind = self._wait_for_disk() if commit.durable else []
            (done, *now), *disk = self._run(self._commit, named[:3], arguments, *behind)
        except RedisError as error:
            if commit.durable:
                self._forget(named.answer)
            raise StoreAwayError(str(error)) from error
        if done and disk and disk[0][0] < 1:
            self._forget(named.answer)
            raise StoreError("the disk did not take what must survive a power cut: is it full, or appendonly off?")
        if done:
            return None
        answer, session, person = now
        if answer is not None:
            return Stored(answer, Known(), b"", b"")
        return _stored(session, person, before.known.allowance)

    def ready(self) -> str:
        """Why this store cannot serve, or nothing: it must answer, keep what it is given, and promise the disk."""
        try:
            return self._unready()
        except RedisError as error:
            return f"Redis does not answer ({type(error).__name__}): start it, or check REDIS_URL"

    def close(self) -> None:
        """Close every connection."""
        self._redis.close()

    def _run(self, script: _Script, names: Sequence[str], arguments: Sequence[Any], *more: Sequence[Any]) -> list[Any]:
        """Run a script, and ``more`` commands behind it, in one round trip; what each of them returned."""
        command = ("EVALSHA", script.digest, len(names), *names, *arguments)
        try:
            return self._line.ask(command, *more)
        except NoScriptError:  # a Redis that was restarted
            self._redis.script_load(script.source)
            return self._line.ask(command, *more)

    def _forget(self, answer: str) -> None:
        """Forget an answer that the disk did not confirm, so that a retry waits for the disk again."""
        with contextlib.suppress(RedisError):
            self._line.ask(("DEL", answer))

    def _wait_for_disk(self) -> list[Sequence[Any]]:
        return [("WAITAOF", 1, 0, DISK_PATIENCE)] if self._has_waitaof else []

    @cached_property
    def _has_waitaof(self) -> bool:
        """Whether this Redis can wait for its disk (7.2 and later, and Valkey)."""
        try:
            self._redis.waitaof(0, 0, 1)
        except redis.ResponseError as error:
            return "unknown command" not in str(error)
        return True

    def _unready(self) -> str:
        info: dict[str, Any] = self._redis.info("server")
        major = int(str(info.get("redis_version", "0")).split(".", maxsplit=1)[0])
        if major < 7:
            return f"Redis {info.get('redis_version')} is too old: 7.0 or later is needed"
        policy = self._setting("maxmemory-policy")
        if policy not in {"noeviction", ""}:
            return f"maxmemory-policy is {policy}: set it to noeviction, or what people asked for may be forgotten"
        if self._setting("appendonly") == "no":
            return "appendonly is off: an opt-out would not survive a power cut. Set appendonly yes"
        if not self._has_waitaof and self._setting("appendfsync") != "always":
            return "this Redis has no WAITAOF: set appendfsync always, or an opt-out may not survive a power cut"
        return ""

    def _setting(self, name: str) -> str:
        try:
            found = self._redis.config_get(name)
        except redis.ResponseError:  # hosted services keep CONFIG to themselves
            return ""
        return found.get(name) or ""


def _stored(session: bytes | None, person: bytes | None, allowance: Allowance) -> Stored:
    known = Known(decode_session(session), decode_person(person), allowance)
    return Stored(None, known, session or b"", person or b"")


class _Script:
    """A Lua script, which Redis names by its digest."""

    def __init__(self, name: str) -> None:
        self.source = files(__package__).joinpath(f"{name}.lua").read_text("utf-8")
        self.digest = hashlib.sha1(self.source.encode()).hexdigest()  # noqa: S324  Redis names scripts by it
