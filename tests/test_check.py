"""``plainline check``: each thing that can be wrong is named with its file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polib
import pytest

from service.check import Finding, Level, everything
from service.settings import ROOT, Settings

Change = Callable[[Path], None]


class Elsewhere(Settings):
    """Settings for a copy of the project."""

    folder: Path = ROOT

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def locales(self) -> Path:
        return self.folder / "locales"


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., list[Finding]]:
    """Everything that is found after ``change`` in a copy of the project."""
    for name in ("content", "locales"):
        shutil.copytree(ROOT / name, tmp_path / name)

    def found(change: Change, **kwargs: object) -> list[Finding]:
        change(tmp_path)
        return everything(Elsewhere(folder=tmp_path, data_dir=tmp_path / "data", **kwargs))

    return found


def test_what_is_shipped_has_neither_errors_nor_gaps(tmp_path: Path) -> None:
    findings = everything(Settings(data_dir=tmp_path))
    assert [finding for finding in findings if finding.level is not Level.NOTE] == []


def _article(old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        path = folder / "content/breast-cancer-metastasis.md"
        source = path.read_text("utf-8")
        assert old in source
        path.write_text(source.replace(old, new), "utf-8")

    return change


def _spanish(msgid: str, msgstr: str, context: str | bool = False, *, fuzzy: bool = False) -> Change:
    def change(folder: Path) -> None:
        path = folder / "locales/es/LC_MESSAGES/messages.po"
        catalogue = polib.pofile(str(path), wrapwidth=100)
        entry = catalogue.find(msgid, msgctxt=context)
        entry.msgstr = msgstr or entry.msgstr
        entry.flags += ["fuzzy"] if fuzzy else []
        catalogue.save()

    return change


PARAGRAPH = "If something worries you, you can ask your care team about it."
HARD = (
    "It is to be ascertained whether metastatic dissemination necessitates interdisciplinary reconsideration of "
    "therapeutic alternatives notwithstanding multidisciplinary recommendations about symptomatology, polytherapy, "
    "radiosensitivity and psychosocial counterindications substantially complicating individualised considerations."
)
IN_SYMPTOMS = "breast-cancer-metastasis/symptoms"
READ_ON = "Text %(more)s to read on, %(menu)s for all parts."


@pytest.mark.parametrize(("change", "level", "file", "told"), [
    (_article("## Symptoms {#symptoms}", "## Symptoms"), Level.ERROR, "breast-cancer-metastasis.md", "slug behind"),
    (_article(PARAGRAPH, HARD), Level.GAP, "breast-cancer-metastasis.md", "school grade"),
    (_article(PARAGRAPH, "A word. " * 60), Level.GAP, "breast-cancer-metastasis.md", "too long to be heard"),
    (_article(PARAGRAPH, "Something new."), Level.GAP, "messages.pot", "not up to date"),
    (_spanish(PARAGRAPH, "", IN_SYMPTOMS, fuzzy=True), Level.GAP, "es/LC_MESSAGES/messages.po", "fuzzy"),
    (_spanish(READ_ON, "%(more)s: seguir."), Level.GAP, "es/LC_MESSAGES/messages.po", "placeholder %(menu)s lost"),
    (_spanish(READ_ON, "%(more)s, %(menu)s, %(mas)s"), Level.GAP, "es/LC_MESSAGES/messages.po", "made up"),
    (_spanish(READ_ON, "%(more)s, %(menu)s " + "x" * 90), Level.GAP, "es/LC_MESSAGES/messages.po", "characters, more"),
    (_spanish(READ_ON, "%(more)s, %(menu)s asi\u0301"), Level.GAP, "es/LC_MESSAGES/messages.po", "not NFC"),
    (_spanish(READ_ON, "%(more)s\u200f, %(menu)s"), Level.GAP, "es/LC_MESSAGES/messages.po", "invisible"),
    (_spanish("BACK", "ATRÁS|MENÚ", "keyword"), Level.ERROR, "es/LC_MESSAGES/messages.po", "'menu' means both"),
    (_spanish("BACK", "END", "keyword"), Level.ERROR, "es/LC_MESSAGES/messages.po", "carrier keeps 'end'"),
    (_spanish("STOP", "ALTO", "keyword"), Level.ERROR, "es/LC_MESSAGES/messages.po", "STOP is missing"),
    (_spanish("BACK", "ATRÁS|!!", "keyword"), Level.ERROR, "es/LC_MESSAGES/messages.po", "no letter"),
    (_spanish("MORE", "", "keyword", fuzzy=True), Level.ERROR, "es/LC_MESSAGES/messages.po", "no word leads to MORE"),
    (_spanish(READ_ON, "", fuzzy=True), Level.ERROR, "es/LC_MESSAGES/messages.po", "not translated"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_file_and_line(
    check: Callable[..., list[Finding]], change: Change, level: Level, file: str, told: str
) -> None:
    found = [one for one in check(change) if told in one.problem]
    assert found, told
    assert found[0].level is level
    assert str(found[0].path).endswith(file)
    assert found[0].line > 0 or file.endswith(".pot")


def test_a_name_that_tells_of_the_disease_is_refused(check: Callable[..., list[Finding]]) -> None:
    found = check(lambda _: None, program="Cancer Line")
    assert [one.problem for one in found if one.level is Level.ERROR and "shared phone" in one.problem]


def test_helplines_that_nobody_called_or_that_are_old_are_noted(check: Callable[..., list[Finding]]) -> None:
    def age(folder: Path) -> None:
        path = folder / "content/helplines.toml"
        path.write_text(path.read_text("utf-8").replace("2026-11-23", "2020-01-01"), "utf-8")

    told = " ".join(one.problem for one in check(age))
    assert "nobody has called" in told
    assert "was read on 2020-01-01" in told


def test_a_helpline_without_the_page_it_was_read_in_is_refused(check: Callable[..., list[Finding]]) -> None:
    def forget(folder: Path) -> None:
        path = folder / "content/helplines.toml"
        path.write_text(path.read_text("utf-8").replace("page =", "seen ="), "utf-8")

    (refused,) = check(forget)
    assert refused.level is Level.ERROR
    assert "the page where it was read" in refused.problem


def _templates(written: str) -> Change:
    def change(folder: Path) -> None:
        (folder / "content/templates.toml").write_text(written)

    return change


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('[reminder]\nen = "HX123"\n', "is no ContentSid"),
        (f'[birthday]\nen = "HX{"0" * 32}"\n', "[birthday] en is nothing that is sent"),
        (f'[reminder]\nxx = "HX{"0" * 32}"\n', "[reminder] xx is nothing that is sent"),
        ("[reminder\n", "templates.toml"),
    ],
)
def test_a_template_that_could_not_be_sent_is_named(
    check: Callable[..., list[Finding]], written: str, problem: str
) -> None:
    errors = [finding for finding in check(_templates(written)) if finding.level is Level.ERROR]
    assert [problem in finding.problem for finding in errors] == [True]


def test_a_translation_may_write_a_spelled_number_in_digits_and_no_other(
    check: Callable[..., list[Finding]],
) -> None:
    sentence = "There is nothing to stop: within two minutes a text can be stopped, then no more."
    right = _spanish(sentence, "No hay nada que detener: solo en los primeros 2 minutos.")
    assert not [each for each in check(right) if "a number was changed" in each.problem]


def test_a_translation_that_changes_a_spelled_number_is_named(check: Callable[..., list[Finding]]) -> None:
    sentence = "There is nothing to stop: within two minutes a text can be stopped, then no more."
    wrong = _spanish(sentence, "No hay nada que detener: solo en los primeros 5 minutos.")
    assert [each for each in check(wrong) if "a number was changed" in each.problem]
