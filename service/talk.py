"""One turn from end to end: begin, decide, render, commit.

No locks: a turn is committed only if nothing has changed since it began, else it is decided again on what is there now.
So the turns of one contact never interleave, and two contacts never wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from service.book import Book
from service.book.echoes import echo
from service.channels.sms import Texts
from service.channels.twilio import messages_twiml
from service.conversation import Event, Known, OptIn, OptOut, Person, Turn
from service.engine import take_turn
from service.store import Commit, Store, StoreAwayError, Stored

DEADLINE = 10.0
"""Seconds after which a turn that others keep overtaking is given up; Twilio waits 15."""


class Answer(NamedTuple):
    """What goes back to Twilio, and how the turn went, for the log."""

    body: bytes
    turn: Turn | None
    outcome: str


class Talk:
    """Takes turns for a book, remembering them in a store."""

    def __init__(self, book: Book, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._book = book
        self._store = store
        self._clock = clock
        self._texts = Texts(book)

    def answer(self, event: Event) -> Answer:
        """Answer one event. The same id gives the same bytes again and moves nothing.

        Raises StoreError where the turn could not be remembered; whoever sent the event may send it again.
        """
        now = self._clock()
        if not event.contact:
            turn, body = self._decide(Known(), event, now)
            return Answer(body, turn, turn.outcome)
        found: Stored | None = self._store.begin(event.contact, event.id, now)
        deadline = now + DEADLINE
        while found is not None:
            if found.answer is not None:
                return Answer(found.answer, None, "answered before")
            if self._clock() > deadline:
                raise StoreAwayError("too many turns of one contact at once")
            turn, body = self._decide(found.known, event, now)
            person = carry_out(turn, found.known.person, now)
            commit = Commit(turn.session, person, body, durable=bool(turn.effects))
            found = self._store.commit(event.contact, event.id, found, commit)
        return Answer(body, turn, turn.outcome)

    def _decide(self, known: Known, event: Event, now: float) -> tuple[Turn, bytes]:
        turn = take_turn(self._book, known, event, int(now))
        code = turn.session.language or self._book.likeliest(event.country)[0].code
        messages = self._texts.render(turn.reply, code, event.channel)
        if messages:
            turn = turn._replace(session=turn.session._replace(echoes=echoes(messages)))
        return turn, messages_twiml(messages)


def echoes(messages: Sequence[str]) -> tuple[str, ...]:
    """The marks of what was said last, the page first, by which a quotation of it is known."""
    return tuple(mark for mark in map(echo, messages[:-4:-1]) if mark)


def carry_out(turn: Turn, person: Person, now: float) -> Person:
    """What is to be remembered of the person after the turn's effects."""
    for effect in turn.effects:
        match effect:
            case OptOut():
                person = person._replace(left=int(now))
            case OptIn():
                person = person._replace(left=0)
    return person
