"""What the operator hears: through the log always, and on their own phone once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from service.channels.twilio import Contacts
from service.seal import Seal
from service.store import Register, Row, RowKind, StoreAwayError, write_row

AGAIN = 6 * 60 * 60
"""Seconds after which the operator is told of the same thing once more."""

WORKER_SILENT = 3 * 60
"""Seconds without a sign of a worker after which it counts as stopped."""

A_DAY = 24 * 60 * 60

log = structlog.get_logger()


class Operator:
    """Tells the operator; ``phone`` is theirs (E.164), empty where only the log is told."""

    def __init__(
        self,
        register: Register,
        contacts: Contacts,
        seal: Seal,
        phone: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._register, self._contacts, self._seal, self._phone, self._clock = register, contacts, seal, phone, clock

    def told(self, what: str, words: str) -> None:
        """Tell of ``what``, in English, at most once in six hours; the log hears it every time."""
        log.error("operator", what=what, why=words)
        now = int(self._clock())
        try:
            if self._register.is_news(what, now, AGAIN):
                self.text(f"{what}.{now}", words)
        except StoreAwayError as error:
            log.warning("operator not told", why=str(error))

    def text(self, name: str, words: str) -> None:
        """Text the operator; ``name`` is the message's for good. Raises StoreAwayError."""
        if not self._phone:
            return
        now = int(self._clock())
        row = Row(f"operator.{name}", self._contacts.contact(self._phone), b"", now, kind=RowKind.OPERATOR)
        row = row._replace(until=now + A_DAY)
        self._register.enqueue(row.id, [write_row(self._phone, words, row, self._seal)])
