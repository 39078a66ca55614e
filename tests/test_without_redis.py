"""While Redis is away people are answered all the same, and nothing that must be remembered is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from service.app import create_app
from service.book import Book
from service.channels.twilio import Contacts
from service.conversation import Entry, Person, Session
from service.seal import Seal
from service.settings import Settings
from service.store import NAME, Spool, Spooled, Store
from service.store.carried import LONGEST, Carried, read_cookie, write_cookie
from service.supervisor import embedded_redis
from tests.conftest import TOKEN
from tests.faults import Fault, Line, failing
from tests.texter import Texter

PATIENCE = 2.0
"""Seconds within which people are answered, whatever Redis does: the house's promise, not a matter of speed."""

NUMBER = "+12025550188"


@pytest.fixture
def line(redis_url: str, tmp_path: Path) -> Iterator[Line]:
    with failing(redis_url, tmp_path) as made:
        yield made


@pytest.fixture
def there(settings: Settings, line: Line) -> Settings:
    """Settings whose Redis can fail."""
    return settings.model_copy(update={"redis_url": line.url})


@pytest.fixture
def store(redis_url: str) -> Iterator[Store]:
    """What is really remembered."""
    opened = Store(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def reader(there: Settings, book: Book, texter: Callable[..., Texter]) -> Texter:
    """Somebody whose service has a Redis that can fail."""
    return Texter(create_app(there, book).test_client(), TOKEN, texter().number)


def person_of(store: Store, settings: Settings, number: str) -> Person:
    contacts = Contacts(settings.contact_key, Seal(settings.seal_keys))
    return store.known(contacts.contact(number))[1]


def restarted(reader: Texter, there: Settings, book: Book) -> Texter:
    """The same phone, and its cookie, after the service was started again."""
    client = create_app(there, book).test_client()
    cookie = reader.client.get_cookie(NAME, domain="localhost")
    if cookie:
        client.set_cookie(NAME, cookie.value, domain="localhost", secure=False)
    return Texter(client, TOKEN, reader.number)


@pytest.mark.parametrize("fault", [Fault.AWAY, Fault.FROZEN])
def test_people_are_answered_in_their_language_and_place(reader: Texter, line: Line, fault: Fault) -> None:
    reader.text("RIESGOS")
    line.fails(fault)
    began = time.monotonic()
    said = reader.text("MAS")
    assert time.monotonic() - began < PATIENCE
    assert "texto" in " ".join(said).casefold() or "MENU" in said[-1]
    assert reader.text("ATRAS")[-1].startswith("Como")


def test_nobodys_place_jumps_when_redis_returns(
    reader: Texter, line: Line, there: Settings, book: Book, texter: Callable[..., Texter]
) -> None:
    untroubled = texter()
    reader.text("RISKS")
    line.fails(Fault.AWAY)
    away = [reader.text("SYMPTOMS"), reader.text("MORE")]
    line.fails(Fault.NONE)
    back = restarted(reader, there, book)
    untroubled.text("RISKS")
    assert away == [untroubled.text("SYMPTOMS"), untroubled.text("MORE")]
    assert back.text("MORE") == untroubled.text("MORE")


def test_who_leaves_meanwhile_has_left_once_and_for_good(
    reader: Texter, line: Line, there: Settings, book: Book, store: Store
) -> None:
    line.fails(Fault.AWAY)
    assert "ended all texts" in reader.text("STOP", sid="SMleaves" + reader.number)[0]
    assert person_of(store, there, reader.number).left == 0
    line.fails(Fault.NONE)
    somebody = Texter(create_app(there, book).test_client(), TOKEN, "+12025550199")
    somebody.text("hi")
    assert person_of(store, there, reader.number).left
    ledger = store.ledger(Contacts(there.contact_key, Seal(there.seal_keys)).contact(reader.number))
    assert [entry.what for entry in ledger] == ["left"]


def test_a_later_start_is_not_undone_by_what_was_spooled(there: Settings, book: Book, store: Store) -> None:
    contacts, seal = Contacts(there.contact_key, Seal(there.seal_keys)), Seal(there.seal_keys)
    contact = contacts.contact("+12025550177")
    reader = Texter(create_app(there, book).test_client(), TOKEN, "+12025550177")
    reader.text("START")
    earlier = int(time.time()) - 3600
    Spool(there.data_dir, seal).append(
        Spooled(contact, "SMearlier", earlier, ("OptOut",), b"", (Entry("left", earlier),))
    )
    reader.text("hi")
    assert store.known(contact)[1].left == 0
    assert [entry.what for entry in store.ledger(contact)] == ["agreed", "left"]


def test_a_full_disk_is_an_error_and_no_silence(reader: Texter, line: Line, there: Settings) -> None:
    line.fails(Fault.AWAY)
    there.data_dir.mkdir(parents=True, exist_ok=True)
    (there.data_dir / "spool").symlink_to("/dev/full")
    refused = reader.post("STOP")
    (there.data_dir / "spool").unlink()
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "ended all texts" in reader.text("STOP")[0]


def test_a_redis_that_is_full_is_as_good_as_away(there: Settings, book: Book, tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "full") as url:
        reader = Texter(create_app(there.model_copy(update={"redis_url": url}), book).test_client(), TOKEN, NUMBER)
        reader.text("RISKS")
        redis.Redis.from_url(url).config_set("maxmemory", 1)
        assert reader.text("MENU")[-1].startswith("Which part")
        assert "ended all texts" in reader.text("STOP")[0]
        redis.Redis.from_url(url).config_set("maxmemory", 0)
        reader.text("hi")
        assert person_of(Store(url), there, NUMBER).left


def test_a_redis_that_is_killed_and_comes_back_is_used_again(there: Settings, book: Book, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    with embedded_redis(folder) as url:
        application = create_app(there.model_copy(update={"redis_url": url}), book)
        reader = Texter(application.test_client(), TOKEN, NUMBER)
        reader.text("RISKS")
    assert reader.text("MENU")[-1].startswith("Which part")
    with embedded_redis(folder) as url:
        back = restarted(reader, there.model_copy(update={"redis_url": url}), book)
        assert back.text("MORE")[-1].startswith("What metastasis is")


def test_a_line_that_was_cut_off_harms_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Seal(["k" * 32]))
    one, two = (Spooled("anna", f"SM{n}", n, ("OptOut",), b"answer", (Entry("left", n),), b"\x00\xff") for n in (1, 2))
    spool.append(one)
    with (tmp_path / "spool").open("ab") as file:
        file.write(b"half a li")
    spool.append(two)
    seen: list[Spooled] = []
    assert spool.replay(seen.append, lambda: None) == 2
    assert seen == [one, two]
    assert spool.is_empty
    assert (tmp_path / "spool.unread").read_bytes() == b"half a li\n"


def test_what_cannot_be_remembered_stays_in_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Seal(["k" * 32]))
    spool.append(Spooled("anna", "SM1", 1, ("OptOut",), b""))

    def refuse(_: Spooled) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        spool.replay(refuse, lambda: None)
    assert not spool.is_empty


@pytest.mark.parametrize("spoilt", ["", "x", "%%%", "é", "A" * (LONGEST + 1), "bm90IG91cnM="])
def test_a_cookie_that_is_none_of_ours_counts_for_nothing(spoilt: str) -> None:
    assert read_cookie(spoilt, "anna", Seal(["k" * 32])) is None


def test_a_cookie_is_read_for_its_own_contact_alone_and_after_a_rotation() -> None:
    carried = Carried(Session(language="es"), Person(left=5))
    cookie = write_cookie(carried, "anna", Seal(["old " * 8]))
    assert read_cookie(cookie, "anna", Seal(["new " * 8, "old " * 8])) == carried
    assert read_cookie(cookie, "berta", Seal(["old " * 8])) is None
    assert read_cookie(cookie, "anna", Seal(["new " * 8])) is None
    assert len(cookie) < LONGEST / 4


def test_who_was_told_that_they_left_has_left_whatever_redis_had_answered(
    there: Settings, book: Book, store: Store
) -> None:
    contacts, seal = Contacts(there.contact_key, Seal(there.seal_keys)), Seal(there.seal_keys)
    number, at = "+12025550166", int(time.time())
    contact = contacts.contact(number)
    reader = Texter(create_app(there, book).test_client(), TOKEN, number)
    reader.text("1", sid="SMtwice")
    spooled = Spooled(contact, "SMtwice", at + 5, ("OptOut",), b"another answer", (Entry("left", at + 5),))
    for _ in range(2):
        Spool(there.data_dir, seal).append(spooled)
        reader.text("hi")
    assert store.known(contact)[1].left
    assert [entry.what for entry in store.ledger(contact)] == ["left"]


def test_a_disk_that_lags_keeps_nobody_waiting(there: Settings, book: Book, tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "lags") as url:
        redis.Redis.from_url(url).config_set("appendfsync", "no")
        client = create_app(there.model_copy(update={"redis_url": url}), book).test_client()
        assert "ended all texts" in Texter(client, TOKEN, "+12025550155").text("STOP")[0]
        assert "988" in Texter(client, TOKEN, "+12025550156").text("i want to kill myself")[0]


def test_a_stop_from_an_outage_outweighs_a_later_pause_and_no_later_start(
    there: Settings, book: Book, store: Store
) -> None:
    contacts, seal = Contacts(there.contact_key, Seal(there.seal_keys)), Seal(there.seal_keys)
    client, earlier = create_app(there, book).test_client(), int(time.time()) - 120
    for number, then, left in (("+12025550145", "No more texts maybe?", True), ("+12025550146", "START", False)):
        reader, contact = Texter(client, TOKEN, number), contacts.contact(number)
        reader.text("not for me" if left else then)
        entry = Entry("left", earlier)
        Spool(there.data_dir, seal).append(Spooled(contact, f"SM{number}", earlier, ("OptOut",), b"", (entry,)))
        reader.text("hi")
        assert bool(store.known(contact)[1].left) is left


def test_a_primary_that_was_demoted_is_left_at_once(there: Settings, book: Book, tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "one") as url:
        app = create_app(there.model_copy(update={"redis_url": url}), book)
        reader = Texter(app.test_client(), TOKEN, "+12025550135")
        reader.text("RISKS")
        one = redis.Redis.from_url(url)
        one.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert "ended all texts" in reader.text("STOP")[0]
        assert app.test_client().get("/readyz").status_code == 503
        one.execute_command("REPLICAOF", "NO", "ONE")
        back = restarted(reader, there.model_copy(update={"redis_url": url}), book)
        back.text("hi")
        assert person_of(Store(url), there, reader.number).left


def test_two_processes_do_not_wait_for_each_other_with_the_spool(tmp_path: Path) -> None:
    one, two = Spool(tmp_path, Seal(["k" * 32])), Spool(tmp_path, Seal(["k" * 32]))
    one.append(Spooled("anna", "SM1", 1, ("OptOut",), b""))
    seen: list[int] = []
    assert one.replay(lambda _: seen.append(two.replay(lambda _: None, lambda: None)), lambda: None) == 1
    assert seen == [0]
    assert one.is_empty
