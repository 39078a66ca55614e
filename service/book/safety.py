"""Words of danger and of leaving, in every language, found anywhere in a text.

What a language listens for is data: ``locales/<language>/safety.toml``. A table for each sense holds *patterns* for the
wordings that leave no doubt; how they are written stands in docs/translating.md. They are compared word by word in
their plain form, in scripts without spaces letter by letter. Words that the book itself uses are taken as they stand;
of others a slip of the finger is forgiven. Stretches that match a pattern of the sense *harmless* ("dead tired", "will
the pain stop") are taken out before anything else is looked for.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import regex
from rapidfuzz import process
from rapidfuzz.distance import OSA

from service.book.keywords import plain

# Twilio's default words (its page on opt-out keywords, read November 2026); END, QUIT and the others are the ones that
# 47 CFR 64.1200(a)(10) names too. YES is one of Twilio's START words and never consent: it is not acted on here.
CARRIER_STOP = frozenset(
    {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"}
)
CARRIER_START = frozenset({"start", "unstop"})
CARRIER_HELP = frozenset({"help", "info"})
CARRIER_YES = frozenset({"yes"})
RESERVED = CARRIER_STOP | CARRIER_START | CARRIER_HELP | CARRIER_YES
"""Words that Twilio acts on by itself: no menu may depend on them."""

GAP = "*"
WHOLE = "="

WIDEST_GAP = 3
"""Words that may stand where a pattern has a gap."""

WIDEST_GAP_OF_LETTERS = 8
"""The same in a script that writes no spaces, in letters."""

SHORTEST_TYPO = 5
"""Letters of what is typed in which one slip is forgiven; in twice as many, two are."""

SHORTEST_DRAWN_OUT = 3
"""Letters of a word that may be drawn out ("diee"), or written with a letter once that it has twice ("kil")."""

LONGEST_TEXT = 1600
"""Words that are looked at, in some scripts letters: all that a text can hold."""

MOST_REPEATED = 3
"""Times in a row that the same word is looked at; more say the same."""

_UNSPACED = regex.compile(r"[\p{Han}\p{Hangul}]")
_TOKEN = regex.compile(r"[\p{Han}\p{Hangul}]|[^\s\p{Han}\p{Hangul}]+")
_MARK = regex.compile(r"[.,;:!?\n…،؛؟。，、；：！？।]+")
_PIECES = regex.compile(r"[.,;:!?\n/|،؛؟。，、；：！？।]+|\s[-–—]+\s")
_DOUBLED = regex.compile(r"(\p{L})\1+")


class Sense(StrEnum):
    """What a text may tell besides what it asks; the gravest first."""

    SUICIDE = "suicide"
    EMERGENCY = "emergency"
    HALF = "half"  # despair, which may be either
    LEAVING = "leaving"
    DOUBT = "doubt"  # perhaps leaving
    LOSS = "loss"
    REPORTED = "reported"  # what somebody else has said, which makes leaving doubtful
    HARMLESS = "harmless"


SILENT = frozenset({Sense.REPORTED, Sense.HARMLESS})
"""Senses that alarm nobody by themselves."""


class SafetyError(ValueError):
    """A ``safety.toml`` is not as it must be; the message names the pattern."""


class Heard(NamedTuple):
    """One sense of a text, and the language in which it was heard."""

    sense: Sense
    language: str


class _Way(NamedTuple):
    """One choice of an element: its words in their plain form, and as they are rightly spelled."""

    words: tuple[str, ...]
    spelled: tuple[str, ...]


class _Element(NamedTuple):
    """One place of a pattern: what may stand there, by its first word; a gap before it; whether it may be missing."""

    ways: Mapping[str, tuple[_Way, ...]]
    after_gap: bool
    optional: bool


class _Pattern(NamedTuple):
    heard: Heard
    elements: tuple[_Element, ...]
    whole: bool
    gap: int
    accented: bool


def tokens(said: str) -> tuple[str, ...]:
    """The words of a plain form; in a script without spaces each letter is one."""
    return tuple(_TOKEN.findall(said))


def parse(pattern: str) -> list[tuple[list[str], bool, bool]]:
    """The elements of a pattern: what may stand there, whether a gap comes before it, whether it may be missing.

    ``a/b`` is either word, with ``_`` for a space inside one; ``word?`` may be missing; ``*`` is a gap. Raises
    SafetyError.
    """
    elements: list[tuple[list[str], bool, bool]] = []
    gap = False
    for written in pattern.removeprefix(WHOLE).split():
        if written == GAP:
            gap = True
            continue
        ways = [way.replace("_", " ") for way in written.rstrip("?").split("/")]
        if not all(plain(way) for way in ways):
            raise SafetyError(f"the pattern {pattern!r} has an empty choice at {written!r}")
        elements.append((ways, gap and bool(elements), written.endswith("?")))
        gap = False
    if all(optional for _, _, optional in elements):
        raise SafetyError(f"the pattern {pattern!r} has no word that must be there")
    return elements


class Safety:
    """Everything that the languages listen for. ``known`` holds, per language, the words that are never typos."""

    def __init__(
        self,
        patterns: Mapping[str, Mapping[str, Sequence[str]]],
        known: Mapping[str, Iterable[str]],
        accented: Iterable[str] = (),
    ) -> None:
        self._accented = frozenset(accented)
        self._known = {code: frozenset(words) for code, words in known.items()}
        self._patterns = [
            self._learn(Heard(Sense(sense), code), pattern)
            for code, senses in patterns.items()
            for sense, written in senses.items()
            for pattern in written
        ]
        self._anchored = _anchored(self._patterns)
        words = {code: self._words_of(code) for code in patterns}
        self._vocabulary = {code: [w for w in words[code] if len(w) >= SHORTEST_TYPO - 1] for code in patterns}
        self._untangled = {
            code: {_tangled(w): w for w in words[code] if len(w) == SHORTEST_TYPO - 1} for code in patterns
        }
        self._squeezed = {
            code: {_squeeze(w): w for w in words[code] if len(w) >= SHORTEST_DRAWN_OUT} for code in patterns
        }

    def hear(self, said: str, languages: Sequence[str]) -> tuple[Heard, ...]:
        """The senses of a text, the gravest first. Slips of the finger are forgiven in ``languages``."""
        exact, spelled, clauses = _split(said)
        if not exact:
            return ()
        found = self._find(exact, spelled, clauses)
        for code in languages:
            mended = self._mend(exact, code)
            if mended != exact:
                written = tuple(s if m == e else m for m, e, s in zip(mended, exact, spelled, strict=True))
                found |= {heard for heard in self._find(mended, written, clauses) if heard.language == code}
        order = list(Sense)
        return tuple(sorted(found, key=lambda heard: (order.index(heard.sense), heard.language)))

    def _learn(self, heard: Heard, pattern: str) -> _Pattern:
        elements = tuple(_Element(_by_first(ways), gap, optional) for ways, gap, optional in parse(pattern))
        gap = WIDEST_GAP_OF_LETTERS if _UNSPACED.search(pattern) else WIDEST_GAP
        return _Pattern(heard, elements, pattern.startswith(WHOLE), gap, heard.language in self._accented)

    def _words_of(self, code: str) -> list[str]:
        patterns = (pattern for pattern in self._patterns if pattern.heard.language == code)
        return sorted({word for pattern in patterns for word in _words(pattern.elements)})

    def _find(self, said: tuple[str, ...], spelled: tuple[str, ...], clauses: tuple[int, ...]) -> set[Heard]:
        matches = list(self._match(said, spelled))
        # "No, I want to die" is not "no I want to die": what is harmless stands between two marks.
        harmless = (places for heard, places in matches if heard.sense is Sense.HARMLESS)
        taken = {place for places in harmless if clauses[places[0]] == clauses[places[-1]] for place in places}
        return {heard for heard, places in matches if heard.sense is not Sense.HARMLESS and taken.isdisjoint(places)}

    def _match(self, said: tuple[str, ...], spelled: tuple[str, ...]) -> Iterator[tuple[Heard, tuple[int, ...]]]:
        """Every pattern that the words hold, with the places of the words that it took."""
        text = _Text(said, spelled)
        for number in sorted({number for word in set(said) for number in self._anchored.get(word, ())}):
            pattern = self._patterns[number]
            for start in range(len(said)):
                places = text.match(pattern, 0, start)
                if places:
                    yield pattern.heard, places
                if pattern.whole:
                    break

    def _mend(self, said: tuple[str, ...], code: str) -> tuple[str, ...]:
        return tuple(self._mended(word, code) for word in said)

    @lru_cache(maxsize=4096)  # noqa: B019  one Safety lives as long as its book
    def _mended(self, word: str, code: str) -> str:
        """The word of the patterns that ``word`` is a slip of; itself where it is known, or near none."""
        known, vocabulary = self._known.get(code, frozenset()), self._vocabulary.get(code, ())
        if word in known or word in vocabulary:
            return word
        if squeezed := self._squeezed.get(code, {}).get(_squeeze(word)):
            return squeezed
        if len(word) < SHORTEST_TYPO:
            return self._untangled.get(code, {}).get(_tangled(word), word)
        slips = 2 if len(word) >= 2 * SHORTEST_TYPO else 1
        near = process.extractOne(word, vocabulary, scorer=OSA.distance, score_cutoff=slips)
        return near[0] if near and near[0][0] == word[0] else word


def _tangled(word: str) -> str:
    """The first letter of a word of four, and the others in any order: "wnat" is no other word than "want"."""
    return word[:1] + "".join(sorted(word[1:])) if len(word) == SHORTEST_TYPO - 1 else ""


def _squeeze(word: str) -> str:
    """The word with no letter twice in a row: "stopppp" and "kil" are no other words than "stop" and "kill"."""
    return _DOUBLED.sub(r"\1", word)


class _Text(NamedTuple):
    """The words of a text, in their plain form and as they were spelled."""

    said: tuple[str, ...]
    spelled: tuple[str, ...]

    def match(self, pattern: _Pattern, position: int, start: int, gap: bool = False) -> tuple[int, ...] | None:
        """The places that the elements from ``position`` on take if they begin at ``start``; None if they do not.

        ``gap`` says that one was left open before an element that is missing.
        """
        if position == len(pattern.elements):
            return () if not pattern.whole or start == len(self.said) else None
        element = pattern.elements[position]
        gap = gap or element.after_gap
        for begin in range(start, min(start + pattern.gap, len(self.said)) + 1) if gap else (start,):
            for way in element.ways.get(self.said[begin], ()) if begin < len(self.said) else ():
                end = begin + len(way.words)
                if self.said[begin:end] == way.words and (not pattern.accented or self._is_spelled(way, begin)):
                    rest = self.match(pattern, position + 1, end)
                    if rest is not None:
                        return (*range(begin, end), *rest)
        return self.match(pattern, position + 1, start, gap) if element.optional else None

    def _is_spelled(self, way: _Way, begin: int) -> bool:
        """Where accents tell words apart, a word that somebody wrote with its accents must have the right ones."""
        written = self.spelled[begin : begin + len(way.words)]
        if len(way.spelled) != len(way.words):
            return True
        return all(word in {right, bare} for word, right, bare in zip(written, way.spelled, way.words, strict=True))


def _by_first(ways: Sequence[str]) -> dict[str, tuple[_Way, ...]]:
    found: dict[str, list[_Way]] = defaultdict(list)
    for way in ways:
        words = tokens(plain(way))
        found[words[0]].append(_Way(words, tokens(_composed(way))))
    return {first: tuple(same) for first, same in found.items()}


def _words(elements: Iterable[_Element]) -> Iterator[str]:
    return (word for element in elements for ways in element.ways.values() for way in ways for word in way.words)


def _anchored(patterns: Sequence[_Pattern]) -> dict[str, list[int]]:
    """The patterns that a word calls for: each stands under the words of that element of its own that is rarest."""
    common = Counter(word for pattern in patterns for word in set(_words(pattern.elements)))
    found: dict[str, list[int]] = defaultdict(list)
    for number, pattern in enumerate(patterns):
        needed = (element for element in pattern.elements if not element.optional)
        rarest = min(needed, key=lambda element: sum(common[first] for first in element.ways))
        for first in rarest.ways:
            found[first].append(number)
    return found


@lru_cache(maxsize=256)
def _split(said: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """The words of a text, as they are spelled, and between which marks each stands."""
    exact, spelled = tokens(plain(said))[:LONGEST_TEXT], tokens(_composed(said))[:LONGEST_TEXT]
    pieces = (tokens(plain(piece)) for piece in _MARK.split(said))
    clauses = tuple(number for number, piece in enumerate(pieces) for _ in piece)[:LONGEST_TEXT]
    spelled = spelled if len(spelled) == len(exact) else exact
    clauses = clauses if len(clauses) == len(exact) else (0,) * len(exact)
    kept = [at for at in range(len(exact)) if at < MOST_REPEATED or len(set(exact[at - MOST_REPEATED : at + 1])) > 1]
    return tuple(exact[at] for at in kept), tuple(spelled[at] for at in kept), tuple(clauses[at] for at in kept)


def _composed(said: str) -> str:
    """The words as they were written, accents and all, in small letters."""
    kept = regex.sub(r"(?<=\p{L})['’ʼ`´](?=\p{L})", "", unicodedata.normalize("NFKC", said).casefold())
    return regex.sub(r"[^\p{L}\p{M}\p{N}]+", " ", unicodedata.normalize("NFC", kept)).strip()


def clauses(said: str) -> list[str]:
    """What stands between marks, slashes and dashes, in plain form."""
    return [each for piece in _PIECES.split(said) if (each := plain(piece))]


def is_leaving(said: str) -> bool:
    """Whether the whole text is one of the carrier's words for leaving."""
    return plain(said) in CARRIER_STOP


def is_returning(said: str) -> bool:
    """Whether the whole text is one of the carrier's words for allowing texts again."""
    return plain(said) in CARRIER_START
