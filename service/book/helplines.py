"""Numbers of real people to talk to, by country: ``content/helplines.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
import regex


class Line(StrEnum):
    """What a helpline is for."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    CANCER = "cancer"


class HelplinesError(ValueError):
    """``helplines.toml`` is not as it must be; the message names the entry."""


@dataclass(frozen=True)
class Helpline:
    """One number: what it is for, where it was read and when, and whether an operator has called it.

    ``keys`` are what to press for a language, ``interpreters`` whether one can ask for others by name, ``texts``
    whether it can be texted; ``opens`` are its hours where ``zone`` says how late it is (``Mo-Fr 09:00-18:00``).
    """

    country: str
    kind: Line
    name: str
    number: str
    hours: str
    languages: tuple[str, ...] = ()
    page: str = ""
    read: date | None = None
    verified: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    interpreters: bool = False
    texts: bool = False
    opens: str = ""
    zone: str = ""

    @property
    def e164(self) -> str:
        """Its number as it is dialled from anywhere; nothing for a short one, which only its own country can dial."""
        try:
            parsed = phonenumbers.parse(self.number, self.country)
        except phonenumbers.NumberParseException:
            return ""
        possible = phonenumbers.is_valid_number(parsed)
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible else ""

    def is_open(self, now: int) -> bool | None:
        """Whether somebody answers at ``now`` (Unix seconds); None where its hours are not known."""
        if self.hours == ALWAYS:
            return True
        if not self.opens:
            return None
        there = datetime.fromtimestamp(now, ZoneInfo(self.zone))
        first_day, last_day, first_hour, last_hour = read_hours(self.opens)
        return first_day <= there.weekday() <= last_day and first_hour <= there.strftime("%H:%M") < last_hour


ALWAYS = "24/7"
"""How ``helplines.toml`` writes that a line is open at any hour."""

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

_HOURS = regex.compile(r"(\w\w)-(\w\w) (\d\d:\d\d)-(\d\d:\d\d)")


def read_hours(written: str) -> tuple[int, int, str, str]:
    """Hours such as ``Mo-Fr 09:00-18:00``: first and last day (0 is Monday), from when to when. Raises ValueError."""
    found = _HOURS.fullmatch(written)
    if not found:
        raise ValueError(f"opens = {written!r}, which is written as Mo-Fr 09:00-18:00")
    return DAYS.index(found[1]), DAYS.index(found[2]), found[3], found[4]


@dataclass(frozen=True)
class Helplines:
    """All helplines, by country."""

    by_country: Mapping[str, tuple[Helpline, ...]] = field(default_factory=dict)

    def has(self, number: str) -> bool:
        """Whether ``number`` is one of the helplines', in any country."""
        return any(line.number == number for lines in self.by_country.values() for line in lines)

    def find(self, country: str, kind: Line) -> Helpline | None:
        """The first helpline of a kind in a country, or None."""
        return next((line for line in self.by_country.get(country, ()) if line.kind is kind), None)

    def for_speaker(self, country: str, kind: Line, language: str) -> Helpline | None:
        """The helpline of a kind in a country for somebody who speaks ``language``, else its first, or None."""
        lines = [line for line in self.by_country.get(country, ()) if line.kind is kind]
        return next((line for line in lines if language in line.languages), lines[0] if lines else None)


def load_helplines(content: Path) -> Helplines:
    """The helplines of a content folder; none where it has no such file. Raises HelplinesError."""
    path = content / "helplines.toml"
    if not path.exists():
        return Helplines()
    try:
        countries = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise HelplinesError(f"{path}: {error}") from None
    return Helplines({c: tuple(_helpline(c, about, path) for about in lines) for c, lines in countries.items()})


def _helpline(country: str, about: dict[str, Any], path: Path) -> Helpline:
    known_at_once = about.get("number") in {"911", "988"} and country == "US"
    try:
        if not known_at_once and not (about["page"] and about["read"]):
            raise KeyError("page")
        if about.get("opens"):
            read_hours(about["opens"])
            ZoneInfo(about["zone"])
        return Helpline(
            country=country,
            kind=Line(about["kind"]),
            name=about["name"],
            number=about["number"],
            hours=about["hours"],
            languages=tuple(about.get("languages", ())),
            page=about.get("page", ""),
            read=about.get("read"),
            verified=about.get("verified", False),
            keys=about.get("keys", {}),
            interpreters=about.get("interpreters", False),
            texts=about.get("texts", False),
            opens=about.get("opens", ""),
            zone=about.get("zone", ""),
        )
    except (KeyError, ValueError, ZoneInfoNotFoundError) as error:
        raise HelplinesError(
            f"{path}: a line of {country} ({about.get('number', 'no number')}) is wrong or lacks {error}: "
            "each needs kind, name, number, hours, and the page where it was read with its date"
        ) from None
