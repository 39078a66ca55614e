"""The book: all that we say and all that we understand, read once when the program starts and never changed after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from babel.core import get_global

from service.book.articles import Article, Section, load_articles
from service.book.helplines import Helplines, load_helplines
from service.book.keywords import HELLO, STOP, THANKS, Keywords, plain
from service.book.languages import (
    SOURCE,
    Language,
    Languages,
    compile_catalogues,
    describe,
    load_languages,
    read_safety,
)
from service.book.meaning import Meaning, Sample, load_vectors, meaning_of, read_samples
from service.book.pages import Layout, Measure
from service.book.recordings import load_recordings
from service.book.safety import CARRIER_STOP, Safety, tokens
from service.book.senses import Senses, safety_samples, senses_of
from service.conversation import Channel, Text

LONGEST_PART = 30
"""Seconds that are spoken before somebody is listened to again."""

MOST_CHOICES_HEARD = 5
"""More cannot be remembered by somebody who only hears them."""


@dataclass(frozen=True, eq=False)
class Book:
    """Articles, languages, keywords and helplines, and how they are laid out on each channel.

    ``program`` is the neutral name that people see, ``number`` the one that they text and call, ``country`` the region
    assumed where a number tells none, ``text_countries`` those whose numbers we may text or call because they ask for
    it: none where nothing can be sent. ``segment_price`` is what one segment costs (US dollars).
    """

    articles: tuple[Article, ...] = field(repr=False)
    languages: Languages = field(repr=False)
    helplines: Helplines = field(default_factory=Helplines, repr=False)
    program: str = "Plainline"
    number: str = ""
    country: str = "US"
    max_segments: int = 3
    place_days: int = 30
    call_minutes: int = 30
    text_countries: tuple[str, ...] = ()
    segment_price: float = 0.0083
    meaning: Meaning | None = None
    senses: Senses | None = None

    @cached_property
    def safety(self) -> Safety:
        """The words of danger and of leaving."""
        patterns = {
            language.code: {sense: told.get("patterns", ()) for sense, told in language.safety.items()}
            for language in self.languages.values()
        }
        accented = [language.code for language in self.languages.values() if language.accents_matter]
        return Safety(patterns, {code: self._words(language) for code, language in self.languages.items()}, accented)

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """All that, alone, ends all texts: the carrier's words and each language's, in plain form."""
        ours = (plain(word) for language in self.languages.values() for word in language.variants(STOP))
        return frozenset(ours) | CARRIER_STOP

    @cached_property
    def courtesies(self) -> frozenset[str]:
        """Words that say nothing beside a word for STOP: greetings, thanks, please."""
        said = (
            word
            for language in self.languages.values()
            for keyword in (HELLO, THANKS)
            for word in (*language.variants(keyword), *language.courtesies)
        )
        return frozenset(part for word in said for part in plain(word).split())

    def opened(self) -> Book:
        """This book, with all that it listens for made ready, so that nobody waits for it."""
        _ = self.keywords, self.safety, self.stop_words, self.courtesies
        return self

    def _words(self, language: Language) -> set[str]:
        """The words that the book itself uses in a language, which are no slips of other words."""
        said = [
            language.say(text) for section in self.sections.values() for text in section.texts if language.has(text)
        ]
        said += language.safety.get("harmless", {}).get("samples", ())
        return {word for sentence in said for word in tokens(plain(sentence))}

    @cached_property
    def keywords(self) -> Keywords:
        """The words people text."""
        return Keywords(self.languages, self.articles)

    @cached_property
    def sections(self) -> dict[str, Section]:
        """Every section of every article, by its path."""
        return {section.path: section for article in self.articles for section in article.sections}

    @cached_property
    def by_slug(self) -> dict[str, Article]:
        """Every article, by its slug."""
        return {article.slug: article for article in self.articles}

    def article_of(self, path: str) -> Article:
        """The article that a section's path belongs to. Raises KeyError for one that is gone."""
        return self.by_slug[path.partition("/")[0]]

    def following(self, path: str) -> Section | None:
        """The section after this one in its article, or None after the last."""
        sections = self.article_of(path).sections
        after = [section.path for section in sections].index(path) + 1
        return sections[after] if after < len(sections) else None

    def is_whole(self, section: Section, language: Language) -> bool:
        """Whether every sentence of a section may be served in a language."""
        return section.path not in self._gaps[language.code]

    @cached_property
    def _gaps(self) -> dict[str, frozenset[str]]:
        return {
            language.code: frozenset(
                path for path, section in self.sections.items() if not all(map(language.has, section.texts))
            )
            for language in self.languages.values()
        }

    @cached_property
    def _measures(self) -> dict[tuple[Channel, str], Measure]:
        return {
            (channel, language.code): self._measured(channel, language)
            for channel in Channel
            for language in self.languages.values()
        }

    def _measured(self, channel: Channel, language: Language) -> Measure:
        if channel is Channel.SMS:
            return Measure(self.max_segments, accents=not language.texted_without_accents)
        if channel is Channel.WHATSAPP:
            return Measure(max_segments=None)
        longest = int(LONGEST_PART * language.letters_a_second)
        return Measure(max_segments=None, max_characters=longest, choices=MOST_CHOICES_HEARD, each=0)

    def measure(self, channel: Channel, language: Language) -> Measure:
        """What a page may be on a channel, in a language."""
        return self._measures[channel, language.code]

    @cached_property
    def layout(self) -> _Layouts:
        """``layout(section, language, channel, more, end)``: a section's pages, found once and kept."""
        return _Layouts(self)

    def spoken(self, code: str, country: str, channel: Channel) -> Language:
        """The language of a conversation that chose ``code`` (nothing, before it did), on a channel.

        Where nothing was chosen, or it has no voice on a call, the likeliest where the number is from.
        """
        chosen = self.languages.get(code)
        if chosen and (channel.is_read or chosen.can_speak):
            return chosen
        likely = self.likeliest(country)
        return likely[0] if channel.is_read else next((each for each in likely if each.can_speak), likely[0])

    @lru_cache(maxsize=4096)  # noqa: B019
    def minutes(self, section: Section, language: Language) -> int:
        """How many minutes it takes to hear a section, one at least."""
        letters = sum(len(language.say(paragraph.text)) for paragraph in section.paragraphs)
        return max(1, round(letters / language.letters_a_second / 60))

    @lru_cache(maxsize=512)  # noqa: B019  one book lives as long as the program
    def likeliest(self, country: str) -> tuple[Language, ...]:
        """The languages in the order in which people of ``country`` likely speak them (CLDR), then menu order."""
        order = list(self.languages.values())
        return tuple(sorted(order, key=lambda language: -self.speakers(country or self.country, language)))

    @staticmethod
    def speakers(country: str, language: Language) -> float:
        """How many of a hundred people in a country speak a language (CLDR)."""
        spoken = get_global("territory_languages").get(country, {})
        return _share(language, {code: about.get("population_percent", 0) for code, about in spoken.items()})


class _Layouts:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._cached = lru_cache(maxsize=4096)(self._lay_out)

    def __call__(self, section: Section, language: Language, channel: Channel, more: Text, end: Text) -> Layout:
        return self._cached(section.path, language.code, channel, more, end)

    def _lay_out(self, path: str, code: str, channel: Channel, more: Text, end: Text) -> Layout:
        section, language = self._book.sections[path], self._book.languages[code]
        return Layout(
            [language.say(paragraph.text) for paragraph in section.paragraphs],
            self._book.measure(channel, language),
            language=code.partition("_")[0],
            more=language.say(more),
            end=language.say(end),
        )


def _share(language: Language, share: dict[str, float]) -> float:
    """The share of people who speak a language, in whatever script CLDR counts it."""
    base = language.code.partition("_")[0]
    return max((of for code, of in share.items() if code.partition("_")[0] == base), default=0.0)


def load_book(  # noqa: PLR0913  what a book is made of
    content: Path,
    locales: Path,
    compiled: Path,
    *,
    only: Sequence[str] = (),
    program: str = "Plainline",
    number: str = "",
    country: str = "US",
    max_segments: int = 3,
    place_days: int = 30,
    call_minutes: int = 30,
    text_countries: tuple[str, ...] = (),
    segment_price: float = 0.0083,
    synthetic: bool = True,
) -> Book:
    """Read everything, compiling catalogues that changed.

    ``synthetic`` says whether recordings that a machine made may be played. Raises ArticleError, LanguagesError,
    HelplinesError or RecordingsError, which say what to do.
    """
    compile_catalogues(locales, compiled)
    articles = load_articles(content)
    recordings = load_recordings(content, synthetic=synthetic)
    languages = load_languages(locales, compiled, only, recordings)
    sections = {section.path for article in articles for section in article.sections}
    questions, safety = (load_vectors(samples, compiled, name) for name, samples in all_samples(content, locales))
    return Book(
        articles=articles,
        languages=languages,
        helplines=load_helplines(content),
        program=program,
        number=number,
        country=country,
        max_segments=max_segments,
        place_days=place_days,
        call_minutes=call_minutes,
        text_countries=text_countries,
        segment_price=segment_price,
        meaning=meaning_of(questions, sections) if questions else None,
        senses=senses_of(safety, questions, languages) if safety else None,
    )


def all_samples(content: Path, locales: Path) -> tuple[tuple[str, list[Sample]], tuple[str, list[Sample]]]:
    """The sample phrases of the articles, and those of danger and leaving, each under a name. Raises LanguagesError."""
    safety = safety_samples({code: read_safety(locales, code) for code in describe(locales)})
    return ("meaning", list(read_samples(content))), ("senses", list(safety))


__all__ = ["SOURCE", "Book", "all_samples", "load_book"]
