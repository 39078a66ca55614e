"""A reply as a page that is read: its sentences translated and set below one another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from service.book.pages import BREAK, excerpt
from service.conversation import Option, Reply, Text, text

if TYPE_CHECKING:
    from service.book import Book
    from service.book.languages import Language

# Translators: one choice of a list in a text: its number, then its name.
NUMBERED = text("%(number)s %(label)s")


def say(book: Book, language: Language, sentences: Iterable[Text]) -> str:
    """Sentences one after another, each in ``language`` or in one of its own."""
    return language.between_sentences.join(
        (book.languages[sentence.language] if sentence.language else language).say(sentence) for sentence in sentences
    )


def write_page(book: Book, reply: Reply, language: Language) -> str:
    """The page of ``reply``, without its notices: what it opens with, the passage, the choices, and how to go on."""
    choices = (
        language.say(NUMBERED.saying(number=number, label=_label(book, language, option)))
        for number, option in enumerate(reply.options, reply.first)
    )
    opening = (say(book, language, [sentence]) for sentence in reply.opening)
    lines = [*opening, _passage(book, reply, language), *choices]
    above = "\n".join(line for line in lines if line)
    return BREAK.join(part for part in (above, say(book, language, reply.hint)) if part)


def _label(book: Book, language: Language, option: Option) -> str:
    return say(book, language, [option.label]) if isinstance(option.label, Text) else option.label


def _passage(book: Book, reply: Reply, language: Language) -> str:
    if reply.passage is None:
        return ""
    section = book.sections[reply.passage.section]
    paragraphs = [language.say(paragraph.text) for paragraph in section.paragraphs]
    return excerpt(paragraphs, reply.passage.start, reply.passage.end)
