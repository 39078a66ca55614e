"""Sessions and people as bytes: short, since there is one of each for everybody who ever wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from service.conversation import Call, Entry, Person, Place, Session, Target

VERSION = 3
"""Raised whenever the order or the meaning of a field changes; a session of an unknown version begins anew."""

FIRST_VERSION, SECOND_VERSION = 1, 2
"""Sessions and people that were remembered before turns were counted, and before calls: read, never written."""


FIELDS = len(Session._fields) - 1
"""``unread`` is kept with the place."""


def encode_session(session: Session) -> bytes:
    """The session, as a list in the order of its fields."""
    place = session.place
    fields: list[Any] = [
        VERSION,
        session.language,
        session.screen,
        session.subject,
        session.page,
        [*place, *session.unread] if place else 0,
        [_trimmed(target) for target in session.choices],
        session.misses,
        ",".join(session.told),
        session.seen,
        "".join(session.echoes),
        session.turn,
        list(session.loop) if any(session.loop) else 0,
        [*map(int, session.call[:-1]), session.call.said] if session.call != Call() else 0,
    ]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def decode_session(stored: bytes | None) -> Session:
    """What ``encode_session`` wrote; a new session for anything else."""
    try:
        version, *fields = json.loads(stored or b"")
        if version not in {FIRST_VERSION, SECOND_VERSION, VERSION}:
            return Session()
        fields += [0] * (FIELDS - len(fields))
        language, screen, subject, page, place, choices, misses, told, seen, echoes, turn, loop, call = fields
        return Session(
            language=language,
            screen=screen,
            subject=subject,
            page=page,
            place=Place(*place[:4]) if place else None,
            unread=(place[4], place[5]) if place else (0, 0),
            choices=tuple(Target(*target) for target in choices),
            misses=misses,
            told=tuple(told.split(",")) if told else (),
            seen=seen,
            echoes=tuple(echoes[start : start + 6] for start in range(0, len(echoes), 6)),
            turn=turn,
            loop=(loop[0], loop[1], loop[2]) if loop else ("", 0, 0),
            call=_call(*call) if call else Call(),
        )
    except (ValueError, TypeError, IndexError, AttributeError):
        return Session()


def encode_person(person: Person) -> bytes:
    """The person; nothing at all for one of whom nothing is to be remembered."""
    return b"" if person == Person() else json.dumps([VERSION, *_trimmed(person)], separators=(",", ":")).encode()


def decode_person(stored: bytes | None) -> Person:
    """What ``encode_person`` wrote. Raises ValueError for anything else: an opt-out is never guessed away."""
    if not stored:
        return Person()
    version, left, *more = json.loads(stored)
    if version == FIRST_VERSION:
        return Person(left, since=left)
    if version not in {SECOND_VERSION, VERSION}:
        raise ValueError(f"this program does not know version {version} of what is remembered of people")
    return Person(left, *more)


def encode_entry(entry: Entry) -> bytes:
    """A line of the ledger; empty fields at its end are left out."""
    return json.dumps(_trimmed(entry), ensure_ascii=False, separators=(",", ":")).encode()


def decode_entry(stored: bytes) -> Entry:
    """What ``encode_entry`` wrote. Raises ValueError for anything else."""
    return Entry(*json.loads(stored))


def _call(began: int, slow: int, misses: int, *more: Any) -> Call:
    starred, warned, said = more
    return Call(began, bool(slow), misses, bool(starred), bool(warned), said)


def _trimmed(value: Sequence[Any]) -> list[Any]:
    fields = list(value)
    while fields and not fields[-1]:
        fields.pop()
    return fields
