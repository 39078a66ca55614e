"""What the operator hears: through the log always, and on their own phone once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from service.channels.rest import Account, AccountError
from service.channels.twilio import Contacts
from service.seal import Seal
from service.store import Register, Row, RowKind, StoreAwayError, write_row

AGAIN = 6 * 60 * 60
"""Seconds after which the operator is told of the same thing once more."""

WORKER_SILENT = 3 * 60
"""Seconds without a sign of a worker after which it counts as stopped."""

A_DAY = 24 * 60 * 60

log = structlog.get_logger()


class Watch:
    """Looks from outside whether a worker lives: who has stopped cannot say so.

    ``account`` texts the operator at once, since nobody is there to send what the outbox holds.
    """

    def __init__(
        self,
        register: Register,
        account: Account | None,
        sender: str,
        phone: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._register, self._account, self._sender, self._phone = register, account, sender, phone
        self._clock, self._since = clock, clock()

    def warnings(self) -> list[str]:
        """What is wrong while people are answered all the same; the operator is told once in six hours."""
        now = int(self._clock())
        try:
            silent = now - max(self._register.lived(), int(self._since))
            if silent <= WORKER_SILENT:
                return []
            words = f"no worker has lived for {silent // 60} minutes: nothing is sent. Start 'plainline worker'"
            if self._register.is_news("worker", now, AGAIN):
                log.error("operator", what="worker", why=words)
                self._text(words)
        except StoreAwayError as error:
            return [f"Redis does not tell whether a worker lives ({error})"]
        return [words]

    def _text(self, words: str) -> None:
        if not (self._account and self._phone):
            return
        try:
            self._account.send(self._sender, self._phone, words, "")
        except AccountError as error:
            log.warning("operator not told", why=str(error))


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
