"""Any number of articles, and no string that escapes translation."""

from __future__ import annotations

import pytest
import regex

from service.book import Book
from service.book.segments import segments
from tests.dialogue import Dialogue
from tests.library import ACCENTED, PSEUDO, make_book

# Names that are the same in every language.
NAMES = regex.compile(r"Plainline|American Cancer Society|ENGLISH|English|\bUnited States\b|Áććéńťéď|ארצות הברית")
PLAIN_WORD = regex.compile(r"[A-Za-z]{3,}")


@pytest.fixture(scope="module")
def pseudo_book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The article that is shipped, in the pseudo-languages."""
    return make_book(tmp_path_factory.mktemp("pseudo"), 0)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Two hundred articles."""
    return make_book(tmp_path_factory.mktemp("library"), 200)


@pytest.mark.parametrize("code", PSEUDO)
def test_no_string_escapes_translation(pseudo_book: Book, code: str) -> None:
    dialogue = Dialogue(pseudo_book)
    said: list[str] = dialogue.says(pseudo_book.languages[code].name)
    lost = ["9", "simptoms", "zzzz", "qqqq", "xxxx", "fear and symptoms", ""]
    for body in ["1", *["MORE"] * 12, "BACK", *lost, "HELP", "PERSON", "LANGUAGE", "STOP", "START", "MENU"]:
        said += dialogue.says(body)
    dialogue.now += 7 * 86_400
    said += dialogue.says("hi")
    escaped = [PLAIN_WORD.findall(NAMES.sub("", message)) for message in said]
    assert [words for words in escaped if words] == []


def test_a_language_that_is_forty_percent_longer_keeps_its_limits(pseudo_book: Book) -> None:
    dialogue = Dialogue(pseudo_book)
    said = dialogue.says(pseudo_book.languages[ACCENTED].name)
    for body in ["1", *["MORE"] * 20, "HELP", "MENU"]:
        said += dialogue.says(body)
    assert max(map(segments, said)) <= pseudo_book.max_segments


def test_with_many_articles_they_come_first_page_by_page(library: Book) -> None:
    dialogue = Dialogue(library)
    first = dialogue.says("hi")[-1]
    assert "What would you like to read about?" in first
    assert "1 Anemia 0\n2 Asthma 1" in first
    second = dialogue.says("MORE")[-1]
    assert "10 Anemia 0" not in second
    assert "Text MORE for more choices." in second
    shown = first + second
    while "199 " not in shown:
        shown += dialogue.says("more")[-1]
    assert all(f"{number + 1} " in shown for number in range(200))


def test_a_number_from_any_page_opens_its_article_and_its_parts(library: Book) -> None:
    dialogue = Dialogue(library)
    dialogue.says("hi")
    assert dialogue.says("123")[-1].startswith("Which part would you like?")
    assert "Signs of Gout" not in dialogue.says("2")[-1].split("(")[0]
    assert dialogue.known.session.place is not None
    assert dialogue.known.session.place.section == "article-122/signs"
    assert "text MENU for all articles." in dialogue.says("back")[-1]


def test_a_word_that_several_articles_share_is_asked_about(library: Book) -> None:
    dialogue = Dialogue(library)
    dialogue.says("hi")
    dialogue.says("Signs of Lupus 8")
    assert dialogue.known.session.place is not None
    assert dialogue.known.session.place.section == "article-008/signs"


def test_a_menu_page_never_exceeds_its_limits(library: Book) -> None:
    for code in library.languages:
        dialogue = Dialogue(library)
        dialogue.says(library.languages[code].name)
        for _ in range(40):
            for message in dialogue.says("MORE"):
                assert segments(message) <= library.max_segments
