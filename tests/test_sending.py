"""What is sent though nobody waits for it: once, as people see it, and only to those who may get it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from service.app import create_sending
from service.book import Book
from service.channels.twilio import Contacts
from service.outreach.permission import TOO_LATE
from service.outreach.sending import AGAIN, LEASE, UNKNOWN_AFTER, Sending
from service.seal import Seal
from service.settings import Settings
from service.store import Outbox, Row, State, Store
from service.store.rows import FINAL, STATUSES, decode_row, encode_row
from tests.conftest import TOKEN
from tests.outgoing import OURS, send_all, texts
from tests.telephone import Telephone
from tests.texter import Texter, sign
from tests.twilio_double import Twilio

statuses = st.lists(st.tuples(st.sampled_from(sorted(STATUSES)), st.sampled_from([0, 30003, 21610])), max_size=8)


@given(statuses)
def test_what_twilio_says_may_come_twice_and_never_leads_back(heard: list[tuple[str, int]]) -> None:
    order = list(State)
    row, states = Row("SM1", "anna", b"\0sealed", 5).claim(6).accepted("SM2"), []
    for status, error in heard:
        row = row.heard(status, error)
        assert row.heard(status, error) == row
        states.append(order.index(row.state))
    assert states == sorted(states) or row.is_final
    first_end = next((STATUSES[status] for status, _ in heard if STATUSES[status] in FINAL), None)
    assert first_end in {None, row.state}
    assert decode_row(encode_row(row)) == row


@given(statuses, st.randoms())
def test_the_order_of_what_is_not_final_does_not_matter(heard: list[tuple[str, int]], chance: object) -> None:
    going = [each for each in heard if STATUSES[each[0]] not in FINAL]
    ends = []
    for order in (going, sorted(going), going[::-1]):
        row = Row("SM1", "anna", b"", 5).claim(6).accepted("SM2")
        for status, error in order:
            row = row.heard(status, error)
        ends.append(row.state)
    assert len(set(ends)) == 1


Caller = Callable[..., Telephone]


@pytest.fixture
def caller(app: Flask) -> Caller:
    numbers = itertools.count(2025551000)

    def somebody(number: str = "") -> Telephone:
        telephone = Telephone(app.test_client(), TOKEN, number or f"+1{next(numbers)}")
        telephone.calls()
        telephone.presses("1")
        telephone.presses("3")
        return telephone

    return somebody


def test_nine_texts_the_present_section_whole_and_the_call_goes_on(
    caller: Caller, sending: Sending, account: Twilio
) -> None:
    telephone = caller()
    part = telephone.heard
    heard = telephone.presses("9")
    assert heard[0] == "en-US: This part comes to you by text."
    assert heard[1:] == [line for line in part if "No doctor" not in line]
    send_all(sending)
    one, two = texts(account, telephone.number)
    assert one.startswith("Symptoms (2 texts)\nMany people have no clear signs")
    assert two.endswith("Text MENU for all parts.")
    assert {each.sender for each in account.messages.values()} == {OURS}
    assert telephone.waits()[-1] == "en-US: To get this part by text, press nine."


def test_what_was_asked_for_twice_by_a_repeated_post_is_sent_once(
    caller: Caller, sending: Sending, account: Twilio
) -> None:
    telephone = caller()
    for _ in range(3):
        telephone.posts(telephone.action, Digits="9")
    send_all(sending)
    assert len(texts(account, telephone.number)) == 2


def test_however_often_nine_is_pressed_a_part_comes_once_a_call_and_again_on_the_next(
    caller: Caller, sending: Sending, account: Twilio
) -> None:
    telephone = caller()
    for _ in range(5):
        assert telephone.presses("9")[0] == "en-US: This part comes to you by text."
        send_all(sending)
    assert len(texts(account, telephone.number)) == 2
    telephone.hangs_up()
    telephone.calls()
    telephone.presses("1")
    telephone.presses("9")
    send_all(sending)
    assert len(texts(account, telephone.number)) == 4


@pytest.mark.parametrize("number", ["anonymous", "+447400123456", "sip:anna@example.org"])
def test_a_line_that_cannot_get_texts_is_told_so(
    caller: Caller, sending: Sending, account: Twilio, number: str
) -> None:
    telephone = caller(number)
    assert telephone.presses("9")[0].endswith("We cannot text this line.")
    send_all(sending)
    assert account.messages == {}


def test_nothing_is_sent_to_somebody_who_left_meanwhile(
    caller: Caller, app: Flask, sending: Sending, account: Twilio
) -> None:
    telephone = caller()
    telephone.presses("9")
    Texter(app.test_client(), TOKEN, telephone.number).text("STOP")
    send_all(sending)
    assert account.messages == {}
    assert telephone.presses("9")[0] == "en-US: We cannot text this line."


def test_whoever_is_forgotten_gets_nothing_and_leaves_nothing_in_the_outbox(
    caller: Caller, app: Flask, there: Settings, sending: Sending, account: Twilio
) -> None:
    telephone, reader = caller(), caller()
    telephone.presses("9")
    reader.presses("9")
    texter = Texter(app.test_client(), TOKEN, telephone.number)
    texter.text("FORGET ME")
    texter.text("1")
    contacts = Contacts(there.contact_key, Seal(there.seal_keys))
    client = redis.Redis.from_url(there.redis_url)
    contact = contacts.contact(telephone.number)
    kept = {key for key in client.scan_iter(count=1000) if contact.encode() in key}
    assert {key[:1] for key in kept} <= {b"g", b"l", b"p", b"i"}
    assert len(list(client.scan_iter("o:*"))) == 2
    send_all(sending)
    assert texts(account, telephone.number) == []
    assert len(texts(account, reader.number)) == 2
    client.close()


def test_nothing_is_sent_hours_later(caller: Caller, sending: Sending, account: Twilio, now: list[float]) -> None:
    caller().presses("9")
    now[0] += TOO_LATE + 1
    send_all(sending)
    assert account.messages == {}


@pytest.mark.parametrize("trouble", ["took", "lost", 429, 500, 503])
def test_whatever_happens_to_the_request_the_message_is_sent_once(
    caller: Caller, sending: Sending, account: Twilio, now: list[float], trouble: str | int
) -> None:
    telephone = caller()
    telephone.presses("9")
    account.troubles += [trouble] * 5
    for _ in range(12):
        send_all(sending)
        now[0] += 601
    assert sorted(Counter(texts(account, telephone.number)).values()) == [1, 1]


@pytest.mark.parametrize("taken", [True, False])
def test_a_worker_that_died_with_a_row_in_its_hand_neither_loses_nor_doubles_it(
    caller: Caller, there: Settings, sending: Sending, account: Twilio, now: list[float], taken: bool
) -> None:
    telephone = caller()
    telephone.presses("9")
    outbox = Outbox(there.redis_url)
    first = next(sending.jobs()).names[0]
    if taken:  # it was handed over, and its mark was not written
        before = outbox.read(first)
        assert before is not None
        sending.deliver(first)
        outbox.step(first, lambda _: before.claim(int(now[0])))
    else:
        outbox.step(first, lambda row: row.claim(int(now[0])))
    sending.deliver(first)
    assert len(account.messages) == taken
    now[0] += AGAIN + 1
    send_all(sending)
    sending.deliver(first)
    assert sorted(Counter(texts(account, telephone.number)).values()) == [1, 1]
    outbox.close()


def test_a_job_that_is_lost_loses_no_row(
    caller: Caller, there: Settings, sending: Sending, account: Twilio, now: list[float]
) -> None:
    telephone = caller()
    telephone.presses("9")
    assert list(sending.jobs())  # handed on, and never done
    outbox = Outbox(there.redis_url)
    assert list(sending.jobs()) == []
    now[0] += AGAIN + 1
    first = next(sending.jobs()).names[0]
    outbox.step(first, lambda row: row.claim(int(now[0])))  # and one dies with it in its hand
    now[0] += LEASE + AGAIN + 1
    send_all(sending)
    assert sorted(Counter(texts(account, telephone.number)).values()) == [1, 1]
    outbox.close()


def test_nothing_is_sent_to_somebody_who_is_asked_whether_they_want_to_leave(
    caller: Caller, app: Flask, sending: Sending, account: Twilio, now: list[float]
) -> None:
    telephone = caller()
    telephone.presses("9")
    reader = Texter(app.test_client(), TOKEN, telephone.number)
    assert "They are paused" in reader.text("No more")[0]
    send_all(sending)
    assert account.messages == {}
    reader.text("2")
    now[0] += 3600
    send_all(sending)
    assert len(texts(account, telephone.number)) == 2


def test_many_workers_send_each_row_once_and_never_faster_than_the_limit(
    caller: Caller, there: Settings, account: Twilio, texting: Book
) -> None:
    for _ in range(20):
        caller().presses("9")
    slow = there.model_copy(update={"twilio_segments_a_second": 40.0})
    workers = [create_sending(slow, book=texting) for _ in range(4)]
    names = [name for job in workers[0].jobs() for name in job.names]
    assert len(names) == 40
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: one[0].deliver(one[1]), itertools.product(workers, names)))
    assert sorted(Counter((each.to, each.body) for each in account.messages.values()).values()) == [1] * 40


def test_the_moments_of_a_sender_are_handed_out_evenly_to_all(there: Settings) -> None:
    outbox = Outbox(there.redis_url)
    waits = [outbox.slot("+1555", 1000.0, 0.1, segments, 60.0) for segments in (1, 2, 1, 3, 1)]
    assert waits == pytest.approx([0.0, 0.1, 0.3, 0.4, 0.7], abs=0.002)
    assert outbox.slot("+1555", 1000.0, 0.1, 1, 0.5) == pytest.approx(-0.8, abs=0.005)
    assert outbox.slot("+1555", 1000.9, 0.1, 1, 0.5) == 0.0
    assert outbox.slot("+1556", 1000.0, 0.1, 1, 0.5) == 0.0
    outbox.close()


def test_an_error_for_good_ends_the_row_and_a_text_to_who_left_counts_as_leaving(
    caller: Caller, there: Settings, sending: Sending, account: Twilio, now: list[float]
) -> None:
    gone, wrong = caller(), caller()
    gone.presses("9")
    account.troubles += [21610, 21610]
    send_all(sending)
    account.troubles.clear()  # the second part was dropped: they had left by then
    wrong.presses("9")
    account.troubles += [21211, 21211]
    send_all(sending)
    now[0] += 3600
    assert send_all(sending) == 0
    store = Store(there.redis_url)
    contacts = Contacts(there.contact_key, Seal(there.seal_keys))
    assert store.known(contacts.contact(gone.number))[1].left
    assert not store.known(contacts.contact(wrong.number))[1].left
    store.close()


def test_what_failed_too_often_lies_visibly_and_can_be_tried_again(
    caller: Caller, there: Settings, sending: Sending, account: Twilio, now: list[float]
) -> None:
    telephone = caller()
    telephone.presses("9")
    account.troubles += [429] * 100
    for _ in range(9):
        send_all(sending)
        now[0] += 1000
    outbox = Outbox(there.redis_url)
    assert len(list(outbox.dead())) == 2
    assert send_all(sending) == 0
    account.troubles.clear()
    assert sending.try_again() == 2
    send_all(sending)
    assert len(texts(account, telephone.number)) == 2
    assert list(outbox.dead()) == []
    outbox.close()


def test_statuses_come_through_the_signed_webhook_and_are_asked_for_when_they_do_not(
    caller: Caller, app: Flask, there: Settings, sending: Sending, account: Twilio, now: list[float]
) -> None:
    caller().presses("9")
    send_all(sending)
    outbox = Outbox(there.redis_url)
    (first, one), (second, two) = account.callbacks.items()
    names = [urlsplit(url).query.removeprefix("r=") for url in (one, two)]
    path = f"{urlsplit(one).path}?{urlsplit(one).query}"
    for status in ("delivered", "sent", "delivered", "nonsense"):
        form = {"MessageSid": first, "MessageStatus": status, "ErrorCode": "x"}
        assert app.test_client().post(path, data=form).status_code == 403
        assert app.test_client().post(path, data=form, headers=sign(form, TOKEN, path)).status_code == 204
    account.messages[second].status, account.messages[second].error = "undelivered", 30003
    now[0] += UNKNOWN_AFTER + 1
    assert sending.ask() == 1
    states = [(row.state, row.error) for row in map(outbox.read, names) if row]
    assert states == [(State.DELIVERED, 0), (State.FAILED, 30003)]
    assert sending.ask() == 0
    outbox.close()


def test_no_number_and_no_word_lies_in_the_outbox_or_in_a_job(caller: Caller, there: Settings, tmp_path: Path) -> None:
    telephone = caller()
    telephone.presses("9")
    written = b"".join(path.read_bytes() for path in (tmp_path / "outbox").rglob("*.aof"))
    rows = [line for line in written.split(b"\r\n") if line.startswith(b'["CA')]
    assert len(rows) >= 2
    assert not any(telephone.number[2:].encode() in row or b"scan" in row for row in rows)


def test_the_worker_sends_what_lies_in_the_outbox(caller: Caller, there: Settings, account: Twilio) -> None:
    telephone = caller()
    telephone.presses("9")
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {
        "REDIS_URL": there.redis_url, "DATA_DIR": str(there.data_dir), "SECRET_KEY": there.secret_key,
        "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_API_URL": account.url,
        "TWILIO_NUMBER": OURS, "PUBLIC_URL": "https://plainline.example", "SERVE_UNREVIEWED": "1",
        "TWILIO_SEGMENTS_A_SECOND": "1000",
    }  # fmt: skip
    worker = subprocess.Popen([sys.executable, "-m", "service", "worker"], env=environment)
    try:
        deadline = time.monotonic() + 60
        while len(texts(account, telephone.number)) < 2:
            assert time.monotonic() < deadline, "the worker sent nothing"
            assert worker.poll() is None, "the worker ended"
            with ThreadPoolExecutor(1) as pool:  # gives way to the double's threads
                pool.submit(time.monotonic).result()
    finally:
        worker.terminate()
        worker.wait(30)
    assert len(texts(account, telephone.number)) == 2


def answered(app: Flask, account: Twilio) -> Telephone:
    """Somebody picks up the last call that was made to them."""
    sid, form = list(account.calls.items())[-1]
    telephone = Telephone(app.test_client(), TOKEN, OURS, form["To"])
    return telephone.picks_up(urlsplit(form["Url"]).path, sid)


def test_call_me_calls_back_and_reads_from_where_the_texts_stopped(
    app: Flask, sending: Sending, account: Twilio
) -> None:
    reader = Texter(app.test_client(), TOKEN, "+12025552001")
    reader.text("SYMPTOMS")
    assert reader.text("call me") == ["We are calling you now. An automatic voice reads to you."]
    send_all(sending)
    telephone = answered(app, account)
    assert telephone.heard == [
        "en-US: This is Plainline, [+15558675310]. Someone asked us to call.",
        "en-US: To listen, press 1. For no more calls, press 2.",
    ]
    heard = telephone.presses("1")
    assert any(line.startswith("en-US: Other people do have signs") for line in heard)
    assert reader.text("CALL ME") == [
        "We called you a moment ago. Please wait ten minutes.\n\nText MENU for all parts."
    ]


@pytest.mark.parametrize("does", ["waits", "3", "*", "0"])
def test_no_word_of_health_is_said_to_whoever_presses_no_key(
    app: Flask, sending: Sending, account: Twilio, does: str
) -> None:
    Texter(app.test_client(), TOKEN, "+12025552002").text("call me")
    send_all(sending)
    telephone = answered(app, account)
    heard = telephone.waits() if does == "waits" else telephone.presses(does)
    assert heard == ["(hangs up)"]


def test_whoever_wants_no_more_calls_gets_none_whoever_asks(
    app: Flask, sending: Sending, account: Twilio, now: list[float]
) -> None:
    reader = Texter(app.test_client(), TOKEN, "+12025552003")
    reader.text("call me")
    send_all(sending)
    assert answered(app, account).presses("2") == ["en-US: We will not call this number again.", "(hangs up)"]
    assert reader.text("call me")[0].startswith("We cannot call this number.")
    send_all(sending)
    assert len(account.calls) == 1


@pytest.mark.parametrize("number", ["+447400123456", "+12025552004"])
def test_a_number_that_we_may_not_call_is_told_so(app: Flask, sending: Sending, account: Twilio, number: str) -> None:
    reader = Texter(app.test_client(), TOKEN, number)
    if number.startswith("+1"):
        reader.text("STOP")
    assert reader.text("call me")[0].startswith("We cannot call this number.")
    send_all(sending)
    assert account.calls == {}


def test_a_book_without_an_account_offers_no_texts(book: Book) -> None:
    assert book.text_countries == ()
