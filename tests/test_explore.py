"""The explorer reaches everything, proves what must hold, and finds what was planted."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner

from service.book import Book, load_book
from service.book.helplines import Helplines
from service.book.languages import Languages, catalogue_path
from service.cli import main
from service.conversation import Channel, Known, Person, Session, Target
from service.engine import SCREENS
from service.explore import Report, Violation, explore
from service.explore.picture import draw
from service.explore.watched import LOOKS, Notes, State, changes, watched
from service.flows.people import thanks
from service.flows.scene import Scene, Screen
from service.settings import ROOT
from tests.dialogue import Dialogue
from tests.library import RIGHT_TO_LEFT, is_translated, write_pseudo

LISTENING = {
    "suicide": "i want to die tonight",
    "emergency": "she cannot breathe now",
    "half": "what is the point of it all",
    "leaving": "send me nothing ever again please",
    "doubt": "not for me perhaps",
    "loss": "my mother died last night",
}
"""One wording of each sense, so that these tests depend on no language's lists."""

HELP_ITSELF = "%(program)s is an automatic health service. Nobody reads your texts."
MISSED = "We are sorry, we did not understand that."


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Book]:
    """A book of one section, in English and from right to left; ``plant(msgid=msgstr)`` changes its translation."""

    def planted(sections: int = 1, **changed: str) -> Book:
        folder = tmp_path_factory.mktemp("planted")
        write_pseudo(folder / "locales", ROOT / "content")
        path = catalogue_path(folder / "locales", RIGHT_TO_LEFT)
        catalogue = polib.pofile(str(path))
        for msgid, msgstr in changed.items():
            catalogue.find(msgid).msgstr = msgstr
        catalogue.save()
        book = load_book(ROOT / "content", folder / "locales", folder / "compiled", only=["en", RIGHT_TO_LEFT])
        return _small(book, sections)

    return planted


def _small(book: Book, sections: int) -> Book:
    """The same book with fewer places to be in, the numbers of one country, and words of every sense."""
    listening = {sense: {"patterns": (said,), "samples": (said,)} for sense, said in LISTENING.items()}
    english = replace(book.languages["en"], safety=listening)
    articles = tuple(replace(each, sections=each.sections[:sections]) for each in book.articles)
    numbers = Helplines({"US": book.helplines.by_country["US"]})
    languages = Languages([english, book.languages[RIGHT_TO_LEFT]])
    return replace(book, languages=languages, articles=articles, helplines=numbers)


def _explored(book: Book, code: str, channel: Channel = Channel.SMS, deepest: int = 99) -> Report:
    return explore(book, [code], [channel], jobs=1, judges=[is_translated], deepest=deepest)


def _found(book: Book) -> list[Violation]:
    """What does not hold within two texts, from right to left."""
    return _explored(book, RIGHT_TO_LEFT, deepest=2).violations


@pytest.mark.parametrize(
    ("code", "channel", "deepest"), [("en", Channel.SMS, 99), (RIGHT_TO_LEFT, Channel.WHATSAPP, 5)]
)
def test_every_state_is_reached_and_all_that_must_hold_does(
    plant: Callable[..., Book], code: str, channel: Channel, deepest: int
) -> None:
    report = _explored(plant(), code, channel, deepest)
    assert report.violations == []
    assert report.states > 1_000
    assert report.transitions > 20 * report.states
    assert report.decisions < report.transitions / 2
    assert 2 <= report.farthest <= 4
    shown = {outcome for _, _, outcome in report.steps}
    assert shown >= {"danger", "still in danger", "asked gently", "calm", "stopped", "started", "kept", "forgotten"}
    assert shown >= {"page", "contents", "end", "languages", "suggested", "off topic", "slower"}


def test_a_screen_whose_menu_is_broken_is_found_with_the_way_there(
    plant: Callable[..., Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCREENS, "home", Screen("home", thanks))
    found = [each for each in _explored(plant(), "en", deepest=2).violations if each.rule.startswith("MENU")]
    assert [each.found for each in found] == ["'thanked', and not contents or home"]
    assert found[0].way == ("MENU",)


def test_a_screen_that_nothing_leads_out_of_is_found(
    plant: Callable[..., Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("home", "contents", "reading", "page", "hello", "languages", "language"):
        monkeypatch.setitem(SCREENS, name, Screen(name, thanks))
    found = [each for each in _explored(plant(), "en", deepest=3).violations if each.rule == "no dead end"]
    assert found


def test_a_stop_that_ends_nothing_is_found(plant: Callable[..., Book], monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(scene: Scene, about: str) -> object:
        return stop.show(scene, about)._replace(effects=())

    stop = SCREENS["stop"]
    monkeypatch.setitem(SCREENS, "stop", replace(stop, show=forgetful))
    found = {(each.rule.partition(" leads")[0], each.found) for each in _explored(plant(), "en", deepest=2).violations}
    assert {("STOP", "no OptOut"), ("words of leaving", "no OptOut")} <= found


def test_a_prompt_that_nobody_translated_is_found(plant: Callable[..., Book]) -> None:
    (found,) = [each for each in _found(plant(**{MISSED: ""})) if "Untrans" in each.found]
    assert found.rule == "every turn has an answer"
    assert MISSED in found.found
    assert found.way


def test_a_prompt_that_is_english_still_is_found(plant: Callable[..., Book]) -> None:
    found = _found(plant(**{MISSED: MISSED}))
    assert {each.rule for each in found} == {"every word is translated"}
    assert all("not translated: are" in each.found for each in found)


def test_a_message_that_is_too_long_is_found(plant: Callable[..., Book]) -> None:
    found = _found(plant(**{HELP_ITSELF: "%(program)s " + "א" * 400}))
    assert {each.rule for each in found} == {"no message is over its limits"}
    assert any("segments (help)" in each.found for each in found)


def test_a_language_that_listens_for_nothing_is_found(plant: Callable[..., Book]) -> None:
    book = plant()
    deaf = replace(book.languages["en"], safety={})
    book = replace(book, languages=Languages([deaf, book.languages[RIGHT_TO_LEFT]]))
    found = [each.found for each in _explored(book, "en", deepest=1).violations]
    assert [each for each in found if "words of suicide" in each]


def test_a_decision_notes_what_it_looks_at_and_what_it_changes(plant: Callable[..., Book]) -> None:
    notes = Notes()
    book = plant()
    state = State(language="en", screen="reading", placed=True, section=next(iter(book.sections)), paragraph=1)
    session, person = watched(book, state, 1_800_000_000, notes)
    assert notes.looked == {}
    assert session.place is not None
    assert session.place.paragraph == 1
    assert not person.left
    assert [State._fields[index] for index in notes.looked] == ["placed", "paragraph", "left"]
    after = session._replace(choices=(Target("home"),), misses=7)
    assert changes(after, (), 3) == {
        State._fields.index("choices"): (Target("home"),),
        State._fields.index("misses"): 3,
    }
    assert len(notes.looked) == 3
    assert "misses" not in State._fields[LOOKS]


def test_the_map_names_every_outcome(plant: Callable[..., Book]) -> None:
    report = _explored(plant(), "en", deepest=3)
    picture = draw(report.steps)
    for outcome in ("danger", "page", "suggested", "asked to forget", "only words"):
        assert f">{outcome}" in picture


def test_the_command_tells_what_does_not_hold(tmp_path: Path) -> None:
    refused = CliRunner().invoke(main, ["explore", "--language", "tlh"])
    assert refused.exit_code == 1
    assert "there is no language 'tlh'" in refused.output


def test_the_known_senses_are_those_that_are_listened_for() -> None:
    listened = tomllib.loads((ROOT / "locales/en/safety.toml").read_text("utf-8"))
    assert set(LISTENING) <= set(listened)


def test_despair_after_words_of_danger_is_answered_also_after_leaving(plant: Callable[..., Book]) -> None:
    dialogue = Dialogue(plant(), known=Known(Session(language="en"), Person(left=5)))
    assert dialogue.says(LISTENING["suicide"])
    assert dialogue.says(LISTENING["half"])
