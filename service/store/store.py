"""A turn in two round trips: ``begin`` reads all that it needs, ``commit`` remembers all that it decided."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from service.conversation import Allowance, Entry, Known, Person, Session
from service.store.codec import (
    decode_entry,
    decode_person,
    decode_session,
    encode_entry,
    encode_person,
    encode_session,
)
from service.store.keys import LOOKED, all_erasures, keys, name_of_row, outbox_keys
from service.store.line import Line
from service.store.rows import Row, encode_row
from service.store.script import Script
from service.subscriptions import Subscriptions, decode_subscriptions, encode_subscriptions

BURST = 60
"""Texts that a contact may send at once."""

INTERVAL = 10
"""Seconds after which they may send one more."""

PATIENCE = 0.9
"""Seconds to wait for Redis before it counts as away: twice that, and a person has waited two seconds."""

DISK_PATIENCE = 700
"""Milliseconds to wait for the disk to have what must survive a power cut; then the spool takes it."""

RECOVERY = 1.0
"""Seconds after which one turn tries again whether Redis is back; all others go on without it meanwhile."""

_ALLOWANCES = {0: Allowance.REFUSED_AGAIN, 1: Allowance.REFUSED, 2: Allowance.GRANTED}


class StoreError(Exception):
    """What was decided could not be remembered."""


class StoreAwayError(StoreError):
    """Redis does not answer."""


class Stored(NamedTuple):
    """What was found: the answer of a message that was answered before; what is known, and the bytes it was in.

    ``drafts`` are still sealed, each with its id.
    """

    answer: bytes | None
    known: Known
    session: bytes
    person: bytes
    subscriptions: bytes = b""
    drafts: tuple[tuple[str, bytes], ...] = ()


class Commit(NamedTuple):
    """What a turn wants remembered.

    ``durable`` waits for the disk: it holds an opt-out or a consent. ``entries`` are new lines of the ledger.
    ``forget`` erases all else about the person first; ``erase`` is their sealed number, if their messages at Twilio are
    to go too; ``rows`` are new rows of the outbox, ``ends`` the ids of rows that are not to be sent after all;
    ``drafts`` are sealed drafts by their ids, empty for one that is thrown away.
    """

    session: Session
    person: Person
    answer: bytes
    durable: bool = False
    entries: tuple[Entry, ...] = ()
    forget: bool = False
    erase: bytes = b""
    rows: tuple[Row, ...] = ()
    subscriptions: Subscriptions = Subscriptions()
    drafts: tuple[tuple[str, bytes], ...] = ()
    ends: tuple[str, ...] = ()


class Expiries(NamedTuple):
    """How long things are kept that are not kept for good."""

    session_days: int = 90
    answer_hours: int = 24


DEFAULT_EXPIRIES = Expiries()


class Store:
    """What we remember of contacts. Opens its connections when they are first needed, after any fork."""

    def __init__(self, url: str, expiries: Expiries = DEFAULT_EXPIRIES) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 1),
            retry_on_error=[redis.ConnectionError],
        )
        self._expiries = expiries
        self._line = Line(self._redis.connection_pool)
        self._begin = Script("begin")
        self._commit = Script("commit")
        self._away = _Away()

    @property
    def expiries(self) -> Expiries:
        """How long things are kept here that are not kept for good."""
        return self._expiries

    def begin(self, contact: str, message: str, now: float, *, limited: bool = True) -> Stored:
        """Begin a turn at ``now`` (Unix seconds); ``message`` is the id of what came in, empty where it has none.

        ``limited`` turns count towards what a contact may send. Raises StoreAwayError.
        """
        named = keys(contact, message)
        touched = [named.answer, named.session, named.person, named.limit, named.subscribers, named.drafts]
        arguments: list[str | int] = [int(now * 1000), BURST, INTERVAL * 1000 if limited else 0, message, contact]
        try:
            answer, session, person, allowance, *more = self._run(self._begin, touched, arguments)[0]
        except RedisError as error:
            raise StoreAwayError(str(error)) from error
        return _stored(answer, session, person, _ALLOWANCES[allowance], *more)

    def commit(self, contact: str, message: str, before: Stored, commit: Commit) -> Stored | None:
        """Remember a turn; None if it is remembered, else what another turn has left in the meantime.

        Raises StoreAwayError, and StoreError where the disk does not have in time what it must.
        """
        named = keys(contact, message)
        arguments = [
            message,
            before.session,
            encode_session(commit.session),
            self._expiries.session_days * 24 * 60 * 60,
            before.person,
            encode_person(commit.person),
            commit.answer,
            self._expiries.answer_hours * 60 * 60,
            "forget" if commit.forget else "",
            commit.erase,
            contact,
            before.subscriptions,
            encode_subscriptions(commit.subscriptions),
            commit.subscriptions.due,
            len(commit.drafts),
            len(commit.ends),
            *(each for draft in commit.drafts for each in draft),
            *(name_of_row(contact, row) for row in commit.ends),
            *(each for row in commit.rows for each in (name_of_row(contact, row.id), encode_row(row))),
            *map(encode_entry, commit.entries),
        ]
        touched = [named.answer, named.session, named.person, named.ledger, named.answered, named.erasures]
        lists = outbox_keys(name_of_row(contact, ""))
        touched += [lists.waiting, lists.claimed, lists.dead, named.rows]
        touched += [named.subscribers, named.due, named.drafts, lists.unsettled, named.sent, named.invited]
        touched += [outbox_keys(name_of_row(contact, row.id)).row for row in commit.rows]
        try:
            behind = self._wait_for_disk() if commit.durable else []
            (done, *now), *disk = self._run(self._commit, touched, arguments, *behind)
        except RedisError as error:
            raise StoreAwayError(str(error)) from error
        if done and disk and disk[0][0] < 1:
            raise StoreError("the disk did not take what must survive a power cut: is it full, or appendonly off?")
        if done:
            if commit.forget:
                self._tidy()
            return None
        answer, session, person, subscriptions, drafts = now
        return _stored(answer, session, person, before.known.allowance, subscriptions, drafts)

    def _tidy(self) -> None:
        """What was erased must leave the disk too: the file of appended commands is written anew."""
        with contextlib.suppress(StoreError, RedisError):
            self._ask(("BGREWRITEAOF",))

    def settle(self) -> None:
        """Wait until the disk has all that was remembered so far. Raises StoreError where it does not in time."""
        wait = self._wait_for_disk()
        if wait and self._tell(*wait[0])[0] < 1:
            raise StoreError("the disk does not take what must survive a power cut")

    def unconfirmed(self, contact: str, message: str) -> None:
        """Forget an answer that neither the disk nor the spool has: its retry must wait for them again."""
        with contextlib.suppress(StoreError, RedisError):
            self._ask(("DEL", keys(contact, message).answer))

    def ledger(self, contact: str) -> tuple[Entry, ...]:
        """The lines of a contact's ledger, the oldest first. Raises StoreAwayError."""
        lines = self._tell("LRANGE", keys(contact, "").ledger, 0, -1)
        return tuple(map(decode_entry, lines))

    def answered(self, contact: str) -> dict[str, str]:
        """The messages of a contact whose answers are still kept, by their ids. Raises StoreAwayError."""
        named = keys(contact, "")
        ids = self._tell("LRANGE", named.answered, 0, -1)
        kept = {each.decode(): self._tell("GET", keys(contact, each.decode()).answer) for each in ids}
        return {each: answer.decode() for each, answer in kept.items() if answer}

    def known(self, contact: str) -> tuple[Session, Person]:
        """What is remembered of a contact, without beginning a turn. Raises StoreAwayError."""
        named = keys(contact, "")
        session, person = self._tell("MGET", named.session, named.person)
        return decode_session(session), decode_person(person)

    def subscriptions(self, contact: str) -> Subscriptions:
        """What somebody asked to be sent. Raises StoreAwayError."""
        return decode_subscriptions(self._tell("HGET", keys(contact, "").subscribers, contact))

    def erasures(self) -> Iterator[tuple[str, bytes]]:
        """Every sealed number whose messages are still to be erased at Twilio, each with the key it stands under."""
        for key in all_erasures():
            for sealed in self._tell("LRANGE", key, 0, -1):
                yield key, sealed

    def erased(self, key: str, sealed: bytes) -> None:
        """The messages of a number are erased. Raises StoreAwayError."""
        self._tell("LREM", key, 1, sealed)

    def is_answered(self, contact: str, message: str) -> bool:
        """Whether a message was answered, within the hours that answers are kept. Raises StoreAwayError."""
        return bool(self._tell("EXISTS", keys(contact, message).answer))

    def looked(self) -> int:
        """When Twilio's list of messages was last looked through (Unix seconds), 0 for never. Raises StoreAwayError."""
        return int(self._tell("GET", LOOKED) or 0)

    def look(self, now: int) -> None:
        """Twilio's list has been looked through. Raises StoreAwayError."""
        self._tell("SET", LOOKED, now)

    def check_that_it_is_there(self) -> None:
        """Raise StoreAwayError if Redis was away a moment ago."""
        if self._away.is_known():
            raise StoreAwayError("Redis was away a moment ago")

    def _tell(self, *command: Any) -> Any:
        try:
            return self._ask(command)[0]
        except RedisError as error:
            raise StoreAwayError(str(error)) from error

    def ready(self) -> str:
        """Why this store cannot serve, or nothing: it must answer, keep what it is given, and promise the disk."""
        try:
            return self._unready()
        except RedisError as error:
            return f"Redis does not answer ({type(error).__name__}): start it, or check REDIS_URL"

    def close(self) -> None:
        """Close every connection."""
        self._line.close()

    def _run(self, script: Script, names: Sequence[str], arguments: Sequence[Any], *more: Sequence[Any]) -> list[Any]:
        """Run a script, and ``more`` commands behind it, in one round trip; what each of them returned."""
        command = ("EVALSHA", script.digest, len(names), *names, *arguments)
        try:
            return self._ask(command, *more)
        except NoScriptError:  # a Redis that was restarted
            self._redis.script_load(script.source)
            return self._ask(command, *more)

    def _ask(self, *commands: Sequence[Any]) -> list[Any]:
        """Ask Redis, unless it was away a moment ago. Raises StoreAwayError and RedisError."""
        if self._away.now():
            raise StoreAwayError("Redis was away a moment ago")
        try:
            answers = self._line.ask(*commands)
        except (redis.ConnectionError, redis.TimeoutError):
            self._away.begins()
            raise
        self._away.ends()
        return answers

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
        if self._redis.info("replication").get("role") != "master":
            return "this Redis is a replica: nothing can be remembered there. Point REDIS_URL at the primary"
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


def _stored(  # noqa: PLR0913, PLR0917  as a script returns it
    answer: bytes | None,
    session: bytes | None,
    person: bytes | None,
    allowance: Allowance,
    subscriptions: bytes | None,
    drafts: Sequence[bytes],
) -> Stored:
    asked_for = decode_subscriptions(subscriptions)
    known = Known(decode_session(session), decode_person(person), allowance, asked_for)
    sealed = tuple((drafts[at].decode(), drafts[at + 1]) for at in range(0, len(drafts), 2))
    return Stored(answer, known, session or b"", person or b"", subscriptions or b"", sealed)


class _Away:
    """Whether Redis is away, so that nobody waits for it in vain; once a RECOVERY one turn may try again."""

    def __init__(self) -> None:
        self._until = 0.0
        self._lock = threading.Lock()

    def now(self) -> bool:
        if not self._until:
            return False
        with self._lock:
            if time.monotonic() < self._until:
                return True
            self._until = time.monotonic() + RECOVERY
            return False

    def is_known(self) -> bool:
        """Whether it was away a moment ago; asks nobody to try."""
        return time.monotonic() < self._until

    def begins(self) -> None:
        self._until = time.monotonic() + RECOVERY

    def ends(self) -> None:
        self._until = 0.0
