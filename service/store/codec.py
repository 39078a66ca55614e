"""Sessions and people as bytes: short, since there is one of each for everybody who ever wrote."""

from __future__ import annotations

import json
from typing import Any

from service.conversation import Person, Place, Session, Target

VERSION = 1
"""Raised whenever the order or the meaning of a field changes; an older session begins anew."""


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
    ]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def decode_session(stored: bytes | None) -> Session:
    """What ``encode_session`` wrote; a new session for anything else."""
    try:
        version, language, screen, subject, page, place, choices, misses, told, seen, echoes = json.loads(stored or b"")
        if version != VERSION:
            return Session()
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
        )
    except (ValueError, TypeError, IndexError, AttributeError):
        return Session()


def encode_person(person: Person) -> bytes:
    """The person; nothing at all for one of whom nothing is to be remembered."""
    return b"" if person == Person() else json.dumps([VERSION, person.left], separators=(",", ":")).encode()


def decode_person(stored: bytes | None) -> Person:
    """What ``encode_person`` wrote. Raises ValueError for anything else: an opt-out is never guessed away."""
    if not stored:
        return Person()
    version, left = json.loads(stored)
    if version != VERSION:
        raise ValueError(f"this program does not know version {version} of what is remembered of people")
    return Person(left)


def _trimmed(target: Target) -> list[str]:
    fields = list(target)
    while fields and not fields[-1]:
        fields.pop()
    return fields
