"""Whatever fails, every message gets exactly one turn: nothing is lost, nothing happens twice, nothing is mixed up.

A machine drives the real web application, on a real Redis that fails, against a model that is a few lines long: the
engine alone, applied to the messages one after another. Where an answer got lost on its way, the model allows for both:
that its turn happened and that it did not; the next answer tells.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from service.app import create_app
from service.book import Book
from service.channels.sms import Texts
from service.channels.twilio import Contacts, message_event, messages_twiml
from service.conversation import Forget, Known, OptIn, OptOut, Session
from service.effects import after
from service.engine import take_turn
from service.seal import Seal
from service.settings import Settings
from service.store import NAME, Spool, Store
from service.talk import Talk, echoes
from tests.conftest import TOKEN
from tests.faults import Fault, Line, failing
from tests.texter import sign

STEPS = int(os.environ.get("PLAINLINE_STEPS", "2000"))
"""Steps of the machine in all; ``make proof`` takes 10,000."""

STEPS_A_RUN = 25
"""With two texts in each no phone sends more than the limit lets through, which the model does not know."""

OF_LATE = 12
"""Messages among which Twilio may repeat one: it does so within a minute, and a cookie remembers twice as many."""

BODIES = [
    "MORE",
    "MORE",
    "MENU",
    "BACK",
    "RISKS",
    "2",
    "9",
    "STOP",
    "START",
    "zzz",
    "LANGUAGE",
    "HELP",
    "FORGET ME",
    "1",
]
BODIES += ["i want to kill myself", "please stop texting me"]

FIRST_NUMBER = iter(range(2_000_000, 9_000_000))


@dataclass
class Phone:
    """A phone, what Twilio keeps for it, and every memory that the service may have of it."""

    number: str
    cookie: str = ""
    possible: list[Known] = field(default_factory=lambda: [Known()])
    in_redis: list[Known] = field(default_factory=list)
    carried: list[Known] = field(default_factory=lambda: [Known()])
    answers: dict[str, tuple[str, bytes, bool]] = field(default_factory=dict)
    left: bool = False
    told: set[tuple[str, bytes]] = field(default_factory=set)

    @property
    def memories(self) -> list[Known]:
        """What the service may know: an answer that was lost left one memory in Redis, and another on the phone."""
        return _distinct([*self.possible, *self.in_redis, *self.carried])

    def takes(self, cookie: str) -> None:
        """An answer has arrived: the phone carries what may be known then."""
        if cookie:
            self.cookie, self.carried = cookie, list(self.possible)


@dataclass(frozen=True)
class Delivered:
    """What came back for one message."""

    status: int
    body: bytes
    cookie: str


class Turns(RuleBasedStateMachine):
    """People text, Twilio repeats itself, Redis fails and processes are killed, in any order."""

    book: Book
    line: Line
    settings: Settings
    redis_url: str

    @initialize()
    def people(self) -> None:
        self.line.fails(Fault.NONE)
        self.phones = [Phone(f"+1202{next(FIRST_NUMBER)}") for _ in range(2)]
        self.made = 0
        self.recovering = False
        self.texts = Texts(self.book)
        self.contacts = Contacts(self.settings.contact_key, Seal(self.settings.seal_keys))
        self.restart()

    @rule()
    def restart(self) -> None:
        """All processes are killed and started again: they hold nothing of their own, nor that Redis was away."""
        self.restarted = True
        self.app = create_app(self.settings, self.book)

    @rule(fault=st.sampled_from([Fault.BEFORE, Fault.AFTER]), countdown=st.integers(1, 6))
    def redis_fails_once(self, fault: Fault, countdown: int) -> None:
        self.line.fails(fault, countdown)

    @rule()
    def redis_goes(self) -> None:
        self.line.fails(Fault.AWAY)

    @rule()
    def redis_comes_back(self) -> None:
        self.line.fails(Fault.NONE)
        self.restart()

    @rule(who=st.integers(0, 1), body=st.sampled_from(BODIES), lost=st.sampled_from([False, False, False, True]))
    def text(self, who: int, body: str, lost: bool) -> None:
        """Somebody texts; the answer may get lost on its way to Twilio."""
        phone, sid = self.phones[who], self._sid()
        delivered, troubled = self._watched(phone, sid, body)
        self._judge(phone, sid, body, delivered, lost, troubled)

    @rule(who=st.integers(0, 1), data=st.data())
    def repeat(self, who: int, data: st.DataObject) -> None:
        """Twilio delivers a message again."""
        phone = self.phones[who]
        if not phone.answers:
            return
        sid = data.draw(st.sampled_from(list(phone.answers)[-OF_LATE:]))
        body, before, received = phone.answers[sid]
        delivered, troubled = self._watched(phone, sid, body)
        assert delivered.status == 200
        if received:
            assert delivered.body in {before, messages_twiml(())}, "a message that was answered got another turn"
            phone.takes(delivered.cookie)
        else:
            if delivered.body != before:
                self._judge(phone, sid, body, delivered, False, troubled)
                return
            self._may_have_happened(phone, body, delivered)
            phone.answers[sid] = (body, before, True)

    @rule(who=st.integers(0, 1), bodies=st.tuples(st.sampled_from(BODIES[:6]), st.sampled_from(BODIES[:6])))
    def text_twice_at_once(self, who: int, bodies: tuple[str, str]) -> None:
        """Two messages of one phone arrive at the same moment."""
        phone = self.phones[who]
        sids = [self._sid(), self._sid()]
        with ThreadPoolExecutor(2) as pool:
            jobs = [
                pool.submit(self._deliver, self.app, replace(phone), *one) for one in zip(sids, bodies, strict=True)
            ]
            first, second = (job.result() for job in jobs)
        assert (first.status, second.status) == (200, 200)
        ends: list[Known] = []
        for known in phone.memories:
            a, b = self._turn(known, phone, bodies[0]), self._turn(known, phone, bodies[1])
            ab, ba = self._turn(a[0], phone, bodies[1]), self._turn(b[0], phone, bodies[0])
            if (first.body, second.body) == (a[1], ab[1]):
                ends += [ab[0], a[0]]
            if (first.body, second.body) == (ba[1], b[1]):
                ends += [ba[0], b[0]]
            for other in phone.memories:  # one with Redis, the other without
                there = self._turn(other, phone, bodies[1])
                if (first.body, second.body) == (a[1], there[1]):
                    ends += [a[0], there[0]]
        assert ends, f"two turns were mixed up: {bodies} got {first} and {second}, {self.line.struck}, {phone.possible}"
        phone.possible = _distinct(ends)
        phone.takes(second.cookie or first.cookie)
        # Without Redis only the cookie knows what was answered, and Twilio keeps but one of the two.
        phone.answers[sids[1]] = (bodies[1], second.body, True)

    @invariant()
    def few_memories_are_possible(self) -> None:
        assert all(len(phone.possible) <= 64 for phone in getattr(self, "phones", ()))

    def teardown(self) -> None:
        """Redis is back: who left has left, and who returned has returned."""
        if not hasattr(self, "app"):
            return
        self.line.fails(Fault.NONE)
        seal = Seal(self.settings.seal_keys)
        store = Store(self.redis_url)
        Talk(self.book, store, Spool(self.settings.data_dir, seal), seal).replay()
        for phone in self.phones:
            _, person = store.known(self.contacts.contact(phone.number))
            assert bool(person.left) == phone.left, "an opt-out was lost, or undone"
        store.close()

    def _sid(self) -> str:
        self.made += 1
        return f"SM{self.made}{self.phones[0].number[2:]}"

    def _watched(self, phone: Phone, sid: str, body: str) -> tuple[Delivered, bool]:
        """Deliver a message; also whether Redis failed meanwhile, or a moment before."""
        struck, away = self.line.struck, self.line.fault is Fault.AWAY
        delivered = self._deliver(self.app, phone, sid, body)
        recovering = self.recovering
        self.recovering = away or self.line.struck > struck or (recovering and not self.restarted)
        self.restarted = False
        return delivered, self.recovering

    def _deliver(self, app: Flask, phone: Phone, sid: str, body: str) -> Delivered:
        form = {"MessageSid": sid, "From": phone.number, "To": "+15558675310", "Body": body, "NumMedia": "0"}
        headers = sign(form, TOKEN) | ({"Cookie": f"{NAME}={phone.cookie}"} if phone.cookie else {})
        client = app.test_client(use_cookies=False)
        response = client.post(
            "/sms", data=urlencode(form), headers=headers, content_type="application/x-www-form-urlencoded"
        )
        cookie = response.headers.get("Set-Cookie", "").partition(";")[0].partition("=")[2]
        return Delivered(response.status_code, response.get_data(), cookie)

    def _judge(self, phone: Phone, sid: str, body: str, delivered: Delivered, lost: bool, troubled: bool) -> None:
        """The answer must be that of one turn on a memory that the service may have."""
        assert delivered.status == 200
        ways = [(known, *self._turn(known, phone, body)) for known in phone.memories]
        right = [(known, then) for known, then, said, _ in ways if said == delivered.body]
        did = [effects for _, _, said, effects in ways if said == delivered.body]
        assert right, f"nothing explains the answer to {body!r}: {delivered.body.decode()}"
        if lost:
            phone.possible = _distinct([*(one[0] for one in right), *(_knowing(*one) for one in right)])
            phone.in_redis = _distinct([*phone.in_redis, *(then for _, then in right)])
        else:
            phone.possible = _distinct([then for _, then in right])
            phone.in_redis = phone.in_redis if troubled else []
            phone.takes(delivered.cookie)
        counts = (sid, delivered.body) not in phone.told  # what is delivered again is done once
        phone.told.add((sid, delivered.body))
        for effect in did[0] if counts else ():
            if isinstance(effect, OptOut | OptIn | Forget):
                phone.left = not isinstance(effect, OptIn)
        if any(isinstance(effect, Forget) for _, _, _, effects in ways for effect in effects):
            phone.answers.clear()  # what was answered may be forgotten too
        phone.answers[sid] = (body, delivered.body, not lost)

    def _may_have_happened(self, phone: Phone, body: str, delivered: Delivered) -> None:
        """The same bytes again: its turn was taken before, or is only now."""
        now = [
            then
            for known in phone.memories
            for then, said, _ in [self._turn(known, phone, body)]
            if said == delivered.body
        ]
        phone.possible = _distinct([*phone.possible, *now])
        phone.takes(delivered.cookie)

    def _turn(self, known: Known, phone: Phone, body: str) -> tuple[Known, bytes, Any]:
        """The model: the engine alone."""
        form = {"MessageSid": "", "From": phone.number, "Body": body}
        event = message_event(form, self.contacts)
        now = 1_800_000_000
        turn = take_turn(self.book, known, event, now)
        code = turn.session.language or self.book.likeliest(event.country)[0].code
        said = self.texts.render(turn.reply, code, event.channel)
        session = turn.session._replace(turn=0, seen=0)
        session = session._replace(echoes=echoes(said)) if said else session
        forgets = any(isinstance(effect, Forget) for effect in turn.effects)
        person = after(turn.effects, known.person, now)
        return Known(Session() if forgets else session, person), messages_twiml(said), turn.effects


def _knowing(before: Known, then: Known) -> Known:
    """The turn was not remembered, but what it did was."""
    return before._replace(person=then.person)


def _distinct(memories: list[Known]) -> list[Known]:
    return list(dict.fromkeys(memories))


def test_every_message_gets_exactly_one_turn_whatever_fails(
    book: Book, settings_in: Settings, redis_url: str, tmp_path: Path
) -> None:
    with failing(redis_url, tmp_path) as line:
        there = settings_in.model_copy(update={"redis_url": line.url})
        machine = type("Machine", (Turns,), {"book": book, "line": line, "settings": there, "redis_url": redis_url})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=max(1, STEPS // STEPS_A_RUN),
                stateful_step_count=STEPS_A_RUN,
                deadline=None,
                phases=[Phase.generate],  # threads and failures do not repeat to the letter: there is nothing to shrink
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert line.struck, "nothing ever went wrong"
        print(f"\nfaults: {line.struck}")  # noqa: T201  read by the proof


@pytest.fixture
def settings_in(settings: Settings) -> Settings:
    return settings
