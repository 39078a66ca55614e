"""What a text costs: its form on the air, its encoding and its segments.

The figures are GSM 03.38's and Twilio's: 160 septets alone and 153 in a longer message, or 70 and 67 UTF-16 units as
soon as one character lies outside GSM-7; no grapheme and no escape pair straddles two segments. The judge is Twilio's
own calculator, npm's ``sms-segments-calculator``; a test compares with it.
"""

from __future__ import annotations

import json
import unicodedata
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import regex
import smsutil

GSM_7_DOUBLE = frozenset("^{}\\[~]|€")
GSM_7 = (frozenset(smsutil.codecs.GSM_BASIC_CHARSET) - {"\x1b"}) | GSM_7_DOUBLE


_GRAPHEME = regex.compile(r"\X")
_CONJUNCT = regex.compile(r"\p{L}[\p{M}\u200c\u200d]+(?![\u0e33\u0eb3])\p{L}")  # sara am belongs to what it follows
_BASE_AND_MARKS = regex.compile(r"[^\p{M}\u200c\u200d]?[\p{M}\u200c\u200d]+|[^\p{M}]")


class Encoding(StrEnum):
    """How a text travels."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


class Sizes(NamedTuple):
    """How many units a message holds alone, and each of its segments when it needs several."""

    alone: int
    each: int


SIZES = {Encoding.GSM_7: Sizes(160, 153), Encoding.UCS_2: Sizes(70, 67)}


def encoding(message: str) -> Encoding:
    """The encoding that a phone network gives ``message``."""
    return Encoding.GSM_7 if GSM_7.issuperset(message) else Encoding.UCS_2


def units(message: str, under: Encoding) -> list[int]:
    """The widths of what may not straddle two segments: septets of a character in GSM-7, UTF-16 units of a grapheme."""
    if under is Encoding.GSM_7:
        return [2 if character in GSM_7_DOUBLE else 1 for character in message]
    return [_utf16(grapheme) for grapheme in graphemes(message)]


def graphemes(message: str) -> list[str]:
    """``message`` as Twilio splits it: by the rules of Unicode 10, which do not keep Indic conjuncts together."""
    split: list[str] = []
    for grapheme in _GRAPHEME.findall(message):
        split += _BASE_AND_MARKS.findall(grapheme) if _CONJUNCT.search(grapheme) else [grapheme]
    return split


def segments(message: str) -> int:
    """How many segments ``message`` is billed as; 1 for an empty one."""
    under = encoding(message)
    widths = units(message, under)
    return pack(sum(widths), widths if max(widths, default=1) > 1 else None, SIZES[under])


def _utf16(grapheme: str) -> int:
    return sum(2 if ord(character) > 0xFFFF else 1 for character in grapheme)


def pack(total: int, widths: list[int] | None, sizes: Sizes) -> int:
    """How many segments hold ``total`` units; their ``widths``, where some are wider than 1 and may not straddle."""
    if total <= sizes.alone:
        return 1
    if widths is None:
        return -(-total // sizes.each)
    count, room = 1, sizes.each
    for width in widths:
        if width > room:
            count, room = count + 1, sizes.each
        room -= width
    return count


class _Form(dict[int, str]):
    """A table for ``str.translate`` that learns each character when it first meets it."""

    def __init__(self, *, accents: bool) -> None:
        super().__init__(_smart_encoding())
        self._accents = accents

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        if not self._accents and character not in GSM_7:
            base = unicodedata.normalize("NFD", character)[0]
            character = base if base.isalpha() and base in GSM_7 else character
        self[codepoint] = character
        return character


@cache
def _smart_encoding() -> dict[int, str]:
    entries = json.loads(files(__package__).joinpath("smart_encoding.json").read_text("utf-8"))["entries"]
    return {int(name.removeprefix("U+"), 16): instead for name, instead in entries.items()}


TEXTED = _Form(accents=True)
TEXTED_WITHOUT_ACCENTS = _Form(accents=False)


def texting_form(sentence: str, *, accents: bool) -> str:
    """``sentence`` as it is texted: curly quotes and dashes made plain, as Twilio's smart encoding would.

    With ``accents`` off, letters that lie outside GSM-7 lose their marks (``á í ó ú``; ``ñ é ü`` lie within and stay).
    Every character is replaced by itself alone, so an offset in a translation can be found again in its texting form.
    """
    return sentence.translate(TEXTED if accents else TEXTED_WITHOUT_ACCENTS)
