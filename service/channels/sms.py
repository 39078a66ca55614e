"""A Reply becomes message texts, on SMS and on WhatsApp."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from service.book import Book
from service.book.languages import Language
from service.book.pages import Measure
from service.book.writing import say, write_page
from service.conversation import Channel, Reply

NOTICE_SEGMENTS = 2
"""A notice is short: what does not fit into this goes on in a message of its own."""


class Texts:
    """Writes replies for a book; what was written once is kept, since most people read the same pages."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.render = lru_cache(maxsize=8192)(self._render)

    def _render(self, reply: Reply, code: str, channel: Channel) -> tuple[str, ...]:
        """The messages that say ``reply`` in the language ``code``, in their order; none for an empty reply."""
        language = self._book.languages[code]
        measure = self._book.measure(channel, language)
        said = write_page(self._book, reply, language)
        page = measure.form(said) if reply.passage else measure.written(said)
        pages = (page,) if reply.passage or measure.fits(page) else fold(page, measure)
        return tuple(message for message in (*self._notices(reply, language, measure), *pages) if message)

    def _notices(self, reply: Reply, language: Language, measure: Measure) -> Iterator[str]:
        short = measure.at_most(NOTICE_SEGMENTS)
        for notice in reply.notices:
            sentences = (measure.form(say(self._book, language, [sentence])) for sentence in notice)
            yield from pack(sentences, language.between_sentences, short)


def fold(page: str, measure: Measure) -> Iterator[str]:
    """A page without a passage that is longer than a page may be, cut at its lines into several messages."""
    return pack(page.split("\n"), "\n", measure)


def pack(parts: Iterable[str], between: str, measure: Measure) -> Iterator[str]:
    """As few messages as hold ``parts`` in their order; a part that is too long by itself is sent as it is."""
    message = ""
    for part in parts:
        longer = f"{message}{between}{part}" if message else part
        if message and not measure.fits(longer):
            yield message.strip()
            longer = part
        message = longer
    yield message.strip()
