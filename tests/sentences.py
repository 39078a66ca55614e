"""Sentences that people may text, and what each must be heard as: ``tests/safety/<language>.toml``.

``known`` ones were used to mend the rules; ``kept`` ones were written by others and never were.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from service.book import Book
from service.book.safety import SILENT, Sense
from service.engine import listen
from service.engine.rules import has_a_stop_of_its_own, is_stop_with_courtesies
from service.settings import ROOT

FOLDER = ROOT / "tests/safety"

HEARD_AS = {
    "suicide": {Sense.SUICIDE, Sense.HALF},
    "emergency": {Sense.EMERGENCY, Sense.SUICIDE},
    "half": {Sense.HALF, Sense.SUICIDE},
    "loss": {Sense.LOSS},
    "leaving": {Sense.LEAVING, Sense.DOUBT},
}
"""What is right for each kind of sentence: what may be leaving pauses all texts and asks, which honours it too, and
despair is given the number to call."""

DANGER = ("suicide", "emergency", "half")


class Sentence(NamedTuple):
    """One text: its language, its kind, whether it was kept apart, and its words."""

    language: str
    kind: str
    kept: bool
    said: str


def sentences() -> Iterator[Sentence]:
    """Every sentence of every language."""
    for path in sorted(FOLDER.glob("*.toml")):
        for table, kinds in tomllib.loads(path.read_text("utf-8")).items():
            for kind, texts in kinds.items():
                yield from (Sentence(path.stem, kind, table == "kept", said) for said in texts)


def is_right(book: Book, sentence: Sentence) -> bool:
    """Whether a sentence is heard as what it is, by somebody whose conversation is in its language."""
    senses = heard(book, sentence)
    if sentence.kind == "staying":
        return not senses & {Sense.LEAVING, Sense.DOUBT}
    if sentence.kind == "harmless":
        return not senses
    return bool(senses & HEARD_AS[sentence.kind])


def heard(book: Book, sentence: Sentence) -> set[Sense]:
    """The senses of a sentence; a word for STOP that stands alone is heard as leaving, or asked about."""
    said = sentence.said
    senses = {each.sense for each in listen(book, said, (sentence.language, "en"))} - SILENT
    exact = {match.target.screen for match in book.keywords.exact(said)}
    alone = "stop" in exact or (
        not exact and (is_stop_with_courtesies(book, said) or has_a_stop_of_its_own(book, said))
    )
    return senses | ({Sense.LEAVING} if alone else set())
