"""The clock: what somebody asked for has come due. The turn is decided and remembered like any other."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import structlog

from service.book import Book
from service.conversation import Channel, Event, Kind
from service.store import Register, StoreError
from service.subscriptions import Subscriptions
from service.talk import Talk

log = structlog.get_logger()


class Clock:
    """Takes the turns that nobody but the clock begins."""

    def __init__(self, book: Book, talk: Talk, register: Register, clock: Callable[[], float] = time.time) -> None:
        self._book, self._talk, self._register, self._clock = book, talk, register, clock

    def tick(self) -> int:
        """Take every turn that is due; how many there were. Raises StoreError."""
        due = list(self._register.due(int(self._clock())))
        for contact, since in due:
            self._take_alone(contact, str(since))
        return len(due)

    def news(self) -> int:
        """Tell those who read an article to its end, and want to hear of it, that it has changed; how many they are."""
        current = {article.revision for article in self._book.articles}
        waiting = [
            (contact, asked_for.finished)
            for contact, asked_for in self._register.subscribers()
            if asked_for.finished and asked_for.finished not in current
        ]
        for contact, revision in waiting:
            self._take_alone(contact, f"news {revision}")
        return len(waiting)

    def _take_alone(self, contact: str, what: str) -> None:
        """One turn, whose failure keeps nobody else waiting."""
        try:
            self._take(contact, what)
        except StoreError:
            raise
        except Exception as error:
            log.error("failed", error=type(error).__name__, what="a turn of the clock")

    def _take(self, contact: str, what: str) -> None:
        """One turn; its id is that of this very moment, so that it is taken once, whoever dies in between."""
        asked_for = self._register.subscriptions(contact)
        self._talk.answer(
            Event(
                id=f"due.{contact}.{what}",
                channel=_channel(asked_for),
                contact=contact,
                kind=Kind.DUE,
                body="",
                country=asked_for.country,
                address=base64.b64decode(asked_for.address),
            )
        )


def _channel(asked_for: Subscriptions) -> Channel:
    return Channel.WHATSAPP if asked_for.channels == (Channel.WHATSAPP,) else Channel.SMS
