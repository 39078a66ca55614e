"""What every section costs in every language (``plainline cost``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.book import Book
from service.book.articles import Section
from service.book.languages import Language
from service.book.pages import BREAK, excerpt
from service.book.segments import GSM_7, SIZES, Encoding, encoding, segments, units
from service.conversation import Channel, Event, Kind, Known, Session
from service.flows import reading
from service.flows.scene import Scene


@dataclass(frozen=True)
class Cost:
    """One section in one language: its texts as they are sent."""

    section: str
    language: str
    texts: tuple[str, ...]
    bound: int
    cuts: int
    """Texts that end inside a sentence."""

    @property
    def characters(self) -> int:
        """Characters of all texts."""
        return sum(map(len, self.texts))

    @property
    def segments(self) -> int:
        """Segments of all texts."""
        return sum(map(segments, self.texts))

    @property
    def encodings(self) -> str:
        """The encodings that the texts travel in."""
        return ", ".join(sorted({encoding(text) for text in self.texts}))

    @property
    def forcing(self) -> str:
        """The characters that force UCS-2, each once."""
        return "".join(dict.fromkeys(c for text in self.texts for c in text if c not in GSM_7))

    @property
    def is_near_bound(self) -> bool:
        """Within 10 % of the lower bound, or one segment of it."""
        return self.segments <= max(self.bound * 1.1, self.bound + 1)


def costs(book: Book) -> Iterator[Cost]:
    """What every section costs, in every language that has it whole."""
    for language in book.languages.values():
        scene = Scene(book, Known(Session(language=language.code)), Event("", Channel.SMS, "", Kind.WORDS, ""), 0)
        for section in book.sections.values():
            if book.is_whole(section, language):
                yield _cost(scene, section, language)


def _cost(scene: Scene, section: Section, language: Language) -> Cost:
    form = scene.measure.form
    paragraphs = [language.say(paragraph.text) for paragraph in section.paragraphs]
    layout = reading.layout_of(scene, section)
    title, _ = reading.opened(scene, section)
    opening = scene.say(title)
    more, end = scene.say(reading.GO_ON), scene.say(reading.end_of(scene, section))
    texts: list[str] = []
    cuts = 0
    for page in layout.pages(opening):
        body = excerpt(paragraphs, page.start, page.end)
        above = opening + "\n" if not texts else ""
        texts.append(form(above + body + BREAK + (end if page.last else more)))
        cuts += not (page.last or page.end[1] == 0 or body.rstrip("\"'”’»)").endswith((".", "!", "?", "。", "।", "؟")))
    whole = form(opening + "\n" + BREAK.join(paragraphs) + BREAK + end)
    bound = lower_bound(whole, form(BREAK + more), scene.book.max_segments)
    return Cost(section.path, language.code, tuple(texts), bound, cuts)


def lower_bound(whole: str, footer: str, most: int) -> int:
    """The fewest segments that could hold a section, packed without regard to words.

    ``whole`` is its opening, its text and its last footer; each text but the last carries one more ``footer``, and has
    at most ``most`` segments.
    """
    under = encoding(whole + footer)
    text, extra = sum(units(whole, under)), sum(units(footer, under))
    fits = (
        count
        for count in range(1, text + 1)
        for texts in range(-(-count // most), count + 1)
        if text + (texts - 1) * extra <= _capacity(count, texts, most, under)
    )
    return next(fits, 1)


def _capacity(count: int, texts: int, most: int, under: Encoding) -> int:
    """The units that ``texts`` texts of ``count`` segments in all can hold; those of one segment hold more in it."""
    alone, each = SIZES[under]
    singles = max(
        s for s in range(texts + 1) if s == texts == count or 2 * (texts - s) <= count - s <= most * (texts - s)
    )
    return singles * alone + (count - singles) * each
