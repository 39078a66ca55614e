"""Support groups: what the operator says of each, who leads it, and when it meets.

A group is a value that travels as a file and lies in the store; nothing here knows either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import regex
from dateutil.rrule import rrulestr
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

NEAR = 0.5
"""How alike a mistyped code and a group's must be, from 0 to 1."""

MOST_NEAR = 3

SHORTEST_PIN, LONGEST_PIN = 4, 8

FEWEST_LEADERS = 2

MONTH = 30 * 24 * 60 * 60
"""Seconds in which a group may send its monthly limit."""

LONGEST_NAME, LONGEST_WELCOME, LONGEST_WHERE = 30, 300, 100

_CODE = regex.compile(r"[A-Z0-9]{3,12}")


class GroupError(ValueError):
    """A group that must not be kept; the message says why, and what to do."""


class Leader(NamedTuple):
    """Somebody who may post: the index of their number, their sealed number, what their PIN is known by, and since when
    they lead (Unix seconds)."""

    contact: str
    address: str
    pin: str
    since: int = 0


class Group(NamedTuple):
    """A support group.

    ``code`` is what people text behind JOIN, ``number`` what they key on a call. ``meets`` is a recurrence rule (RFC
    5545), ``starts`` the first meeting in local time (ISO 8601) of the time zone ``zone``. ``monthly`` is how many
    texts it may send in 30 days, ``says`` whether members may write to each other, ``sent`` when it last sent (Unix
    seconds), ``muted`` who may not write, ``expelled`` who may not come back, ``notice`` the file of a spoken notice.
    ``people`` and ``names`` are the count of its members and the first names that they chose, as of a moment ago.
    """

    code: str
    number: int
    name: str
    language: str
    leaders: tuple[Leader, ...] = ()
    where: str = ""
    meets: str = ""
    starts: str = ""
    zone: str = "UTC"
    welcome: str = ""
    monthly: int = 4
    says: bool = False
    frozen: bool = False
    muted: tuple[str, ...] = ()
    expelled: tuple[str, ...] = ()
    sent: tuple[int, ...] = ()
    notice: str = ""
    people: int = 0
    names: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether it takes nobody and sends nothing: frozen by the operator, or not led by two yet."""
        return self.frozen or len(self.leaders) < FEWEST_LEADERS

    def leader(self, contact: str) -> Leader | None:
        """The leader with that number, if any."""
        return next((each for each in self.leaders if each.contact == contact), None)

    def meetings(self, after: int) -> Iterator[int]:
        """When it meets after ``after``, in order (Unix seconds); wall clocks decide, whatever summer time does."""
        if not self.meets:
            return
        zone = ZoneInfo(self.zone)
        # A day early: in its own zone the same moment may bear an earlier date.
        since = datetime.fromtimestamp(after, UTC).astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
        for moment in rrulestr(self.meets, dtstart=datetime.fromisoformat(self.starts)).xafter(since):
            at = int(moment.replace(tzinfo=zone).timestamp())
            if at > after:
                yield at

    def next_meeting(self, now: int) -> int:
        """When it meets next, 0 for never, and where the rule cannot be read: people are answered all the same."""
        try:
            return next(self.meetings(now), 0)
        except (ValueError, TypeError, AttributeError, ZoneInfoNotFoundError):
            return 0

    def sent_lately(self, now: int) -> tuple[int, ...]:
        """When it sent within the last 30 days, the oldest first."""
        return tuple(at for at in self.sent if at > now - MONTH)

    def may_send_at(self, now: int) -> int:
        """When its monthly limit lets the next text go: now, or once the oldest of the last ones is 30 days old."""
        lately = sorted(self.sent_lately(now))
        return now if len(lately) < self.monthly else lately[-self.monthly] + MONTH


def nearest(groups: Iterable[Group], code: str) -> list[Group]:
    """The groups whose codes are nearest to what somebody typed, the likeliest first."""
    by_code = {group.code: group for group in groups if not group.is_closed}
    score = DamerauLevenshtein.normalized_similarity
    found = process.extract(code.upper(), list(by_code), scorer=score, score_cutoff=NEAR, limit=MOST_NEAR)
    return [by_code[near] for near, _, _ in found]


def pin_mark(code: str, contact: str, pin: str) -> str:
    """What a leader's PIN is known by; slow on purpose, since a PIN is short."""
    salt = f"{code}:{contact}".encode()
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**12, r=8, p=1, dklen=16).hex()


def is_pin_of(group: Group, leader: Leader, said: str) -> bool:
    """Whether that is the leader's PIN."""
    return hmac.compare_digest(pin_mark(group.code, leader.contact, said), leader.pin)


def is_pin(said: str) -> bool:
    """Whether this can be a PIN: 4 to 8 digits."""
    return said.isascii() and said.isdecimal() and SHORTEST_PIN <= len(said) <= LONGEST_PIN


def checked(group: Group, others: Iterable[Group], languages: Iterable[str], now: int) -> Group:
    """``group``, if it may be kept. Raises GroupError, which says what is wrong and what to do."""
    spoken = list(languages)
    for problem in _problems(group, [each for each in others if each.code != group.code], spoken, now):
        raise GroupError(problem)
    return group


def _problems(group: Group, others: list[Group], languages: list[str], now: int) -> Iterator[str]:
    if not _CODE.fullmatch(group.code):
        yield f"{group.code!r} is no code: 3 to 12 of A to Z and 0 to 9, such as HOPE"
    if not group.name.strip() or len(group.name) > LONGEST_NAME:
        yield f"a group's name has 1 to {LONGEST_NAME} characters, and says nothing of an illness"
    if group.language not in languages:
        yield f"there is no language {group.language!r}: choose from {', '.join(languages)}"
    if not 1 <= group.number <= 999 or any(each.number == group.number for each in others):
        yield f"the number {group.number} is taken, or not from 1 to 999: choose another with --number"
    if not 1 <= group.monthly <= 31:
        yield "a group sends 1 to 31 texts a month"
    if len(group.welcome) > LONGEST_WELCOME or len(group.where) > LONGEST_WHERE:
        yield f"a welcome has at most {LONGEST_WELCOME} characters, and where it meets {LONGEST_WHERE}"
    yield from _problems_of_meetings(group, now)


def _problems_of_meetings(group: Group, now: int) -> Iterator[str]:
    try:
        ZoneInfo(group.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"there is no time zone {group.zone!r}: write it as America/New_York"
        return
    if not group.meets:
        return
    try:
        found = list(islice(group.meetings(now), 1))
    except (ValueError, TypeError, AttributeError) as error:
        yield f"this is no rule for meetings ({error}): write --meets 'FREQ=WEEKLY;BYDAY=TU' --starts 2027-01-05T18:00"
        return
    if not found:
        yield "by this rule the group never meets again: check UNTIL, COUNT and --starts"


def encode_group(group: Group) -> str:
    """A group as JSON, for the store and for a file."""
    return json.dumps(group._asdict(), ensure_ascii=False, indent=1)


def decode_group(stored: str | bytes) -> Group:
    """What ``encode_group`` wrote. Raises GroupError for anything else; fields that are new are as for a new group."""
    try:
        read: dict[str, Any] = json.loads(stored)
        read["leaders"] = tuple(Leader(*each) for each in read.get("leaders", ()))
        for name in ("muted", "expelled", "sent", "names"):
            read[name] = tuple(read.get(name, ()))
        return Group(**read)
    except (ValueError, TypeError, AttributeError) as error:
        raise GroupError(f"this is no group as 'plainline group export' writes it: {error}") from None
