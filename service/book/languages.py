"""The languages and their catalogues: loading, looking up, and knowing what is missing.

A sentence that is missing or fuzzy in a catalogue is never replaced by English in silence: looking it up raises
UntranslatedError, and whoever needs it asks ``has`` first.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polib
import regex
from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from service.book.recordings import Recordings
from service.conversation import KEYWORD, Moment, Territory, Text, Value
from service.subscriptions import zone_of

SOURCE = "en"
"""The language the articles and prompts are written in. Its catalogue holds keywords and review marks alone."""

DOMAIN = "messages"

_PLACEHOLDER = regex.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


class UntranslatedError(LookupError):
    """A sentence has no translation that may be served."""


class LanguagesError(ValueError):
    """``languages.toml`` is wrong, or asks for a language it does not describe."""


class _Missing(NullTranslations):
    """Stands behind a translated catalogue: what reaches it was not translated."""

    def gettext(self, message: str) -> str:
        raise UntranslatedError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002
        raise UntranslatedError(msgid1)

    def pgettext(self, context: str, message: str) -> str:
        raise UntranslatedError(f"{context}: {message}")

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002
        raise UntranslatedError(f"{context}: {msgid1}")


@dataclass(frozen=True)
class Review:
    """Who has checked a catalogue, when, and which revision of it; empty where nobody has."""

    by: str = ""
    on: str = ""
    revision: str = ""

    def __bool__(self) -> bool:
        return bool(self.by and self.on)


@dataclass(frozen=True, eq=False)
class Language:
    """One language: how it is written, and all its sentences."""

    code: str
    name: str
    catalogue: NullTranslations = field(repr=False)
    names: tuple[str, ...] = ()
    locale: str = "en"
    texted_without_accents: bool = False
    right_to_left: bool = False
    script: str = ""
    not_ours: str = ""
    asks_first: frozenset[str] = frozenset()
    date: str = ""
    months: tuple[str, ...] = ()
    hour: str = ""
    countries: Mapping[str, str] = field(default_factory=dict)
    revision: str = ""
    reviews: Mapping[str, str] = field(default_factory=dict)
    safety: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    accents_matter: bool = False
    voice: str = ""
    speaks: str = ""
    hears: str = ""
    letters_a_second: float = 14.0
    said: Mapping[str, str] = field(default_factory=dict)
    digits: tuple[str, ...] = ()
    courtesies: tuple[str, ...] = ()
    recordings: Recordings = field(default_factory=Recordings, repr=False)

    @property
    def can_speak(self) -> bool:
        """Whether it can be heard on a call: it has a voice of the carrier's, or recordings."""
        return bool(self.voice or self.recordings.by_text)

    def named_in(self, other: Language) -> str:
        """What this language is called in another one; its own name where that has none for it."""
        names = Locale.parse(other.locale).languages
        return names.get(self.code) or names.get(self.code.partition("_")[0]) or self.name

    def say(self, sentence: Text) -> str:
        """``sentence`` in this language, its values filled in.

        A keyword is said as its first variant. Raises UntranslatedError where there is no translation to serve.
        """
        translated = self._look_up(sentence)
        if sentence.context == KEYWORD:
            translated = translated.split("|", 1)[0].strip().lstrip("=")
        if not sentence.values:
            return translated
        values = {name: self._format(value) for name, value in sentence.values}
        return _PLACEHOLDER.sub(lambda found: str(values.get(found[1] or found[2], found[0])), translated)

    @property
    def between_sentences(self) -> str:
        """What stands between two sentences of a paragraph: nothing where the script writes no spaces."""
        return "" if self.script == "Hani" else " "

    def has(self, sentence: Text) -> bool:
        """Whether ``say`` can say it."""
        try:
            self._look_up(sentence)
        except UntranslatedError:
            return False
        return True

    def variants(self, keyword: Text) -> tuple[str, ...]:
        """All that people type for one place or command; empty where this language has no word for it."""
        if not self.has(keyword):
            return ()
        words = self._look_up(keyword)
        if words == keyword.msgid and "/" in words:
            return ()  # a section of the source language that was given no word; its msgid is a path
        return tuple(word.strip() for word in words.split("|") if word.strip())

    @cached_property
    def review(self) -> Review:
        """The clinician's review of this very revision of the catalogue; none once anything in it has changed."""
        return self._review("X-Reviewed", self.revision)

    @cached_property
    def safety_review(self) -> Review:
        """The review of its words of danger and of leaving."""
        return self._review("X-Safety-Reviewed", self.safety_revision)

    @cached_property
    def safety_revision(self) -> str:
        """What names the words of danger and of leaving: any change of them changes it."""
        return hashlib.sha256(repr(sorted(self.safety.items())).encode()).hexdigest()[:8]

    def _review(self, header: str, revision: str) -> Review:
        found = Review(*(self.reviews.get(f"{header}-{what}", "") for what in ("By", "On", "Revision")))
        return found if found.revision == revision else Review()

    def _look_up(self, sentence: Text) -> str:
        catalogue: NullTranslations = self.catalogue
        if sentence.plural:
            return catalogue.ngettext(sentence.msgid, sentence.plural, sentence.count)
        if sentence.context:
            return catalogue.pgettext(sentence.context, sentence.msgid)
        return catalogue.gettext(sentence.msgid)

    def _format(self, value: Value) -> str:
        if isinstance(value, Text):
            return self.say(value)
        if isinstance(value, Territory):
            named = Locale.parse(self.locale).territories.get(value.code, value.code)
            return self.countries.get(value.code) or str(named)
        if isinstance(value, Moment):
            return self._format_moment(value)
        if isinstance(value, datetime.date):
            return self._format_date(value)
        return str(value)

    def _format_moment(self, moment: Moment) -> str:
        """A day of the week, a day and an hour, as this language writes them, where that time zone holds."""
        there = datetime.datetime.fromtimestamp(moment.at, zone_of(moment.zone))
        locale = Locale.parse(self.locale)
        hour = format_time(there, self.hour or "short", locale=locale)
        if self.months:
            return f"{self._format_date(there.date())}, {hour}"
        return f"{format_date(there, 'full', locale=locale)}, {hour}"

    def _format_date(self, day: datetime.date) -> str:
        if not self.months:
            return format_date(day, "long", Locale.parse(self.locale))
        return self.date.format(day=day.day, month=self.months[day.month - 1], year=day.year)


class Languages(Mapping[str, Language]):
    """The languages that are served, by code, in menu order."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._languages = {language.code: language for language in languages}

    def __getitem__(self, code: str) -> Language:
        return self._languages[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)


def describe(locales: Path) -> dict[str, dict[str, Any]]:
    """What ``languages.toml`` in ``locales`` says of each language, in menu order."""
    path = locales / "languages.toml"
    try:
        described = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise LanguagesError(f"{path}: {error}") from None
    for code, about in described.items():
        if not isinstance(about, dict) or not about.get("name") or not about.get("locale"):
            raise LanguagesError(f"{path}: [{code}] needs a name and a locale")
    return described


def load_languages(
    locales: Path, compiled: Path, only: Iterable[str] = (), recordings: Mapping[str, Recordings] = MappingProxyType({})
) -> Languages:
    """The languages of ``locales``, or ``only`` those named, in that order, from catalogues compiled into ``compiled``.

    ``recordings`` are those of each language that has any.
    Raises LanguagesError for a language that is not described or has no catalogue.
    """
    described = describe(locales)
    wanted = list(only) or list(described)
    if unknown := [code for code in wanted if code not in described]:
        raise LanguagesError(
            f"LANGUAGES names {', '.join(unknown)}, which {locales / 'languages.toml'} does not describe: "
            f"choose from {', '.join(described)}"
        )
    spoken = {code: recordings.get(code, Recordings()) for code in wanted}
    return Languages(_load(code, described[code], locales, compiled, spoken[code]) for code in wanted)


def _load(code: str, about: dict[str, Any], locales: Path, compiled: Path, recordings: Recordings) -> Language:
    mo = compiled / code / f"{DOMAIN}.mo"
    if not mo.exists():
        raise LanguagesError(f"{catalogue_path(locales, code)} is missing: run 'make messages'")
    recorded = json.loads(_record(mo).read_text("utf-8"))
    with mo.open("rb") as file:
        catalogue = GNUTranslations(file)
    if code != SOURCE:
        catalogue.add_fallback(_Missing())
    return Language(
        code=code,
        name=about["name"],
        catalogue=catalogue,
        names=tuple(about.get("names", ())),
        locale=about["locale"],
        texted_without_accents=about.get("texted_without_accents", False),
        right_to_left=about.get("right_to_left", False),
        script=about.get("script", ""),
        not_ours=about.get("not_ours", ""),
        asks_first=frozenset(about.get("asks_first", ())),
        date=about.get("date", ""),
        months=tuple(about.get("months", ())),
        hour=about.get("hour", ""),
        countries=about.get("countries", {}),
        revision=recorded["revision"],
        reviews=recorded["reviews"],
        safety=read_safety(locales, code),
        accents_matter=about.get("accents_matter", False),
        voice=about.get("voice", ""),
        speaks=about.get("speaks", ""),
        hears=about.get("hears", ""),
        letters_a_second=about.get("letters_a_second", 14.0),
        said=about.get("said", {}),
        digits=tuple(about.get("digits", ())),
        courtesies=tuple(about.get("courtesies", ())),
        recordings=recordings,
    )


def read_safety(locales: Path, code: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What a language listens for: the patterns and samples of each sense. Raises LanguagesError."""
    path = safety_path(locales, code)
    if not path.exists():
        return {}
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LanguagesError(f"{path}: {error}") from None
    tables = {sense: table for sense, table in read.items() if isinstance(table, dict)}
    for sense, table in tables.items():
        if not all(isinstance(each, str) for phrases in table.values() for each in phrases):
            raise LanguagesError(f"{path}: [{sense}] holds lists of phrases, each in quotes")
    return {sense: {name: tuple(phrases) for name, phrases in table.items()} for sense, table in tables.items()}


def safety_path(locales: Path, code: str) -> Path:
    """Where the words of danger and of leaving of a language stand."""
    return locales / code / "safety.toml"


def catalogue_path(locales: Path, code: str) -> Path:
    """Where the catalogue of a language lies."""
    return locales / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def compile_catalogues(locales: Path, compiled: Path) -> None:
    """Compile every catalogue that is newer than what ``compiled`` holds; fuzzy entries are left out.

    Raises LanguagesError naming the file and line of a catalogue that cannot be read.
    """
    pot = locales / f"{DOMAIN}.pot"
    for code in describe(locales):
        po, mo = catalogue_path(locales, code), compiled / code / f"{DOMAIN}.mo"
        if not po.exists() or _is_fresh(mo, po, pot):
            continue
        mo.parent.mkdir(parents=True, exist_ok=True)
        try:
            with po.open("rb") as file:
                catalogue = read_po(file, locale=None, abort_invalid=True)
        except (ValueError, PoFileError) as error:
            raise LanguagesError(f"{po}: {error}") from None
        recorded = {"revision": revision(catalogue, pot), "reviews": review_headers(po)}
        _record(mo).write_text(json.dumps(recorded), "utf-8")
        fresh = mo.with_suffix(".new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        fresh.replace(mo)


def revision(catalogue: Catalog, pot: Path) -> str:
    """What names the words of a catalogue, and of the original it translates: any change of either changes it."""
    said = sorted((message.context or "", str(message.id), str(message.string)) for message in catalogue if message.id)
    original = pot.read_bytes().partition(b"\n\n")[2] if pot.exists() else b""
    return hashlib.sha256(repr(said).encode() + original).hexdigest()[:8]


def _is_fresh(made: Path, *sources: Path) -> bool:
    newest = max(source.stat().st_mtime_ns for source in sources if source.exists())
    whole = made.exists() and _record(made).exists()
    return whole and made.stat().st_mtime_ns >= newest


def _record(made: Path) -> Path:
    """Beside a compiled catalogue: its revision, and its reviews, since compiling drops headers of our own."""
    return made.with_suffix(".json")


def review_headers(po: Path) -> dict[str, str]:
    """The headers of a catalogue that record its reviews."""
    found = polib.pofile(str(po)).metadata if po.exists() else {}
    return {name: value for name, value in found.items() if name.startswith("X-")}
