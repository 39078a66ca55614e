"""One turn from end to end: begin, decide, render, commit.

No locks: a turn is committed only if nothing has changed since it began, else it is decided again on what is there now.
So the turns of one contact never interleave, and two contacts never wait for each other. While Redis is away a turn is
taken on what the phone carries for us, and what must not be forgotten goes to the spool.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import structlog

from service.book import Book
from service.book.echoes import echo
from service.channels.sms import Texts
from service.channels.twilio import NUMBER, messages_twiml
from service.channels.voice import Voice
from service.conversation import (
    Change,
    Channel,
    DropDraft,
    Effect,
    Entry,
    EraseRecording,
    Event,
    Forget,
    Invite,
    KeepDraft,
    KeepNotice,
    Kind,
    Known,
    OptIn,
    OptOut,
    Person,
    Post,
    Propose,
    Reply,
    Report,
    Ring,
    Send,
    Session,
    Turn,
    UndoPost,
)
from service.effects import (
    Subscriber,
    after,
    kept_up,
    line,
    read_effect,
    subscribed,
    subscriber,
    write_effect,
)
from service.engine import take_turn
from service.flows.leading import UNDO_SECONDS
from service.seal import Seal
from service.store import (
    Carried,
    Commit,
    Fresh,
    Row,
    RowKind,
    Spool,
    Spooled,
    Store,
    StoreAwayError,
    Stored,
    StoreError,
    mark,
    read_cookie,
    read_draft,
    write_cookie,
    write_draft,
    write_row,
)
from service.subscriptions import Subscriptions

DEADLINE = 10.0
"""Seconds after which a turn that others keep overtaking is given up; Twilio waits 15."""

log = structlog.get_logger()


class Answer(NamedTuple):
    """What goes back to Twilio, the cookie with it ("" leaves the old one), and how the turn went, for the log."""

    body: bytes
    turn: Turn | None
    outcome: str
    cookie: str = ""


class Decided(NamedTuple):
    """A turn, and all that comes of it: the person and what they asked for after its effects, new lines of the ledger,
    the answer, rows of the outbox, drafts that are kept (sealed) or thrown away (empty), and rows that end unsent."""

    turn: Turn
    person: Person
    entries: tuple[Entry, ...]
    body: bytes
    rows: tuple[Row, ...] = ()
    subscriptions: Subscriptions = Subscriptions()
    drafts: tuple[tuple[str, bytes], ...] = ()
    ends: tuple[str, ...] = ()
    who: Subscriber = Subscriber()

    @property
    def forgets(self) -> bool:
        """Whether everything about the person is to be erased."""
        return any(isinstance(effect, Forget) for effect in self.turn.effects)


class Talk:
    """Takes turns for a book, remembering them in a store, and in a spool and on phones while the store is away.

    ``url`` is where Twilio reaches us, ``number`` the one that people call, ``recordings`` where Twilio keeps what
    callers recorded, ``erases`` whether there is a worker that erases messages at Twilio. ``groups`` tells the groups
    there are, and ``enqueue`` writes rows to the outbox that belong to nobody we know: callers may withhold their
    number.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the parts that meet in a turn
        self,
        book: Book,
        store: Store,
        spool: Spool,
        seal: Seal,
        url: str = "",
        number: str = "",
        erases: bool = True,
        clock: Callable[[], float] = time.time,
        groups: Fresh | None = None,
        recordings: str = "",
        enqueue: Callable[[Sequence[Row]], object] = lambda _: None,
    ) -> None:
        self._book = book
        self._groups = groups or Fresh(tuple)
        self._enqueue = enqueue
        self._store = store
        self._spool = spool
        self._seal = seal
        self._erases = erases
        self._clock = clock
        self._url = url
        self._texts = Texts(book)
        self._voice = Voice(book, url, number, recordings)

    def answer(self, event: Event, cookie: str = "") -> Answer:
        """Answer one event; ``cookie`` is what its phone carried, or a call its address. The same id gives the same
        bytes again.

        Raises StoreError where what must not be forgotten could be kept nowhere; the event may be sent again.
        """
        now = self._clock()
        carried = read_cookie(cookie, event.holder, self._seal)
        if not event.contact:
            return self._to_nobody_known(event, carried, now)
        known = Known(groups=self._groups.last)
        try:
            self._replay_if_it_can_be()
            limited = event.channel.is_read and event.kind is not Kind.DUE
            found: Stored | None = self._store.begin(event.contact, event.id, now, limited=limited)
            while found is not None:
                if found.answer is not None:
                    return self._again(event, found.answer, _latest(found.known, carried, event), carried)
                if _has_had_its_answer(event, carried):
                    return Answer(NOTHING, None, ANSWERED_BEFORE)
                if self._clock() > now + DEADLINE:
                    raise StoreAwayError("too many turns of one contact at once")
                known = self._opened(event.contact, found)
                decided = self._decide(_latest(known, carried, event), event, now)
                found = self._commit(event, found, decided, now)
        except StoreAwayError as error:
            log.warning("without redis", why=str(error))
            return self._unremembered(event, known, carried, now)
        return self._answered(event, decided, carried)

    def _to_nobody_known(self, event: Event, carried: Carried | None, now: float) -> Answer:
        """A number that is withheld: nothing is remembered, and what they ask to be sent belongs to their call."""
        known = Known(groups=self._groups.now())
        decided = self._decide(_latest(known, carried, event) if event.step else known, event, now)
        if decided.rows:
            try:
                self._enqueue(decided.rows)
            except StoreAwayError as error:
                log.warning("without redis", why=str(error))
                self._keep(replace(event, contact=decided.rows[0].contact), decided, now)
        return Answer(decided.body, decided.turn, decided.turn.outcome)

    def _commit(self, event: Event, found: Stored, decided: Decided, now: float) -> Stored | None:
        durable = bool(decided.turn.effects)
        before = self._store.ledger(event.contact) if decided.forgets else ()
        entries = tombstone(before, int(now)) if decided.forgets else decided.entries
        erase = self._erasure(event, decided, now)
        commit = Commit(
            decided.turn.session,
            decided.person,
            decided.body,
            durable,
            entries,
            decided.forgets,
            erase,
            decided.rows,
            decided.subscriptions,
            decided.drafts,
            decided.ends,
        )
        try:
            return self._store.commit(event.contact, event.id, found, commit)
        except StoreAwayError:
            raise
        except StoreError:  # Redis has it and its disk does not: another file may
            self._keep(event, decided, now)
            return None

    def _unremembered(self, event: Event, known: Known, carried: Carried | None, now: float) -> Answer:
        """Without Redis: on what was found before it went, or on what the phone carries, whichever is later."""
        if _has_had_its_answer(event, carried):
            return Answer(NOTHING, None, ANSWERED_BEFORE)
        decided = self._decide(_latest(known, carried, event), event, now)
        if decided.turn.effects:
            self._keep(event, decided, now)
        return self._answered(event, decided, carried)

    def _keep(self, event: Event, decided: Decided, now: float) -> None:
        """Write what must not be forgotten to the spool. Raises StoreError where that fails too."""
        effects = tuple(written for effect in decided.turn.effects if (written := write_effect(effect)))
        erase = self._erasure(event, decided, now)
        spooled = Spooled(
            event.contact, event.id, int(now), effects, decided.body, decided.entries, erase, decided.rows, decided.who
        )
        spooled = spooled._replace(ends=decided.ends)
        try:
            self._spool.append(spooled)
        except OSError as error:
            self._store.unconfirmed(event.contact, event.id)
            raise StoreError(f"neither Redis nor the spool could keep it: {error.strerror}") from None

    def _erasure(self, event: Event, decided: Decided, now: float) -> bytes:
        return erasure(event.address, int(now)) if decided.forgets and self._erases else b""

    def _replay_if_it_can_be(self) -> None:
        """A disk that lags keeps nobody waiting: what waits in the spool is safe there. Raises StoreAwayError."""
        try:
            self.replay()
        except StoreAwayError:
            raise
        except StoreError as error:
            log.warning("not replayed", why=str(error))

    def replay(self) -> None:
        """What waits in the spool is remembered before anybody is answered again. Raises StoreAwayError."""
        if self._spool.is_empty:
            return
        self._store.check_that_it_is_there()
        try:
            count = self._spool.replay(lambda spooled: remember(self._store, spooled), self._store.settle)
        except OSError as error:  # all is remembered, but the file cannot be emptied: it will be replayed again
            log.error("spool", why=error.strerror)
            return
        log.info("replayed", entries=count)

    def _answered(self, event: Event, decided: Decided, carried: Carried | None) -> Answer:
        if not event.channel.is_read:  # what a call carries stands in its next address
            return Answer(decided.body, decided.turn, decided.turn.outcome)
        before = carried.answered if carried and not decided.forgets else ()
        answered = (*before, mark(event.id)) if event.id else before
        session = Session() if decided.forgets else decided.turn.session
        cookie = write_cookie(Carried(session, decided.person, answered), event.contact, self._seal)
        return Answer(decided.body, decided.turn, decided.turn.outcome, cookie)

    def _again(self, event: Event, answer: bytes, known: Known, carried: Carried | None) -> Answer:
        """The answer that was given before; its cookie may have been lost with it."""
        before = carried.answered if carried else ()
        now = Carried(known.session, known.person, (*before, mark(event.id)))
        cookie = write_cookie(now, event.contact, self._seal) if event.channel.is_read else ""
        return Answer(answer, None, ANSWERED_BEFORE, cookie)

    def _decide(self, known: Known, event: Event, now: float) -> Decided:
        turn = take_turn(self._book, known, event, int(now))
        code = self._book.spoken(turn.session.language, event.country, event.channel).code
        turn = turn._replace(session=turn.session._replace(turn=known.session.turn + 1))
        person = after(turn.effects, known.person, now)
        who = subscriber(event, code)
        asked_for = subscribed(turn.effects, known.subscriptions, who, now)
        asked_for = kept_up(asked_for, turn.session.language, now, wrote=event.kind is not Kind.DUE)
        if event.channel.is_read:
            messages = self._texts.render(turn.reply, code, event.channel)
            if messages:
                turn = turn._replace(session=turn.session._replace(echoes=echoes(messages)))
            body = messages_twiml(messages)
        else:
            body = self._voice.render(turn.reply, code, self._next(event, turn, person))
        entries, rows = self._entries(event, turn, code, int(now)), self._rows(event, turn, code, int(now))
        drafts = tuple(self._drafts(event.contact, turn.effects))
        undone = any(isinstance(effect, UndoPost) for effect in turn.effects)
        ends = (post_id(known.person.posted),) if undone else ()
        return Decided(turn, person, entries, body, rows, asked_for, drafts, ends, who)

    def _drafts(self, contact: str, effects: Sequence[Effect]) -> Iterator[tuple[str, bytes]]:
        """Drafts to be kept, sealed for their leader, and to be thrown away."""
        for effect in effects:
            if isinstance(effect, KeepDraft):
                yield effect.draft.id, write_draft(effect.draft, contact, self._seal)
            elif isinstance(effect, DropDraft):
                yield effect.draft, b""

    def _opened(self, contact: str, found: Stored) -> Known:
        """What was found, with a leader's drafts opened, and with the groups there are."""
        drafts = (read_draft(name, sealed, contact, self._seal) for name, sealed in found.drafts)
        return found.known._replace(drafts=tuple(each for each in drafts if each), groups=self._groups.now())

    def _rows(self, event: Event, turn: Turn, code: str, now: int) -> tuple[Row, ...]:
        """What is to be sent besides the answer: a row for each message, for a call, and for what is to be planned."""
        rows = [row for effect in turn.effects for row in self._rows_of(effect, event, code, now)]
        if not rows:
            return ()
        number = (self._seal.open(event.address, NUMBER) or b"").decode()
        return tuple(write_row(number, body, row, self._seal) for row, body in rows)

    def _rows_of(self, effect: Effect, event: Event, code: str, now: int) -> Iterator[tuple[Row, str]]:
        cause, contact = event.id.partition(".")[0], event.contact
        match effect:
            case Send(replies, about, kind):
                if event.kind is Kind.DUE:
                    cause = event.id  # it names the person and the moment
                until = now + A_DAY if kind else 0
                channel = Channel.SMS if event.channel is Channel.VOICE else event.channel
                for place, body in enumerate(self._as_texts(replies, code)):
                    row = Row(f"{cause}.{mark(about)}.{place}", contact, b"", now, kind=RowKind(kind), language=code)
                    row = row._replace(about=about.partition(" ")[0] if kind else "")
                    yield (
                        row._replace(until=until, channel=channel, after=now + place * BETWEEN_PARTS if kind else 0),
                        body,
                    )
            case Ring(missed):
                kind = RowKind.CALL_BACK if missed else RowKind.ASKED
                yield Row(f"{event.id}.call", contact, b"", now, is_call=True, kind=kind), ""
            case KeepNotice(group, recording):
                notice = Row(f"{cause}.notice", contact, b"", now, kind=RowKind.NOTICE, about=group)
                yield notice, recording
            case EraseRecording(recording):
                erase = Row(f"{cause}.{recording}", contact, b"", now, after=now + AN_HOUR, kind=RowKind.RECORDING)
                yield erase._replace(until=now + 2 * A_DAY), recording
            case Invite(invited, reply):
                (body,) = self._as_texts((reply,), code)
                invitation = Row(f"{cause}.invitation", contact or cause, b"", now, kind=RowKind.INVITATION)
                yield invitation._replace(language=code), json.dumps([invited, body])
            case Post(draft):
                post = Row(post_id(now), contact, b"", now, after=now + UNDO_SECONDS + CLOCKS_DIFFER)
                said = json.dumps([draft.words, draft.name, draft.at])
                yield post._replace(kind=RowKind.POST, about=draft.group, until=now + A_DAY), said
            case Propose(group, name, words):
                proposal = Row(f"{cause}.proposal", contact, b"", now, kind=RowKind.PROPOSAL, about=group)
                yield proposal, json.dumps([words, name, now])
            case Report(group, words):
                yield Row(f"{cause}.report", contact, b"", now, kind=RowKind.REPORT, about=group), words

    def _as_texts(self, replies: Sequence[Reply], code: str) -> list[str]:
        return [each for reply in replies for each in self._texts.render(reply, code, Channel.SMS)]

    def _entries(self, event: Event, turn: Turn, code: str, now: int) -> tuple[Entry, ...]:
        """New lines of the ledger: each effect, in the first words that told of it."""
        told = [written for effect in turn.effects if (written := line(effect))]
        if not told:
            return ()
        if event.channel.is_read:
            words = next(iter(self._texts.render(turn.reply, code, event.channel)), "")
        else:
            words = next((each.said for each in self._voice.utterances(turn.reply, code)), "")
        return tuple(Entry(what, now, event.channel, code, words) for what in told)

    def _next(self, event: Event, turn: Turn, person: Person) -> str:
        """The address of a call's next step, which carries where it is."""
        forgets = any(isinstance(effect, Forget) for effect in turn.effects)
        carried = Carried(Session() if forgets else turn.session, person)
        return f"{self._url}/voice/{event.step + 1}?s={write_cookie(carried, event.holder, self._seal)}"


AN_HOUR = 60 * 60
"""Seconds after which what a leader recorded is erased at Twilio, whatever became of it."""

A_DAY = 24 * 60 * 60
"""Seconds after which what nobody asked for just now is sent no more."""

BETWEEN_PARTS = 3
"""Seconds between two texts that belong together, so that they come in their order."""

CLOCKS_DIFFER = 5
"""Seconds by which two machines' clocks may differ."""

NOTHING = messages_twiml(())
ANSWERED_BEFORE = "answered before"


def remember(store: Store, spooled: Spooled) -> None:
    """Remember what was spooled, once: the answer to its message is the mark that it was. Raises StoreError.

    What happened after it stands: a START that came later is not undone by an earlier STOP. Where the same message has
    got another answer from Redis before, somebody was told both, and both count.
    """
    effects = [read_effect(written) for written in spooled.effects]
    message = spooled.message
    found: Stored | None = store.begin(spooled.contact, message, spooled.at)
    if found and found.answer not in {None, spooled.answer}:
        message = f"{message}{TOLD_OTHERWISE}"
        found = store.begin(spooled.contact, message, spooled.at)
    while found is not None and found.answer is None:
        session, person = found.known.session, found.known.person
        still = [effect for effect in effects if _still_counts(effect, person, spooled.at)]
        forgets = any(isinstance(effect, Forget) for effect in still)
        entries = tombstone(store.ledger(spooled.contact), spooled.at) if forgets else spooled.entries
        person = after(still, person, max(spooled.at, person.since))
        asked_for = subscribed(still, found.known.subscriptions, Subscriber(*spooled.by), spooled.at)
        commit = Commit(session, person, spooled.answer, True, entries, forgets, spooled.erase, spooled.rows, asked_for)
        commit = commit._replace(ends=spooled.ends)
        found = store.commit(spooled.contact, message, found, commit)


def _still_counts(effect: Effect, person: Person, at: int) -> bool:
    """Whether what was said at ``at`` was not taken back since: leaving by START alone, START by leaving."""
    if isinstance(effect, OptOut | Forget):
        return at >= person.agreed
    if isinstance(effect, OptIn | Change):
        return at >= person.left
    return at >= person.since


TOLD_OTHERWISE = ":told"
"""Behind the id of a message that was answered twice, differently: by Redis, and while it was away."""


def erasure(address: bytes, now: int) -> bytes:
    """A sealed number whose messages are to be erased at Twilio, and since when (Unix seconds)."""
    return b"%d:%s" % (now, address) if address else b""


def echoes(messages: Sequence[str]) -> tuple[str, ...]:
    """The marks of what was said last, the page first, by which a quotation of it is known."""
    return tuple(mark for message in messages[:-4:-1] for mark in echo(message))


def tombstone(ledger: Sequence[Entry], now: int) -> tuple[Entry, ...]:
    """What stays of a ledger when somebody asks to be forgotten: when they had agreed, and that they left."""
    agreed = (Entry("agreed", entry.at) for entry in ledger if entry.what == "agreed")
    return (*agreed, Entry("left", now))


def post_id(at: int) -> str:
    """How the row of a leader's post is called that was made at ``at`` (Unix seconds)."""
    return f"post.{at}"


def _has_had_its_answer(event: Event, carried: Carried | None) -> bool:
    """Whether the phone brings the mark of this very message: its answer came with the cookie."""
    return bool(carried and event.id and mark(event.id) in carried.answered)


def _latest(known: Known, carried: Carried | None, event: Event) -> Known:
    """What is known, with the session that the phone carries unless that one is older.

    Of two that are as old the phone's counts: its answer is the one that was seen. On a call what its address carries
    counts in any case, since that is what was heard, unless everything was to be forgotten since.
    """
    if carried is None:
        return known
    is_older = carried.age < (known.person.epoch, known.session.turn)
    if is_older and (event.channel.is_read or carried.person.epoch < known.person.epoch):
        return known
    person = max(known.person, carried.person, key=lambda each: each.since)
    session = carried.session if not is_older else _with_what_was_texted(carried.session, known.session)
    return known._replace(session=session, person=person)


def _with_what_was_texted(heard: Session, texted: Session) -> Session:
    """A call's session, with what texts have changed meanwhile that holds on a call too: danger, and the language."""
    both = heard._replace(turn=texted.turn, told=tuple(dict.fromkeys((*heard.told, *texted.told))))
    if texted.language != heard.language:
        both = both._replace(language=texted.language, place=texted.place, unread=texted.unread)
    if texted.screen == "danger" and not texted.choices:
        both = both._replace(screen="danger", subject=texted.subject, page=0, choices=())
    return both
