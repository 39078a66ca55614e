"""One walk: every state of every conversation in one language and on one channel."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service.book import SOURCE, Book
from service.book.echoes import echo
from service.book.keywords import HELLO, MORE
from service.channels.sms import Texts
from service.channels.voice import Voice
from service.conversation import Channel, Event, Forget, Kind, Known, Person, Reply, Session, Turn
from service.effects import after
from service.engine import SCREENS, take_turn
from service.explore.inputs import (
    KEY,
    MINUTE,
    NAME,
    RINGS,
    WAITS,
    Alphabet,
    Input,
    alphabet,
    calls,
    hypothetical,
    number,
)
from service.explore.proofs import FARTHEST, QUIET, Judge, Problem, Said, problems
from service.explore.watched import CORE, FIELD, LOOKS, Notes, State, changes, plain_session, watched
from service.flows.calling import KEYS_TOLD
from service.flows.lost import PATIENCE
from service.flows.notices import FIRST_HEARD, FIRST_SIGHT
from service.flows.scene import Scene
from service.store.codec import decode_session, encode_session
from service.talk import echoes

START = 1_800_000_000
"""When somebody has written last (Unix seconds)."""

ENDLESS = 1 << 30

RECHECKED = 300
"""Decisions that are made once more, in states chosen by chance, to see that they hold there."""

DEPTH_ABROAD = 3
"""Texts that are tried with the numbers of another country."""

NOWHERE = "AQ"
"""A country of which we know no number."""

Paragraph = tuple[str, int]


class Violation(NamedTuple):
    """What does not hold, where it was first met, the shortest way there, and in how many decisions."""

    rule: str
    found: str
    language: str
    channel: str
    way: tuple[str, ...]
    times: int = 1


@dataclass
class Walked:
    """What a walk found. ``decisions`` is how many turns were really taken, ``farthest`` the texts to a paragraph."""

    language: str
    channel: str
    states: int = 0
    transitions: int = 0
    decisions: int = 0
    farthest: int = 0
    way: tuple[str, ...] = ()
    countries: int = 0
    seconds: float = 0.0
    lacking: tuple[str, ...] = ()
    violations: list[Violation] = field(default_factory=list)
    steps: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    sentences: set[str] = field(default_factory=set)
    """What is said on calls in this language."""


class Decided(NamedTuple):
    """One decision: the fields that it changes, what came of it, and which paragraphs it read to their end."""

    changes: tuple[tuple[int, Any], ...]
    outcome: str
    read: tuple[Paragraph, ...]
    found: tuple[Problem, ...]
    leaves: bool
    """Whether it leads into a language whose own walk goes on from there."""


class _Looks:
    """Decisions of one input, found again by what they looked at: a tree that asks for one field after another."""

    def __init__(self) -> None:
        self.field = -1
        self.ways: dict[Any, _Looks] = {}
        self.decided: Decided | None = None

    def find(self, state: State) -> Decided | None:
        """The decision that holds in ``state`` too, if it was made."""
        node: _Looks | None = self
        while node is not None and node.decided is None:
            node = node.ways.get(state[node.field])
        return node.decided if node else None

    def common(self, state: State) -> _Looks:
        """As far as all states have looked that agree with ``state`` in their core."""
        node = self
        while node.decided is None and 0 <= node.field < CORE:
            node = node.ways[state[node.field]]
        return node

    def learn(self, state: State, looked: Iterable[int], decided: Decided) -> None:
        """``decided`` holds wherever the fields that were looked at are as in ``state``."""
        node = self
        for index in looked:
            if node.field not in {-1, index}:
                raise RuntimeError("a decision looked at other fields than one that began as it did")
            node.field = index
            node = node.ways.setdefault(state[index], _Looks())
        node.decided = decided


class _Plan(NamedTuple):
    """What to do in all states that agree in their core: decisions that hold in each, and inputs that look further."""

    settled: tuple[tuple[Decided, int, bool], ...]
    open: tuple[tuple[int, _Looks], ...]


class Walk:
    """Visits all states of a language and a channel, the nearest first, and proves every turn."""

    def __init__(
        self, book: Book, code: str, channel: Channel, judges: tuple[Judge, ...] = (), deepest: int = ENDLESS
    ) -> None:
        self._deepest = deepest
        self._language = book.languages[code]
        self._book = hypothetical(book, self._language)
        self._channel = channel
        self._judges = judges
        source = SOURCE if code != SOURCE else ""
        others = [each for each in book.languages if each != code]
        self._other = source if source in book.languages else next(iter(others), "")
        made = alphabet if channel.is_read else calls
        self._alphabet: Alphabet = made(self._book, self._language, self._book.languages.get(self._other))
        self._marks = (FIRST_SIGHT, code) if channel.is_read else (FIRST_HEARD, KEYS_TOLD, code)
        self._texts = Texts(self._book)
        self._voice = Voice(self._book, "https://plainline.example")
        self._inputs: list[Input] = []
        self._known: list[_Looks] = []
        self._numbers: list[int] = []
        self._highest: dict[tuple[Any, ...], int] = {}
        self._quoted: dict[tuple[str, str], str] = {}
        self._from: dict[State, tuple[State, int] | None] = {}
        self._problems: dict[Problem, Violation] = {}
        self._country = book.country
        self._tried = 0
        self._plans: dict[tuple[tuple[Any, ...], int], _Plan] = {}
        self._same: dict[tuple[tuple[int, Any], ...], tuple[tuple[int, Any], ...]] = {}
        self._steps: Counter[tuple[str, str, str]] = Counter()
        self.walked = Walked(code, channel, lacking=self._alphabet.lacking)

    def all(self, *, thorough: bool = True) -> Walked:
        """Walk at home to the end; if ``thorough``, look again, and walk a little way with other countries' numbers."""
        began, walked = time.perf_counter(), self.walked
        self._walk(self._alphabet.every, self._deepest, numbers=self._channel.is_read)
        walked.states, walked.transitions, walked.steps = len(self._from), self._tried, self._steps
        if thorough:
            self._recheck()
            self._reach()
            self._walk_abroad()
        for lacking in self._alphabet.lacking:
            if lacking.startswith("words of"):
                found = f"no sample of {lacking} is heard by its patterns alone"
                self._report(Problem("every rule is tried", found), ())
        walked.violations = list(self._problems.values())
        walked.seconds = time.perf_counter() - began
        return walked

    def _walk_abroad(self) -> None:
        for country in (*self._book.helplines.by_country, NOWHERE):
            if country != self._book.country:
                self._country = country
                self._walk(self._alphabet.abroad, DEPTH_ABROAD, numbers=False)
                self.walked.countries += 1
        self._country = self._book.country

    def _walk(self, inputs: Iterable[Input], deepest: int, *, numbers: bool) -> None:
        """Visit every state, the nearest first; the numbers that a state offers are tried in it if ``numbers``."""
        self._inputs = list(inputs)
        every = list(range(len(self._inputs)))
        self._inputs += self._alphabet.elsewhere
        elsewhere = list(range(len(every), len(self._inputs)))
        self._numbers, self._tried, self._steps = [], 0, Counter()
        self._known = [_Looks() for _ in self._inputs]
        self._plans = {}
        self._from = {State(): None}
        front, depth = [State()], 0
        while front and depth < deepest:
            depth += 1
            reached: list[State] = []
            for state in front:
                at_home = state.language in {"", self._language.code}
                tried = [*(every if at_home else elsewhere), *(self._numbered(state) if numbers else ())]
                reached += self._visit(state, tried, proves_exit=inputs is self._alphabet.every and at_home)
            front = reached

    def _recheck(self) -> None:
        """Decide again in states chosen by chance: whatever was not looked at must make no difference."""
        chance, states = random.Random(1), list(self._from)  # noqa: S311  the same states every time
        for state in chance.choices(states, k=RECHECKED):
            index = chance.randrange(len(self._inputs))
            held = self._known[index].find(state)
            if held is not None:
                fresh = self._decide(state, index, _Looks(), counts=False)
                if (_changed(state, held.changes), held.outcome) != (_changed(state, fresh.changes), fresh.outcome):
                    rule = "what a decision does not look at makes no difference to it"
                    found = f"{self._inputs[index].label!r}: {held.outcome!r}, and decided again {fresh.outcome!r}"
                    self._report(Problem(rule, found), self._way(state))

    def _reach(self) -> None:
        """How many texts somebody needs to any paragraph who greets us and then knows numbers and MORE alone."""
        whole = [each for each in self._book.sections.values() if self._book.is_whole(each, self._language)]
        unread = {(section.path, paragraph) for section in whole for paragraph in range(len(section.paragraphs))}
        groups = {MORE.msgid} if self._channel.is_read else {KEY, WAITS}
        onward = [i for i, each in enumerate(self._inputs) if each.group in groups and each.later == MINUTE]
        onward = onward[:1] if self._channel.is_read else onward
        state, way = self._greeted() if self._channel.is_read else self._called()
        front: dict[State, tuple[str, ...]] = {state: way}
        seen = set(front)
        while front and unread:
            reached: dict[State, tuple[str, ...]] = {}
            for state, way in front.items():
                for index in (*onward, *(self._numbered(state) if self._channel.is_read else ())):
                    decided = self._decided(state, index)
                    there = (*way, self._inputs[index].label)
                    if unread.intersection(decided.read):
                        self.walked.farthest, self.walked.way = len(there), there
                        unread -= set(decided.read)
                    after_it = _changed(state, decided.changes)
                    stays = after_it.language in {state.language, self._language.code}
                    if stays and after_it not in seen:
                        seen.add(after_it)
                        reached[after_it] = there
            front = reached
        self._prove_reach(unread)

    def _prove_reach(self, unread: set[Paragraph]) -> None:
        if unread:
            section, paragraph = min(unread)
            found = f"{section}, paragraph {paragraph + 1}: never"
            self._report(Problem("every paragraph can be read by numbers and MORE", found), ())
        if self.walked.farthest > FARTHEST:
            self._report(Problem("no paragraph is far away", f"{self.walked.farthest} texts"), self.walked.way)

    def _greeted(self) -> tuple[State, tuple[str, ...]]:
        """Where a greeting leads a stranger; where it is answered in another language, the name of this one."""
        state = State()
        for group in (HELLO.msgid, NAME):
            index = next(i for i, each in enumerate(self._inputs) if each.group == group)
            state = _changed(State(), self._decided(State(), index).changes)
            if state.language == self._language.code:
                break
        return state, (self._inputs[index].label,)

    def _called(self) -> tuple[State, tuple[str, ...]]:
        """Where a call begins."""
        index = next(i for i, each in enumerate(self._inputs) if each.group == RINGS)
        return _changed(State(), self._decided(State(), index).changes), (self._inputs[index].label,)

    def _visit(self, state: State, tried: list[int], *, proves_exit: bool) -> list[State]:
        """Try every input in one state; the states that are new."""
        plan = self._plans.get((state[:CORE], len(tried)))
        if plan is None:
            plan = self._plans[state[:CORE], len(tried)] = self._plan(state, tried)
        new: list[State] = []
        leads_on = False
        for decided, index, moves in plan.settled:
            leads_on |= self._follow(state, decided, index, new) and moves
        for index, node in plan.open:
            decided = node.find(state) or self._decide(state, index, self._known[index])
            leads_on |= self._follow(state, decided, index, new) and self._inputs[index].moves
        self._tried += len(tried)
        if proves_exit and not leads_on:
            found = f"nothing leads on from {state.screen or 'the beginning'}"
            self._report(Problem("no dead end", found), self._way(state))
        return new

    def _plan(self, state: State, tried: list[int]) -> _Plan:
        """What is common to all states with the core of ``state``: what is settled, and what looks further.

        Of several inputs that change the same in the same way the first is followed, as one of them that moves if any
        does.
        """
        settled: dict[int, tuple[Decided, int, bool]] = {}
        further: list[tuple[int, _Looks]] = []
        for index in tried:
            self._decided(state, index)
            node = self._known[index].common(state)
            if node.decided is None:
                further.append((index, node))
                continue
            same = settled.get(id(node.decided.changes))
            moves = self._inputs[index].moves or bool(same and same[2])
            settled[id(node.decided.changes)] = (*same[:2], moves) if same else (node.decided, index, moves)
        return _Plan(tuple(settled.values()), tuple(further))

    def _follow(self, state: State, decided: Decided, index: int, new: list[State]) -> bool:
        """Go where a decision leads, and note a state that is new; whether somebody is elsewhere then."""
        after_it = _changed(state, decided.changes)
        if after_it not in self._from and not decided.leaves:
            self._from[after_it] = state, index
            new.append(after_it)
        return after_it is not state and after_it[LOOKS] != state[LOOKS]

    def _decided(self, state: State, index: int) -> Decided:
        known = self._known[index]
        return known.find(state) or self._decide(state, index, known)

    def _numbered(self, state: State) -> list[int]:
        """Every number that chooses something in ``state``, one too high, and 0."""
        highest = self._highest_in(state)
        while len(self._numbers) <= highest + 1:
            self._numbers.append(len(self._inputs))
            self._inputs.append(number(len(self._numbers) - 1))
            self._known.append(_Looks())
        return self._numbers[: highest + 2]

    def _highest_in(self, state: State) -> int:
        if state.choices:
            return len(state.choices)
        key = state.language, state.screen, state.subject, state.section
        if key not in self._highest:
            screen = SCREENS.get(state.screen)
            session, person = watched(self._book, state, START, Notes())
            scene = Scene(self._book, Known(session, person), self._event(number(0)), START)
            self._highest[key] = len(screen.options(scene)) if screen else 0
        return self._highest[key]

    def _event(self, given: Input) -> Event:
        step = int(given.kind is not Kind.CALL)
        about = given.kind, given.body, self._country, given.carrier, b"", given.machine, step
        return Event("", self._channel, "somebody", *about)

    def _decide(self, state: State, index: int, known: _Looks, *, counts: bool = True) -> Decided:
        """Take the turn, prove it, and remember what it looked at."""
        given, notes = self._inputs[index], Notes()
        self.walked.decisions += counts
        session, person = watched(self._book, state, START, notes)
        said, change, read = self._take(state, given, Known(session, person, given.allowance))
        found = tuple(problems(self._book, said, self._judges))
        language = change.get(FIELD["language"], state.language)
        leaves = language not in {"", self._language.code, self._other}
        alike = tuple(sorted(change.items()))
        decided = Decided(self._same.setdefault(alike, alike), said.outcome, read, found, leaves)
        known.learn(state, notes.looked, decided)
        if not counts:
            return decided
        for problem in found:
            self._report(problem, (*self._way(state), given.label))
        if not state.left:
            self._steps[room(state), given.group, said.outcome] += 1
        return decided

    def _take(self, state: State, given: Input, known: Known) -> tuple[Said, dict[int, Any], tuple[Paragraph, ...]]:
        """One turn: what is to be proved of it, what it changes, and what was read."""
        said = Said(state, self._channel, given, "raised")
        try:
            turn = take_turn(self._book, known, self._event(given), START + given.later)
        except Exception as error:  # whatever it is: that is what is looked for
            return said._replace(raised=f"{type(error).__name__}: {error}"), {}, ()
        session = plain_session(turn.session)
        effects = tuple(type(effect).__name__ for effect in turn.effects)
        code = self._book.spoken(session.language, self._country, self._channel).code
        said = said._replace(outcome=turn.outcome, effects=effects, language=code, silent=turn.reply == Reply())
        change = self._changes(turn)
        if not self._channel.is_read:
            return self._heard(said, turn, session, code), change, self._paragraphs(turn.reply, code)
        try:
            messages = self._texts.render(turn.reply, code, self._channel)
            page = self._texts.render(turn.reply._replace(notices=()), code, self._channel)
        except Exception as error:
            return said._replace(raised=f"{type(error).__name__}: {error}"), change, ()
        session = session._replace(echoes=echoes(messages)) if messages else session
        said = said._replace(
            messages=messages,
            notices=len(messages) - len(page),
            kept=decode_session(encode_session(session)) == session,
            quoted=self._quote(messages, session),
        )
        return said, change, self._paragraphs(turn.reply, code)

    def _heard(self, said: Said, turn: Turn, session: Session, code: str) -> Said:
        """What is said on a call, sentence by sentence."""
        try:
            uttered = tuple(self._voice.utterances(turn.reply, code))
            size = len(self._voice.render(turn.reply, code, "https://plainline.example/voice/1"))
        except Exception as error:
            return said._replace(raised=f"{type(error).__name__}: {error}")
        at_home = self._country == self._book.country
        if at_home:
            self.walked.sentences |= {each.said for each in uttered if each.language == self._language.code}
        passage = turn.reply._replace(notices=(), opening=(), options=(), hint=())
        return said._replace(
            messages=tuple(each.said for each in uttered),
            kept=decode_session(encode_session(session)) == session,
            size=size,
            passage=sum(len(each.said) for each in self._voice.utterances(passage, code)),
            unrecorded=tuple(each.said for each in uttered if at_home and not self._voice.can_say(each)),
        )

    def _quote(self, messages: tuple[str, ...], session: Session) -> str:
        """What comes of it if the phone sends our last message back."""
        if not messages or not echo(messages[-1]):
            return QUIET
        key = messages[-1], session.language
        if key not in self._quoted:
            event = Event("", self._channel, "somebody", Kind.WORDS, messages[-1], self._country)
            self._quoted[key] = take_turn(self._book, Known(session), event, START + 120).outcome
        return self._quoted[key]

    def _changes(self, turn: Turn) -> dict[int, Any]:
        forgets = any(isinstance(effect, Forget) for effect in turn.effects)
        change = changes(Session() if forgets else turn.session, self._marks, PATIENCE)
        untouched = Person(left=-1, paused=-1)
        person = after(turn.effects, untouched, START)
        for name in ("left", "paused"):
            if (value := getattr(person, name)) != -1:
                change[FIELD[name]] = bool(value)
        return change

    def _paragraphs(self, reply: Reply, code: str) -> tuple[Paragraph, ...]:
        """The paragraphs that end on the page of ``reply``."""
        passage = reply.passage
        if passage is None or code != self._language.code:
            return ()
        return tuple((passage.section, paragraph) for paragraph in range(passage.start[0], passage.end[0]))

    def _way(self, state: State) -> tuple[str, ...]:
        """The shortest way to ``state``, as somebody would text it."""
        return tuple(reversed(list(self._back(state))))

    def _back(self, state: State) -> Iterator[str]:
        step = self._from[state]
        while step is not None:
            before, index = step
            yield self._inputs[index].label
            step = self._from[before]

    def _report(self, problem: Problem, way: tuple[str, ...]) -> None:
        known = self._problems.get(problem)
        if self._country != self._book.country:
            way = (f"(from {self._country})", *way)
        first = Violation(*problem, self._language.code, self._channel, way)
        self._problems[problem] = known._replace(times=known.times + 1) if known else first


def _changed(state: State, change: tuple[tuple[int, Any], ...]) -> State:
    if not change:
        return state
    values: list[Any] = list(state)
    for index, value in change:
        values[index] = value
    return State._make(values)


QUESTIONS = {
    "resume": "welcome back",
    "forget now": "asked to forget",
    "stop": "paused",
    "danger": "asked gently",
}
"""The question that is open, by where its first choice leads."""


def room(state: State) -> str:
    """Where somebody is, as the map calls it: the open question, else the screen."""
    if not state.choices:
        screen = "page" if state.screen == "reading" else state.screen
        return screen or ("a stranger" if not state.language else "after a year")
    if len(state.choices) == 2 and all(choice.language for choice in state.choices):
        return "language offered"
    return QUESTIONS.get(state.choices[0].screen, "withheld" if state.choices[0].language else "suggested")
