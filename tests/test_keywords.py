"""Words as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.book import Book
from service.book.keywords import all_keywords, number, plain
from service.conversation import Target

SYMPTOMS = Target("reading", "breast-cancer-metastasis/symptoms")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Síntomas!", "sintomas"),
        ("  MORE.. ", "more"),
        ("ＭＯＲＥ", "more"),
        ("Đau", "dau"),
        ("المزيـــد", "المزيد"),
        ("الأعراض", "الاعراض"),
        ("don't", "dont"),
        ("ещё", "еще"),
        ("लक्षण", "लक्षण"),
        ("❤️", ""),
        ("?!", ""),
    ],
)
def test_accents_capitals_and_ornaments_do_not_matter(typed: str, meant: str) -> None:
    assert plain(typed) == meant


def test_hindi_keeps_its_vowels() -> None:
    assert plain("खतरा") != plain("खतरे")


@pytest.mark.parametrize(
    ("typed", "meant"), [("2", 2), ("٢", 2), ("२", 2), ("２", 2), ("2.", 2), ("(2)", 2), ("02", 2)]
)
def test_a_number_is_understood_in_the_digits_of_any_script(typed: str, meant: int) -> None:
    assert number(typed) == meant


@pytest.mark.parametrize("typed", ["", "two", "2 3", "1/2", "2b", "1234", "½", "Ⅷx", "१२३४"])
def test_what_is_not_just_a_number_is_none(typed: str) -> None:
    assert number(typed) is None


@given(st.text(max_size=50))
def test_the_plain_form_is_stable_and_numbers_never_raise(typed: str) -> None:
    assert plain(plain(typed)) == plain(typed)
    assert number(typed) is None or number(typed) >= 0  # type: ignore[operator]


def test_every_variant_leads_where_its_entry_says(book: Book) -> None:
    for phrase, match, _ in all_keywords(book.languages, book.articles):
        found = [each for each in book.keywords.exact(phrase) if each.language == match.language]
        assert [each.target for each in found] == [match.target], (match.language, phrase)


@pytest.mark.parametrize(
    "said", ["what are the symptoms?", "Tell me about symptoms please", "¿qué síntomas hay?", "scan results?"]
)
def test_a_keyword_is_found_inside_a_short_sentence(book: Book, said: str) -> None:
    assert SYMPTOMS in {match.target for match in book.keywords.within(said)}


def test_a_long_text_is_not_searched_for_keywords(book: Book) -> None:
    assert book.keywords.within("symptoms " * 13) == ()


@pytest.mark.parametrize("typed", ["simptoms", "symtoms", "symptms", "sympotms"])
def test_a_typo_is_near_what_was_meant(book: Book, typed: str) -> None:
    assert book.keywords.near(typed, ["en"])[0].target == SYMPTOMS


def test_a_word_of_a_sentence_is_never_taken_for_a_mistyped_command(book: Book) -> None:
    assert book.keywords.near("quiero algo de comer", ["es", "en"]) == ()
