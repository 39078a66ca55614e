"""What comes unasked: the part of the day, by day alone, within the cap and the budget, and not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from service.app import create_duties, create_sending
from service.book import Book
from service.channels.twilio import Contacts
from service.flows.daily import read_clock, zone_at
from service.outreach.clock import Clock
from service.outreach.daytime import FIRST, LAST, is_day, next_day, zones_of
from service.outreach.sending import Sending
from service.seal import Seal
from service.settings import Settings
from service.store import Register, Store
from service.store.keys import bucket_of
from service.subscriptions import (
    DAY,
    STEPS,
    Subscriptions,
    decode_subscriptions,
    encode_subscriptions,
    next_at,
    zone_of,
)
from tests.conftest import TOKEN
from tests.outgoing import send_all, texts
from tests.texter import Texter
from tests.twilio_double import Twilio

EIGHT = datetime(2027, 1, 12, 13, 0, tzinfo=UTC).timestamp()
"""Eight in the morning in New York."""


@pytest.fixture
def now() -> list[float]:
    return [EIGHT]


@pytest.fixture
def clock(there: Settings, now: list[float], texting: Book, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr("service.app.create_book", lambda _: texting)
    return create_duties(there, lambda: now[0]).clock


@pytest.fixture
def reader(app: Flask) -> Texter:
    return Texter(app.test_client(), TOKEN, "+12125556001")


def parts(account: Twilio, number: str) -> list[str]:
    """What came to a number, but for the notice that nobody has reviewed it."""
    return [body for body in texts(account, number) if not body.startswith("No doctor or nurse")]


def begin(reader: Texter, time: str = "8:00", hour: str = "9") -> list[str]:
    reader.text("DAILY")
    reader.text(time)
    asked = reader.text(hour)
    assert "Reply 1 to begin, HELP for help, STOP to end." in asked[0]
    return reader.text("1")


def pass_time(clock: Clock, sending: Sending, now: list[float], hours: float) -> None:
    """Hours pass, and the worker does what it does."""
    for _ in range(int(hours * 4)):
        now[0] += 15 * 60
        clock.tick()
        send_all(sending)
        now[0] += 4
        send_all(sending)
        now[0] += 4
        send_all(sending)
        now[0] -= 8


def test_a_part_comes_each_day_at_its_hour_in_order_and_then_a_last_message(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float], texting: Book
) -> None:
    assert begin(reader)[0].startswith("Your first part comes Tuesday, January 12, 2027, 9:00 AM.")
    pass_time(clock, sending, now, 0.75)
    assert account.messages == {}
    pass_time(clock, sending, now, 0.5)
    first = parts(account, reader.number)
    assert first[0].startswith("What metastasis is (2 texts)")
    assert first[-1].endswith("MORE NOW: the next part at once. PAUSE: pause.")
    pass_time(clock, sending, now, 24 * 6)
    titles = [body.partition(" (")[0] for body in parts(account, reader.number) if " text" in body.partition("\n")[0]]
    assert titles == [section.title.msgid for section in texting.articles[0].sections]
    (last,) = [body for body in parts(account, reader.number) if "That was the last part." in body]
    assert parts(account, reader.number)[-1] == last
    before = len(account.messages)
    pass_time(clock, sending, now, 48)
    assert len(account.messages) == before


def test_more_now_comes_at_once_and_pause_pauses(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    assert reader.text("MORE NOW")[-1].startswith("What metastasis is")
    assert reader.text("PAUSE") == ["Your daily parts are paused. Text DAILY to go on."]
    pass_time(clock, sending, now, 48)
    assert account.messages == {}
    assert reader.text("DAILY")[0].startswith("Your daily parts go on.")
    pass_time(clock, sending, now, 25)
    assert parts(account, reader.number)[0].startswith("How doctors judge risk")


def test_more_leads_on_from_the_part_of_the_day(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    now[0] += 2 * 3600
    pass_time(clock, sending, now, 1)
    assert parts(account, reader.number)[0].startswith("What metastasis is")
    assert reader.text("MORE")[-1].startswith("How doctors judge risk")


def test_stop_ends_the_series_and_start_does_not_revive_it(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    reader.text("STOP")
    reader.text("START")
    pass_time(clock, sending, now, 48)
    assert account.messages == {}


def test_a_worker_that_takes_the_same_turn_twice_sends_one_part(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    now[0] += 3601
    due = list(clock._register.due(int(now[0])))
    for _ in range(3):
        clock._take(*map(str, due[0]))
    for _ in range(3):
        send_all(sending)
        now[0] += 4
    assert len(parts(account, reader.number)) == 2


def test_nobody_is_woken_when_the_worker_was_away_at_their_hour(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    now[0] += 14 * 3600
    clock.tick()
    send_all(sending)
    assert account.messages == {}
    pass_time(clock, sending, now, 12)
    assert parts(account, reader.number)[0].startswith("What metastasis is")


def test_after_eleven_silent_months_people_are_asked_and_after_twelve_it_ends(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float], there: Settings
) -> None:
    begin(reader)
    reader.text("PAUSE")
    now[0] += 336 * DAY + 3600
    clock.tick()
    send_all(sending)
    assert parts(account, reader.number)[-1].startswith("You have not written for eleven months.")
    now[0] += 31 * DAY
    clock.tick()
    send_all(sending)
    assert parts(account, reader.number)[-1].startswith("You have not written for a year")
    assert "You get no daily parts." in reader.text("PAUSE")[0]
    store = Store(there.redis_url)
    contact = Contacts(there.contact_key, Seal(there.seal_keys)).contact(reader.number)
    assert [entry.what for entry in store.ledger(contact)] == ["daily 9", "lapsed"]
    store.close()


def test_whoever_answers_the_question_goes_on(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    reader.text("PAUSE")
    now[0] += 336 * DAY + 7200
    clock.tick()
    send_all(sending)
    assert reader.text("1")[0].startswith("Good. We go on.")
    now[0] += 31 * DAY
    clock.tick()
    send_all(sending)
    assert len(parts(account, reader.number)) == 1


def test_a_new_revision_is_told_once_to_those_who_wanted_it(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float], there: Settings
) -> None:
    begin(reader)
    while "last part" not in reader.text("MORE NOW")[-1]:
        pass
    assert reader.text("1")[0].startswith("If it changes, we tell you once.")
    assert clock.news() == 0
    register = Register(there.redis_url)
    contact = Contacts(there.contact_key, Seal(there.seal_keys)).contact(reader.number)
    known = register.subscriptions(contact)
    store = Store(there.redis_url)
    found = store.begin(contact, "", now[0])
    from service.store import Commit

    assert found is not None
    older = known._replace(finished="an older revision")
    store.commit(contact, "", found, Commit(found.known.session, found.known.person, b"", subscriptions=older))
    now[0] += 3600 * 2
    for _ in range(2):
        clock.news()
        send_all(sending)
    assert parts(account, reader.number) == ["What you read with us has changed since. Text MENU to read it anew."]
    store.close()
    register.close()


def test_the_budget_stops_what_nobody_asked_for_and_never_an_answer(
    app: Flask, clock: Clock, there: Settings, account: Twilio, now: list[float], texting: Book
) -> None:
    tight = there.model_copy(update={"daily_budget": 6, "operator_phone": "+12025550999"})
    sending = create_sending(tight, lambda: now[0], texting)
    sending._by = sending._by._replace(wait=lambda _: None)
    readers = [Texter(app.test_client(), TOKEN, f"+1212555610{place}") for place in range(3)]
    for each in readers:
        begin(each)
    pass_time(clock, sending, now, 2)
    pages = [body for each in readers for body in parts(account, each.number)]
    assert len(pages) == 1  # three notices of one segment, and one page of three
    assert ["DAILY_BUDGET is reached" in body for body in texts(account, "+12025550999")] == [True]
    assert readers[0].text("I want to die")[0].startswith("Please talk to someone now.")
    pass_time(clock, sending, now, 24)
    assert len([body for each in readers for body in parts(account, each.number)]) > 1


def test_nobody_gets_more_than_a_few_texts_a_day(there: Settings) -> None:
    register = Register(there.redis_url)
    within = [register.is_within_cap("anna", f"row {place}", 20000, 6) for place in range(9)]
    assert within == [True] * 6 + [False] * 3
    assert register.is_within_cap("anna", "row 2", 20000, 6)
    assert not register.is_within_cap("anna", "row 7", 20000, 6)
    assert register.is_within_cap("anna", "row 7", 20001, 6)
    register.close()


ZONES = ["America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Europe/London", "Asia/Kathmandu", "+05:30"]


@given(st.integers(1_790_000_000, 1_830_000_000), st.lists(st.sampled_from(ZONES), min_size=1, max_size=3))
def test_it_is_day_in_every_zone_or_nothing_goes(at: int, zones: list[str]) -> None:
    found = next_day(at, tuple(zones))
    if found:
        assert found >= at
        hours = [datetime.fromtimestamp(found, UTC).astimezone(zone_of(zone)).hour for zone in zones]
        assert all(FIRST <= hour < LAST for hour in hours)
        assert found == at or not any(is_day(moment, zones) for moment in range(at, found - 900, 900))
    else:
        assert not any(is_day(moment, zones) for moment in range(at, at + 2 * DAY, 900))


def test_a_region_with_several_zones_takes_the_stricter_and_the_place_told_counts_too() -> None:
    assert zones_of("+12125550123", "", "US") == ("America/New_York",)
    australia = zones_of("+61412345678", "", "US")
    assert {"Australia/Perth", "Australia/Sydney"} <= set(australia)
    seven_in_perth = int(datetime(2027, 1, 11, 23, tzinfo=UTC).timestamp())
    assert next_day(seven_in_perth, australia) - seven_in_perth == 2 * 3600
    assert zones_of("+12125550123", "Asia/Tokyo", "US") == ("America/New_York", "Asia/Tokyo")


@given(st.sampled_from(["US", "IN", "BR", "RU", "AU"]), st.integers(1_790_000_000, 1_830_000_000), st.integers(-20, 20))
def test_the_time_that_somebody_tells_sets_a_zone_where_it_is_that_time(country: str, at: int, off: int) -> None:
    from service.flows.daily import _zones

    for zone in _zones(country):
        there = datetime.fromtimestamp(at, UTC).astimezone(zone_of(zone)) + timedelta(minutes=off)
        clock = read_clock(f"{there:%H:%M}")
        assert clock is not None
        found = zone_of(zone_at((there.hour * 60 + there.minute,), at, country))
        apart = datetime.fromtimestamp(at, UTC).astimezone(found).replace(tzinfo=None) - there.replace(tzinfo=None)
        assert (apart.total_seconds() + 26 * 60) % DAY <= 2 * 26 * 60  # to the minute, on whatever day


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("9:30", (570, 1290)), ("21:30", (1290,)), ("9:30 pm", (1290,)), ("9.30", (570, 1290)), ("9h30", (570, 1290)),
        ("9 pm", (1260,)), ("12:05 am", (5,)), ("12:05", (725, 725)), ("٩:٣٠", (570, 1290)), ("9：30", (570, 1290)),
        ("it is 14:05 here", (845,)), ("25:00", None), ("9:75", None), ("hello", None), ("0:10", (10, 730)),
    ],
)  # fmt: skip
def test_a_time_of_the_day_is_read_however_it_is_written(said: str, minutes: tuple[int, ...] | None) -> None:
    found = read_clock(said)
    assert (found and set(found)) == (minutes and set(minutes))


steps = st.lists(
    st.sampled_from(
        [
            ("joined", "HOPE"), ("joined", "LIGHT"), ("left", "HOPE"), ("named", "Anna"), ("reminded", "HOPE"),
            ("not reminded", "HOPE"), ("daily", "9", "America/New_York", "a"), ("part", "3"), ("daily paused",),
            ("daily again",), ("daily over",), ("awaits", "r1"), ("told",), ("asked",), ("lapsed",),
        ]
    ),
    max_size=12,
)  # fmt: skip


@given(steps)
def test_subscriptions_are_kept_as_they_are(taken: list[tuple[str, ...]]) -> None:
    now = Subscriptions(address="c2VhbGVk", country="US", channels=("sms",), language="en", heard=20000)
    for step, *about in taken:
        now = STEPS[step](now, 1_800_000_000, *about)
        kept = decode_subscriptions(encode_subscriptions(now))
        assert kept == (now if not now.is_empty else Subscriptions())
        assert now.due >= 0


@given(st.integers(9, 19), st.sampled_from(ZONES), st.integers(1_790_000_000, 1_830_000_000))
def test_the_next_part_comes_at_its_hour_within_a_day(hour: int, zone: str, at: int) -> None:
    due = next_at(hour, zone, at)
    assert at < due <= at + 25 * 3600
    assert datetime.fromtimestamp(due, UTC).astimezone(zone_of(zone)).hour == hour


def same_bucket(contacts: Contacts) -> tuple[str, str]:
    """Two numbers whose contacts lie in one bucket."""
    first: dict[str, str] = {}
    for place in range(1000):
        number = f"+1212555{place:04}"
        bucket = bucket_of(contacts.contact(number))
        if bucket in first:
            return first[bucket], number
        first[bucket] = number
    raise AssertionError("no two of a thousand")


def test_two_people_whose_keys_lie_together_both_get_their_part(
    app: Flask, there: Settings, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    numbers = same_bucket(Contacts(there.contact_key, Seal(there.seal_keys)))
    for number in numbers:
        begin(Texter(app.test_client(), TOKEN, number))
    pass_time(clock, sending, now, 2)
    assert [len(parts(account, number)) for number in numbers] == [2, 2]


def test_a_part_that_waits_is_not_sent_to_whoever_left_and_came_back(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    now[0] += 3601
    clock.tick()
    now[0] += 60
    reader.text("STOP")
    reader.text("START")
    begin(reader, "9:02", "15")
    for _ in range(3):
        send_all(sending)
        now[0] += 4
    assert account.messages == {}


def test_a_part_that_waits_is_not_sent_after_pause(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    now[0] += 3601
    clock.tick()
    reader.text("PAUSE")
    now[0] += 60
    send_all(sending)
    assert account.messages == {}


def test_one_answers_the_question_that_was_read_last(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    for _ in range(5):
        reader.text("MORE NOW")
    reader.text("FORGET ME")
    pass_time(clock, sending, now, 50)
    assert "Reply 1 for yes." in parts(account, reader.number)[-1]
    assert reader.text("1")[0].startswith("If it changes, we tell you once.")


def test_after_eleven_months_people_are_asked_in_their_own_language(
    app: Flask, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    reader = Texter(app.test_client(), TOKEN, "+12125556050")
    reader.text("español")
    begin_in_spanish(reader)
    reader.text("PAUSA")
    now[0] += 336 * DAY + 7200
    forget_sessions(clock)
    clock.tick()
    send_all(sending)
    assert "responda 1" in texts(account, reader.number)[-1].lower()


def begin_in_spanish(reader: Texter) -> None:
    for said in ("DIARIO", "8:00", "9", "1"):
        reader.text(said)


def forget_sessions(clock: Clock) -> None:
    """As Redis does after SESSION_DAYS."""
    client = clock._register._redis
    for key in list(client.scan_iter("s:*")):
        client.delete(key)


def test_one_turn_of_the_clock_that_fails_keeps_nobody_waiting(
    reader: Texter, clock: Clock, sending: Sending, account: Twilio, now: list[float]
) -> None:
    begin(reader)
    client = clock._register._redis
    for bucket in range(256):
        client.hset(f"b:{{{bucket:02x}}}", "broken", "no subscriptions")
        client.zadd(f"t:{{{bucket:02x}}}", {"broken": 1})
    now[0] += 3601
    clock.tick()
    for _ in range(3):
        send_all(sending)
        now[0] += 4
    assert len(parts(account, reader.number)) == 2
