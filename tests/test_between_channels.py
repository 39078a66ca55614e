"""From one channel to the other: groups by phone, a leader's spoken notice, missed calls, and a mobile keyed in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from service.app import create_app, create_sending
from service.book import Book
from service.channels.templates import Templates
from service.channels.twilio import Contacts
from service.groups import Group
from service.outreach.sending import Sending
from service.seal import Seal
from service.settings import Settings
from service.store import Register, Spool, Store
from service.talk import remember
from tests.conftest import TOKEN
from tests.faults import Fault, Line
from tests.outgoing import OURS, send_all, texts
from tests.telephone import Telephone
from tests.test_groups import LEA, NOON, PIN, contacts, hope, leader, register
from tests.texter import Texter
from tests.twilio_double import Twilio

__all__ = ["contacts", "hope", "leader", "register"]

RECORDING = f"RE{'0a' * 16}"
MISSED = "+15558675399"


@pytest.fixture
def now() -> list[float]:
    return [NOON]


Caller = Callable[[str], Telephone]


@pytest.fixture
def caller(app: Flask) -> Caller:
    def somebody(number: str) -> Telephone:
        telephone = Telephone(app.test_client(), TOKEN, number)
        telephone.calls()
        telephone.presses("1")
        return telephone

    return somebody


def subscriptions(there: Settings, number: str) -> list[str]:
    store = Store(there.redis_url)
    contact = Contacts(there.contact_key, Seal(there.seal_keys)).contact(number)
    found = [each.group for each in store.subscriptions(contact).groups]
    store.close()
    return found


def test_a_caller_joins_by_the_groups_number_with_a_key_and_gets_the_welcome_by_text(
    caller: Caller, hope: Group, there: Settings, sending: Sending, account: Twilio
) -> None:
    telephone = caller("+12025557001")
    assert "en-US: For support groups, press six." in telephone.heard
    assert telephone.presses("6") == ["en-US: To join a group, key in its number, then press pound."]
    assert telephone.presses("8")[0] == "en-US: No group has that number."
    heard = telephone.presses("7")
    assert heard[0].startswith("en-US: Hope Circle sends at most 4 texts a month to this phone. Message and data rates")
    assert "adults of 18 and over" in heard[0]
    assert heard[1] == "en-US: For joining Hope Circle, press 1."
    assert subscriptions(there, telephone.number) == []
    assert telephone.presses("1")[0] == (
        "en-US: You are in Hope Circle now. A text comes to you with all that you need."
    )
    assert subscriptions(there, telephone.number) == ["HOPE"]
    send_all(sending)
    assert texts(account, telephone.number)[0].startswith("Plainline: welcome to Hope Circle. At most 4 texts a month.")
    assert "Hope Circle meets next: Tuesday, January 12, 2027, 6:00" in telephone.presses("6")[0]


@pytest.mark.parametrize("key", ["2", "*", "9"])
def test_nobody_joins_by_another_key(caller: Caller, hope: Group, there: Settings, key: str) -> None:
    telephone = caller("+12025557002")
    telephone.presses("6")
    telephone.presses("7")
    telephone.presses(key)
    assert subscriptions(there, telephone.number) == []


def test_without_groups_key_six_does_nothing(caller: Caller) -> None:
    telephone = caller("+12025557003")
    assert not any("group" in line for line in telephone.heard)
    assert telephone.presses("6")[0] == "en-US: That key does nothing here."


def test_a_leaders_notice_is_heard_back_kept_by_the_pin_played_to_members_and_erased_at_twilio(
    caller: Caller, app: Flask, hope: Group, sending: Sending, account: Twilio, now: list[float]
) -> None:
    account.recordings[RECORDING] = b"ID3 spoken"
    lea = caller(LEA)
    assert lea.presses("6")[0] == "en-US: For recording a message for Hope Circle, press 1."
    assert lea.presses("1") == [
        "en-US: Speak after the tone, for up to a minute. Then press pound.", "(a tone)"
    ]  # fmt: skip
    heard = lea.records(RECORDING)
    assert heard[:3] == ["en-US: This is what you said.", f"(plays {RECORDING}.mp3)", "en-US: For keeping it, press 1."]
    assert lea.presses("1") == ["en-US: Key in your PIN, then press pound."]
    assert lea.presses("111111")[0] == "en-US: That is not your PIN. Nothing was sent. Please try again."
    assert account.requests == []
    assert lea.presses(PIN)[0] == "en-US: It is kept. Members hear it when they call."
    send_all(sending)
    assert account.recordings == {}
    assert f"DELETE {RECORDING}" in account.requests
    now[0] += 5
    anna = Texter(app.test_client(), TOKEN, "+12025557004")
    anna.text("JOIN HOPE")
    anna.text("1")
    heard = caller(anna.number).presses("6")
    at = heard.index("en-US: The leaders of Hope Circle have said:")
    assert heard[at + 1] == f"(plays {RECORDING}.mp3)"


def test_what_was_recorded_and_not_kept_is_erased_at_twilio_too(
    caller: Caller, hope: Group, sending: Sending, account: Twilio, now: list[float]
) -> None:
    account.recordings[RECORDING] = b"ID3 spoken"
    lea = caller(LEA)
    lea.presses("6")
    lea.presses("1")
    lea.records(RECORDING)
    lea.hangs_up()
    send_all(sending)
    assert account.recordings
    now[0] += 3601
    send_all(sending)
    assert account.recordings == {}


def test_a_notice_waits_while_twilio_is_out_of_order(
    caller: Caller, hope: Group, register: Register, sending: Sending, account: Twilio, now: list[float]
) -> None:
    lea = caller(LEA)
    lea.presses("6")
    lea.presses("1")
    lea.records(RECORDING)
    lea.presses("1")
    lea.presses(PIN)
    send_all(sending)
    assert (register.group("HOPE") or hope).notice == ""
    account.recordings[RECORDING] = b"ID3 spoken"
    now[0] += 601
    send_all(sending)
    assert (register.group("HOPE") or hope).notice == RECORDING


def missed(there: Settings, texting: Book, now: list[float]) -> Flask:
    settings = there.model_copy(update={"missed_call_numbers": (MISSED,), "daily_calls": 2})
    return create_app(settings, texting, lambda: now[0])


def ring(app: Flask, number: str) -> list[str]:
    return Telephone(app.test_client(), TOKEN, number, MISSED).calls()


def test_a_missed_call_is_not_answered_but_returned_once_in_ten_minutes(
    there: Settings, texting: Book, sending: Sending, account: Twilio, now: list[float]
) -> None:
    app = missed(there, texting, now)
    for _ in range(3):
        assert ring(app, "+12125557010") == ["(is not answered)"]
    send_all(sending)
    assert [form["To"] for form in account.calls.values()] == ["+12125557010"]
    now[0] += 601
    ring(app, "+12125557010")
    send_all(sending)
    assert len(account.calls) == 2


@pytest.mark.parametrize("number", ["+447400123456", "+19005550123", "anonymous"])
def test_a_missed_call_from_where_calls_may_not_go_is_not_returned(
    there: Settings, texting: Book, sending: Sending, account: Twilio, now: list[float], number: str
) -> None:
    assert ring(missed(there, texting, now), number) == ["(is not answered)"]
    send_all(sending)
    assert account.calls == {}


def test_a_flood_of_missed_calls_is_returned_so_often_in_a_day_and_no_more(
    there: Settings, texting: Book, account: Twilio, now: list[float]
) -> None:
    settings = there.model_copy(update={"missed_call_numbers": (MISSED,), "daily_calls": 2})
    app = create_app(settings, texting, lambda: now[0])
    sending = create_sending(settings, lambda: now[0], texting)
    sending._by = sending._by._replace(wait=lambda _: None)
    for place in range(5):
        ring(app, f"+1212555702{place}")
    for _ in range(9):
        send_all(sending)
        now[0] += 2
    assert len(account.calls) == 2


def test_whoever_wants_no_calls_or_has_left_is_not_called_back(
    there: Settings, texting: Book, sending: Sending, account: Twilio, now: list[float]
) -> None:
    app = missed(there, texting, now)
    Texter(app.test_client(), TOKEN, "+12125557030").text("STOP")
    ring(app, "+12125557030")
    send_all(sending)
    assert account.calls == {}


def reading(app: Flask, number: str) -> Telephone:
    telephone = Telephone(app.test_client(), TOKEN, number)
    telephone.calls()
    telephone.presses("1")
    telephone.presses("3")
    return telephone


def test_a_mobile_keyed_in_gets_one_neutral_text_and_nothing_more_until_it_answers(
    app: Flask, sending: Sending, account: Twilio, now: list[float]
) -> None:
    mobile = "+12125557040"
    for line in ("anonymous", "anonymous"):  # two calls
        telephone = reading(app, line)
        part = telephone.heard
        assert telephone.presses("9") == [
            "en-US: We cannot text this line.",
            "en-US: To get it on a mobile phone, key in its number, then press pound.",
        ]
        heard = telephone.presses("2125557040")
        assert heard[0] == "en-US: That number gets one text from us."
        assert heard[1:] == [line for line in part if "No doctor" not in line]
        telephone.presses("9")
        telephone.presses("2125557040")
        send_all(sending)
        send_all(sending)
    assert texts(account, mobile) == [
        "Plainline: somebody on a call asked us to text you. To see more, text HI. For no texts, STOP."
    ]
    Texter(app.test_client(), TOKEN, mobile).text("hi")
    telephone = reading(app, "anonymous")
    telephone.presses("9")
    telephone.presses("2125557040")
    send_all(sending)
    send_all(sending)
    assert len(texts(account, mobile)) == 2


@pytest.mark.parametrize("keyed", ["18005550123", "19005550123", "447400123456", "12345"])
def test_a_number_that_is_no_mobile_where_we_may_text_gets_nothing(
    app: Flask, sending: Sending, account: Twilio, keyed: str
) -> None:
    telephone = reading(app, "anonymous")
    telephone.presses("9")
    assert telephone.presses(keyed)[0] == "en-US: We cannot text that number."
    send_all(sending)
    send_all(sending)
    assert account.messages == {}


def test_whoever_said_stop_gets_no_text_that_somebody_else_asked_for(
    app: Flask, sending: Sending, account: Twilio
) -> None:
    Texter(app.test_client(), TOKEN, "+12125557041").text("STOP")
    telephone = reading(app, "anonymous")
    telephone.presses("9")
    telephone.presses("2125557041")
    send_all(sending)
    send_all(sending)
    assert account.messages == {}


def test_silence_at_the_question_for_a_mobile_goes_on_where_the_call_was(app: Flask) -> None:
    telephone = reading(app, "anonymous")
    part = telephone.heard
    telephone.presses("9")
    assert telephone.waits() == [line for line in part if "No doctor" not in line]


def test_a_mobile_keyed_in_while_redis_is_away_gets_its_text_when_it_is_back(
    app: Flask, there: Settings, texting: Book, sending: Sending, account: Twilio, now: list[float], tmp_path: Path
) -> None:
    line = Line(tmp_path, there.redis_url.removeprefix("unix://"))
    failing = create_app(there.model_copy(update={"redis_url": line.url}), texting, lambda: now[0])
    telephone = reading(failing, "anonymous")
    telephone.presses("9")
    line.fails(Fault.AWAY)
    assert telephone.presses("2125557042")[0] == "en-US: That number gets one text from us."
    line.fails(Fault.NONE)
    seal = Seal(there.seal_keys)
    store = Store(there.redis_url)
    assert Spool(there.data_dir, seal).replay(lambda spooled: remember(store, spooled), store.settle) == 1
    send_all(sending)
    send_all(sending)
    assert len(texts(account, "+12125557042")) == 1
    store.close()
    line.close()


@pytest.mark.parametrize("error", [21614, 30006])
def test_a_landline_is_remembered_and_told_that_it_gets_no_texts(
    app: Flask, sending: Sending, account: Twilio, error: int
) -> None:
    telephone = reading(app, "+12125557050")
    telephone.presses("9")
    account.troubles += [error]
    send_all(sending)
    assert telephone.presses("9")[0] == "en-US: We cannot text this line."


def test_a_sender_that_is_not_registered_is_told_to_the_operator_once(
    app: Flask, there: Settings, texting: Book, account: Twilio, now: list[float]
) -> None:
    watched = there.model_copy(update={"operator_phone": "+12125550999"})
    sending = create_sending(watched, lambda: now[0], texting)
    sending._by = sending._by._replace(wait=lambda _: None)
    reading(app, "+12125557051").presses("9")
    account.troubles += [30034, 30034]
    send_all(sending)
    send_all(sending)
    (told,) = texts(account, "+12125550999")
    assert "the sender is not registered with the carriers" in told
    assert "https://www.twilio.com/docs/api/errors/30034" in told


def test_a_stopped_worker_is_told_by_readyz_and_to_the_operators_phone(
    there: Settings, texting: Book, account: Twilio, now: list[float]
) -> None:
    settings = there.model_copy(update={"operator_phone": "+12125550999"})
    client = create_app(settings, texting, lambda: now[0]).test_client()
    assert client.get("/readyz").get_json() == {"status": "ready"}
    Register(there.redis_url).alive(int(now[0]))
    now[0] += 200
    for _ in range(3):
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.get_json()["warnings"] == [
            "no worker has lived for 3 minutes: nothing is sent. Start 'plainline worker'"
        ]
    assert len(texts(account, "+12125550999")) == 1
    Register(there.redis_url).alive(int(now[0]))
    assert client.get("/readyz").get_json() == {"status": "ready"}


TEMPLATE = f"HX{'0' * 32}"


@pytest.fixture
def on_whatsapp(app: Flask) -> Texter:
    """Somebody who reads day by day on WhatsApp; noon was four hours ago when the part comes."""
    texter = Texter(app.test_client(), TOKEN, "+12125557060", prefix="whatsapp:")
    for said in ("DAILY", "12:00", "10", "1"):
        texter.text(said)
    return texter


@pytest.mark.parametrize("approved", [True, False])
def test_on_whatsapp_a_template_goes_beyond_a_day_else_it_waits_until_they_write(
    on_whatsapp: Texter, sending: Sending, account: Twilio, now: list[float], texting: Book, there: Settings,
    monkeypatch: pytest.MonkeyPatch, approved: bool,
) -> None:  # fmt: skip
    from service.app import create_duties

    monkeypatch.setattr("service.app.create_book", lambda _: texting)
    clock = create_duties(there, lambda: now[0]).clock
    if approved:
        sending._by = sending._by._replace(templates=Templates((("series", "en", TEMPLATE),)))
    now[0] += 22 * 3600 + 60
    clock.tick()
    send_all(sending)
    now[0] += 10
    send_all(sending)
    assert {each.to for each in account.messages.values()} == {"whatsapp:+12125557060"}
    before = len(account.messages)
    assert set(account.templates.values()) == {""}
    now[0] += 24 * 3600
    clock.tick()
    send_all(sending)
    now[0] += 10
    send_all(sending)
    later = list(account.templates.values())[before:]
    assert set(later) == ({TEMPLATE} if approved else set())
    assert {each.sender for each in account.messages.values()} == {f"whatsapp:{OURS}"}
    if not approved:
        on_whatsapp.text("hi")
        now[0] += 3700
        send_all(sending)
        assert len(account.messages) > before


def test_free_words_that_whatsapp_refuses_go_as_a_template(
    on_whatsapp: Texter, sending: Sending, account: Twilio, now: list[float], texting: Book, there: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from service.app import create_duties

    monkeypatch.setattr("service.app.create_book", lambda _: texting)
    clock = create_duties(there, lambda: now[0]).clock
    sending._by = sending._by._replace(templates=Templates((("series", "en", TEMPLATE),)))
    now[0] += 22 * 3600 + 60
    clock.tick()
    now[0] += 10
    account.troubles += [63016, 63016, 63016]
    send_all(sending)
    send_all(sending)
    assert set(account.templates.values()) == {TEMPLATE}
