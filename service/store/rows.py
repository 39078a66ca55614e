"""Rows of the outbox: what we send though nobody waits on the line for it, from the decision until its last status.

A row is a value, and so is every step of its life: what Twilio says is applied to it, and a step that comes too late or
twice changes nothing.
"""

from __future__ import annotations

import base64
import json
from enum import StrEnum
from typing import NamedTuple

from service.conversation import Draft
from service.seal import Seal

PURPOSE, DRAFT = "outbox", "draft"


class State(StrEnum):
    """Where a row is in its life, in this order."""

    WAITING = "waiting"  # to be handed to Twilio
    SENDING = "sending"  # perhaps handed to Twilio: whoever claimed it has not said
    ACCEPTED = "accepted"  # Twilio has it
    SENT = "sent"  # the carrier has it
    DELIVERED = "delivered"
    FAILED = "failed"  # for good, with Twilio's error
    DEAD = "dead"  # failed too often; can be tried again
    DROPPED = "dropped"  # not sent: they have left meanwhile, or it was too late


STATUSES = {
    "queued": State.ACCEPTED, "accepted": State.ACCEPTED, "scheduled": State.ACCEPTED, "sending": State.ACCEPTED,
    "sent": State.SENT, "delivered": State.DELIVERED, "read": State.DELIVERED, "partially_delivered": State.DELIVERED,
    "failed": State.FAILED, "undelivered": State.FAILED, "canceled": State.FAILED,
    "initiated": State.ACCEPTED, "ringing": State.ACCEPTED, "in-progress": State.SENT, "completed": State.DELIVERED,
    "busy": State.FAILED, "no-answer": State.FAILED,
}  # fmt: skip
"""What each status of a message or a call at Twilio means (its pages on both resources)."""

_ORDER = [State.WAITING, State.SENDING, State.ACCEPTED, State.SENT]
FINAL = frozenset({State.DELIVERED, State.FAILED, State.DEAD, State.DROPPED})


class RowKind(StrEnum):
    """Why a row is sent. Whatever is not ASKED is sent unasked: by day, within the cap and within the budget."""

    ASKED = ""  # they asked for it a moment ago
    GROUP = "group"  # of a group that they are in
    REMINDER = "reminder"  # of a group's meeting
    CAMPAIGN = "campaign"
    SERIES = "series"  # the part of the day, at the hour that they chose
    NEWS = "news"  # that what they had read has changed, and what else we promised to tell
    OPERATOR = "operator"  # to the operator's own phone
    LEADER = "leader"  # to a leader, about their group
    POST = "post"  # no message yet: a leader's words, to be planned for a group
    PROPOSAL = "proposal"  # no message yet: a member's words, to be shown to the leaders
    REPORT = "report"  # no message yet: what a member reports, to be shown to the operator
    NOTICE = "notice"  # no message yet: what a leader recorded, to be fetched from Twilio and erased there
    RECORDING = "recording"  # no message: what was recorded on a call, to be erased at Twilio
    INVITATION = "invitation"  # no message yet: a number that was keyed in on a call
    CALL_BACK = "call back"  # a call, for one that was not answered
    INVITED = "invited"  # the one neutral text to a number that was keyed in
    OUTCOME = "outcome"  # no message yet: what became of a post, to be told to its leader


PLANNED = frozenset(
    {
        RowKind.POST, RowKind.PROPOSAL, RowKind.REPORT, RowKind.OUTCOME, RowKind.NOTICE, RowKind.RECORDING,
        RowKind.INVITATION,
    }
)  # fmt: skip
"""Rows that lead to other rows, and go to nobody themselves."""

UNASKED = frozenset({RowKind.GROUP, RowKind.REMINDER, RowKind.CAMPAIGN, RowKind.SERIES, RowKind.NEWS})


class Row(NamedTuple):
    """One message, or one call, to one person.

    ``id`` names it for good, ``sealed`` holds number and words for its contact alone, ``made`` is when it was decided
    and ``after`` before when it is not to be tried (Unix seconds), ``attempts`` counts the tries, ``claimed`` is when
    the last one began, ``sid`` Twilio's name for the message, ``error`` Twilio's code, ``is_call`` that it is
    no message but a call. ``kind`` says why it is sent and ``about`` of what (a group's code, a campaign's id),
    ``language`` which one its words are in, ``until`` when it is too late for it (Unix seconds, 0 for the usual hours),
    and ``channel`` on which it goes.
    """

    id: str
    contact: str
    sealed: bytes
    made: int
    after: int = 0
    state: State = State.WAITING
    attempts: int = 0
    claimed: int = 0
    sid: str = ""
    error: int = 0
    is_call: bool = False
    kind: RowKind = RowKind.ASKED
    about: str = ""
    language: str = ""
    until: int = 0
    channel: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to it by itself."""
        return self.state in FINAL

    def claim(self, now: int) -> Row:
        """Somebody begins to hand it to Twilio."""
        return self._replace(state=State.SENDING, attempts=self.attempts + 1, claimed=now)

    def accepted(self, sid: str) -> Row:
        """Twilio took it."""
        return self._replace(state=State.ACCEPTED, sid=sid, error=0)

    def later(self, after: int, error: int = 0) -> Row:
        """Not now: again at ``after``."""
        return self._replace(state=State.WAITING, after=after, error=error)

    def ended(self, state: State, error: int = 0) -> Row:
        """It ends here."""
        return self._replace(state=state, error=error)

    def heard(self, status: str, error: int = 0) -> Row:
        """What Twilio says of it, in any order and as often as it likes: only what leads on counts."""
        told = STATUSES.get(status)
        if told is None or self.is_final:
            return self
        if told in FINAL:
            return self._replace(state=told, error=error if told is State.FAILED else 0)
        return self._replace(state=told) if _ORDER.index(told) > _ORDER.index(self.state) else self


def write_row(number: str, body: str, row: Row, seal: Seal) -> Row:
    """``row`` with a number and words in it, sealed for its contact."""
    return row._replace(sealed=seal.seal(json.dumps([number, body]).encode(), PURPOSE, row.contact))


def read_row(row: Row, seal: Seal) -> tuple[str, str]:
    """The number and the words of a row; empty where no key opens it."""
    opened = seal.open(row.sealed, PURPOSE, row.contact)
    number, body = json.loads(opened) if opened else ("", "")
    return number, body


def write_draft(draft: Draft, contact: str, seal: Seal) -> bytes:
    """A draft, sealed for its leader."""
    return seal.seal(json.dumps(draft[1:], ensure_ascii=False).encode(), DRAFT, contact)


def read_draft(name: str, sealed: bytes, contact: str, seal: Seal) -> Draft | None:
    """What ``write_draft`` wrote under that id; None where no key opens it."""
    opened = seal.open(sealed, DRAFT, contact)
    return Draft(name, *json.loads(opened)) if opened else None


def encode_row(row: Row) -> bytes:
    """A row as bytes: a list in the order of its fields."""
    fields = list(row._replace(sealed=b""))
    fields[Row._fields.index("sealed")] = base64.b64encode(row.sealed).decode()
    while not fields[-1]:
        fields.pop()
    return json.dumps(fields, separators=(",", ":")).encode()


def decode_row(stored: bytes) -> Row:
    """What ``encode_row`` wrote. Raises ValueError for anything else."""
    row = Row(*json.loads(stored))
    return row._replace(sealed=base64.b64decode(row.sealed), state=State(row.state), kind=RowKind(row.kind))
