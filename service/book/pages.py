"""Translated paragraphs become pages: the fewest segments over the whole section first, the best cuts among equals.

A section is cut at paragraphs, else at sentences, clauses or words, and inside a word only where the word is longer
than any page should be; never inside a grapheme. The search is exact (a dynamic programme from the end backwards), and
what it finds for the rest of a section does not depend on where reading began: MORE goes on to the very same cuts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate, pairwise
from typing import NamedTuple

import regex
import sentencex

from service.book.segments import GSM_7, GSM_7_DOUBLE, SIZES, Encoding, pack, segments, texting_form

BREAK = "\n\n"
"""What stands between two paragraphs of a page, and between its parts."""

LONGEST_WORD = 40
"""Graphemes; a longer word (an address, mostly) may be cut inside."""

_CLAUSE_END = regex.compile(r"(?<=[,;:—–])\s+|(?<=[،؛、，；：])\s*")
_WORD_END = regex.compile(r"\s+")
_GRAPHEME = regex.compile(r"\X")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_NOT_FIRST = regex.compile(r"[\p{Pe}\p{Pf}\p{Po}\p{M}ー々]")
_NOT_LAST = regex.compile(r"[\p{Ps}\p{Pi}]")


class Cut(IntEnum):
    """Where a page may end; the value is what it counts against a page, so that fewer and better cuts win."""

    PARAGRAPH = 1
    SENTENCE = 3
    CLAUSE = 9
    WORD = 27
    GRAPHEME = 200


@dataclass(frozen=True, slots=True)
class Measure:
    """What a page may be on a channel that is read.

    Where ``max_segments`` is set a page costs its segments, else 1 (a WhatsApp message is one message however long).
    ``accents`` is off where a language asks to be texted without the accents that force UCS-2. ``choices`` is how many
    numbered choices a page holds at most.
    """

    max_segments: int | None
    accents: bool = True
    max_characters: int = 1600
    choices: int = 9

    def form(self, sentence: str) -> str:
        """``sentence`` as it is written on this channel."""
        return sentence if self.max_segments is None else texting_form(sentence, accents=self.accents)

    def cost(self, page: str) -> int:
        """What ``page`` costs: segments, or 1 for a message."""
        return 1 if self.max_segments is None else segments(page)

    def at_most(self, segments: int) -> Measure:
        """The same measure for messages of so many segments."""
        return self if self.max_segments is None else replace(self, max_segments=min(segments, self.max_segments))

    def fits(self, page: str) -> bool:
        """Whether ``page`` may be sent as one."""
        return len(page) <= self.max_characters and (self.max_segments is None or segments(page) <= self.max_segments)


class Page(NamedTuple):
    """A stretch of a section, from one (paragraph, offset) up to another; ``last`` where the section ends with it."""

    start: tuple[int, int]
    end: tuple[int, int]
    last: bool


class _Boundary(NamedTuple):
    """A place where a page may end, and where the next one then begins (white space between belongs to neither)."""

    end: int
    resume: int
    cut: Cut


class PageTooSmallError(ValueError):
    """Not even one word fits beside what a page must carry; the settings are at fault."""


class Layout:
    """All the pages of one section, in one language, on one channel.

    ``more`` and ``end`` are what stands below a page that goes on and below the last one, in their texting form;
    offsets count characters of the translated paragraphs, not of their texting form.
    """

    def __init__(self, paragraphs: Sequence[str], measure: Measure, *, language: str, more: str, end: str) -> None:
        self._paragraphs = tuple(paragraphs)
        self._measure = measure
        self._more, self._end = BREAK + more if more else "", BREAK + end if end else ""
        self._text = BREAK.join(self._paragraphs)
        self._starts = [0, *accumulate(len(paragraph) + len(BREAK) for paragraph in self._paragraphs[:-1])]
        self._boundaries = _boundaries(self._paragraphs, self._starts, language)
        self._ends = [boundary.end for boundary in self._boundaries]
        self._gauge = _Gauge(self._text, measure)
        self._best: dict[int, tuple[int, _Boundary | None]] = {}
        self._solve()

    def page(self, start: tuple[int, int] = (0, 0), opening: str = "") -> Page:
        """The page that begins at ``start``, below ``opening``.

        Raises PageTooSmallError where not a word fits.
        """
        index = self._index(start)
        _, boundary = self._choose(index, opening + "\n" if opening else "")
        if boundary is None:
            raise PageTooSmallError("a page has no room for a single word: raise MAX_SEGMENTS")
        return Page(self._place(index), self._place(boundary.resume), last=boundary.end == len(self._text))

    def pages(self, opening: str = "", start: tuple[int, int] = (0, 0)) -> Iterator[Page]:
        """The page at ``start``, below ``opening``, and all that follow."""
        page = self.page(start, opening)
        yield page
        while not page.last:
            page = self.page(page.end)
            yield page

    def opened(self, opening: Callable[[int], str]) -> tuple[int, Page]:
        """How many pages the whole section takes, and its first, below an opening that tells that very number."""
        count = 1
        for _ in range(4):
            pages = list(self.pages(opening(count)))
            if len(pages) == count:
                break
            count = len(pages)
        return count, pages[0]

    def _index(self, place: tuple[int, int]) -> int:
        paragraph, offset = place
        if paragraph >= len(self._paragraphs):
            return len(self._text)
        return self._starts[paragraph] + min(offset, len(self._paragraphs[paragraph]))

    def _place(self, index: int) -> tuple[int, int]:
        if index >= len(self._text):
            return len(self._paragraphs), 0
        paragraph = bisect_left(self._starts, index + 1) - 1
        return paragraph, index - self._starts[paragraph]

    def _solve(self) -> None:
        """Find the best way on from every place where a page may begin, the last place first."""
        self._best[len(self._text)] = 0, None
        for boundary in reversed(self._boundaries):
            if boundary.resume not in self._best:
                self._best[boundary.resume] = self._choose(boundary.resume, "")

    def _choose(self, start: int, opening: str) -> tuple[int, _Boundary | None]:
        """The cheapest way on from ``start``, and where the page ends on it; segments weigh more than any cut."""
        chosen: tuple[int, _Boundary | None] = 1 << 60, None
        more = self._gauge.frame(opening, self._more)
        for boundary in self._boundaries[bisect_left(self._ends, start + 1) :]:
            if boundary.end == len(self._text):
                cost = self._gauge.frame(opening, self._end).cost(start, boundary.end)
            else:
                cost = more.cost(start, boundary.end)
                if cost is None and self._gauge.is_full(start, boundary.end):
                    break
            if cost is not None:
                total = (cost << 32) + boundary.cut + self._best[boundary.resume][0]
                if total < chosen[0]:
                    chosen = total, boundary
        return chosen


class _Gauge:
    """Counts what any stretch of a text costs, from running totals, without looking at its characters again."""

    def __init__(self, text: str, measure: Measure) -> None:
        self.measure = measure
        self.formed = [measure.form(character) for character in text]
        self.characters = [0, *accumulate(map(len, self.formed))]
        self.septets = [0, *accumulate(_septets(piece) for piece in self.formed)]
        self.utf16 = [0, *accumulate(_utf16(piece) for piece in self.formed)]
        self.foreign = [0, *accumulate(not GSM_7.issuperset(piece) for piece in self.formed)]
        self.escapes = [0, *accumulate(not GSM_7_DOUBLE.isdisjoint(piece) for piece in self.formed)]
        self.pairs = [0, *accumulate(any(ord(c) > 0xFFFF for c in piece) for piece in self.formed)]

    def frame(self, before: str, after: str) -> _Frame:
        return _Frame(self, self.measure.form(before), self.measure.form(after))

    def is_full(self, start: int, end: int) -> bool:
        """Whether no longer stretch can fit on a page either, with nothing around it at all."""
        if self.characters[end] - self.characters[start] > self.measure.max_characters:
            return True
        if self.measure.max_segments is None:
            return False
        foreign = self.foreign[end] != self.foreign[start]
        totals, sizes = (self.utf16, SIZES[Encoding.UCS_2]) if foreign else (self.septets, SIZES[Encoding.GSM_7])
        return totals[end] - totals[start] > max(sizes.alone, sizes.each * self.measure.max_segments)


class _Frame:
    """What stands around a stretch of text on its page."""

    def __init__(self, gauge: _Gauge, before: str, after: str) -> None:
        self.gauge, self.before, self.after = gauge, before, after
        around = before + after
        self.characters = len(around)
        self.foreign = not GSM_7.issuperset(around)
        self.septets, self.utf16 = _septets(around), _utf16(around)
        self.escapes = not GSM_7_DOUBLE.isdisjoint(around)
        self.pairs = any(ord(character) > 0xFFFF for character in around)

    def cost(self, start: int, end: int) -> int | None:
        """What the page costs, or None where it is too long."""
        gauge = self.gauge
        if gauge.characters[end] - gauge.characters[start] + self.characters > gauge.measure.max_characters:
            return None
        if gauge.measure.max_segments is None:
            return 1
        if self.foreign or gauge.foreign[end] != gauge.foreign[start]:
            units, sizes = gauge.utf16[end] - gauge.utf16[start] + self.utf16, SIZES[Encoding.UCS_2]
            doubles = self.pairs or gauge.pairs[end] != gauge.pairs[start]
        else:
            units, sizes = gauge.septets[end] - gauge.septets[start] + self.septets, SIZES[Encoding.GSM_7]
            doubles = self.escapes or gauge.escapes[end] != gauge.escapes[start]
        count = self._walk(start, end) if doubles and units > sizes.alone else pack(units, None, sizes)
        return count if count <= gauge.measure.max_segments else None

    def _walk(self, start: int, end: int) -> int:
        return segments(self.before + "".join(self.gauge.formed[start:end]) + self.after)


def _septets(piece: str) -> int:
    return sum(2 if character in GSM_7_DOUBLE else 1 for character in piece)


def _utf16(piece: str) -> int:
    return sum(2 if ord(character) > 0xFFFF else 1 for character in piece)


def _boundaries(paragraphs: Sequence[str], starts: Sequence[int], language: str) -> list[_Boundary]:
    """Every place where a page may end, in order."""
    found: list[_Boundary] = []
    for position, (paragraph, start) in enumerate(zip(paragraphs, starts, strict=True)):
        cuts = _inner_cuts(paragraph, language)
        found.extend(_Boundary(start + end, start + resume, cut) for (end, resume), cut in sorted(cuts.items()))
        last = position == len(paragraphs) - 1
        end = start + len(paragraph)
        found.append(_Boundary(end, end if last else end + len(BREAK), Cut.PARAGRAPH))
    return found


def _inner_cuts(paragraph: str, language: str) -> dict[tuple[int, int], Cut]:
    """(end, where the next page begins) -> the best kind of cut there, inside one paragraph."""
    cuts: dict[tuple[int, int], Cut] = {}
    for end, cut in _candidates(paragraph, language):
        left = paragraph[:end].rstrip()
        resume = len(paragraph) - len(paragraph[end:].lstrip())
        if left and resume < len(paragraph):
            key = len(left), resume
            cuts[key] = min(cut, cuts.get(key, cut))
    return cuts


def _candidates(paragraph: str, language: str) -> Iterator[tuple[int, Cut]]:
    for sentence in sentencex.get_sentence_boundaries(language, paragraph):
        yield sentence["end_index"], Cut.SENTENCE
    for match in _CLAUSE_END.finditer(paragraph):
        yield match.start(), Cut.CLAUSE
    begin = 0
    for match in _WORD_END.finditer(paragraph + " "):
        yield match.start(), Cut.WORD
        yield from _cuts_in_word(paragraph, begin, match.start())
        begin = match.end()


def _cuts_in_word(paragraph: str, begin: int, end: int) -> Iterator[tuple[int, Cut]]:
    """Cuts between the characters of a script that writes no spaces, and inside words that are too long for a page."""
    graphemes = [(match.start(), match.end()) for match in _GRAPHEME.finditer(paragraph, begin, end)]
    too_long = len(graphemes) > LONGEST_WORD
    for (start, middle), (_, after) in pairwise(graphemes):
        left, right = paragraph[start:middle], paragraph[middle:after]
        unspaced = bool(_UNSPACED.search(left) or _UNSPACED.search(right))
        if unspaced and not _NOT_FIRST.match(right) and not _NOT_LAST.match(left):
            yield middle, Cut.WORD
        elif too_long:
            yield middle, Cut.GRAPHEME


def excerpt(paragraphs: Sequence[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The words of ``paragraphs`` from one (paragraph, offset) up to another, without the space around them."""
    (first, offset), (last, until) = start, end
    pieces = [*paragraphs[first:last], *(paragraph[:until] for paragraph in paragraphs[last : last + 1])]
    if pieces:
        pieces[0] = pieces[0][offset:]
    return BREAK.join(pieces).strip()
