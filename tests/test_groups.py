"""Support groups: joined twice over, led with a PIN, kept safe; and nothing goes to anybody who did not ask for it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import redis
from flask import Flask

from service.app import create_sending
from service.behalf import export
from service.book import Book
from service.channels.twilio import Contacts
from service.groups import Group, GroupError, Leader, checked, decode_group, encode_group, pin_mark
from service.outreach.planning import OUTCOME_AFTER
from service.outreach.sending import Sending
from service.seal import Seal
from service.settings import Settings
from service.store import Outbox, Register, Row, RowKind, Store, name_of_row, write_row
from tests.conftest import TOKEN
from tests.outgoing import send_all, texts
from tests.texter import Texter
from tests.twilio_double import Twilio

NOON = datetime(2027, 1, 12, 17, tzinfo=UTC).timestamp()
"""A Tuesday, at noon in New York."""

LEA, LEO = "+12025554001", "+12025554002"
PIN = "471100"


@pytest.fixture
def now() -> list[float]:
    return [NOON]


@pytest.fixture
def contacts(there: Settings) -> Contacts:
    return Contacts(there.contact_key, Seal(there.seal_keys))


@pytest.fixture
def register(there: Settings) -> Iterator[Register]:
    made = Register(there.redis_url)
    yield made
    made.close()


def leader(contacts: Contacts, number: str, code: str = "HOPE", pin: str = PIN) -> Leader:
    sender = contacts.sender(number)
    return Leader(sender.contact, base64.b64encode(sender.address).decode(), pin_mark(code, sender.contact, pin))


@pytest.fixture
def hope(register: Register, contacts: Contacts) -> Group:
    """A group that meets on Tuesdays at six in the evening."""
    made = Group(
        "HOPE",
        7,
        "Hope Circle",
        "en",
        (leader(contacts, LEA), leader(contacts, LEO)),
        where="Room 4",
        meets="FREQ=WEEKLY;BYDAY=TU",
        starts="2027-01-05T18:00",
        zone="America/New_York",
        says=True,
    )
    register.write_group(made)
    return made


Somebody = Callable[[str], Texter]


@pytest.fixture
def phone(app: Flask) -> Somebody:
    return lambda number: Texter(app.test_client(), TOKEN, number)


@pytest.fixture
def member(phone: Somebody, hope: Group) -> Callable[[str], Texter]:
    """Somebody who has joined."""

    def joined(number: str, first_name: str = "") -> Texter:
        somebody = phone(number)
        somebody.text("JOIN HOPE")
        assert somebody.text("1")[0].startswith("Plainline: welcome to Hope Circle.")
        if first_name:
            somebody.text(f"NAME {first_name}")
        return somebody

    return joined


def test_joining_takes_two_texts_and_says_all_that_the_law_wants(
    phone: Somebody, hope: Group, there: Settings, contacts: Contacts
) -> None:
    anna = phone("+12025554101")
    assert anna.text("join hope") == [
        "Plainline: join Hope Circle? At most 4 texts a month. Message and data rates may apply. Adults 18+. Reply 1 "
        "to join, HELP for help, STOP to end."
    ]
    store = Store(there.redis_url)
    assert store.subscriptions(contacts.contact(anna.number)).is_empty
    (welcome,) = anna.text("1")
    assert "At most 4 texts a month" in welcome
    assert "STOP to end all texts" in welcome
    assert welcome.endswith("Hope Circle meets next: Tuesday, January 12, 2027, 6:00 PM. Where: Room 4")
    assert store.subscriptions(contacts.contact(anna.number)).member("HOPE")
    (entry,) = store.ledger(contacts.contact(anna.number))
    assert (entry.what, entry.at, entry.channel, entry.language) == ("joined HOPE", int(NOON), "sms", "en")
    assert entry.words.startswith("Plainline: welcome to Hope Circle.")
    store.close()


@pytest.mark.parametrize("said", ["2", "no", "MENU", "HELP"])
def test_nobody_is_in_a_group_by_one_text(
    phone: Somebody, hope: Group, there: Settings, contacts: Contacts, said: str
) -> None:
    anna = phone("+12025554102")
    anna.text("JOIN HOPE")
    anna.text(said)
    store = Store(there.redis_url)
    assert store.subscriptions(contacts.contact(anna.number)).is_empty
    store.close()


def test_an_unknown_word_gets_the_nearest_ones_and_whom_to_ask(phone: Somebody, hope: Group) -> None:
    (answer,) = phone("+12025554103").text("JOIN HOPP")
    assert answer.startswith("We know no group with the word HOPP.\nDid you mean this? Reply 1 for yes.")
    assert "1 Hope Circle (HOPE)" in answer
    (answer,) = phone("+12025554104").text("JOIN XYZZY")
    assert "Please ask whoever told you about the group for its word." in answer


def test_a_post_reaches_every_member_once_after_the_pin_and_the_time_to_undo_it(
    member: Callable[..., Texter], phone: Somebody, register: Register, sending: Sending, account: Twilio,
    now: list[float],
) -> None:  # fmt: skip
    members = [member(f"+1202555420{place}") for place in range(3)]
    register.count()
    now[0] += 5
    lea = phone(LEA)
    preview = lea.text("POST We meet at six today.")
    assert preview[0] == (
        "Hope Circle: We meet at six today. From the group, not checked by a doctor. REPORT: tell us. STOP: end all "
        "texts."
    )
    assert preview[1].startswith("That is how it reads. It goes to 3 people, for about 0.02 USD in all.")
    assert lea.text(PIN)[0].startswith("It goes out in two minutes")
    send_all(sending)
    assert account.messages == {}
    now[0] += 130
    for _ in range(3):
        send_all(sending)
    assert [texts(account, each.number) for each in members] == [[preview[0]]] * 3
    assert texts(account, LEA) == []
    assert lea.text("POST UNDO")[0].startswith("There is nothing to stop")


def test_a_post_that_is_undone_goes_to_nobody(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    member("+12025554210")
    lea = phone(LEA)
    lea.text("POST A slip.")
    lea.text(PIN)
    now[0] += 119
    assert lea.text("POST UNDO") == ["It was stopped, and went to nobody."]
    now[0] += 600
    send_all(sending)
    assert account.messages == {}


def test_three_wrong_pins_end_all_tries_for_an_hour(phone: Somebody, hope: Group, now: list[float]) -> None:
    lea = phone(LEA)
    lea.text("POST Hello.")
    assert [lea.text(said)[0] for said in ("111111", "222222", "333333")] == [
        "That is not your PIN. Nothing was sent. Please try again.",
        "That is not your PIN. Nothing was sent. Please try again.",
        "That was the third wrong PIN. Nothing was sent. Please wait an hour.",
    ]
    now[0] += 3500
    assert "wait an hour" in lea.text(PIN)[0]
    lea.text("POST Hello.")
    now[0] += 101
    assert lea.text(PIN)[0].startswith("It goes out in two minutes")


def test_a_phone_alone_posts_nothing(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    thief = member("+12025554211")
    assert thief.text("POST Send me money.")[0].startswith("Only a group's leaders can do this.")
    lea = phone(LEA)
    lea.text("POST Send me money.")
    lea.text("yes")
    lea.text("1")
    now[0] += 600
    send_all(sending)
    assert account.messages == {}


def test_a_text_that_is_too_long_is_told_by_how_much(phone: Somebody, hope: Group) -> None:
    assert phone(LEA).text("POST " + "a" * 407)[0].startswith("That is 7 characters too long.")


def test_a_group_sends_no_more_than_its_members_agreed_to(
    member: Callable[..., Texter], phone: Somebody, register: Register, sending: Sending, account: Twilio,
    now: list[float],
) -> None:  # fmt: skip
    anna, lea, leo = member("+12025554212"), phone(LEA), phone(LEO)
    for place in range(5):  # the fifth is written by the other leader while the fourth has not gone yet
        now[0] += 200 * (place != 4)
        somebody = leo if place == 4 else lea
        somebody.text(f"POST Number {place}.")
        somebody.text(PIN)
        if place < 3:
            now[0] += 130
            send_all(sending)
            send_all(sending)
    now[0] += 130
    for _ in range(3):
        send_all(sending)
    assert len(texts(account, anna.number)) == 4
    now[0] += 10
    assert "has sent all its texts of this month. The next can go Thursday, February 11" in lea.text("POST More.")[0]


def test_whoever_leaves_gets_nothing_more_though_it_was_planned(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna, ben, cleo = member("+12025554213"), member("+12025554214"), member("+12025554215")
    lea = phone(LEA)
    lea.text("POST Good news.")
    lea.text(PIN)
    now[0] += 130
    for job in list(sending.jobs()):  # planned, not sent
        for name in job.names:
            sending.deliver(name)
    assert anna.text("LEAVE")[0].startswith("You have left Hope Circle.")
    ben.text("STOP")
    send_all(sending)
    assert [len(texts(account, each.number)) for each in (anna, ben, cleo)] == [0, 0, 1]


def test_start_revives_no_group(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna, lea = member("+12025554216"), phone(LEA)
    anna.text("STOP")
    anna.text("START")
    assert "You are in no group." in anna.text("GROUP")[0]
    lea.text("POST Hello.")
    lea.text(PIN)
    now[0] += 130
    send_all(sending)
    send_all(sending)
    assert account.messages == {}


def test_a_members_words_go_to_all_only_through_a_leader_and_under_their_first_name(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna, ben = member("+12025554217"), member("+12025554218")
    assert "text NAME and that name" in anna.text("SAY Thank you all.")[0]
    anna.text("NAME Anna")
    assert anna.text("SAY Thank you all.") == [
        "Your words go to the leaders of Hope Circle first. If they agree, all get them, from Anna."
    ]
    send_all(sending)
    send_all(sending)
    (asked,) = texts(account, LEA)
    assert asked.startswith("Anna, in Hope Circle: Thank you all. To send this to the group, text POST ")
    assert texts(account, ben.number) == []
    mark = asked.partition("POST ")[2][:3]
    lea, leo = phone(LEA), phone(LEO)
    assert lea.text(f"POST {mark}")[0].startswith("Anna, in Hope Circle: Thank you all.")
    lea.text(PIN)
    leo.text(f"POST {mark}")  # the other leader agrees too: nobody gets it twice
    leo.text(PIN)
    now[0] += 130
    for _ in range(3):
        send_all(sending)
    assert [len(texts(account, each.number)) for each in (anna, ben)] == [1, 1]
    assert anna.number not in " ".join(each.body for each in account.messages.values())


def test_words_of_danger_go_to_nobody_and_that_is_said(
    member: Callable[..., Texter], sending: Sending, account: Twilio
) -> None:
    anna = member("+12025554219", "Anna")
    (answer,) = anna.text("SAY I want to kill myself")
    assert answer.startswith("Please talk to someone now.")
    assert "Your words were sent to nobody." in answer
    send_all(sending)
    assert account.messages == {}


def test_what_is_reported_reaches_the_operator_alone(
    member: Callable[..., Texter], register: Register, there: Settings, sending: Sending, account: Twilio
) -> None:
    anna = member("+12025554220")
    assert anna.text("REPORT They sell pills.")[0].startswith("Thank you.")
    send_all(sending)
    (sealed,) = register.reports().values()
    assert Seal(there.seal_keys).open(sealed, "report") == b"HOPE: They sell pills."
    assert account.messages == {}


def test_a_leader_reads_in_one_line_what_became_of_a_post(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    member("+12025554221")
    member("+12025554222")
    lea = phone(LEA)
    lea.text("POST Hello.")
    lea.text(PIN)
    now[0] += 130
    send_all(sending)
    account.troubles.append(21211)
    send_all(sending)
    (sid,) = account.messages
    sending.told(account.callbacks[sid].partition("r=")[2], "delivered", 0)
    now[0] += OUTCOME_AFTER
    send_all(sending)
    send_all(sending)
    assert texts(account, LEA) == ["Hope Circle: your text went to 2 people. 1 got it, 1 could not."]


def test_reminders_go_a_day_and_an_hour_before_to_those_who_want_them(
    member: Callable[..., Texter], sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna, ben = member("+12025554223"), member("+12025554224")
    assert "1 Remind me before meetings of Hope Circle" in anna.text("GROUP")[0]
    anna.text("1")
    meeting = datetime(2027, 1, 19, 23, tzinfo=UTC).timestamp()
    for before in (25, 24, 23, 2, 1, 0.5):
        now[0] = meeting - before * 3600
        for _ in range(2):
            sending.planning.remind()
            send_all(sending)
    assert (
        texts(account, anna.number)
        == ["Hope Circle meets next: Tuesday, January 19, 2027, 6:00 PM. Where: Room 4 STOP: end all texts."] * 2
    )
    assert texts(account, ben.number) == []


def test_a_group_that_is_frozen_sends_nothing_and_takes_nobody(
    member: Callable[..., Texter], phone: Somebody, register: Register, sending: Sending, account: Twilio,
    now: list[float],
) -> None:  # fmt: skip
    member("+12025554225")
    lea = phone(LEA)
    lea.text("POST Hello.")
    lea.text(PIN)
    register.change_group("HOPE", lambda group: group._replace(frozen=True))
    now[0] += 130
    send_all(sending)
    send_all(sending)
    assert texts(account, "+12025554225") == []
    assert texts(account, LEA) == ["Hope Circle is closed just now. Nothing was sent."]
    now[0] += 5
    assert phone("+12025554228").text("JOIN HOPE")[0].startswith("Hope Circle takes nobody new just now.")
    assert lea.text("POST Hello.")[0].startswith("Hope Circle is closed just now.")


def test_whoever_is_in_a_group_is_greeted_from_it(member: Callable[..., Texter]) -> None:
    assert member("+12025554226").text("MENU")[0].startswith("Hello from Hope Circle. This service is automatic")


def test_an_ordinary_sentence_that_begins_like_a_command_is_none(phone: Somebody, hope: Group) -> None:
    anna = phone("+12025554227")
    anna.text("hello")
    for said in ("Post surgery pain", "say what are the signs", "share of people who survive", "report of my scan"):
        assert "group" not in anna.text(said)[-1].lower()


def test_a_group_travels_as_a_file_and_one_that_never_meets_again_is_refused(hope: Group) -> None:
    assert decode_group(encode_group(hope)) == hope
    others: list[Group] = []
    assert checked(hope, others, ["en"], int(NOON)) == hope
    refused = {
        "by this rule the group never meets again": hope._replace(meets="FREQ=DAILY;COUNT=2"),
        "this is no rule for meetings": hope._replace(meets="EVERY TUESDAY"),
        "there is no time zone": hope._replace(zone="Mars/Olympus"),
        "is no code": hope._replace(code="H"),
        "there is no language": hope._replace(language="xx"),
        "a group sends 1 to 31": hope._replace(monthly=0),
    }
    for reason, wrong in refused.items():
        with pytest.raises(GroupError, match=reason):
            checked(wrong, others, ["en"], int(NOON))
    with pytest.raises(GroupError, match="is taken"):
        checked(hope, [hope._replace(code="LIGHT")], ["en"], int(NOON))


def test_summer_time_moves_no_meeting(hope: Group) -> None:
    march = int(datetime(2027, 3, 8, tzinfo=UTC).timestamp())
    before, after = [datetime.fromtimestamp(at, UTC) for _, at in zip(range(2), hope.meetings(march), strict=False)]
    assert (before.hour, after.hour) == (23, 22)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("LEAVE HOPE", "You have left Hope Circle."),
        ("REPORT They send spam, no more texts from them please", "Thank you."),
        ("no more texts please", "Plainline: you have ended all texts."),
        ("SAY no more texts please", "Plainline: you have ended all texts."),
    ],
)
def test_leaving_one_group_a_complaint_and_leaving_everything_are_told_apart(
    member: Callable[..., Texter], said: str, answer: str
) -> None:
    assert member("+12025554229", "Anna").text(said)[0].startswith(answer)


def test_to_join_somebody_who_has_died_is_no_group(phone: Somebody, hope: Group) -> None:
    anna = phone("+12025554230")
    anna.text("hello")
    assert anna.text("join mom")[0].startswith("That sounds very hard.")


def test_a_leader_who_asks_to_be_forgotten_is_taken_out_of_the_group(
    phone: Somebody, hope: Group, register: Register, sending: Sending, account: Twilio
) -> None:
    lea = phone(LEA)
    lea.text("POST A draft of mine.")
    lea.text("FORGET ME")
    lea.text("1")
    assert sending.planning.tidy() == 1
    assert [len(group.leaders) for group in register.groups()] == [1]
    assert sending.planning.tidy() == 0


def test_whoever_is_forgotten_leaves_no_trace_of_their_groups(
    member: Callable[..., Texter], phone: Somebody, register: Register, there: Settings, contacts: Contacts,
    sending: Sending, account: Twilio, now: list[float],
) -> None:  # fmt: skip
    anna = member("+12025554231", "Anna")
    lea = phone(LEA)
    lea.text("POST Hello.")
    lea.text(PIN)
    now[0] += 130
    send_all(sending)
    send_all(sending)
    assert len(texts(account, anna.number)) == 1
    anna.text("FORGET ME")
    anna.text("1")
    contact = contacts.contact(anna.number)
    client = redis.Redis.from_url(there.redis_url)
    names = {key.decode()[:1] for key in client.scan_iter(count=1000) if contact.encode() in key}
    assert names <= {"g", "l", "p", "i"}
    assert register.subscriptions(contact).is_empty
    assert contact not in [each for each, _ in register.due(2**40)]
    client.close()


def test_everything_asked_for_is_exported_for_its_owner(
    member: Callable[..., Texter], there: Settings, contacts: Contacts
) -> None:
    anna = member("+12025554232", "Anna")
    store = Store(there.redis_url)
    told = export(store, contacts, anna.number)["subscriptions"]
    assert told["groups"] == [
        {"group": "HOPE", "since": "2027-01-12T17:00:00+00:00", "name": "Anna", "reminded": False}
    ]
    assert "address" not in told
    store.close()


def test_of_two_workers_one_alone_takes_a_row(there: Settings, now: list[float]) -> None:
    register, outbox = Register(there.redis_url), Outbox(there.redis_url)
    row = Row("1", "anna", b"sealed", int(now[0]), kind=RowKind.GROUP)
    register.enqueue("post", [row])
    name = name_of_row("anna", "1")
    assert [outbox.take(name, row, row.claim(int(now[0]))) for _ in range(2)] == [True, False]
    register.close()
    outbox.close()


def test_no_leader_is_woken_by_what_a_member_says_at_night(
    member: Callable[..., Texter], sending: Sending, account: Twilio, now: list[float]
) -> None:
    anna = member("+12025554233", "Anna")
    now[0] += 12 * 3600
    anna.text("SAY I cannot sleep, how are you all?")
    send_all(sending)
    send_all(sending)
    assert account.messages == {}
    now[0] += 9 * 3600 + 60
    send_all(sending)
    assert len(texts(account, LEA)) == 1


def test_leaders_see_how_many_there_are_and_the_names_that_they_chose(
    member: Callable[..., Texter], phone: Somebody, register: Register, now: list[float]
) -> None:
    member("+12025554234", "Anna")
    member("+12025554235")
    register.count()
    now[0] += 3
    assert "Hope Circle: 2 (Anna)" in phone(LEA).text("GROUP")[0]
    assert "(Anna)" not in member("+12025554236").text("GROUP")[0]


def test_one_row_that_cannot_be_handled_keeps_no_other_from_going(
    member: Callable[..., Texter], register: Register, there: Settings, sending: Sending, account: Twilio,
    now: list[float],
) -> None:  # fmt: skip
    anna = member("+12025554237")
    poison = Row("bad", "somebody", b"", int(now[0]), kind=RowKind.PROPOSAL, about="HOPE")
    seal = Seal(there.seal_keys)
    register.enqueue("bad", [write_row("+12025554999", "no json", poison, seal)])
    leave = Row("good", "else", b"", int(now[0]), kind=RowKind.OPERATOR, until=int(now[0]) + 3600)
    register.enqueue("good", [write_row(anna.number, "Hello.", leave, seal)])
    for _ in range(9):
        sending.deliver_all([name for job in sending.jobs() for name in job.names])
        now[0] += 601
    assert texts(account, anna.number) == ["Hello."]
    outbox = Outbox(there.redis_url)
    assert len(list(outbox.dead())) == 1
    outbox.close()


def test_a_group_that_cannot_be_read_stops_neither_the_others_nor_anybodys_answer(
    phone: Somebody, hope: Group, there: Settings, now: list[float]
) -> None:
    client = redis.Redis.from_url(there.redis_url)
    client.hset("groups", "BROKEN", "{}")
    client.hset("groups", "ODD", encode_group(hope._replace(code="ODD", number=9, meets="EVERY TUESDAY")))
    now[0] += 5
    anna = phone("+12025554238")
    assert anna.text("JOIN HOPE")[0].startswith("Plainline: join Hope Circle?")
    assert anna.text("JOIN ODD")[0].startswith("Plainline: join Hope Circle?")
    assert "At most 4 texts" in anna.text("1")[0]
    client.close()


def test_a_question_of_long_ago_is_asked_again_before_it_counts_as_consent(
    phone: Somebody, hope: Group, now: list[float]
) -> None:
    anna = phone("+12025554240")
    anna.text("JOIN HOPE")
    now[0] += 2 * 86_400
    assert anna.text("1")[0].startswith("Plainline: join Hope Circle?")
    assert anna.text("1")[0].startswith("Plainline: welcome to Hope Circle.")


def test_two_posts_can_both_be_undone(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    member("+12025554241")
    lea = phone(LEA)
    for words in ("One.", "Two."):
        now[0] += 10
        lea.text(f"POST {words}")
        lea.text(PIN)
    assert [lea.text("POST UNDO")[0] for _ in range(2)] == ["It was stopped, and went to nobody."] * 2
    now[0] += 600
    send_all(sending)
    send_all(sending)
    assert account.messages == {}


def test_a_post_that_waited_for_days_is_not_sent(
    member: Callable[..., Texter], phone: Somebody, sending: Sending, account: Twilio, now: list[float]
) -> None:
    member("+12025554242")
    lea = phone(LEA)
    lea.text("POST We meet tonight at six.")
    lea.text(PIN)
    now[0] += 4 * 86_400
    for _ in range(3):
        send_all(sending)
    assert account.messages == {}


def test_forgetting_and_coming_back_gives_no_new_tries_of_the_pin(
    phone: Somebody, hope: Group, now: list[float]
) -> None:
    lea = phone(LEA)
    lea.text("POST Hello.")
    for said in ("111111", "222222", "333333"):
        lea.text(said)
    for said in ("FORGET ME", "1", "START"):
        lea.text(said)
    lea.text("POST Hello.")
    assert "wait an hour" in lea.text(PIN)[0]


def test_members_cannot_flood_the_leaders_nor_the_operator(
    member: Callable[..., Texter], there: Settings, texting: Book, account: Twilio, now: list[float]
) -> None:
    watched = create_sending(there.model_copy(update={"operator_phone": "+12125550999"}), lambda: now[0], texting)
    watched._by = watched._by._replace(wait=lambda _: None)
    anna = member("+12025554244", "Anna")
    for place in range(20):
        anna.text(f"SAY Number {place}.")
        anna.text(f"REPORT number {place}")
    for _ in range(4):
        send_all(watched)
    assert len(texts(account, LEA)) == 5
    assert len(texts(account, "+12125550999")) == 1


def test_a_leader_of_a_group_in_a_language_that_is_not_served_is_answered(
    phone: Somebody, hope: Group, register: Register, now: list[float]
) -> None:
    register.write_group(hope._replace(language="tlh"))
    now[0] += 3
    assert phone(LEA).text("POST Hello.")[0].startswith("Hope Circle: Hello.")


def test_undo_while_redis_is_away_is_kept_and_done_when_it_is_back(
    member: Callable[..., Texter], phone: Somebody, there: Settings, app: Flask, now: list[float],
    sending: Sending, account: Twilio,
) -> None:  # fmt: skip
    from service.store import Spool, Spooled, Store
    from service.talk import post_id, remember

    member("+12025554245")
    lea = phone(LEA)
    lea.text("POST A slip.")
    lea.text(PIN)
    seal = Seal(there.seal_keys)
    contact = Contacts(there.contact_key, seal).contact(LEA)
    spool = Spool(there.data_dir, seal)
    spool.append(Spooled(contact, "SM-undo", int(now[0]), (), b"", ends=(post_id(int(now[0])),)))
    store = Store(there.redis_url)
    assert spool.replay(lambda spooled: remember(store, spooled), store.settle) == 1
    now[0] += 600
    send_all(sending)
    send_all(sending)
    assert account.messages == {}
    store.close()
