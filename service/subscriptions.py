"""What somebody has asked to be sent: the groups they are in and the series they read, as a value and its steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 24 * 60 * 60

ASKED_AFTER, OVER_AFTER = 335, 365
"""Days of silence after which somebody is asked whether to go on, and after which all subscriptions end."""

FIRST_HOUR, LAST_HOUR = 9, 19
"""The hours of a day at which a part may be wanted; from 20 h on it is quiet."""


class Membership(NamedTuple):
    """That somebody is in a group, since when (Unix seconds), by which first name, and whether reminded of meetings."""

    group: str
    since: int = 0
    name: str = ""
    reminded: bool = False


class Series(NamedTuple):
    """An article, one part a day: at which hour where they are, which part is next, and when (Unix seconds)."""

    article: str
    hour: int
    part: int = 0
    due: int = 0
    paused: bool = False


class Subscriptions(NamedTuple):
    """All that somebody has asked to be sent, and what is needed to send it.

    ``address`` is their sealed number (base64), ``channels`` those on which they agreed, ``zone`` the time zone that
    they told (a name, or an offset such as ``+05:30``), ``heard`` the day on which they last wrote and ``asked`` the
    day on which we asked whether to go on (days since 1970). ``finished`` is the revision of the article that they
    read to its end and want to hear of when it changes.
    """

    address: str = ""
    country: str = ""
    channels: tuple[str, ...] = ()
    language: str = ""
    zone: str = ""
    heard: int = 0
    asked: int = 0
    groups: tuple[Membership, ...] = ()
    series: Series | None = None
    finished: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return not (self.groups or self.series or self.finished)

    def member(self, group: str) -> Membership | None:
        """Their membership of a group, if they are in it."""
        return next((each for each in self.groups if each.group == group), None)

    def joined(self, group: str, now: int) -> Subscriptions:
        """They are in ``group``; joining twice changes nothing."""
        if self.member(group):
            return self
        return self._replace(groups=(*self.groups, Membership(group, now)))

    def without(self, group: str) -> Subscriptions:
        """They are not in ``group``."""
        return self._replace(groups=tuple(each for each in self.groups if each.group != group))

    def named(self, name: str) -> Subscriptions:
        """Their first name, in every group."""
        return self._replace(groups=tuple(each._replace(name=name) for each in self.groups))

    def reminding(self, group: str, *, wanted: bool) -> Subscriptions:
        """Whether they want to be reminded of a group's meetings."""
        return self._replace(
            groups=tuple(each._replace(reminded=wanted) if each.group == group else each for each in self.groups)
        )

    def wrote(self, now: int) -> Subscriptions:
        """They wrote today: nothing lapses."""
        return self._replace(heard=now // DAY, asked=0)

    @property
    def due(self) -> int:
        """When the clock next has something to do for them (Unix seconds), 0 for never."""
        if self.is_empty:
            return 0
        silence = (self.heard + (OVER_AFTER if self.asked else ASKED_AFTER)) * DAY
        series = self.series.due if self.series and not self.series.paused else silence
        return min(silence, series)


def _begins(now: Subscriptions, at: int, hour: str, zone: str, article: str) -> Subscriptions:
    begun = Series(article, int(hour), due=next_at(int(hour), zone, at))
    return now._replace(series=begun, zone=zone)


def _goes_on(now: Subscriptions, at: int) -> Subscriptions:
    series = now.series
    return now._replace(series=series and series._replace(paused=False, due=next_at(series.hour, now.zone, at)))


def _read(now: Subscriptions, at: int, part: str) -> Subscriptions:
    series = now.series
    return now._replace(series=series and series._replace(part=int(part), due=next_at(series.hour, now.zone, at)))


STEPS: dict[str, Callable[..., Subscriptions]] = {
    "joined": lambda now, at, group: now.joined(group, at),
    "left": lambda now, _, group: now.without(group),
    "named": lambda now, _, name: now.named(name),
    "reminded": lambda now, _, group: now.reminding(group, wanted=True),
    "not reminded": lambda now, _, group: now.reminding(group, wanted=False),
    "daily": _begins,
    "daily paused": lambda now, _: now._replace(series=now.series and now.series._replace(paused=True)),
    "daily again": _goes_on,
    "part": _read,
    "daily over": lambda now, _: now._replace(series=None),
    "awaits": lambda now, _, revision: now._replace(finished=revision),
    "told": lambda now, _: now._replace(finished=""),
    "asked": lambda now, at: now._replace(asked=at // DAY),
    "lapsed": lambda *_: Subscriptions(),
}
"""What each step makes of the subscriptions, at a moment (Unix seconds) and about what it names."""


def zone_of(name: str) -> tzinfo:
    """The time zone of that name, or of an offset such as ``+05:30``; UTC for anything else."""
    if name[:1] in {"+", "-"}:
        hours, _, minutes = name[1:].partition(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(offset if name[0] == "+" else -offset)
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def next_at(hour: int, zone: str, after: int) -> int:
    """The first moment after ``after`` at which it is ``hour`` o'clock in ``zone`` (Unix seconds)."""
    there = zone_of(zone)
    day = datetime.fromtimestamp(after, UTC).astimezone(there).replace(hour=hour, minute=0, second=0, microsecond=0)
    moments = (day.replace(tzinfo=None) + timedelta(days=days) for days in range(3))
    return next(at for moment in moments if (at := int(moment.replace(tzinfo=there).timestamp())) > after)


def encode_subscriptions(subscriptions: Subscriptions) -> bytes:
    """As a list in the order of its fields, as short as it can be; nothing where nothing was asked for."""
    if subscriptions.is_empty:
        return b""
    fields: list[Any] = list(subscriptions)
    fields[Subscriptions._fields.index("groups")] = [_trimmed(each) for each in subscriptions.groups]
    fields[Subscriptions._fields.index("series")] = list(subscriptions.series) if subscriptions.series else 0
    return json.dumps(_trimmed(fields), ensure_ascii=False, separators=(",", ":")).encode()


def decode_subscriptions(stored: bytes | None) -> Subscriptions:
    """What ``encode_subscriptions`` wrote. Raises ValueError for anything else: a consent is never guessed away."""
    if not stored:
        return Subscriptions()
    read = Subscriptions(*json.loads(stored))
    return read._replace(
        channels=tuple(read.channels or ()),
        groups=tuple(Membership(*each)._replace(reminded=bool(each[3:4] and each[3])) for each in read.groups or ()),
        series=Series(*read.series)._replace(paused=bool(read.series[4])) if read.series else None,
    )


def _trimmed(fields: Any) -> list[Any]:
    kept = [int(each) if isinstance(each, bool) else each for each in fields]
    while kept and not kept[-1]:
        kept.pop()
    return kept
