"""Whether a row may be sent now: asked for, still wanted, by day, not too often, and within the budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

from service.book.segments import segments
from service.campaigns import Campaign, Stage
from service.channels.twilio import region
from service.outreach.daytime import next_day, zones_of
from service.store import UNASKED, Fresh, Register, Row, RowKind, Store
from service.subscriptions import Subscriptions

TOO_LATE = 4 * 60 * 60
"""Seconds after which what somebody asked for on a call is sent no more: they would not know what it is."""

PAUSED = 60
"""Seconds after which it is looked again whether somebody who was asked has answered."""

MOST_A_DAY = 6
"""Texts that anybody gets unasked on one day; a part of the series may be three."""

DAY = 24 * 60 * 60

FRESH_FOR = 2.0
"""Seconds for which a campaign is not looked up again."""


class Verdict(NamedTuple):
    """What is to become of a row: sent now; not before ``after`` (Unix seconds); or never, where ``reason`` says why.

    ``reason`` stands with a row that waits too.
    """

    reason: str = ""
    after: int = 0

    def __bool__(self) -> bool:
        """Whether it is held back."""
        return bool(self.reason)


GO = Verdict()

BY_DAY = frozenset({RowKind.LEADER, RowKind.INVITED})
"""What is sent by day, though it counts towards no cap and no budget."""


class Rules(NamedTuple):
    """What the operator has set: where calls may go, the region assumed for a number that tells none, the most segments
    that are sent unasked in a day (0 for no limit), and the most calls that are returned in a day."""

    call_countries: tuple[str, ...] = ()
    country: str = "US"
    daily_budget: int = 0
    daily_calls: int = 200


def _costs_more(number: str) -> bool:
    """Whether a call there costs more than to an ordinary line."""
    return phonenumbers.number_type(phonenumbers.parse(number)) not in ORDINARY


ORDINARY = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
}


def _day(now: int) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"


def _tomorrow(now: int) -> int:
    return now - now % DAY + DAY


class Permission:
    """Judges rows. ``told`` hears what the operator should know."""

    def __init__(
        self,
        store: Store,
        register: Register,
        rules: Rules,
        told: Callable[[str, str], None] = lambda *_: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._register, self._rules, self._told, self._clock = store, register, rules, told, clock
        self._groups = Fresh(register.groups, clock)
        self._campaigns: dict[str, tuple[float, Campaign | None]] = {}

    def last_look(self, row: Row) -> Verdict:
        """Just before it goes: they may have left, or ended what it is of, while it waited for its moment."""
        if row.kind is RowKind.OPERATOR:
            return GO
        refused = self._of_the_person(row, int(self._clock()))
        if refused or row.kind not in UNASKED:
            return refused
        return self._unwanted(row, self._store.subscriptions(row.contact))

    def within_the_day(self, row: Row, body: str) -> Verdict:
        """Whether a day's limits have room for it; it counts from then on, and once however often it is tried."""
        if row.attempts:
            return GO
        if row.kind is RowKind.CALL_BACK:
            return self._one_more_call()
        return self._within_budget(segments(body)) if row.kind in UNASKED else GO

    def _one_more_call(self) -> Verdict:
        most = self._rules.daily_calls
        if self._register.spend(f"calls.{_day(int(self._clock()))}", 1, most):
            return GO
        self._told("calls", f"DAILY_CALLS is reached ({most}): missed calls are not returned until tomorrow")
        return Verdict("too many calls today")

    def _within_budget(self, count: int) -> Verdict:
        now, budget = int(self._clock()), self._rules.daily_budget
        if not budget or self._register.spend(_day(now), count, budget):
            return GO
        self._told("budget", f"DAILY_BUDGET is reached ({budget} segments): what nobody asked for waits until tomorrow")
        return Verdict("the budget is spent", _tomorrow(now))

    def judge(self, row: Row, number: str) -> Verdict:
        """What is to become of ``row`` now."""
        now = int(self._clock())
        refused = self._of_the_row(row, number, now)
        if refused or row.kind is RowKind.OPERATOR:
            return refused
        refused = self._of_the_person(row, now)
        if refused or row.kind not in UNASKED | BY_DAY:
            return refused
        asked_for = self._store.subscriptions(row.contact)
        if row.kind in BY_DAY:
            return self._by_day(number, asked_for.zone, now)
        return self._unasked(row, number, asked_for, now)

    def _of_the_row(self, row: Row, number: str, now: int) -> Verdict:
        if not number:
            return Verdict("no key of ENCRYPTION_KEYS opens it")
        if (row.until or row.made + TOO_LATE) < now:
            return Verdict("it is too late")
        if row.is_call and region(number) not in self._rules.call_countries:
            return Verdict("its country is not among CALL_COUNTRIES")
        costs_more = row.kind is RowKind.CALL_BACK and _costs_more(number)
        return Verdict("calls to that kind of number cost more") if costs_more else GO

    def _of_the_person(self, row: Row, now: int) -> Verdict:
        _, person = self._store.known(row.contact)
        if person.left or (row.is_call and person.uncalled) or (person.untexted and not row.is_call):
            return Verdict("they want none, or cannot get it")
        if row.kind in UNASKED and row.made < person.agreed:
            return Verdict("they have left since, and allowed texts again")
        return Verdict("they are asked whether they want to leave", now + PAUSED) if person.paused else GO

    def _unasked(self, row: Row, number: str, subscriptions: Subscriptions, now: int) -> Verdict:
        if refused := self._unwanted(row, subscriptions):
            return refused
        if quiet := self._by_day(number, subscriptions.zone, now):
            return quiet
        if not self._register.is_within_cap(row.contact, row.id, now // DAY, MOST_A_DAY):
            return Verdict("they had enough texts today", _tomorrow(now))
        return GO

    def _by_day(self, number: str, stated: str, now: int) -> Verdict:
        """Whether it is day wherever they may be."""
        day_at = next_day(now, zones_of(number, stated, self._rules.country))
        if day_at == now:
            return GO
        return Verdict("it is quiet there", day_at) if day_at else Verdict("it is never day wherever they may be")

    def _unwanted(self, row: Row, subscriptions: Subscriptions) -> Verdict:
        """Why they are not to get it any more, or not yet, if so."""
        of_its_kind = {
            RowKind.GROUP: self._of_a_group,
            RowKind.REMINDER: self._of_a_group,
            RowKind.CAMPAIGN: self._of_a_campaign,
            RowKind.SERIES: self._of_a_series,
        }
        refused = of_its_kind[row.kind](row, subscriptions) if row.kind in of_its_kind else GO
        another = row.language and row.language != subscriptions.language and not subscriptions.is_empty
        if not refused and another and row.kind is not RowKind.GROUP:
            return Verdict("they have changed their language")
        return refused

    def _of_a_group(self, row: Row, subscriptions: Subscriptions) -> Verdict:
        member = subscriptions.member(row.about)
        group = next((each for each in self._groups.now() if each.code == row.about), None)
        if member is None or (row.kind is RowKind.REMINDER and not member.reminded):
            return Verdict("they are not in that group any more")
        return Verdict("the group is closed") if group is None or group.is_closed else GO

    def _of_a_campaign(self, row: Row, subscriptions: Subscriptions) -> Verdict:
        campaign = self._campaign(row.about)
        if campaign is None or campaign.stage is Stage.CANCELLED:
            return Verdict("the campaign was cancelled")
        if subscriptions.is_empty or not campaign.is_for(subscriptions):
            return Verdict("they are not among those any more whom the campaign is for")
        paused = campaign.stage is Stage.PAUSED
        return Verdict("the campaign is paused", int(self._clock()) + PAUSED) if paused else GO

    @staticmethod
    def _of_a_series(_: Row, subscriptions: Subscriptions) -> Verdict:
        running = subscriptions.series is not None and not subscriptions.series.paused
        return GO if running else Verdict("they have paused the series, or ended it")

    def _campaign(self, name: str) -> Campaign | None:
        until, campaign = self._campaigns.get(name, (0.0, None))
        if self._clock() >= until:
            campaign = self._register.campaign(name)
            self._campaigns[name] = self._clock() + FRESH_FOR, campaign
        return campaign
