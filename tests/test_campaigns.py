"""Campaigns and the operator's desk: whom they reach, what is refused, and that they can be stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from service import cli, group_commands
from service.book import Book
from service.campaigns import Stage
from service.channels.twilio import Contacts
from service.outreach.sending import Sending
from service.seal import Seal
from service.settings import Settings
from service.store import Register, State
from tests.conftest import TOKEN
from tests.crowd import memory, subscribe, subscribers
from tests.outgoing import send_all, texts
from tests.test_groups import NOON
from tests.texter import Texter
from tests.twilio_double import Twilio


@pytest.fixture
def now() -> list[float]:
    return [NOON]


@pytest.fixture
def register(there: Settings) -> Iterator[Register]:
    made = Register(there.redis_url)
    yield made
    made.close()


Run = Callable[..., Result]


@pytest.fixture
def run(there: Settings, texting: Book, now: list[float], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The operator's command line, on the tests' own clock."""
    settings = there.model_copy(update={"operator_phone": "+12125550999"})
    monkeypatch.setattr(group_commands, "read_settings", lambda: settings)
    monkeypatch.setattr(group_commands, "create_book", lambda _: texting)
    monkeypatch.setattr("service.app.create_book", lambda _: texting)
    monkeypatch.setattr("time.time", lambda: now[0])

    def command(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(cli.main, arguments, input=typed, catch_exceptions=False)

    return command


LEADERS = ("+12125558001", "+12125558002")


@pytest.fixture
def hope(run: Run) -> list[str]:
    """A group that the operator made; the PINs of its leaders."""
    made = run(
        "group", "add", "hope", "--name", "Hope Circle", "--language", "en", "--meets", "FREQ=WEEKLY;BYDAY=TU",
        "--starts", "2027-01-05T18:00", "--zone", "America/New_York", "--says",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "Hope Circle meets next on Tuesday, 2027-01-12 at 23:00 UTC" in made.output
    pins = []
    for number in LEADERS:
        told = run("group", "leader", "HOPE", typed=f"{number}\n")
        pins.append(told.output.partition("PIN of this leader is ")[2][:6])
    return pins


Member = Callable[..., Texter]


@pytest.fixture
def member(app: Flask, hope: list[str], now: list[float]) -> Member:
    numbers = iter(range(2125558100, 2125558999))

    def joined(language: str = "", number: str = "") -> Texter:
        now[0] += 3
        somebody = Texter(app.test_client(), TOKEN, number or f"+1{next(numbers)}")
        if language:
            somebody.text(language)
        somebody.text("JOIN HOPE")
        assert "Hope Circle" in somebody.text("1")[0]
        return somebody

    return joined


def test_a_group_opens_with_its_second_leader_and_both_are_told_by_text(
    run: Run, hope: list[str], app: Flask, sending: Sending, account: Twilio, now: list[float]
) -> None:
    assert all(len(pin) == 6 and pin.isdecimal() for pin in hope)
    send_all(sending)
    for number in LEADERS:
        assert texts(account, number) == [
            "You are now a leader of Hope Circle. To write to all, text POST and your words."
        ]
    now[0] += 3
    assert "HOPE" in run("group", "list").output
    lea = Texter(app.test_client(), TOKEN, LEADERS[0])
    lea.text("POST Hello.")
    assert lea.text(hope[0])[0].startswith("It goes out in two minutes")


def test_leadership_moves_and_the_old_phone_is_told_and_can_do_nothing_more(
    run: Run, hope: list[str], app: Flask, sending: Sending, account: Twilio, now: list[float]
) -> None:
    moved = run("group", "move", "HOPE", typed=f"{LEADERS[0]}\n+12125558003\n")
    pin = moved.output.partition("PIN of the new leader is ")[2][:6]
    send_all(sending)
    assert texts(account, LEADERS[0])[-1] == "You are no longer a leader of Hope Circle. Questions: +12125550999."
    now[0] += 3
    old, new = (Texter(app.test_client(), TOKEN, number) for number in (LEADERS[0], "+12125558003"))
    assert "That is how it reads." not in " ".join(old.text("POST Hello."))
    new.text("POST Hello.")
    assert new.text(pin)[0].startswith("It goes out in two minutes")


def test_a_group_keeps_two_leaders(run: Run, hope: list[str]) -> None:
    refused = run("group", "leader", "HOPE", "--remove", typed=f"{LEADERS[0]}\n")
    assert refused.exit_code == 1
    assert "a group has 2 leaders or more: name another first" in refused.output


def test_a_member_can_be_muted_and_expelled_by_first_name(
    run: Run, member: Member, now: list[float], there: Settings
) -> None:
    anna = member()
    anna.text("NAME Anna")
    assert run("group", "mute", "HOPE", "--name", "anna").output == "muted\n"
    now[0] += 3
    assert anna.text("SAY Hello.")[0].startswith("You cannot write to Hope Circle just now.")
    assert "expelled" in run("group", "expel", "HOPE", "--name", "Anna").output
    now[0] += 3
    assert "You are in no group." in anna.text("GROUP")[0]
    assert anna.text("JOIN HOPE")[0].startswith("Hope Circle takes nobody new just now.")
    assert run("group", "expel", "HOPE", "--name", "Nobody").exit_code == 1


def test_a_group_is_exported_imported_and_drawn_as_a_code_that_joins_it(
    run: Run, hope: list[str], tmp_path: Path
) -> None:
    file, drawn = tmp_path / "hope.json", tmp_path / "hope.svg"
    file.write_text(run("group", "export", "HOPE").output)
    exported = json.loads(file.read_text())
    assert exported["name"] == "Hope Circle"
    assert not any(number.lstrip("+1") in file.read_text() for number in LEADERS)
    run("group", "remove", "HOPE", "--yes")
    assert "no groups yet" in run("group", "list").output
    assert run("group", "import", str(file)).exit_code == 0
    assert json.loads(run("group", "export", "HOPE").output) == exported
    told = run("group", "qr", "HOPE", "--out", str(drawn))
    assert "it texts 'JOIN HOPE' to +15558675310" in told.output
    assert drawn.read_text().lstrip().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--name", "X"), "a group needs --language"),
        (("--name", "X", "--language", "xx"), "there is no language 'xx'"),
        (("--name", "X", "--language", "en", "--meets", "FREQ=DAILY;COUNT=1", "--starts", "2020-01-01T10:00"),
         "by this rule the group never meets again"),
        (("--name", "X" * 40, "--language", "en"), "a group's name has 1 to 30 characters"),
    ],
)  # fmt: skip
def test_a_group_that_makes_no_sense_is_refused_with_the_reason(
    run: Run, arguments: tuple[str, ...], reason: str
) -> None:
    refused = run("group", "add", "LIGHT", *arguments)
    assert refused.exit_code == 1
    assert reason in refused.output
    assert "Traceback" not in refused.output


def test_a_campaign_goes_once_to_each_in_their_language_and_lists_whoever_has_no_version(
    run: Run, member: Member, sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna, ana, jean = member(), member("español"), member("français")
    made = run("campaign", "new", "spring", "--text", "en=A new part is here.", "--text", "es=Hay una parte nueva.")
    assert made.exit_code == 0, made.output
    assert "1 people have no version in their language (fr): nothing is sent to them" in made.output
    assert run("campaign", "start", "spring", "--people", "3").exit_code == 1
    send_all(sending)
    account.messages.clear()
    assert "started" in run("campaign", "start", "spring", typed="2\n").output
    for _ in range(3):
        sending.planning.campaigns()
        send_all(sending)
    assert texts(account, anna.number) == ["A new part is here.\nSTOP: end all texts."]
    assert texts(account, ana.number)[0].startswith("Hay una parte nueva.\n")
    assert texts(account, jean.number) == []
    now[0] += 60
    for _ in range(2):
        sending.planning.campaigns()
        send_all(sending)
    assert len(account.messages) == 2
    assert "2 accepted" in run("campaign", "watch", "spring", "--once").output


def test_a_campaign_that_is_paused_waits_and_one_that_is_cancelled_goes_to_nobody(
    run: Run, member: Member, sending: Sending, account: Twilio, register: Register, now: list[float]
) -> None:
    anna = member()
    send_all(sending)
    account.messages.clear()
    for name, last in (("first", "resume"), ("second", "cancel")):
        run("campaign", "new", name, "--text", f"en=This is the {name}.")
        run("campaign", "start", name, "--people", "1")
        sending.planning.campaigns()
        assert run("campaign", "pause", name).exit_code == 0
        now[0] += 3
        send_all(sending)
        assert texts(account, anna.number) == []
        assert run("campaign", last, name).exit_code == 0
        now[0] += 100
        send_all(sending)
        assert len(texts(account, anna.number)) == (last == "resume")
        account.messages.clear()
    assert [each.stage for each in register.campaigns()] == [Stage.PLANNED, Stage.CANCELLED]
    assert run("campaign", "resume", "second").exit_code == 1


def test_a_test_goes_to_the_operator_alone(run: Run, member: Member, sending: Sending, account: Twilio) -> None:
    anna = member()
    send_all(sending)
    account.messages.clear()
    run("campaign", "new", "spring", "--text", "en=Hello.", "--text", "es=Hola.")
    assert run("campaign", "test", "spring").exit_code == 0
    send_all(sending)
    assert sorted(body.partition("\n")[0] for body in texts(account, "+12125550999")) == ["Hello.", "Hola."]
    assert texts(account, anna.number) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--text", "en=Hi.", "--country", "FR"), "nobody fits this audience"),
        (("--text", "fr=Salut."), "nobody of this audience has a language of these words: they speak en"),
        (("--text", "Hello."), "is no --text: write en=..."),
        (("--text", "en=Hi.", "--language", "es"), "there are no words in es"),
        (("--text", "en=" + "a" * 1700), "characters too long for Twilio"),
        (("--text", "en=Breast cancer: a new part is here."), "a locked phone shows them to anybody"),
        (("--text", "en=Hi.", "--at", "2027-01-13 03:00", "--zone", "America/New_York"),
         "at that hour it is quiet everywhere: the first may be written to at 2027-01-13 14:00 UTC"),
        (("--text", "en=Hi.", "--group", "NOPE"), "there is no group 'NOPE'; there are: HOPE"),
        ((), "a campaign needs words"),
    ],
)  # fmt: skip
def test_a_campaign_that_must_not_go_is_refused_with_the_reason(
    run: Run, member: Member, arguments: tuple[str, ...], reason: str
) -> None:
    member()
    refused = run("campaign", "new", "spring", *arguments)
    assert refused.exit_code == 1
    assert reason in " ".join(refused.output.split())
    assert "no campaigns yet" in run("campaign", "list").output


def test_whoever_stops_before_their_row_goes_gets_nothing(
    run: Run, member: Member, sending: Sending, account: Twilio, register: Register
) -> None:
    anna = member()
    send_all(sending)
    account.messages.clear()
    run("campaign", "new", "spring", "--text", "en=Hello.")
    run("campaign", "start", "spring", "--people", "1")
    sending.planning.campaigns()
    anna.text("STOP")
    send_all(sending)
    assert account.messages == {}
    assert sending.planning.states("spring")[State.DROPPED] == 1


def test_a_sentence_of_the_catalogues_goes_in_every_language(
    run: Run, member: Member, sending: Sending, account: Twilio
) -> None:
    members = [member(), member("español"), member("tiếng việt")]
    send_all(sending)
    account.messages.clear()
    made = run("campaign", "new", "news", "--sentence", "If it changes, we tell you once.")
    assert made.exit_code == 0, made.output
    run("campaign", "start", "news", "--people", "3")
    sending.planning.campaigns()
    send_all(sending)
    said = [texts(account, each.number)[0].partition("\n")[0] for each in members]
    assert len(set(said)) == 3
    assert said[0] == "If it changes, we tell you once."


def test_a_member_takes_less_than_four_hundred_bytes(there: Settings) -> None:
    contacts = Contacts(there.contact_key, Seal(there.seal_keys))
    people = list(subscribers(contacts, 5000))
    register = Register(there.redis_url)
    subscribe(register, people)
    used = memory(register, "b:*", "t:*")
    assert used / len(people) < 400
    register.close()


def test_a_campaign_to_a_group_does_not_reach_whoever_left_that_group(
    run: Run, member: Member, sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna = member()
    send_all(sending)
    account.messages.clear()
    for said in ("DAILY", "12:00", "15", "1"):
        anna.text(said)
    run("campaign", "new", "spring", "--text", "en=Hello.", "--group", "HOPE")
    run("campaign", "start", "spring", "--people", "1")
    sending.planning.campaigns()
    anna.text("LEAVE")
    send_all(sending)
    assert account.messages == {}
