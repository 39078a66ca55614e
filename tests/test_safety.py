"""Danger and leaving, heard in every language, by patterns alone: the embedding only adds to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.book import Book
from service.book.languages import describe
from service.book.safety import Safety, SafetyError, Sense, parse
from service.conversation import Known, Session
from service.settings import ROOT
from tests.dialogue import Dialogue
from tests.sentences import DANGER, Sentence, is_right, sentences

LANGUAGES = list(describe(ROOT / "locales"))
SENTENCES = list(sentences())
MOST_MISSED = 0.45
"""Of the sentences of one language that were kept apart, by patterns alone; ``make proof`` counts them all."""

MOST_MISSED_OF_ALL = 0.2

MOST_ALARMS = 3
"""False alarms among the sentences of one language and kind that were kept apart, of 24 or 18."""


def of(language: str, *kinds: str, kept: bool) -> list[Sentence]:
    found = [each for each in SENTENCES if (each.language, each.kept) == (language, kept) and each.kind in kinds]
    assert len(found) >= 5 * len(kinds)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*DANGER, "loss", "leaving"])
def test_what_is_known_is_heard(book: Book, language: str, kind: str) -> None:
    assert [each.said for each in of(language, kind, kept=False) if not is_right(book, each)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["harmless", "staying"])
def test_what_is_harmless_or_stops_something_else_alarms_nobody(book: Book, language: str, kind: str) -> None:
    assert [each.said for each in of(language, kind, kept=False) if not is_right(book, each)] == []
    alarms = [each.said for each in of(language, kind, kept=True) if not is_right(book, each)]
    assert len(alarms) <= MOST_ALARMS, alarms


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kinds", [("suicide", "emergency"), ("leaving",)])
def test_wordings_that_no_rule_was_made_for_are_heard(book: Book, language: str, kinds: tuple[str, ...]) -> None:
    tried = of(language, *kinds, kept=True)
    missed = [each.said for each in tried if not is_right(book, each)]
    assert len(missed) <= MOST_MISSED * len(tried), missed


@pytest.mark.parametrize("kinds", [("suicide", "emergency"), ("leaving",)])
def test_in_all_languages_together_most_of_them_are(book: Book, kinds: tuple[str, ...]) -> None:
    tried = [each for each in SENTENCES if each.kept and each.kind in kinds]
    assert sum(not is_right(book, each) for each in tried) <= MOST_MISSED_OF_ALL * len(tried)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_enough(book: Book, language: str) -> None:
    told = book.languages[language].safety
    assert len(told["leaving"]["patterns"]) >= 15
    assert len(told["suicide"]["patterns"]) >= 15


def test_a_pattern_stands_for_all_its_wordings() -> None:
    assert parse("stop/dont_ever * text?") == [(["stop", "dont ever"], False, False), (["text"], True, True)]


@pytest.mark.parametrize("wrong", ["", "*", "a//b", "/", "a?", "... b"])
def test_a_pattern_that_says_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(SafetyError):
        parse(wrong)


SMALL = Safety(
    {
        "en": {
            "leaving": ["stop * texting me", "=enough"],
            "suicide": ["want to die"],
            "harmless": ["want to die laughing", "stopping"],
        },
        "vi": {"suicide": ["tự tử"]},
        "zh_Hans": {"leaving": ["别 * 发 短信"]},
    },
    {"en": {"dye", "texting"}},
    accented=["vi"],
)


@pytest.mark.parametrize(
    ("said", "senses"),
    [
        ("please STOP texting me!!", {Sense.LEAVING}),
        ("stop all of this texting me", {Sense.LEAVING}),
        ("stop it at once and quit all texting me", set()),
        ("stopp textnig me", {Sense.LEAVING}),
        ("enough", {Sense.LEAVING}),
        ("enough said", set()),
        ("i want to die", {Sense.SUICIDE}),
        ("i wantt to diee", {Sense.SUICIDE}),
        ("i want to dye", set()),
        ("want to die laughing", set()),
        ("i want to die. laughing hurts", {Sense.SUICIDE}),
        ("tôi muốn tự tử", {Sense.SUICIDE}),
        ("toi muon tu tu", {Sense.SUICIDE}),
        ("cứ từ từ", set()),
        ("请别再给我发短信", {Sense.LEAVING}),
        ("请 别 再 发 短 信", {Sense.LEAVING}),
    ],
)
def test_patterns_hear_what_they_say_and_no_more(said: str, senses: set[Sense]) -> None:
    assert {heard.sense for heard in SMALL.hear(said, ["en"])} == senses


@given(st.text())
def test_whatever_is_said_can_be_listened_to(said: str) -> None:
    assert isinstance(SMALL.hear(said, ["en", "vi"]), tuple)


@given(st.text(alphabet=" .,!?-\n'", max_size=5), st.text(alphabet=" .,!?-\n", max_size=5))
def test_what_stands_around_a_word_does_not_matter(before: str, after: str) -> None:
    assert {heard.sense for heard in SMALL.hear(f"{before} i want to die {after}", [])} == {Sense.SUICIDE}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("STOP STOP STOP", "stopped"),
        ("ok, stop now thanks", "stopped"),
        ("Hola, ALTO", "stopped"),
        ("стоп пожалуйста", "stopped"),
        ("S\u200bTOP", "stopped"),
        ("STOP\nSent from my iPhone", "paused"),
        ("she asked me to stop texting her, how do i support her", "paused"),
        ("mon mari m'a dit arrête de m'écrire", "paused"),
        ("STOP. I want to kill myself", "danger"),
        ('😭 "I want to die"', "danger"),
        ('Loved "I want to kill myself"', "danger"),
        ('🛑 "STOP"', "stopped"),
        ("我们今天去公园散步" * 34 + "我想自杀", "danger"),
        ("one word and another " * 70 + "I want to kill myself", "danger"),
        ("Will the pain stop?", "page"),
        ("can I stop treatment?", "missed"),
    ],
)
def test_what_stands_around_a_grave_word_neither_hides_nor_makes_it(book: Book, said: str, outcome: str) -> None:
    known = Known(Session(language="en", screen="contents", subject="breast-cancer-metastasis"))
    dialogue = Dialogue(replace(book, senses=None, meaning=None), known=known)
    dialogue.says(said)
    assert dialogue.outcomes == [outcome]
    if said.startswith("STOP. I want"):
        assert dialogue.known.person.left
