"""Catalogues: what is missing or fuzzy is never served, and nothing else is held up by it."""

from __future__ import annotations

import shutil
from pathlib import Path

import polib
import pytest

from service.book import Book, load_book
from service.book.languages import LanguagesError, UntranslatedError, catalogue_path, load_languages
from service.check import everything
from service.conversation import Known, Session, Text, text, text_n
from service.messages import update
from service.settings import ROOT
from tests.dialogue import Dialogue
from tests.test_check import Elsewhere

OLD = "Many people have no clear signs that the cancer has spread."
NEW = "Very many people have no clear signs that the cancer has spread."
SYMPTOMS = "breast-cancer-metastasis/symptoms"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the content and the catalogues, to be changed."""
    for name in ("content", "locales"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.mo"))
    return tmp_path


def _load(project: Path) -> Book:
    return load_book(project / "content", project / "locales", project / "compiled")


def _change_english(project: Path) -> None:
    path = project / "content/breast-cancer-metastasis.md"
    path.write_text(path.read_text("utf-8").replace(OLD, NEW), "utf-8")
    update(ROOT / "service", project / "content", project / "locales")


def test_a_stale_translation_is_withheld_and_the_original_offered(project: Path) -> None:
    _change_english(project)
    dialogue = Dialogue(_load(project))
    (withheld,) = dialogue.says("español")[-1:]
    withheld = dialogue.says("SINTOMAS")[-1]
    assert dialogue.outcomes[-1] == "withheld"
    assert "English" in withheld
    assert "Muchas personas" not in withheld
    assert NEW in dialogue.says("1")[-1]
    assert dialogue.known.session.language == "en"


def test_one_changed_paragraph_withholds_its_section_in_all_eleven_translations(project: Path) -> None:
    _change_english(project)
    book = _load(project)
    withheld = 0
    for language in book.languages.values():
        dialogue = Dialogue(book, known=Known(Session(language=language.code)))
        dialogue.says("SYMPTOMS")
        withheld += dialogue.outcomes == ["withheld"]
        dialogue.says("RISKS")
        assert dialogue.outcomes[-1] == "page", language.code
    assert withheld == 11
    settings = Elsewhere(folder=project, data_dir=project / "data")
    told = [one for one in everything(settings) if NEW[:30] in one.problem]
    assert len(told) == 11
    assert all(one.line and "fuzzy" in one.problem for one in told)


def test_all_else_goes_on_when_one_paragraph_is_stale(project: Path) -> None:
    _change_english(project)
    dialogue = Dialogue(_load(project))
    assert dialogue.says("RIESGOS")[-1].startswith("Como evaluan")
    assert NEW in Dialogue(_load(project)).says("SYMPTOMS")[-1]


def test_a_stale_translation_is_kept_for_the_translator_marked_fuzzy(project: Path) -> None:
    _change_english(project)
    entries = polib.pofile(str(catalogue_path(project / "locales", "es")))
    (stale,) = [entry for entry in entries if entry.msgid.startswith(NEW)]
    assert stale.fuzzy
    assert stale.msgstr.startswith("Muchas personas")


def test_a_section_whose_title_is_missing_is_left_out_of_the_menu(project: Path) -> None:
    path = catalogue_path(project / "locales", "es")
    catalogue = polib.pofile(str(path))
    catalogue.find("Symptoms", msgctxt=SYMPTOMS).msgstr = ""
    catalogue.save()
    menu = Dialogue(_load(project)).says("hola")[-1]
    assert "Sintomas" not in menu
    assert "Symptoms" not in menu
    assert "4 Fuentes y fechas" in menu


def test_looking_up_what_is_missing_is_an_error_and_never_english(book: Book) -> None:
    with pytest.raises(UntranslatedError):
        book.languages["es"].say(Text("Nobody has translated this"))
    assert book.languages["en"].say(Text("Nobody has translated this")) == "Nobody has translated this"


def test_plural_forms_and_values_are_filled_in(book: Book) -> None:
    opening = text_n("%(title)s (1 text)", "%(title)s (%(count)s texts)", 2, title=Text("Symptoms", SYMPTOMS))
    assert book.languages["es"].say(opening) == "Síntomas (2 mensajes)"
    assert book.languages["en"].say(text("50 % of %(x)s {y} %(z)s", x="a%b")) == "50 % of a%b {y} %(z)s"


def test_dates_are_written_as_each_language_writes_them(book: Book) -> None:
    spanish, english = (Dialogue(book).says(word)[-1] for word in ("FUENTES", "SOURCES"))
    assert "27 de julio de 2012" in spanish
    assert "July 27, 2012" in english


def test_updating_twice_changes_nothing(project: Path) -> None:
    update(ROOT / "service", project / "content", project / "locales")
    assert update(ROOT / "service", project / "content", project / "locales") == []


def test_the_template_holds_no_dates_and_no_line_numbers() -> None:
    pot = (ROOT / "locales/messages.pot").read_text("utf-8")
    assert "Date" not in pot.split("msgctxt")[0]
    assert "\n#:" not in pot


def test_a_catalogue_that_cannot_be_read_is_named(project: Path) -> None:
    path = catalogue_path(project / "locales", "es")
    path.write_text(path.read_text("utf-8") + '\nmsgid "broken\n')
    with pytest.raises(LanguagesError, match=r"es/LC_MESSAGES/messages\.po"):
        _load(project)


def test_a_language_without_a_catalogue_says_what_to_do(project: Path) -> None:
    shutil.rmtree(project / "locales/es")
    with pytest.raises(LanguagesError, match="make messages"):
        _load(project)


def test_a_broken_list_of_languages_is_named(project: Path) -> None:
    (project / "locales/languages.toml").write_text("[en]\nname = 'English'\n")
    with pytest.raises(LanguagesError, match=r"languages\.toml: \[en\] needs"):
        load_languages(project / "locales", project / "compiled")
