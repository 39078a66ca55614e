"""Calls, as one can read them, and what a caller would notice besides."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.app import create_app
from service.book import Book
from service.conversation import Call, Channel, Event, Kind, Known, Session
from service.engine import take_turn
from service.settings import ROOT, Settings
from tests.conftest import TOKEN
from tests.conversation_by_phone import replay
from tests.dialogue import transcripts
from tests.faults import Fault, failing
from tests.sentences import sentences
from tests.telephone import Telephone, validate
from tests.texter import Texter, sign

FOLDER = Path(__file__).parent / "calls"

PATIENCE = 2.0
"""Seconds within which a caller is answered, whatever Redis does."""

Somebody = Callable[..., Telephone]


@pytest.fixture
def caller(client: FlaskClient, texter: Callable[..., Texter]) -> Somebody:
    """Somebody new with a telephone."""
    return lambda number=None: Telephone(client, TOKEN, number if number is not None else texter().number)


@pytest.mark.parametrize("path", transcripts(FOLDER), ids=lambda path: path.stem)
def test_the_call_is_as_it_was_agreed(
    path: Path, client: FlaskClient, texter: Callable[..., Texter], request: pytest.FixtureRequest
) -> None:
    somebody = texter()
    recorded = path.read_text("utf-8")
    today = replay(Telephone(client, TOKEN, somebody.number), somebody, recorded)
    if request.config.getoption("--regenerate"):
        path.write_text(today, "utf-8")
    assert today == path.read_text("utf-8")


def test_a_stranger_hears_five_languages_in_their_own_voices_the_likeliest_first(caller: Somebody) -> None:
    heard = caller().calls()
    assert heard[0] == "en-US: This is Plainline, an automatic service."
    assert [line.partition(":")[0] for line in heard[1:]][:5] == ["en-US", "es-US", "cmn-CN", "fr-FR", "fil-PH"]
    assert heard[-1] == "en-US: For more choices, press pound."
    in_mexico = caller("+525512345678").calls()
    assert in_mexico[0].startswith("es-US: ")


def test_every_language_can_be_reached_by_keys(caller: Somebody, book: Book) -> None:
    reached: set[str] = set()
    for page in range(3):
        for key in "12345":
            telephone = caller()
            telephone.calls()
            for _ in range(page):
                telephone.presses("#")
            heard = telephone.presses(key)
            reached.add(heard[0].partition(":")[0].partition(" (")[0])
    assert {language.speaks or language.code for language in book.languages.values()} <= reached


def test_a_call_that_dropped_goes_on_where_it_was_part_by_part(caller: Somebody) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("1")
    telephone.presses("1")
    dropped = telephone.waits()
    telephone.hangs_up()
    again = telephone.calls()
    assert again[1].startswith("en-US: To go on where you stopped, press 1")
    assert not any("metastasis" in line.casefold() for line in again)
    assert telephone.presses("1") == dropped


def test_a_key_while_a_part_is_read_acts_at_once_and_silence_reads_on(caller: Somebody) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("1")
    telephone.presses("1")
    gather = validate(telephone.documents[-1])[0]
    assert (gather.attrib["numDigits"], gather.attrib["finishOnKey"], gather.attrib["timeout"]) == ("1", "", "1")
    first = telephone.heard
    assert telephone.waits() != first


def test_the_same_step_posted_twice_is_heard_twice_and_moves_nothing(caller: Somebody) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("1")
    action = telephone.action
    first = telephone.posts(action, Digits="1")
    again = telephone.posts(action, Digits="1")
    late = telephone.posts(action, Digits="2")
    assert first.get_data() == again.get_data() == late.get_data()


def test_a_withheld_number_is_led_through_the_whole_call(caller: Somebody) -> None:
    for number in ("anonymous", "", "+266696687", "Restricted"):
        telephone = caller(number)
        telephone.calls()
        telephone.presses("1")
        assert "Symptoms. About" in telephone.presses("3")[1]
        assert telephone.waits()[-2].startswith("en-US: For the next part")


@pytest.mark.parametrize("number", ["sip:anna@example.org", "+390612345678", "+12025550100", "client:anna", "12345"])
def test_an_odd_caller_is_served(caller: Somebody, number: str) -> None:
    telephone = caller(number)
    telephone.calls()
    assert telephone.presses("1")


@pytest.mark.parametrize("fault", [Fault.AWAY, Fault.FROZEN])
def test_a_call_goes_on_from_its_address_while_redis_is_away(
    settings: Settings, redis_url: str, book: Book, texter: Callable[..., Texter], tmp_path: Path, fault: Fault
) -> None:
    with failing(redis_url, tmp_path) as line:
        app = create_app(settings.model_copy(update={"redis_url": line.url}), book)
        telephone, untroubled = (Telephone(app.test_client(), TOKEN, texter().number) for _ in range(2))
        untroubled.calls()
        expected = [untroubled.presses(key) for key in "131"]
        telephone.calls()
        line.fails(fault)
        heard = []
        for key in "131":
            began = time.monotonic()
            heard.append(telephone.presses(key))
            assert time.monotonic() - began < PATIENCE
        assert heard == expected


def test_a_call_that_begins_without_redis_is_answered(
    settings: Settings, book: Book, texter: Callable[..., Texter]
) -> None:
    app = create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}), book)
    telephone = Telephone(app.test_client(), TOKEN, texter().number)
    assert telephone.calls()
    assert "Symptoms" in "".join(telephone.presses("1"))


def test_an_address_of_somebody_elses_call_is_worth_nothing(caller: Somebody) -> None:
    one, other = caller(), caller()
    one.calls()
    one.presses("1")
    other.calls()
    heard = other.posts(one.action, Digits="3").get_data(as_text=True)
    assert "Symptoms. About" not in heard


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
def test_a_call_that_ends_in_the_middle_of_anything_ends_cleanly(caller: Somebody, status: str) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("1")
    response = telephone.posts(telephone.action, CallStatus=status)
    assert response.status_code == 200
    assert len(validate(response.get_data())) == 0
    assert telephone.calls()


@pytest.mark.parametrize("confidence", [0.01, 0.99])
def test_words_of_danger_are_heard_whatever_the_recogniser_thinks_of_them(caller: Somebody, confidence: float) -> None:
    telephone = caller()
    telephone.calls()
    heard = telephone.says("i want to die", confidence)
    assert any("[988]" in line for line in heard)
    assert any("hang up and call [911]" in line for line in heard)
    assert not telephone.dialled


def test_no_helpline_that_is_called_is_an_emergency_number(caller: Somebody) -> None:
    for number in ("+12025550111", "+447400123456", "+61412345678", "+525512345678", "+50931234567", "+8613912345678"):
        telephone = caller(number)
        telephone.calls()
        telephone.presses("1")
        telephone.presses("0")
        assert len(telephone.dialled) > 8 or not telephone.dialled
        assert telephone.dialled not in {"911", "112", "999", "000", "988"}


def test_a_helpline_sees_our_number_and_not_the_callers(caller: Somebody) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("0")
    dial = validate(telephone.documents[-1])[-1]
    assert (dial.tag, dial.attrib["callerId"]) == ("Dial", "+15558675310")


@pytest.mark.parametrize(
    ("hour", "is_open"), [("2026-11-30T09:00", True), ("2026-11-30T20:00", False), ("2026-11-29T12:00", False)]
)
def test_a_line_that_is_closed_is_not_called_and_one_that_is_open_at_night_is_named(
    settings: Settings, book: Book, hour: str, is_open: bool
) -> None:
    now = datetime.fromisoformat(hour).replace(tzinfo=ZoneInfo("Europe/Brussels")).timestamp()
    app = create_app(settings, book, clock=lambda: now)
    telephone = Telephone(app.test_client(), TOKEN, "+32470123456")
    telephone.calls()
    heard = telephone.presses("0")
    assert bool(telephone.dialled) is is_open
    if not is_open:
        assert "Cancerinfo" in heard[0]
        assert not any("0800 15 801" in line for line in heard)
        assert any("[112]" in line for line in heard)


DANGERS = [each for each in sentences() if each.kind in {"suicide", "emergency", "leaving"} and not each.kept]


@pytest.mark.parametrize("language", sorted({each.language for each in DANGERS}))
def test_what_is_known_of_danger_and_leaving_is_heard_on_calls_too(book: Book, language: str) -> None:
    listening = replace(book, senses=None)
    for each in DANGERS:
        if each.language == language:
            session = Session(language=language, screen="contents", call=Call(began=1))
            event = Event("", Channel.VOICE, "c", Kind.WORDS, each.said, "US", step=3)
            turn = take_turn(listening, Known(session), event, 100)
            wanted = {"stopped", "paused"} if each.kind == "leaving" else {"danger", "asked gently"}
            assert turn.outcome in wanted, each.said


@pytest.fixture
def in_english(settings: Settings, book: Book, texter: Callable[..., Texter]) -> tuple[Telephone, list[float]]:
    """A call at the English menu, and the clock it goes by."""
    now = [1_800_000_000.0]
    app = create_app(settings, book, clock=lambda: now[0])
    telephone = Telephone(app.test_client(), TOKEN, texter().number)
    telephone.calls()
    telephone.presses("1")
    return telephone, now


def test_a_call_is_warned_and_ends_kindly_after_its_longest_time(
    in_english: tuple[Telephone, list[float]],
) -> None:
    telephone, now = in_english
    now[0] += 29.5 * 60
    assert "This call ends in one minute" in telephone.presses("1")[0]
    assert "ends in" not in telephone.presses("7")[0]
    now[0] += 60
    assert telephone.presses("1")[-1] == "(hangs up)"


def test_a_call_after_an_old_one_begins_with_all_its_time(
    in_english: tuple[Telephone, list[float]],
) -> None:
    telephone, now = in_english
    now[0] += 86_400
    telephone.calls()
    assert telephone.presses("3")


def test_whoever_is_in_danger_hears_the_numbers_first_and_last(
    in_english: tuple[Telephone, list[float]],
) -> None:
    telephone, now = in_english
    now[0] += 29.6 * 60
    assert telephone.says("i want to kill myself")[0].startswith("en-US: Please talk to someone now")
    now[0] += 60
    heard = telephone.waits()
    assert any("[988]" in line for line in heard)
    assert heard[-1] == "(hangs up)"


def test_what_was_texted_meanwhile_holds_on_the_call_and_after_it(
    client: FlaskClient, texter: Callable[..., Texter]
) -> None:
    reader = texter()
    reader.text("ENGLISH")
    telephone = Telephone(client, TOKEN, reader.number)
    telephone.calls()
    telephone.presses("1")
    reader.text("I want to kill myself")
    assert any("[988]" in line for line in telephone.waits())
    assert "988" in reader.text("nobody cares")[-1]
    reader.text("menu")
    reader.text("español")
    assert telephone.waits()[0].startswith("es-US: ")
    assert "parte" in reader.text("menu")[-1]


def test_numbers_that_were_told_can_be_heard_again(caller: Somebody) -> None:
    telephone = caller("+525512345678")
    telephone.calls()
    telephone.presses("1")
    part = telephone.presses("1")
    numbers = telephone.presses("0")
    assert any("[911]" in line for line in numbers)
    assert telephone.presses("7") == numbers
    assert any("[911]" in line for line in telephone.waits())
    assert telephone.presses("*")[-1] == part[-1]


def test_a_line_that_cannot_be_reached_is_named_so_that_they_can_call_it(caller: Somebody) -> None:
    telephone = caller("+447400123999")
    telephone.calls()
    telephone.presses("1")
    telephone.presses("0")
    if telephone.dialled:
        assert any("0808 808 00 00" in line for line in telephone.comes_back("failed"))


def test_a_stranger_is_asked_for_the_language_wherever_they_come_from(caller: Somebody) -> None:
    for keys in ("**", "#", "7"):
        telephone = caller()
        telephone.calls()
        for key in keys:
            heard = telephone.presses(key)
        assert len({line.partition(":")[0] for line in heard}) > 3, "several languages"
        assert not any("metastasis" in line for line in heard)
    telephone = caller()
    telephone.calls()
    telephone.presses("0")
    assert not any("metastasis" in line for line in telephone.comes_back("busy"))


@pytest.mark.parametrize(
    ("said", "title"), [("three", "Symptoms"), ("option 3", "Symptoms"), ("press five", "Sources")]
)
def test_keys_can_be_said_aloud(caller: Somebody, said: str, title: str) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("1")
    assert any(f"{title}" in line and "About" in line for line in telephone.says(said))


def test_a_bare_word_for_stopping_is_asked_about_on_a_call_and_a_whole_sentence_is_done(caller: Somebody) -> None:
    telephone = caller()
    telephone.calls()
    telephone.presses("1")
    assert "Do you want to end all texts?" in telephone.says("cancel")[0]
    assert "Your texts are on again" in telephone.presses("2")[0]
    assert "sends you no more texts" in telephone.says("please stop texting me")[0]


def test_a_withheld_number_is_promised_nothing_that_cannot_be_kept(caller: Somebody) -> None:
    for said in ("stop", "forget me", "please stop texting me"):
        telephone = caller("anonymous")
        telephone.calls()
        telephone.presses("1")
        assert (
            telephone.says(said)[0] == "en-US: You call without a number. We keep nothing about you, and send nothing."
        )


def test_who_calls_first_and_then_texts_is_told_what_texts_are(
    client: FlaskClient, texter: Callable[..., Texter]
) -> None:
    reader = texter()
    telephone = Telephone(client, TOKEN, reader.number)
    telephone.calls()
    telephone.presses("1")
    telephone.presses("3")
    assert "nobody reads your texts" in reader.text("symptoms")[0]


def test_a_language_without_a_voice_is_told_of_to_whoever_knows_it(settings: Settings) -> None:
    client = create_app(settings).test_client()  # in production, without a person's recordings
    Texter(client, TOKEN, "+12025559911").text("Kreyòl")
    telephone = Telephone(client, TOKEN, "+12025559911")
    heard = telephone.calls()
    assert any("Haitian Creole is by text message only" in line for line in heard)
    assert any("press zero" in line for line in heard)
    telephone.presses("9")
    assert Texter(client, TOKEN, "+12025559911").text("menu")[-1].startswith("Ki pati")
    telephone = Telephone(client, TOKEN, "+12025559912")
    telephone.calls()
    assert any("Haitian Creole is by text message only" in line for line in telephone.says("Kreyòl"))


def test_a_recording_is_served_whole_and_in_ranges_and_may_be_kept(client: FlaskClient) -> None:
    about = json.loads((ROOT / "content/audio/ht/manifest.json").read_text("utf-8"))[0]
    path = f"/audio/ht/{about['file']}"
    whole = client.get(path, buffered=True)
    assert (whole.status_code, whole.mimetype) == (200, "audio/mpeg")
    assert "max-age=31536000" in whole.headers["Cache-Control"]
    part = client.get(path, headers={"Range": "bytes=10-19"}, buffered=True)
    assert part.status_code == 206
    assert part.get_data() == whole.get_data()[10:20]
    unchanged = client.get(path, headers={"If-None-Match": whole.headers["ETag"]}, buffered=True)
    assert unchanged.status_code == 304
    for outside in ("/audio/ht/nothing.mp3", "/audio/../helplines.mp3", "/audio/ht/%2e%2e%2fmanifest.mp3"):
        assert client.get(outside).status_code == 404


def test_a_machines_voice_is_not_heard_in_production_unless_the_operator_says_so(
    settings: Settings,
) -> None:
    telephone = Telephone(create_app(settings).test_client(), TOKEN, "+50937001234")
    heard = telephone.calls()
    assert not any("recorded" in line for line in heard)
    assert any(line.startswith("fr-FR: ") and "haïtien" in line and "message" in line for line in heard)
    allowed = settings.model_copy(update={"synthetic_recordings": True})
    loud = Telephone(create_app(allowed).test_client(), TOKEN, "+50937001235")
    assert any("(recorded)" in line for line in loud.calls())


presses = st.one_of(
    st.sampled_from(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "", "11", "ABCD", "²", "\x00"]),
    st.text(max_size=8),
)
posts = st.fixed_dictionaries(
    {},
    optional={
        "Digits": presses,
        "SpeechResult": st.text(max_size=40),
        "Confidence": st.text(max_size=5),
        "DialCallStatus": st.sampled_from(["completed", "busy", "nonsense", ""]),
        "CallStatus": st.sampled_from(["in-progress", "completed", "nonsense", ""]),
        "From": st.text(max_size=20),
        "CallSid": st.text(max_size=70),
    },
)


@given(st.lists(posts, min_size=1, max_size=6))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_is_posted_is_answered_with_twiml(client: FlaskClient, arriving: list[dict[str, str]]) -> None:
    path = "/voice"
    for form in arriving:
        named = {"CallSid": "CAodd", "From": "+12025550142"} | form
        named = {name: value.encode("utf-8", "replace").decode() for name, value in named.items()}
        response = client.post(path, data=named, headers=sign(named, TOKEN, path))
        assert response.status_code == 200
        root = validate(response.get_data())
        action = next((verb.attrib["action"] for verb in root if "action" in verb.attrib), "")
        parts = urlsplit(action)
        path = f"{parts.path}?{parts.query}" if action else "/voice"
