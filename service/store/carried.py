"""What a phone carries for us: the conversation in a sealed cookie, for the hours in which Redis is away.

Twilio keeps one cookie per pair of numbers, for four hours. It is bound to the contact, and of two memories the later
epoch, then the greater count of turns wins.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import NamedTuple

from service.conversation import Person, Session
from service.seal import Seal
from service.store.codec import decode_person, decode_session, encode_person, encode_session

NAME = "p"
"""The cookie's name; it says nothing."""

PURPOSE = "cookie"

LONGEST = 4096
"""Characters of a cookie; a longer one is none of ours."""

MOST_MARKS = 24
"""Messages that a cookie remembers to have been answered; Twilio repeats itself within a minute, if at all."""


class Carried(NamedTuple):
    """A session and a person as they were at the end of a turn, and marks of what was answered of late.

    Whoever brings a message whose mark is here has had its answer: the cookie came with it.
    """

    session: Session
    person: Person
    answered: tuple[str, ...] = ()

    @property
    def age(self) -> tuple[int, int]:
        """What tells the later of two memories."""
        return self.person.epoch, self.session.turn


def mark(message: str) -> str:
    """A short mark of a message's id."""
    return hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def write_cookie(carried: Carried, contact: str, seal: Seal) -> str:
    """The cookie's value: what is remembered, sealed for ``contact``."""
    session, person = encode_session(carried.session).decode(), encode_person(carried.person).decode()
    said = json.dumps([session, person, *carried.answered[-MOST_MARKS:]])
    # Without the padding, which would have to stand in quotes.
    return base64.urlsafe_b64encode(seal.seal(said.encode(), PURPOSE, contact)).decode().rstrip("=")


def read_cookie(value: str, contact: str, seal: Seal) -> Carried | None:
    """What ``write_cookie`` wrote for ``contact``; None for anything else."""
    if not value or len(value) > LONGEST:
        return None
    try:
        opened = seal.open(base64.urlsafe_b64decode(value.encode("ascii") + b"=="), PURPOSE, contact)
        if opened is None:
            return None
        session, person, *answered = json.loads(opened)
        return Carried(decode_session(session.encode()), decode_person(person.encode()), tuple(answered))
    except (ValueError, TypeError, AttributeError):
        return None
