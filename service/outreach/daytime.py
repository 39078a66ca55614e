"""By day alone: when it is neither too early nor too late wherever somebody may be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

import phonenumbers
from babel.core import get_global
from phonenumbers import timezone

from service.subscriptions import zone_of

FIRST, LAST = 9, 20
"""From 9 h on, and until 20 h, where somebody is."""

STEP = 15 * 60
"""Seconds; no time zone is off by less."""

LOOK_AHEAD = 2 * 24 * 60 * 60

UNKNOWN = "Etc/Unknown"


@lru_cache(maxsize=65536)
def zones_of(number: str, stated: str, country: str) -> tuple[str, ...]:
    """The time zones that somebody may be in: those of their number and the one that they told.

    ``country`` is the region assumed where a number tells none. Of the zones that a numbering plan lists only those of
    the number's own country count, where there are any.
    """
    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed) or country
    found = [zone for zone in timezone.time_zones_for_number(parsed) if zone != UNKNOWN]
    at_home = [zone for zone in found if get_global("zone_territories").get(zone) == region]
    return tuple(dict.fromkeys((*(at_home or found or _zones(region)), *([stated] if stated else []))))


@lru_cache(maxsize=256)
def _zones(country: str) -> tuple[str, ...]:
    return tuple(zone for zone, territory in get_global("zone_territories").items() if territory == country)


def is_day(now: int, zones: Iterable[str]) -> bool:
    """Whether it is day in every one of these zones."""
    return all(FIRST <= datetime.fromtimestamp(now, UTC).astimezone(zone_of(zone)).hour < LAST for zone in zones)


def next_day(now: int, zones: tuple[str, ...]) -> int:
    """The first moment from ``now`` on at which it is day in every zone (Unix seconds); 0 where there is none."""
    if is_day(now, zones):
        return now
    return _next_day(now - now % STEP + STEP, zones)


@lru_cache(maxsize=16384)
def _next_day(first: int, zones: tuple[str, ...]) -> int:
    return next((at for at in range(first, first + LOOK_AHEAD, STEP) if is_day(at, zones)), 0)
