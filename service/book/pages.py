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
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import regex
import sentencex

from service.book.segments import GSM_7, SIZES, Encoding, encoding, graphemes, pack, segments, texting_form, units

BREAK = "\n\n"
"""What stands between two paragraphs of a page, and between its parts."""

LONGEST_WORD = 40
"""Graphemes; a longer word (an address, mostly) may be cut inside."""

LETTERS_OF_A_DIGIT = 5
"""How many letters take as long to say as a digit: 2005 is "two thousand five"."""

_DIGIT = regex.compile(r"\d")
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
    """What a page may be on a channel.

    Where ``max_segments`` is set a page costs its segments, else ``each``: 1 for a WhatsApp message, however long, and
    0 for a part that is heard, where the best cuts are all that counts.
    ``accents`` is off where a language asks to be texted without the accents that force UCS-2. ``choices`` is how many
    numbered choices a page holds at most.
    """

    max_segments: int | None
    accents: bool = True
    max_characters: int = 1600
    choices: int = 9
    each: int = 1

    def form(self, sentence: str) -> str:
        """``sentence`` as it is written on this channel; where it is heard, as long as it takes to say."""
        if self.max_segments is None:
            return sentence if self.each else _DIGIT.sub(r"\g<0>" * LETTERS_OF_A_DIGIT, sentence)
        return texting_form(sentence, accents=self.accents)

    def written(self, message: str) -> str:
        """A whole message as it is sent: without accents only where that saves the message from UCS-2."""
        plain = self.form(message)
        return plain if self.accents or encoding(plain) is Encoding.GSM_7 else replace(self, accents=True).form(message)

    def cost(self, page: str) -> int:
        """What ``page`` costs: segments, or 1 for a message."""
        return self.each if self.max_segments is None else segments(page)

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
        self._below = lru_cache(maxsize=64)(self._choose)
        self._solve()

    def page(self, start: tuple[int, int] = (0, 0), opening: str = "") -> Page:
        """The page that begins at ``start``, below ``opening``.

        Raises PageTooSmallError where not a word fits.
        """
        index = self._index(start)
        known = None if opening else self._best.get(index)
        _, boundary = known or self._below(index, opening + "\n" if opening else "")
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
        """How many pages the whole section takes, and its first, below an opening that tells that very number.

        Where "1 text" takes more room than "2 texts", and so needs two, there are two.
        """
        count, before = 1, [self.page()]
        while len(found := list(self.pages(opening(count)))) > count:
            count, before = len(found), found
        return count, (found if len(found) == count else before)[0]

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
        pieces = [measure.form(character) for character in text]
        formed = "".join(pieces)
        self.characters = [0, *accumulate(map(len, pieces))]
        self.foreign = [0, *accumulate(not GSM_7.issuperset(piece) for piece in pieces)]
        self.tracks = {under: _Track(formed, under) for under in Encoding}
        self._frames: dict[tuple[str, str], _Frame] = {}

    def frame(self, before: str, after: str) -> _Frame:
        """What a page costs between ``before`` and ``after``."""
        key = self.measure.form(before), self.measure.form(after)
        if key not in self._frames:
            self._frames[key] = _Frame(self, *key)
        return self._frames[key]

    def units(self, start: int, end: int, under: Encoding) -> int:
        """The units of a stretch."""
        totals = self.tracks[under].totals
        return totals[self.characters[end]] - totals[self.characters[start]]

    def is_full(self, start: int, end: int) -> bool:
        """Whether no longer stretch can fit on a page either, with nothing around it at all."""
        if self.characters[end] - self.characters[start] > self.measure.max_characters:
            return True
        if self.measure.max_segments is None:
            return False
        under = Encoding.UCS_2 if self.foreign[end] != self.foreign[start] else Encoding.GSM_7
        sizes = SIZES[under]
        return self.units(start, end, under) > max(sizes.alone, sizes.each * self.measure.max_segments)


class _Track:
    """A text in one encoding: the width of each unit, where it stands, and the total width before each character."""

    def __init__(self, formed: str, under: Encoding) -> None:
        parts = list(formed) if under is Encoding.GSM_7 else graphemes(formed)
        self.widths = units(formed, under)
        self.starts = [0, *accumulate(map(len, parts))]
        self.is_wide = max(self.widths, default=1) > 1
        self.totals = [0] * (len(formed) + 1)
        for start, end, total in zip(self.starts, self.starts[1:], accumulate(self.widths), strict=False):
            self.totals[start + 1 : end + 1] = [total] * (end - start)


class _Frame:
    """What stands around a stretch of text on its page."""

    def __init__(self, gauge: _Gauge, before: str, after: str) -> None:
        self._gauge = gauge
        self._characters = len(before + after)
        self._foreign = not GSM_7.issuperset(before + after)
        self._packed = {under: _Packed(gauge.tracks[under], before, after, under) for under in Encoding}

    def cost(self, start: int, end: int) -> int | None:
        """What the page costs, or None where it is too long."""
        gauge = self._gauge
        first, last = gauge.characters[start], gauge.characters[end]
        if last - first + self._characters > gauge.measure.max_characters:
            return None
        if gauge.measure.max_segments is None:
            return gauge.measure.each
        foreign = self._foreign or gauge.foreign[end] != gauge.foreign[start]
        count = self._packed[Encoding.UCS_2 if foreign else Encoding.GSM_7].segments(first, last)
        return count if count <= gauge.measure.max_segments else None


class _Packed:
    """Packs a stretch of a track into segments, between what stands above and below it.

    Where all units have the width 1 this is a division; else the stretch is packed unit by unit, going on from where
    the last one ended if it began at the same place, since the search asks for ever longer stretches.
    """

    def __init__(self, track: _Track, before: str, after: str, under: Encoding) -> None:
        self._track, self._sizes = track, SIZES[under]
        self._before, self._after = units(before, under), units(after, under)
        self._around = sum(self._before) + sum(self._after)
        self._is_wide = track.is_wide or max([*self._before, *self._after], default=1) > 1
        self._below: dict[int, int] = {}
        self._reached = -1, 0, 0, 0  # where the stretch began, the next unit, full segments before it, room left

    def segments(self, start: int, end: int) -> int:
        """How many segments hold the characters from ``start`` up to ``end`` with all that stands around them."""
        total = self._track.totals[end] - self._track.totals[start] + self._around
        if total <= self._sizes.alone or not self._is_wide:
            return pack(total, None, self._sizes)
        count, room = self._pack(start, end)
        if room not in self._below:
            self._below[room] = _fill(self._after, 0, room, self._sizes.each)[0]
        return count + self._below[room]

    def _pack(self, start: int, end: int) -> tuple[int, int]:
        starts, widths, each = self._track.starts, self._track.widths, self._sizes.each
        began, unit, count, room = self._reached
        last = bisect_left(starts, end)
        if began != start or unit > last:
            count, room = _fill(self._before, 1, each, each)
            unit = bisect_left(starts, start)
        count, room = _fill(widths[unit:last], count, room, each)
        self._reached = start, last, count, room
        return count, room


def _fill(widths: Sequence[int], count: int, room: int, each: int) -> tuple[int, int]:
    """Go on filling segments of ``each`` units: how many there are then, and the room in the last."""
    for width in widths:
        if width > room:
            count, room = count + 1, each
        room -= width
    return count, room


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
    borders = set(accumulate(map(len, _GRAPHEME.findall(paragraph))))
    for end, cut in _candidates(paragraph, language):
        left = paragraph[:end].rstrip()
        resume = len(paragraph) - len(paragraph[end:].lstrip())
        whole = end in borders and resume in borders
        if (
            whole
            and left
            and resume < len(paragraph)
            and (resume > len(left) or not _NOT_FIRST.match(paragraph, resume))
        ):
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
    spans = [(match.start(), match.end()) for match in _GRAPHEME.finditer(paragraph, begin, end)]
    too_long = len(spans) > LONGEST_WORD and not _UNSPACED.search(paragraph, begin, end)
    for (start, middle), (_, after) in pairwise(spans):
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
