"""The store, on a real Redis: what is remembered, in how much room, and through what."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from service.conversation import Allowance, Known, Person, Place, Session, Target
from service.store import Commit, Store, StoreAwayError, StoreError
from service.store.codec import decode_person, decode_session, encode_person, encode_session
from service.store.keys import keys
from service.supervisor import InUseError, embedded_redis, owned

NOW = 1_800_000_000.0

words = st.text(max_size=20)
sessions = st.builds(
    Session,
    language=words,
    screen=words,
    subject=words,
    page=st.integers(0, 99),
    place=st.none(),
    unread=st.just((0, 0)),
    choices=st.lists(st.builds(Target, st.text(min_size=1, max_size=9), words, words), max_size=3).map(tuple),
    misses=st.integers(0, 9),
    told=st.lists(st.sampled_from(["hello", "en", "zh_Hans"]), unique=True).map(tuple),
    seen=st.integers(0, 600_000),
    echoes=st.lists(st.sampled_from(["0a1b2c", "ffffff"]), max_size=3).map(tuple),
)


@pytest.fixture(scope="module")
def store(redis_url: str) -> Iterator[Store]:
    opened = Store(redis_url)
    yield opened
    opened.close()


def _take(store: Store, contact: str, message: str, commit: Commit) -> None:
    assert store.commit(contact, message, store.begin(contact, message, NOW), commit) is None


@given(sessions)
def test_a_session_that_is_saved_is_the_session_that_is_loaded(session: Session) -> None:
    assert decode_session(encode_session(session)) == session
    reading = Session(language="es", place=Place("a/b", "0a1b2c", 3, 45), unread=(4, 5))
    assert decode_session(encode_session(reading)) == reading


@pytest.mark.parametrize(
    "stored", [None, b"", b"{}", b"[]", b"\xff", b"[0]", b'[1,"en"]', b'["x",1,2,3,4,5,6,7,8,9,10]']
)
def test_a_session_that_cannot_be_read_begins_anew(stored: bytes | None) -> None:
    assert decode_session(stored) == Session()


def test_what_is_remembered_of_a_person_is_never_guessed_away() -> None:
    assert decode_person(encode_person(Person(left=7))) == Person(left=7)
    with pytest.raises(ValueError, match="version 9"):
        decode_person(b"[9,7]")


def test_a_turn_is_remembered_with_its_answer(store: Store) -> None:
    _take(store, "anna", "SM1", Commit(Session(language="es"), Person(left=3), b"answer", durable=True))
    assert store.begin("anna", "SM1", NOW).answer == b"answer"
    assert store.begin("anna", "SM2", NOW).known == Known(Session(language="es"), Person(left=3))


def test_a_turn_that_was_overtaken_is_not_remembered_and_told_what_is_there_now(store: Store) -> None:
    first, second = store.begin("berta", "SM1", NOW), store.begin("berta", "SM2", NOW)
    assert store.commit("berta", "SM1", first, Commit(Session(language="en"), Person(), b"one", durable=False)) is None
    now = store.commit("berta", "SM2", second, Commit(Session(language="es"), Person(), b"two", durable=True))
    assert now is not None
    assert now.known.session.language == "en"
    assert store.commit("berta", "SM2", now, Commit(Session(language="es"), Person(), b"two", durable=False)) is None
    assert store.begin("berta", "SM3", NOW).known.session.language == "es"


def test_two_deliveries_of_one_message_get_the_answer_of_the_first(store: Store) -> None:
    first, second = store.begin("clara", "SM1", NOW), store.begin("clara", "SM1", NOW)
    assert store.commit("clara", "SM1", first, Commit(Session(), Person(), b"one", durable=False)) is None
    later = store.commit("clara", "SM1", second, Commit(Session(), Person(), b"two", durable=False))
    assert later is not None
    assert later.answer == b"one"


def test_sixty_texts_at_once_and_then_one_every_ten_seconds(store: Store) -> None:
    allowed = [store.begin("dora", "", NOW).known.allowance for _ in range(63)]
    assert allowed == [Allowance.GRANTED] * 60 + [Allowance.REFUSED] + [Allowance.REFUSED_AGAIN] * 2
    later = [store.begin("dora", "", NOW + 10).known.allowance for _ in range(2)]
    assert later == [Allowance.GRANTED, Allowance.REFUSED]


def test_all_keys_of_a_contact_lie_in_one_of_256_buckets() -> None:
    tags = {keys(f"contact {number}", "SM1")[0].split("{")[1].split("}")[0] for number in range(5000)}
    assert len(tags) == 256
    assert len({key.split("{")[1].split("}")[0] for key in keys("anna", "SM1")}) == 1


def test_a_session_takes_less_than_250_bytes(store: Store, redis_url: str) -> None:
    session = Session(
        language="zh_Hans",
        screen="reading",
        place=Place("breast-cancer-metastasis/symptoms", "a45a0d", 3, 120),
        unread=(4, 0),
        told=("hello", "zh_Hans", "en"),
        seen=500_000,
        echoes=("0a1b2c", "3d4e5f", "ffffff"),
    )
    contact = "AbCdEfGhIjKlMnOp"
    _take(store, contact, "SM1", Commit(session, Person(), b"answer", durable=False))
    assert redis.Redis.from_url(redis_url).memory_usage(keys(contact, "")[1]) < 250


def test_sessions_and_answers_go_and_an_opt_out_stays(store: Store, redis_url: str) -> None:
    _take(store, "emma", "SM1", Commit(Session(language="en"), Person(left=1), b"answer", durable=True))
    client, named = redis.Redis.from_url(redis_url), keys("emma", "SM1")
    assert 0 < client.ttl(named.answer) <= 86_400
    assert 0 < client.ttl(named.session) <= 90 * 86_400
    assert client.ttl(named.person) == -1


def test_a_turn_costs_two_round_trips_and_one_script_each(store: Store, redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    _take(store, "frida", "SM0", Commit(Session(), Person(), b"", durable=True))
    client.config_resetstat()
    _take(store, "frida", "SM1", Commit(Session(language="en"), Person(left=1), b"answer", durable=True))
    sent = {name: stats["calls"] for name, stats in client.info("commandstats").items()}
    assert sent["cmdstat_evalsha"] == 2
    assert sent["cmdstat_waitaof"] == 1


def test_a_redis_that_is_away_is_told_from_one_that_answers(store: Store) -> None:
    away = Store("redis://127.0.0.1:1")
    with pytest.raises(StoreAwayError):
        away.begin("gerda", "SM1", NOW)
    assert "REDIS_URL" in away.ready()
    assert store.ready() == ""


@pytest.mark.parametrize(("setting", "value", "told"), [
    ("maxmemory-policy", "allkeys-lru", "noeviction"), ("appendonly", "no", "appendonly"),
])  # fmt: skip
def test_a_redis_that_may_forget_is_not_ready(tmp_path: Path, setting: str, value: str, told: str) -> None:
    with embedded_redis(tmp_path) as url:
        redis.Redis.from_url(url).config_set(setting, value)
        assert told in Store(url).ready()


def test_what_the_disk_did_not_take_is_an_error_and_waits_again_when_it_is_retried(tmp_path: Path) -> None:
    leaving = Commit(Session(), Person(left=1), b"answer", durable=True)
    with embedded_redis(tmp_path) as url:
        store = Store(url)
        redis.Redis.from_url(url).config_set("appendonly", "no")
        with pytest.raises(StoreError):
            store.commit("anna", "SM1", store.begin("anna", "SM1", NOW), leaving)
        store.unconfirmed("anna", "SM1")
        redis.Redis.from_url(url).config_set("appendonly", "yes")
        retried = store.begin("anna", "SM1", NOW)
        assert retried.answer is None
        assert store.commit("anna", "SM1", retried, leaving) is None


def test_what_was_remembered_survives_a_restart_and_a_kill(tmp_path: Path) -> None:
    for before in (None, Person(left=1), Person(left=2)):
        with embedded_redis(tmp_path) as url:
            store = Store(url)
            found = store.begin("anna", "", NOW)
            assert found.known.person == (before or Person())
            commit = Commit(Session(language="es"), Person(left=found.known.person.left + 1), b"", durable=True)
            assert store.commit("anna", "", found, commit) is None
            pid = redis.Redis.from_url(url).info("server")["process_id"]
            import os

            os.kill(pid, signal.SIGKILL)


def test_one_folder_has_one_owner(tmp_path: Path) -> None:
    with owned(tmp_path), pytest.raises(InUseError, match="DATA_DIR"), owned(tmp_path):
        pass


def test_a_folder_with_a_very_long_path_still_gets_its_socket(tmp_path: Path) -> None:
    with embedded_redis(tmp_path / ("long" * 30)) as url:
        assert redis.Redis.from_url(url).ping()
