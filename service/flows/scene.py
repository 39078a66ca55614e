"""What every flow is made of: a Screen, and the Scene that it is shown in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from service.book import Book
from service.book.languages import Language
from service.book.pages import Measure
from service.book.safety import Heard
from service.book.writing import say, write_page
from service.conversation import Event, Known, Option, Place, Reply, Session, Target, Text, Turn


class Scene(NamedTuple):
    """One moment of one conversation: what is known, what has just happened, when (Unix seconds), and what was heard
    in it of danger and of leaving."""

    book: Book
    known: Known
    event: Event
    now: int
    heard: tuple[Heard, ...] = ()

    @property
    def session(self) -> Session:
        """What is remembered of this conversation."""
        return self.known.session

    @property
    def language(self) -> Language:
        """The language of the conversation; while it has none, the likeliest where the number is from."""
        return self.book.spoken(self.session.language, self.event.country, self.event.channel)

    @property
    def measure(self) -> Measure:
        """What a page may be, here and in this language."""
        return self.book.measure(self.event.channel, self.language)

    @property
    def program(self) -> str:
        """What greets them: the first of their groups, else the service."""
        codes = [each.group for each in self.known.subscriptions.groups]
        return next((each.name for each in self.known.groups if each.code in codes), self.book.program)

    def but(self, **changes: object) -> Scene:
        """The same scene with these fields of its session changed."""
        return self._replace(known=self.known._replace(session=self.known.session._replace(**changes)))  # type: ignore[arg-type]

    def say(self, *sentences: Text) -> str:
        """The sentences in the language of the conversation, one after another."""
        return say(self.book, self.language, sentences)

    def fit(
        self,
        opening: Sequence[Text],
        options: Sequence[Option],
        hint: Sequence[Text],
        more: Sequence[Text],
        segments: int | None = None,
    ) -> Reply:
        """A page of ``options`` from ``session.page`` on: as many as fit, with ``more`` as its hint if some are left.

        ``segments`` is for a page that must be shorter than others.

        Offers one choice at least, even where that is more than a page should hold.
        """
        start = self.session.page if self.session.page < len(options) else 0
        measure = self.measure.at_most(segments) if segments else self.measure
        shown = tuple(options[start : start + measure.choices])
        hints = tuple(hint), tuple(more), start + len(shown) < len(options)
        return _fitted(self.book, self.language, measure, tuple(opening), shown, start + 1, hints)

    def turn(self, reply: Reply, outcome: str) -> Turn:
        """The decision to say ``reply`` and to remember this scene's session."""
        return Turn(self.session, reply, outcome=outcome)


@lru_cache(maxsize=8192)
def _fitted(  # noqa: PLR0913, PLR0917  everything that a page depends on, so that it is found once
    book: Book,
    language: Language,
    measure: Measure,
    opening: tuple[Text, ...],
    options: tuple[Option, ...],
    first: int,
    hints: tuple[tuple[Text, ...], tuple[Text, ...], bool],
) -> Reply:
    hint, more, goes_on = hints
    for count in range(len(options), 0, -1):
        below = more if goes_on or count < len(options) else hint
        reply = Reply(opening=opening, options=options[:count], first=first, hint=below)
        if count == 1 or measure.fits(measure.written(write_page(book, reply, language))):
            return reply
    return Reply(opening=opening, hint=hint)


Show = Callable[[Scene, str], Turn]
"""Arrive somewhere, about a subject: what is said, and what is remembered."""


def nowhere(_: Scene) -> Target:
    """Where MORE and BACK lead on a screen that has neither."""
    return Target("home")


def no_options(_: Scene) -> tuple[Option, ...]:
    """The choices of a screen that has none."""
    return ()


@dataclass(frozen=True)
class Screen:
    """Where a conversation can be.

    ``show`` is what happens on arrival. A screen that one stays on says what a number chooses (``options``) and where
    MORE and BACK lead; one that only says something leaves the session's screen as it is.
    """

    name: str
    show: Show = field(repr=False)
    options: Callable[[Scene], tuple[Option, ...]] = no_options
    more: Callable[[Scene], Target] = nowhere
    back: Callable[[Scene], Target] = nowhere


def place_in(book: Book, place: Place | None) -> Place | None:
    """``place`` in the article as it is today: its paragraph's start if it changed, None if its section is gone."""
    if place is None or place.section not in book.sections:
        return None
    section, article = book.sections[place.section], book.article_of(place.section)
    if place.revision == article.revision:
        return place
    paragraph = place.paragraph if place.paragraph < len(section.paragraphs) else 0
    return Place(place.section, article.revision, paragraph, 0)
