"""Sending what the outbox holds: each message once, as people see it, whatever dies in between.

A row is claimed, then handed to Twilio, then marked with Twilio's name for it. Whoever finds a row claimed and not
marked, or whose request got no answer, asks Twilio's own list whether the message went out before sending it again:
Twilio knows no key by which a repeated request would be recognised.
"""

from __future__ import annotations

import hashlib
import random
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from service.book.segments import segments
from service.channels.rest import HAS_LEFT, Account, AccountError
from service.channels.templates import Templates
from service.channels.twilio import WHATSAPP
from service.conversation import Channel, Entry
from service.outreach.operator import Operator
from service.outreach.permission import GO, Permission, Verdict
from service.outreach.planning import Planning
from service.seal import Seal
from service.store import PLANNED, UNASKED, Outbox, Row, Spooled, State, Store, StoreError, read_row
from service.talk import CLOCKS_DIFFER, remember

LEASE = 60
"""Seconds after which whoever claimed a row is taken for dead."""

AGAIN = 90
"""Seconds after which a row that still waits is handed on once more: the job may have been lost."""

FEWEST_AHEAD = 100
"""Rows that are with the job engine at a time, at least; else those of two seconds, so that what somebody asked for
just now does not stand behind a campaign."""

FEWEST_OF_EACH = 8
"""Rows of each of the 256 buckets that are looked at, at least."""

MOST_TOGETHER = 25
"""Rows that one job sends."""

PATIENT = 5.0
"""Seconds that a worker waits for its moment; for a later one the row goes back."""

MOST_ATTEMPTS = 8
SHORTEST_PAUSE, LONGEST_PAUSE = 5, 600
"""Seconds before a row is tried again, doubled with every attempt; Twilio's list may be some seconds late."""

UNKNOWN_AFTER = 12 * 60 * 60
"""Seconds after which a status that never came is asked for."""

CALLS_A_SECOND = 1
"""Twilio's default for calls that we make."""

IN_DOUBT = -1
"""The error of a row whose last request got no answer: Twilio may have it."""

MARGIN = 1.018
"""Moments are this much farther apart than the limit asks: a request may take longer on its way than the one before."""

LATE, MOST_MOMENTS = 0.01, 5
"""Seconds by which somebody may be late for a moment, and how many they may be late for before the row waits."""

LAST_LOOK = 0.02
"""Seconds before its moment at which it is looked once more whether a row may go."""

log = structlog.get_logger()


NOT_REGISTERED = frozenset({30032, 30034, 30035})
"""Twilio's errors for a sender that the carriers do not know (yet): the operator must register it."""

LANDLINE = frozenset({21614, 30006})
"""Twilio's errors for a number that takes no texts."""

NEEDS_TEMPLATE = 63016
"""Twilio's error for free words on WhatsApp to somebody who has not written for 24 hours."""

WINDOW = 23
"""Hours after somebody wrote on WhatsApp in which free words may be sent; Twilio's are 24, and ours are counted in
whole ones."""

UNTIL_THEY_WRITE = 60 * 60

TEMPLATE = "template"
"""The channel of a row that goes on WhatsApp as an approved template."""


class Job(NamedTuple):
    """Rows to be sent: their names, and a key that no other attempt of them has."""

    names: tuple[str, ...]
    key: str


class Means(NamedTuple):
    """By what it is sent: ``sender`` is a number or a messaging service, ``rate`` its segments a second and
    ``whatsapp_rate`` the messages a second on WhatsApp, ``caller`` the number that calls and writes on WhatsApp,
    ``url`` what Twilio calls."""

    account: Account | None
    seal: Seal
    sender: str
    rate: float
    caller: str
    url: str
    whatsapp_rate: float = 80.0
    templates: Templates = Templates()
    clock: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep


class Sending:
    """Hands rows to Twilio."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts that meet in sending
        self, outbox: Outbox, store: Store, permission: Permission, planning: Planning, operator: Operator, by: Means
    ) -> None:
        self._outbox, self._store, self._permission = outbox, store, permission
        self.planning, self._operator, self._by = planning, operator, by
        self._account, self._seal, self._clock = by.account, by.seal, by.clock

    def warm_up(self) -> None:
        """Make ready what takes long to load, so that the first moments are not slept through."""
        if self._account is not None:
            self._account.warm_up()

    def jobs(self) -> Iterator[Job]:
        """What is to be handed to the job engine, each attempt once in a while: a job may be lost, a row may not.

        What was asked for just now comes first, and no more is handed on than goes out in the next seconds.
        """
        now = self._clock()
        room = max(FEWEST_AHEAD, int(2 * self._by.rate))
        due = [*self._outbox.claimed(int(now) - LEASE), *self._outbox.waiting(now, max(FEWEST_OF_EACH, room // 64))]
        found = zip(due, self._outbox.read_all(due), strict=True)
        rows = [(name, row) for name, row in found if row and row.state in {State.WAITING, State.SENDING}]
        rows.sort(key=lambda one: (one[1].kind in UNASKED, one[1].after, one[1].made))
        attempts = [_attempt(name, row) for name, row in rows]
        handed = self._outbox.handed(attempts, now)
        fresh = [(name, key) for (name, _), key in zip(rows, attempts, strict=True) if key not in handed]
        ahead = len(rows) - len(fresh)  # with the job engine, and not sent yet
        fresh = fresh[: max(0, room - ahead)]
        self._outbox.hand_on([key for _, key in fresh], now, now + AGAIN)
        together = min(MOST_TOGETHER, -(-len(fresh) // MOST_TOGETHER) or 1)
        for at in range(0, len(fresh), together):
            some = fresh[at : at + together]
            yield Job(tuple(name for name, _ in some), _key_of(tuple(key for _, key in some)))

    def deliver_all(self, names: Sequence[str]) -> None:
        """Send these rows, one after another; one that cannot be handled keeps none of the others from going."""
        for name in names:
            try:
                self.deliver(name)
            except StoreError:
                raise
            except Exception as error:
                self._set_aside(name, error)

    def _set_aside(self, name: str, error: Exception) -> None:
        """Try a row that we cannot handle some more times, then leave it where the operator sees it."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        log.error("failed", error=type(error).__name__, where=f"{frame.filename}:{frame.lineno}")

        def step(row: Row) -> Row:
            tried = row._replace(attempts=row.attempts + 1)
            doubtful = row.state is State.SENDING and row.kind not in PLANNED
            again = tried.later(int(self._clock()) + LONGEST_PAUSE, IN_DOUBT if doubtful else row.error)
            return again if tried.attempts < MOST_ATTEMPTS else tried.ended(State.DEAD)

        self._outbox.step(name, lambda row: row if row.is_final else step(row))

    def deliver(self, name: str) -> None:
        """Send one row, unless it was sent, is being sent by somebody else, or must not be sent (yet, or any more)."""
        row = self._outbox.read(name)
        if row is None or not self._is_due(row):
            return
        if row.kind in PLANNED:
            self._plan(name, row)
        elif self._account is not None:
            self._send(self._account, name, row)

    def _plan(self, name: str, row: Row) -> None:
        now = int(self._clock())
        if row.until and row.until < now:
            log.info("not planned", kind=row.kind, why="it is too late")
            self._outbox.step(name, _unless_it_moved(row, row.ended(State.DROPPED)))
            return
        claimed = row.claim(now)
        if self._outbox.take(name, row, claimed):
            try:
                self.planning.plan(claimed)
            except AccountError as error:
                self._failed(name, claimed, error)
            else:
                self._outbox.step(name, _unless_it_moved(claimed, claimed.ended(State.DELIVERED)))

    def _send(self, account: Account, name: str, row: Row) -> None:
        number, body = read_row(row, self._seal)
        if self._put_off(name, row, self._permission.judge(row, number)):
            return
        if _is_in_doubt(row) and self._went_out(account, name, row, number, body):
            return
        changed = self._on_whatsapp(name, row) if row.channel == Channel.WHATSAPP else row
        if changed is None:
            return
        row = changed
        if self._put_off(name, row, self._its_moment(row, body) or self._permission.within_the_day(row, body)):
            return
        claimed = row.claim(int(self._clock()))
        if self._outbox.take(name, row, claimed):
            self._hand_over(account, name, claimed, number, body)

    def _put_off(self, name: str, row: Row, verdict: Verdict) -> bool:
        """Whether a row is not sent now; then it waits, or ends here."""
        if not verdict:
            return False
        after = row.later(verdict.after, row.error) if verdict.after else row.ended(State.DROPPED)
        if not verdict.after:
            log.info("not sent", kind=row.kind, why=verdict.reason)
        self._outbox.step(name, _unless_it_moved(row, after))
        return True

    def _on_whatsapp(self, name: str, row: Row) -> Row | None:
        """The row as it may go on WhatsApp now: free words within a day, then a template; else it waits, or goes by SMS
        where they agreed to that."""
        session, _ = self._store.known(row.contact)
        if self._clock() < (session.seen + WINDOW) * 3600:
            return row
        changed = row
        if self._by.templates.find(row.kind, row.language):
            changed = row._replace(channel=TEMPLATE)
        elif Channel.SMS in self._store.subscriptions(row.contact).channels:
            changed = row._replace(channel=Channel.SMS)
        if changed == row:
            self._put_off(name, row, Verdict("they have not written for a day", int(self._clock()) + UNTIL_THEY_WRITE))
            return None
        return changed if self._outbox.take(name, row, changed) else None

    def told(self, name: str, status: str, error: int) -> None:
        """Twilio tells of a row's message, in any order and as often as it likes."""
        row = self._outbox.step(name, lambda row: self._heard(row, status, error))
        if row is not None and row.error:
            self._learn(row)

    def _heard(self, row: Row, status: str, error: int) -> Row:
        template = error == NEEDS_TEMPLATE and row.channel == Channel.WHATSAPP
        if template and not row.is_final and self._by.templates.find(row.kind, row.language):
            return row.later(0)._replace(channel=TEMPLATE, sid="")
        return row.heard(status, error)

    def _learn(self, row: Row) -> None:
        """What an error tells of a person, or of our own number."""
        if row.error == HAS_LEFT:
            self._remember(row, "left", "OptOut")
        elif row.error in LANDLINE:
            self._remember(row, "a landline", "NoTexts")
        elif row.error in NOT_REGISTERED:
            self._operator.told(
                "not registered",
                f"Twilio refuses our texts (error {row.error}): the sender is not registered with the carriers. See "
                f"https://www.twilio.com/docs/api/errors/{row.error}",
            )

    def _remember(self, row: Row, what: str, effect: str) -> None:
        now = int(self._clock())
        entry = Entry(what, now, "carrier")
        remember(self._store, Spooled(row.contact, f"{row.id}:{what}", now, (effect,), b"", (entry,)))

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

    def _its_moment(self, row: Row, body: str) -> Verdict:
        """Wait for the moment at which this row may go. One that was slept through is lost: whoever is late would go
        together with those behind."""
        for _ in range(MOST_MOMENTS):
            far = self._moment(row, body)
            if far < 0:
                return Verdict("others go first", int(self._clock() - far) + 1)
            moment = self._clock() + far
            self._by.wait(max(0.0, far - LAST_LOOK))
            if refused := self._permission.last_look(row):
                return refused
            self._by.wait(max(0.0, moment - self._clock()))
            if self._clock() - moment <= LATE:
                return GO
        return Verdict("it was late for its moment", int(self._clock()) + 1)

    def _moment(self, row: Row, body: str) -> float:
        """The seconds until this row may go, as the outbox tells them; calls have a clock of their own."""
        now = self._clock()
        if row.is_call:
            return self._outbox.slot(f"{self._by.caller}:calls", now, MARGIN / CALLS_A_SECOND, 1, PATIENT)
        if row.channel in {Channel.WHATSAPP, TEMPLATE}:
            return self._outbox.slot(f"{WHATSAPP}{self._by.caller}", now, MARGIN / self._by.whatsapp_rate, 1, PATIENT)
        return self._outbox.slot(self._by.sender, now, MARGIN / self._by.rate, segments(body), PATIENT)

    def _is_due(self, row: Row) -> bool:
        if row.state is State.SENDING:
            return row.claimed + LEASE <= self._clock()
        return row.state is State.WAITING and row.after <= self._clock()

    def _went_out(self, account: Account, name: str, row: Row, number: str, body: str) -> bool:
        """Whether Twilio has the message of a row in doubt, which is marked then; also where Twilio cannot tell now."""
        try:
            since = datetime.fromtimestamp(row.claimed - CLOCKS_DIFFER, UTC)
            there = number if row.channel not in {Channel.WHATSAPP, TEMPLATE} else WHATSAPP + number
            sid = account.called(number, since) if row.is_call else account.sent(there, body, since)
        except AccountError as error:
            self._failed(name, row, error)
            return True
        if sid:
            self._outbox.step(name, _unless_it_moved(row, row.accepted(sid)))
        return bool(sid)

    def _hand_over(self, account: Account, name: str, row: Row, number: str, body: str) -> None:
        try:
            if row.is_call:
                answer, callback = f"{self._by.url}/voice/picked-up", f"{self._by.url}/status/call?r={name}"
                sid = account.call(self._by.caller, number, answer, callback)
            else:
                sid = self._text(account, name, row, number, body)
        except AccountError as error:
            self._failed(name, row, error)
        else:
            self._outbox.step(name, _unless_it_moved(row, row.accepted(sid)))

    def _text(self, account: Account, name: str, row: Row, number: str, body: str) -> str:
        callback = f"{self._by.url}/status/message?r={name}"
        if row.channel not in {Channel.WHATSAPP, TEMPLATE}:
            return account.send(self._by.sender, number, body, callback)
        template = self._by.templates.find(row.kind, row.language) if row.channel == TEMPLATE else ""
        return account.send(WHATSAPP + self._by.caller, WHATSAPP + number, body, callback, template)

    def _failed(self, name: str, row: Row, error: AccountError) -> None:
        log.warning("not sent yet" if error.may_pass else "not sent", why=str(error))
        if error.may_pass and row.attempts < MOST_ATTEMPTS:
            doubtful = error.status == 0 or error.status >= 500 or _is_in_doubt(row)
            pause = min(SHORTEST_PAUSE * 2**row.attempts, LONGEST_PAUSE) * random.uniform(1, 1.5)  # noqa: S311  jitter
            after = int(self._clock() + pause)
            self._outbox.step(name, _unless_it_moved(row, row.later(after, IN_DOUBT if doubtful else error.code)))
        else:
            ended = row.ended(State.DEAD if error.may_pass else State.FAILED, error.code)
            if not error.may_pass:
                ended = self._heard(row, "failed", error.code)
            self._outbox.step(name, _unless_it_moved(row, ended))
            if ended.error:
                self._learn(ended)


def _attempt(name: str, row: Row) -> str:
    """What tells one attempt at a row from every other."""
    return f"{name}/{row.attempts}/{row.after}/{row.state}"


def _key_of(attempts: tuple[str, ...]) -> str:
    return attempts[0] if len(attempts) == 1 else hashlib.sha256("\n".join(attempts).encode()).hexdigest()[:32]


def _is_in_doubt(row: Row) -> bool:
    return row.state is State.SENDING or row.error == IN_DOUBT


def _unless_it_moved(before: Row, after: Row) -> Callable[[Row], Row]:
    """A step that is taken only from ``before``: somebody else may have been quicker."""
    return lambda now: after if now == before else now
