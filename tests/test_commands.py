"""The commands for whoever writes, translates and reviews."""

from __future__ import annotations

import shutil
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner, Result

from service import cli
from service.app import create_book
from service.book import load_book
from service.book.glossary import load_glossary
from service.book.languages import catalogue_path
from service.conversation import Known, Session
from service.settings import ROOT
from tests.dialogue import Dialogue
from tests.test_check import Elsewhere


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project that the commands work on."""
    for name in ("content", "locales"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.setattr(cli, "read_settings", lambda: Elsewhere(folder=tmp_path, data_dir=tmp_path / "data"))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments, catch_exceptions=False)


def _revision(project: Path, code: str) -> str:
    return load_book(project / "content", project / "locales", project / "data/built").languages[code].revision


def test_a_review_is_recorded_and_ends_when_a_word_changes(project: Path) -> None:
    revision = _revision(project, "es")
    assert run("review", "es", "--by", "Dr. Ana Ruiz", "--revision", revision).exit_code == 0
    book = load_book(project / "content", project / "locales", project / "data/built")
    assert book.languages["es"].review.by == "Dr. Ana Ruiz"
    assert book.languages["es"].revision == revision
    reader = Dialogue(book, known=Known(Session(language="es", told=("hello",))))
    assert len(reader.says("SINTOMAS")) == 1

    path = catalogue_path(project / "locales", "es")
    path.write_text(path.read_text("utf-8").replace("Muchas personas", "Algunas personas"), "utf-8")
    changed = load_book(project / "content", project / "locales", project / "data/built")
    assert not changed.languages["es"].review
    reader = Dialogue(changed, known=Known(Session(language="es", told=("hello",))))
    assert "Ningun profesional" in reader.says("SINTOMAS")[0]


def test_production_serves_the_languages_that_were_reviewed_and_no_other(project: Path) -> None:
    run("review", "ko", "--by", "Dr. K", "--revision", _revision(project, "ko"))
    production = {"twilio_auth_token": ("token",), "secret_key": "x" * 40, "public_url": "https://plainline.example"}
    book = create_book(Elsewhere(folder=project, data_dir=project / "data", **production))
    assert list(book.languages) == ["ko"]
    reader = Dialogue(book)
    assert reader.says("증상")[-1].startswith("증상")
    assert reader.known.session.language == "ko"


def test_bringing_catalogues_up_to_date_keeps_their_reviews(project: Path) -> None:
    revision = _revision(project, "fr")
    run("review", "fr", "--by", "Dr. M", "--revision", revision)
    safety = load_book(project / "content", project / "locales", project / "data/built").languages["fr"].safety_revision
    run("review", "fr", "--by", "Dr. N", "--revision", safety, "--safety")
    run("messages")
    book = load_book(project / "content", project / "locales", project / "data/built")
    assert book.languages["fr"].review.by == "Dr. M"
    assert book.languages["fr"].safety_review.by == "Dr. N"


def test_a_revision_that_is_no_longer_served_cannot_be_reviewed(project: Path) -> None:
    refused = run("review", "ko", "--by", "Dr. K", "--revision", "00000000")
    assert refused.exit_code == 1
    assert _revision(project, "ko") in refused.output


def test_a_section_that_is_renamed_takes_its_translations_along(project: Path) -> None:
    article = project / "content/breast-cancer-metastasis.md"
    article.write_text(article.read_text("utf-8").replace("{#symptoms}", "{#signs}"), "utf-8")
    renamed = run("rename", "breast-cancer-metastasis/symptoms", "breast-cancer-metastasis/signs")
    assert renamed.exit_code == 0, renamed.output
    run("messages")
    book = load_book(project / "content", project / "locales", project / "data/built")
    for code in book.languages:
        entries = polib.pofile(str(catalogue_path(project / "locales", code)))
        assert not entries.fuzzy_entries(), code
        dialogue = Dialogue(book, known=Known(Session(language=code)))
        dialogue.says("SYMPTOMS")
        assert dialogue.outcomes == ["page"], code


def test_renaming_what_nobody_knows_says_how_it_is_written(project: Path) -> None:
    refused = run("rename", "symptoms", "signs")
    assert refused.exit_code == 1
    assert "article/section" in refused.output


def test_the_cost_of_every_section_is_shown_with_what_forces_ucs_2(project: Path) -> None:
    shown = run("cost", "--price", "0.01").output
    assert shown.count("UCS-2") >= 30
    line = next(line for line in shown.splitlines() if line.startswith("en ") and "symptoms" in line)
    assert line.split()[3:8] == ["537", "2", "4", "4", "0.040"]
    assert all(
        line.startswith(("language", "vi")) for line in run("cost", "--language", "vi").output.splitlines() if line
    )


def test_the_glossary_fixes_every_term_and_address_in_every_language(project: Path) -> None:
    terms = load_glossary(project / "locales")
    book = load_book(project / "content", project / "locales", project / "data/built")
    assert len(terms) >= 25
    assert all(set(term.forms) == set(book.languages) - {"en"} for term in terms)


def test_a_translation_that_does_not_use_its_term_is_told(project: Path) -> None:
    path = catalogue_path(project / "locales", "es")
    path.write_text(path.read_text("utf-8").replace("receptores hormonales", "cosas de las hormonas"), "utf-8")
    told = run("check")
    assert told.exit_code == 1
    assert "'hormone receptor' is" in told.output
    assert "es/LC_MESSAGES/messages.po" in told.output
