"""Questions in free words, with an embedding that is really there."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.book import Book, load_book
from service.book.meaning import build_vectors, load_vectors, read_samples
from service.conversation import Known, Session
from service.settings import ROOT
from tests.dialogue import Dialogue

SAMPLES = {
    "what": ["does it go to the bones", "can it reach my brain", "is it still breast cancer there", "how does it move"],
    "symptoms": ["my back hurts a lot", "i keep losing weight", "how do they find it", "why am i so tired all day"],
    "fear": ["i lie awake, so afraid", "is there anybody to talk to", "what if treatment is hopeless", "tengo miedo"],
    "off_topic": [
        *["will it rain tomorrow", "where is my parcel", "who won the match", "how do i cook rice"],
        *["thanks, bye", "can you book me a table", "what time does the bank open", "tell me a joke"],
    ],
}


@pytest.fixture(scope="module")
def understanding(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The book as it is shipped, with a few samples to understand questions by."""
    folder = tmp_path_factory.mktemp("meaning")
    content = folder / "content"
    (content / "samples/breast-cancer-metastasis").mkdir(parents=True)
    for path in (ROOT / "content").glob("*.*"):
        (content / path.name).write_text(path.read_text("utf-8"), "utf-8")
    samples = "".join(f"{name} = {phrases!r}\n" for name, phrases in SAMPLES.items())
    (content / "samples/breast-cancer-metastasis/en.toml").write_text(samples, "utf-8")
    told: list[int] = []
    read = list(read_samples(content))
    assert build_vectors(read, folder / "built", "meaning", told.append)
    assert told[-1] == sum(map(len, SAMPLES.values()))
    assert not build_vectors(read, folder / "built", "meaning", told.append)
    return load_book(content, ROOT / "locales", folder / "built")


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("Does it go to the bones?", "what"),
        ("¿puede llegar a los huesos?", "what"),
        ("mi hueso... me duele mucho la espalda", "symptoms"),
        ("I lie awake all night because I am terrified", "fear"),
    ],
)
def test_a_question_leads_to_the_part_that_answers_it_or_offers_it(understanding: Book, asked: str, place: str) -> None:
    assert understanding.meaning is not None
    understood = understanding.meaning.ask(asked)
    assert f"breast-cancer-metastasis/{place}" in understood.places


def test_what_is_served_says_what_it_is(understanding: Book) -> None:
    dialogue = Dialogue(understanding, known=Known(Session(language="en", told=("hello", "en"))))
    said = dialogue.says("does it go to the bones")
    assert said[0] == "This part may answer your question."
    assert said[1].startswith("What metastasis is (2 texts)")


def test_what_is_far_from_everything_is_told_so_with_the_menu_and_a_person(understanding: Book) -> None:
    dialogue = Dialogue(understanding, known=Known(Session(language="en", told=("hello", "en"))))
    (said,) = dialogue.says("what time does the bank open today")
    assert dialogue.outcomes == ["off topic"]
    assert "we can only tell about what is in this list" in said
    assert "1 What metastasis is" in said
    assert "PERSON" in said


def test_keywords_come_before_meaning(understanding: Book) -> None:
    dialogue = Dialogue(understanding, known=Known(Session(language="en", told=("hello", "en"))))
    assert dialogue.says("where do I find the sources")[-1].startswith("Sources and dates")


def test_without_vectors_the_service_answers_all_the_same(book: Book, tmp_path: Path) -> None:
    assert book.meaning is None
    assert load_vectors(list(read_samples(ROOT / "content")), tmp_path, "meaning") is None
    dialogue = Dialogue(book, known=Known(Session(language="en", told=("hello", "en"))))
    assert "did not understand" in dialogue.says("does it go to the bones")[-1]


def test_every_language_has_samples_of_every_section_and_of_none(book: Book) -> None:
    folder = ROOT / "content/samples/breast-cancer-metastasis"
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(book.languages)
    places = {sample.place for sample in read_samples(ROOT / "content")}
    assert places == {*book.sections, "off_topic"}


def test_the_questions_of_the_bench_are_kept_apart_from_the_samples() -> None:
    from bench.understanding import questions

    samples = {sample.phrase.casefold() for sample in read_samples(ROOT / "content")}
    asked = list(questions())
    assert min(sum(one.language == code for one in asked) for code in {one.language for one in asked}) >= 20
    assert [one.words for one in asked if one.words.casefold() in samples] == []
