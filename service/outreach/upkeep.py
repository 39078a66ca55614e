"""Upkeep: what was promised to people and could not be done at once.

Their messages are erased at Twilio after FORGET ME; what waits in the spool is remembered though nobody texts; and what
came in while nothing answered is looked up in Twilio's own list, so that no wish to leave is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from service.book import Book
from service.channels.rest import SETTLING, Account, AccountError, Received
from service.channels.twilio import Contacts
from service.conversation import Entry
from service.engine import leaves
from service.store import Spooled, Store, StoreError
from service.talk import Talk, remember

LOOK_BACK = timedelta(minutes=30)
"""How far before the last look the next one begins: Twilio's list may be late."""

log = structlog.get_logger()


class Upkeep:
    """The tasks, each to be run again and again; none raises for what is away, and all may be run twice."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts that it keeps up
        self,
        book: Book,
        talk: Talk,
        store: Store,
        contacts: Contacts,
        account: Account | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book = book
        self._talk = talk
        self._store = store
        self._contacts = contacts
        self._account = account
        self._clock = clock

    def replay(self) -> None:
        """Remember what waits in the spool."""
        try:
            self._talk.replay()
        except StoreError as error:
            log.warning("not replayed", why=str(error))

    def erase(self) -> int:
        """Erase at Twilio what was asked to be forgotten; returns how many messages went."""
        if self._account is None:
            return 0
        erased = 0
        try:
            for key, entry in self._store.erasures():
                erased += self._erase_one(self._account, key, entry)
        except StoreError as error:
            log.warning("not erased yet", why=str(error))
        if erased:
            log.info("erased", messages=erased)
        return erased

    def _erase_one(self, account: Account, key: str, entry: bytes) -> int:
        """Erase the messages of one number, unless it is too early; what cannot be done yet stays to be done."""
        asked, _, sealed = entry.partition(b":")
        if int(asked) + SETTLING.total_seconds() > self._clock():
            return 0
        number = self._contacts.number(sealed)
        if not number:
            log.error("not erased", why="no key of ENCRYPTION_KEYS opens a number: put the old key back behind the new")
            return 0
        try:
            erased = account.erase(number, datetime.fromtimestamp(int(asked), UTC) + SETTLING)
        except AccountError as error:
            log.warning("not erased yet", why=str(error))
            return 0
        self._store.erased(key, entry)
        return erased

    def reconcile(self, number: str) -> int:
        """Find out who has left ``number`` without our knowing; returns how many.

        Texts that nobody answered are read for it, and texts of ours that Twilio kept back because their receiver
        had said STOP to the carrier.
        """
        if self._account is None or not number:
            return 0
        began, left = self._clock(), 0
        try:
            last = self._store.looked()
            furthest = began - self._store.expiries.answer_hours * 3600 + LOOK_BACK.total_seconds()
            since = datetime.fromtimestamp(max(last - LOOK_BACK.total_seconds(), furthest), UTC)
            left += self._unanswered(self._account, number, since)
            left += self._blocked(self._account, number, since)
            self._store.look(int(began))
        except (StoreError, AccountError) as error:
            log.warning("not reconciled", why=str(error))
        return left

    def _unanswered(self, account: Account, number: str, since: datetime) -> int:
        unanswered = left = 0
        for received in account.received(number, since):
            sender = self._contacts.sender(received.sender)
            if not sender.contact or self._store.is_answered(sender.contact, received.sid):
                continue
            unanswered += 1
            if leaves(self._book, received.body):
                self._has_left(sender.contact, received, "reconciled")
                left += 1
        if unanswered:
            log.warning("unanswered", messages=unanswered, left=left)
        return left

    def _blocked(self, account: Account, number: str, since: datetime) -> int:
        left = 0
        for blocked in account.blocked(number, since):
            contact = self._contacts.sender(blocked.sender).contact
            if contact and not self._store.is_answered(contact, blocked.sid):
                self._has_left(contact, blocked, "carrier")
                left += 1
        return left

    def _has_left(self, contact: str, message: Received, how: str) -> None:
        entry = Entry("left", message.at, how)
        remember(self._store, Spooled(contact, message.sid, message.at, ("OptOut",), b"", (entry,)))
