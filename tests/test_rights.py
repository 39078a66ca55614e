"""What people may ask of us by text, by voice and by law: to end it, to see what is kept, and to be forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import redis
from click.testing import CliRunner, Result

from service.app import create_app, create_duties
from service.book import Book
from service.channels.twilio import Contacts
from service.cli import main
from service.seal import Seal
from service.settings import Settings
from service.store import NAME, Store
from tests.conftest import SECRET, TOKEN
from tests.texter import Texter
from tests.twilio_double import Message, Twilio, twilio

OURS = "+15558675310"


@dataclass
class Kept:
    """What is really kept in Redis."""

    store: Store
    contacts: Contacts
    client: redis.Redis

    def of(self, number: str) -> list[bytes]:
        """Every key of somebody, and every value that holds their contact."""
        contact = self.contacts.contact(number).encode()
        return [key for key in self.client.scan_iter(count=1000) if contact in key]

    def left(self, number: str) -> bool:
        return bool(self.store.known(self.contacts.contact(number))[1].left)

    def ledger(self, number: str) -> list[str]:
        return [entry.what for entry in self.store.ledger(self.contacts.contact(number))]


@pytest.fixture
def kept(settings: Settings) -> Iterator[Kept]:
    store = Store(settings.redis_url)
    client = redis.Redis.from_url(settings.redis_url)
    yield Kept(store, Contacts(settings.contact_key, Seal(settings.seal_keys)), client)
    store.close()
    client.close()


@pytest.fixture
def account() -> Iterator[Twilio]:
    with twilio() as made:
        yield made


@pytest.fixture
def with_account(settings: Settings, account: Twilio) -> Settings:
    return settings.model_copy(update={"twilio_account_sid": "AC" + "0" * 32, "twilio_api_url": account.url})


@pytest.fixture
def plainline(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, with a number on its standard input."""
    environment = {
        "REDIS_URL": settings.redis_url, "SECRET_KEY": SECRET, "TWILIO_AUTH_TOKEN": TOKEN, "SERVE_UNREVIEWED": "1",
        "PUBLIC_URL": settings.public_url, "DATA_DIR": str(settings.data_dir),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return lambda *words, said: CliRunner().invoke(main, words, input=said)


def test_forget_me_is_confirmed_by_a_number_and_leaves_only_that_they_left(
    texter: Callable[..., Texter], kept: Kept
) -> None:
    reader = texter()
    reader.text("START")
    reader.text("RISKS", sid="SMread" + reader.number)
    assert "Reply 1 to erase" in reader.text("FORGET ME")[0]
    assert "Reply 1 to erase" in reader.text("yes")[0]
    assert "Everything about you is erased" in reader.text("1")[0]
    assert sorted(key[:1] for key in kept.of(reader.number)) == [b"g", b"i", b"l", b"p"]
    assert kept.ledger(reader.number) == ["agreed", "left"]
    assert not kept.client.exists(
        *[k for k in kept.client.scan_iter(match="a:*") if reader.number.encode() in k] or ["-"]
    )
    assert reader.text("zzz") == []


def test_whoever_thinks_better_of_it_is_not_forgotten(texter: Callable[..., Texter], kept: Kept) -> None:
    reader = texter()
    reader.text("RISKS")
    reader.text("FORGET ME")
    assert reader.text("2")[0].startswith("Nothing was erased")
    assert not kept.left(reader.number)


def test_a_cookie_from_before_brings_nothing_back(
    texter: Callable[..., Texter], settings: Settings, book: Book
) -> None:
    reader = texter()
    reader.text("RIESGOS")
    before = reader.client.get_cookie(NAME, domain="localhost")
    for word in ("FORGET ME", "1", "START"):
        reader.text(word)
    client = create_app(settings, book).test_client()
    client.set_cookie(NAME, before.value, domain="localhost", secure=False)
    assert "Which part" in Texter(client, TOKEN, reader.number).text("MENU")[-1]


def test_each_consent_and_its_end_stands_in_the_ledger(texter: Callable[..., Texter], kept: Kept) -> None:
    reader = texter()
    for word in ("START", "STOP", "ALTO", "START"):
        reader.text(word)
    assert kept.ledger(reader.number) == ["agreed", "left", "left", "agreed"]
    entry = kept.store.ledger(kept.contacts.contact(reader.number))[-1]
    assert (entry.channel, entry.language) == ("sms", "en")
    assert "get texts from us again" in entry.words
    assert abs(entry.at - time.time()) < 60


@pytest.mark.parametrize("said", ["+1 (202) 555-0142", "2025550142\n", "+12025550142"])
def test_texts_are_ended_by_voice(
    plainline: Callable[..., Result], kept: Kept, texter: Callable[..., Texter], said: str
) -> None:
    result = plainline("optout", said=said)
    assert result.exit_code == 0, result.output
    assert "2025550142" not in result.output
    assert kept.left("+12025550142")
    texter(number="+12025550142").text("START")


@pytest.mark.parametrize("said", ["", "hello", "12"])
def test_what_is_no_number_is_told_plainly(plainline: Callable[..., Result], said: str) -> None:
    result = plainline("optout", said=said)
    assert result.exit_code == 1
    assert "write it as +12025550123" in result.output


def test_everything_known_about_somebody_is_exported_for_them(
    plainline: Callable[..., Result], texter: Callable[..., Texter]
) -> None:
    reader = texter()
    reader.text("START")
    reader.text("RIESGOS")
    told = json.loads(plainline("export", "--contact", said=reader.number).output)
    assert told["number"] == reader.number
    assert told["conversation"]["language"] in {"en", "es"}
    assert [entry["what"] for entry in told["ledger"]] == ["agreed"]


def test_somebody_is_forgotten_by_law(
    plainline: Callable[..., Result], texter: Callable[..., Texter], kept: Kept
) -> None:
    reader = texter()
    reader.text("RISKS")
    assert plainline("forget", "--yes", said=reader.number).exit_code == 0
    assert sorted(key[:1] for key in kept.of(reader.number)) == [b"g", b"l", b"p"]


def test_messages_are_erased_at_twilio_once_they_were_sent(
    with_account: Settings, account: Twilio, book: Book, kept: Kept, texter: Callable[..., Texter]
) -> None:
    reader = Texter(create_app(with_account, book).test_client(), TOKEN, texter().number)
    for word in ("hi", "FORGET ME", "1"):
        reader.text(word)
    now = datetime.now(UTC)
    account.has(
        Message("SM1", reader.number, OURS, "hi", now),
        Message("SM2", OURS, reader.number, "Hello", now, "delivered"),
        Message("SM3", "whatsapp:" + reader.number, "whatsapp:" + OURS, "hi", now),
        Message("SM4", "+12025550100", OURS, "somebody else", now),
    )
    upkeep = create_duties(with_account).upkeep
    upkeep.erase()
    assert len(account.messages) == 4
    later = create_duties(with_account, lambda: time.time() + 180).upkeep
    account.out_of_order = True
    assert later.erase() == 0
    account.out_of_order = False
    account.messages["SM2"].status = "sending"
    later.erase()
    account.messages["SM2"].status = "delivered"
    later.erase()
    assert list(account.messages) == ["SM4"]
    assert list(kept.store.erasures()) == []


def test_who_left_while_nothing_ran_has_left(
    with_account: Settings, account: Twilio, kept: Kept, texter: Callable[..., Texter]
) -> None:
    gone, reading = texter(), texter()
    reading.text("START", sid="SManswered" + reading.number)
    now = datetime.now(UTC)
    account.has(
        Message("SMgone" + gone.number, gone.number, OURS, "please stop texting me", now),
        Message("SManswered" + reading.number, reading.number, OURS, "STOP", now),
    )
    upkeep = create_duties(with_account).upkeep
    assert upkeep.reconcile(OURS) == 1
    assert upkeep.reconcile(OURS) == 0
    assert kept.left(gone.number)
    assert not kept.left(reading.number)


def test_whoever_the_carrier_lets_nothing_through_to_has_left(
    with_account: Settings, account: Twilio, kept: Kept, texter: Callable[..., Texter]
) -> None:
    gone, came_back, reading = texter(), texter(), texter()
    now = datetime.now(UTC)
    account.has(
        Message("SMblocked" + gone.number, OURS, gone.number, "Hello", now, "undelivered", 21610),
        Message("SMbefore" + gone.number, OURS, came_back.number, "Hello", now - timedelta(minutes=1), "failed", 21610),
        Message("SMlost" + gone.number, OURS, reading.number, "Hello", now, "undelivered", 30003),
    )
    came_back.text("START")
    assert create_duties(with_account).upkeep.reconcile(OURS) == 2
    assert kept.left(gone.number)
    assert not kept.left(came_back.number)
    assert not kept.left(reading.number)
