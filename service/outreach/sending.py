"""Sending what the outbox holds: each message once, as people see it, whatever dies in between.

A row is claimed, then handed to Twilio, then marked with Twilio's name for it. Whoever finds a row claimed and not
marked, or whose request got no answer, asks Twilio's own list whether the message went out before sending it again:
Twilio knows no key by which a repeated request would be recognised.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from service.book.segments import segments
from service.channels.rest import HAS_LEFT, Account, AccountError
from service.conversation import Entry
from service.seal import Seal
from service.store import Outbox, Row, Spooled, State, Store, read_row
from service.talk import remember

LEASE = 60
"""Seconds after which whoever claimed a row is taken for dead."""

AGAIN = 90
"""Seconds after which a row that still waits is handed on once more: the job may have been lost."""

MOST_HANDED = 10_000
"""Jobs that are remembered before those of long ago are let go."""

PATIENT = 5.0
"""Seconds that a worker waits for its moment; for a later one the row goes back."""

TOO_LATE = 4 * 60 * 60
"""Seconds after which what somebody asked for on a call is sent no more: they would not know what it is."""

PAUSED = 60
"""Seconds after which it is looked again whether somebody who was asked has answered."""

MOST_ATTEMPTS = 8
SHORTEST_PAUSE, LONGEST_PAUSE = 5, 600
"""Seconds before a row is tried again, doubled with every attempt; Twilio's list may be some seconds late."""

UNKNOWN_AFTER = 12 * 60 * 60
"""Seconds after which a status that never came is asked for."""

CALLS_A_SECOND = 1
"""Twilio's default for calls that we make."""

IN_DOUBT = -1
"""The error of a row whose last request got no answer: Twilio may have it."""

MARGIN = 1.01
"""Moments are this much farther apart than the limit asks: a request may take longer on its way than the one before."""

log = structlog.get_logger()


class Job(NamedTuple):
    """A row to be sent: its name, a key that no other attempt has, and when (Unix seconds)."""

    name: str
    key: str
    when: int


class Sending:
    """Hands rows to Twilio.

    ``sender`` is a number or a messaging service, ``rate`` its segments a second, ``caller`` the number that calls.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the parts that meet in sending
        self,
        outbox: Outbox,
        store: Store,
        account: Account | None,
        seal: Seal,
        sender: str,
        rate: float,
        caller: str,
        url: str,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._outbox, self._store, self._account, self._seal = outbox, store, account, seal
        self._sender, self._rate, self._caller, self._url = sender, rate, caller, url
        self._clock, self._wait = clock, wait
        self._handed: dict[str, int] = {}

    def jobs(self) -> Iterator[Job]:
        """What is to be handed to the job engine, each attempt once in a while: a job may be lost, a row may not."""
        for name in (*self._outbox.waiting(), *self._outbox.unsettled(int(self._clock()) - LEASE)):
            row = self._outbox.read(name)
            if row is None or row.state not in {State.WAITING, State.SENDING}:
                continue
            job = Job(name, f"{name}/{row.attempts}/{row.after}/{row.state}", max(row.after, int(self._clock())))
            if self._handed.get(job.key, 0) + AGAIN <= self._clock():
                yield job

    def handed_on(self, job: Job) -> None:
        """The job engine has it."""
        self._handed[job.key] = job.when
        if len(self._handed) > MOST_HANDED:
            for key in [key for key, when in self._handed.items() if when + AGAIN < self._clock()]:
                del self._handed[key]

    def deliver(self, name: str) -> None:
        """Send one row, unless it was sent, is being sent by somebody else, or must not be sent any more."""
        if self._account is None:
            return
        row = self._outbox.read(name)
        if row is None or not self._is_due(row):
            return
        number, body = read_row(row, self._seal)
        if self._must_not(name, row, number):
            return
        if _is_in_doubt(row) and self._went_out(self._account, name, row, number, body):
            return
        far = self._moment(row, body)
        if far < 0:
            later = int(self._clock() - far) + 1
            self._outbox.step(name, _unless_it_moved(row, row.later(later, row.error)))
            return
        self._wait(far)
        if far and self._must_not(name, row, number):
            return
        claimed = row.claim(int(self._clock()))
        if self._outbox.step(name, _unless_it_moved(row, claimed)) == claimed:
            self._hand_over(self._account, name, claimed, number, body)

    def told(self, name: str, status: str, error: int) -> None:
        """Twilio tells of a row's message, in any order and as often as it likes."""
        row = self._outbox.step(name, lambda row: row.heard(status, error))
        if row is not None and row.error == HAS_LEFT:
            self._has_left(row)

    def ask(self) -> int:
        """Ask Twilio for statuses that never came; returns how many were asked for."""
        asked = 0
        for name in self._outbox.unsettled(int(self._clock()) - UNKNOWN_AFTER):
            row = self._outbox.read(name)
            if row is None or self._account is None or not row.sid or row.is_call:
                continue
            try:
                self.told(name, *self._account.status(row.sid))
            except AccountError as error:
                log.warning("not asked", why=str(error))
            asked += 1
        return asked

    def try_again(self) -> int:
        """Send once more what failed too often; returns how many there are."""
        again = 0
        for name in self._outbox.dead():
            row = self._outbox.step(name, lambda row: row.later(0, row.error)._replace(attempts=0))
            again += row is not None
        return again

    def _moment(self, row: Row, body: str) -> float:
        """The seconds until this row may go, as the outbox tells them; calls have a clock of their own."""
        now = self._clock()
        if row.is_call:
            return self._outbox.slot(f"{self._caller}:calls", now, MARGIN / CALLS_A_SECOND, 1, PATIENT)
        return self._outbox.slot(self._sender, now, MARGIN / self._rate, segments(body), PATIENT)

    def _is_due(self, row: Row) -> bool:
        if row.state is State.SENDING:
            return row.claimed + LEASE <= self._clock()
        return row.state is State.WAITING and row.after <= self._clock()

    def _must_not(self, name: str, row: Row, number: str) -> bool:
        """Whether this row must not be sent, or not while its person is asked whether they want to leave."""
        _, person = self._store.known(row.contact)
        reason = ""
        if not number:
            reason = "no key of ENCRYPTION_KEYS opens it"
        elif row.made + TOO_LATE < self._clock():
            reason = "it is too late"
        elif person.left or (row.is_call and person.uncalled):
            reason = "they want none"
        if reason:
            log.info("not sent", why=reason)
            self._outbox.step(name, _unless_it_moved(row, row.ended(State.DROPPED)))
        elif person.paused:
            self._outbox.step(name, _unless_it_moved(row, row.later(int(self._clock()) + PAUSED, row.error)))
        return bool(reason or person.paused)

    def _went_out(self, account: Account, name: str, row: Row, number: str, body: str) -> bool:
        """Whether Twilio has the message of a row in doubt, which is marked then; also where Twilio cannot tell now."""
        try:
            since = datetime.fromtimestamp(row.claimed, UTC)
            sid = account.called(number, since) if row.is_call else account.sent(number, body, since)
        except AccountError as error:
            self._failed(name, row, error)
            return True
        if sid:
            self._outbox.step(name, _unless_it_moved(row, row.accepted(sid)))
        return bool(sid)

    def _hand_over(self, account: Account, name: str, row: Row, number: str, body: str) -> None:
        try:
            if row.is_call:
                answer, callback = f"{self._url}/voice/picked-up", f"{self._url}/status/call?r={name}"
                sid = account.call(self._caller, number, answer, callback)
            else:
                sid = account.send(self._sender, number, body, f"{self._url}/status/message?r={name}")
        except AccountError as error:
            self._failed(name, row, error)
        else:
            self._outbox.step(name, _unless_it_moved(row, row.accepted(sid)))

    def _failed(self, name: str, row: Row, error: AccountError) -> None:
        log.warning("not sent yet" if error.may_pass else "not sent", why=str(error))
        if error.may_pass and row.attempts < MOST_ATTEMPTS:
            doubtful = error.status == 0 or error.status >= 500 or _is_in_doubt(row)
            pause = min(SHORTEST_PAUSE * 2**row.attempts, LONGEST_PAUSE) * random.uniform(1, 1.5)  # noqa: S311  jitter
            after = int(self._clock() + pause)
            self._outbox.step(name, _unless_it_moved(row, row.later(after, IN_DOUBT if doubtful else error.code)))
        else:
            state = State.DEAD if error.may_pass else State.FAILED
            self._outbox.step(name, _unless_it_moved(row, row.ended(state, error.code)))
            if error.code == HAS_LEFT:
                self._has_left(row)

    def _has_left(self, row: Row) -> None:
        """The carrier lets nothing through: that is an opt-out too."""
        now = int(self._clock())
        remember(
            self._store, Spooled(row.contact, f"{row.id}:left", now, ("OptOut",), b"", (Entry("left", now, "carrier"),))
        )


def _is_in_doubt(row: Row) -> bool:
    return row.state is State.SENDING or row.error == IN_DOUBT


def _unless_it_moved(before: Row, after: Row) -> Callable[[Row], Row]:
    """A step that is taken only from ``before``: somebody else may have been quicker."""
    return lambda now: after if now == before else now
