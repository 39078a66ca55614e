"""What it takes to hear everything, in every language (``plainline cost --voice``)."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from service.book import Book
from service.book.languages import Language
from service.channels.voice import Utterance, Voice
from service.conversation import Call, Channel, Event, Kind, Known, Place, Session, Turn
from service.engine import take_turn
from service.flows import reading
from service.flows.scene import Scene

RECOGNISED = 0.4
"""Seconds between a key and the first sound that follows: a post to us and back, and the carrier's own work."""

SYNTHESISERS = {
    "en": "en-us", "es": "es-419", "zh_Hans": "cmn", "vi": "vi", "ko": "ko", "ar": "ar", "ru": "ru", "fr": "fr-fr",
    "ht": "ht", "pt_BR": "pt-br", "hi": "hi",
}  # fmt: skip
"""What espeak-ng calls each language that it speaks."""

USUAL_PACE, PACE = 160, {"zh_Hans": 240}
"""Words a minute: as in ``locales/languages.toml``."""

BREATH, PAUSE = 0.3, 0.7
"""Seconds between two sentences of one voice, and before a paragraph."""

Seconds = Callable[[Utterance], float]


class Heard(NamedTuple):
    """One section in one language: the seconds of each of its parts."""

    language: str
    section: str
    parts: tuple[float, ...]


class First(NamedTuple):
    """From answer to the first sentence of an article, for a caller who presses as soon as their choice is named."""

    language: str
    stranger: float
    known: float


def heard(book: Book, seconds: Seconds) -> Iterator[Heard]:
    """How long every section takes to hear, part by part."""
    voice = Voice(book, "")
    for language in book.languages.values():
        for section in book.sections.values() if language.can_speak else ():
            if book.is_whole(section, language):
                scene = Scene(book, Known(Session(language=language.code)), _event(Kind.CALL), 0)
                turns = [reading.read(scene, section.path)]
                while turns[-1].reply.goes_on:
                    session = turns[-1].session
                    there = scene.but(**session._asdict())
                    turns.append(reading.read_at(there, reading.read_on(there).subject))
                parts = tuple(spoken(_article(voice, turn, language), seconds) for turn in turns)
                yield Heard(language.code, section.path, parts)


def firsts(book: Book, seconds: Seconds, country: str = "US") -> Iterator[First]:
    """How soon a caller hears an article, the likeliest languages of ``country`` first."""
    for language in book.likeliest(country):
        if language.can_speak:
            known = _until_read(book, seconds, language, country, known=True)
            yield First(language.code, _until_read(book, seconds, language, country, known=False), known)


def _until_read(book: Book, seconds: Seconds, language: Language, country: str, *, known: bool) -> float:
    """Seconds until the first sentence: greeting, language, menu, title; each choice is made once it was named."""
    voice, session, total = Voice(book, ""), Session(), 0.0
    if known:
        section = next(iter(book.sections.values()))
        dropped = Place(section.path, book.article_of(section.path).revision, 3, 0)
        session = Session(language=language.code, screen="reading", place=dropped, unread=(4, 0), call=Call(began=1))
    turn = take_turn(book, Known(session), _event(Kind.CALL, country=country), 1_800_000_000)
    total += _greeting(voice, turn, book, country, seconds)
    while turn.reply.passage is None:
        target = language.code if turn.session.screen == "languages" else ""
        key = next((n for n, o in enumerate(turn.reply.options, 1) if not target or o.target.subject == target), 0)
        total += spoken(_choices(voice, turn, book, country)[: key or None], seconds) + RECOGNISED
        event = _event(Kind.KEY, str(key) if key else "#", country)
        turn = take_turn(book, Known(turn.session), event, 1_800_000_000)
    title = turn.reply._replace(notices=(), passage=None, hint=(), options=())
    return total + spoken(voice.utterances(title, language.code), seconds) + PAUSE * bool(title.opening)


def spoken(utterances: Iterable[Utterance], seconds: Seconds) -> float:
    """Seconds of sentences one after another, with a breath between two in one voice."""
    every = list(utterances)
    between = [PAUSE if b.is_paragraph else BREATH for a, b in pairwise(every) if a.language == b.language]
    return sum(map(seconds, every)) + sum(between)


def _greeting(voice: Voice, turn: Turn, book: Book, country: str, seconds: Seconds) -> float:
    """The first sentence of a call; the notices behind it do not count."""
    code = book.spoken(turn.session.language, country, Channel.VOICE).code
    return seconds(next(voice.utterances(turn.reply, code))) + BREATH


def _choices(voice: Voice, turn: Turn, book: Book, country: str) -> list[Utterance]:
    code = book.spoken(turn.session.language, country, Channel.VOICE).code
    return list(voice.utterances(turn.reply._replace(notices=(), passage=None), code))


def _article(voice: Voice, turn: Turn, language: Language) -> Iterator[Utterance]:
    return voice.utterances(turn.reply._replace(notices=(), opening=(), hint=()), language.code)


def _event(kind: Kind, body: str = "", country: str = "US") -> Event:
    return Event("", Channel.VOICE, "", kind, body, country, step=int(kind is not Kind.CALL))


def reckoned(book: Book) -> Seconds:
    """Seconds of a sentence: of its recording, else by how many letters a second its language has."""

    def seconds(utterance: Utterance) -> float:
        language = book.languages[utterance.language]
        recording = language.recordings.find(utterance.said)
        if recording and not language.voice:
            return recording.seconds
        return len(utterance.said) / language.letters_a_second

    return seconds


def synthesised(book: Book) -> Seconds:
    """Seconds of a sentence: of its recording, else as espeak-ng says it; else reckoned. Raises OSError without it."""
    by_letters = reckoned(book)

    @lru_cache(maxsize=4096)
    def seconds(utterance: Utterance) -> float:
        voiced = book.languages[utterance.language].voice
        if not voiced or utterance.language not in SYNTHESISERS:
            return by_letters(utterance)
        return _spoken(utterance)

    return seconds


def _spoken(utterance: Utterance) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        wave = Path(scratch) / "said.wav"
        pace = str(PACE.get(utterance.language, USUAL_PACE))
        command = [
            "espeak-ng",
            "-b",
            "1",
            "-v",
            SYNTHESISERS[utterance.language],
            "-s",
            pace,
            "-w",
            str(wave),
            "--stdin",
        ]
        subprocess.run(command, input=utterance.said.encode(), check=True, capture_output=True)  # noqa: S603
        return (wave.stat().st_size - 44) / 2 / 22_050
