"""Planning: what was decided for many becomes a row of the outbox for each, once however often it is planned.

A worker may die in the middle of it. Every row has a name that tells the message and the person, and what is there
already is not written again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import structlog

from service.book import Book
from service.book.writing import say
from service.campaigns import Campaign, Stage
from service.channels.rest import Account
from service.channels.twilio import NUMBER, Contacts
from service.conversation import Channel, Draft, Moment, Text
from service.flows.groups import meeting
from service.flows.leading import FROZEN, OVER_MONTHLY, as_posted, delivered, proposal
from service.flows.reading import END_ALL
from service.groups import Group, Leader
from service.outreach.operator import Operator
from service.seal import Seal
from service.store import Outbox, Register, Row, RowKind, State, StoreError, read_row, write_draft, write_row
from service.subscriptions import Subscriptions
from service.talk import A_DAY

OUTCOME_AFTER = 30 * 60
"""Seconds after which a leader hears what became of their post."""

DAY_BEFORE, HOUR_BEFORE = 24 * 60 * 60, 60 * 60
"""Seconds before a meeting at which its members are reminded."""

MOST_SAYINGS = 5
"""Texts of one member that leaders are shown in a day."""

LATE = 15 * 60
"""Seconds for which a reminder may be late: whoever planned it may have been away."""

EARLY = 10 * 60
"""Seconds before its hour at which a campaign is planned."""

log = structlog.get_logger()


class Planned(NamedTuple):
    """How many rows of a campaign are new, how many people it is for, and the languages that lack a version."""

    rows: int
    people: int
    lacking: dict[str, int]


class Planning:
    """Makes rows of posts, proposals, reports, reminders and campaigns."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts that meet in planning
        self,
        book: Book,
        register: Register,
        outbox: Outbox,
        seal: Seal,
        operator: Operator,
        contacts: Contacts,
        account: Account | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book, self._register, self._outbox, self._seal = book, register, outbox, seal
        self._operator, self._contacts, self._account, self._clock = operator, contacts, account, clock

    def plan(self, row: Row) -> None:
        """Make rows of a row that goes to nobody itself.

        Raises StoreAwayError and AccountError; then it is tried again.
        """
        _, body = read_row(row, self._seal)
        match row.kind:
            case RowKind.POST:
                words, name, at = json.loads(body)
                self._post(row, Draft("", row.about, words, name, at))
            case RowKind.PROPOSAL:
                words, name, at = json.loads(body)
                self._proposal(row, Draft("", row.about, words, name, at))
            case RowKind.REPORT:
                self._register.keep_report(row.id, self._seal.seal(f"{row.about}: {body}".encode(), "report"))
                self._operator.told(f"report.{row.about}", f"a report about {row.about}: see 'plainline group reports'")
            case RowKind.NOTICE:
                self._notice(row, body)
            case RowKind.RECORDING:
                if self._account is not None:
                    self._account.erase_recording(body)
            case RowKind.INVITATION:
                self._invite(row, *json.loads(body))
            case RowKind.OUTCOME:
                self._outcome(row, body)

    def _notice(self, row: Row, recording: str) -> None:
        """Fetch what a leader recorded, let members hear it, and erase it at Twilio."""
        if self._account is None:
            return
        self._register.keep_notice(recording, self._account.recording(recording))
        self._register.change_group(row.about, lambda group: group._replace(notice=recording))
        self._account.erase_recording(recording)

    def _invite(self, row: Row, number: str, body: str) -> None:
        """One neutral text to a number that was keyed in, and nothing more until it answers."""
        contact = self._contacts.contact(number)
        name = f"{row.id}.{contact}"
        if self._register.may_invite(contact, name):
            now = int(self._clock())
            invited = Row(name, contact, b"", now, kind=RowKind.INVITED, language=row.language)
            self._register.enqueue(row.id, [write_row(number, body, invited, self._seal)])

    def _post(self, row: Row, draft: Draft) -> None:
        """A leader's words, for every member; the group's monthly limit has the last word here."""
        group = self._register.group(draft.group)
        now = int(self._clock())
        if group is None or group.leader(row.contact) is None:
            log.info("not posted", why="the group is gone, or has another leader now")
            return
        if group.is_closed:
            self._tell(row, group, FROZEN.saying(group=group.name))
            return
        broadcast = _broadcast(draft) if draft.name else row.id
        if not self._counts(group, row.made, broadcast, now):
            later = Moment((self._register.group(group.code) or group).may_send_at(now), group.zone)
            self._tell(row, group, OVER_MONTHLY.saying(group=group.name, when=later))
            return
        language = self._spoken(group)
        body = self._body(as_posted(group, draft), language)
        template = Row("", "", b"", now, kind=RowKind.GROUP, about=group.code, language=language, until=row.until)
        people = self._register.enqueue(broadcast, self._for_members(group, broadcast, body, template))
        log.info("posted", group=group.code, rows=people)
        outcome = Row(f"{row.id}.outcome", row.contact, b"", now, kind=RowKind.OUTCOME, about=group.code)
        outcome = outcome._replace(after=now + OUTCOME_AFTER, until=now + 2 * A_DAY)
        number, _ = read_row(row, self._seal)
        self._register.enqueue(outcome.id, [write_row(number, broadcast, outcome, self._seal)])

    def _counts(self, group: Group, stamp: int, broadcast: str, now: int) -> bool:
        """Count one more text of a group, if its month has room; what two leaders let through counts once."""
        if next(self._register.rows_of(broadcast), None) is not None:
            return True
        counted = self._register.change_group(group.code, partial(_sent, stamp=stamp, now=now))
        return counted is not None and stamp in counted.sent

    def _for_members(self, group: Group, broadcast: str, body: str, template: Row) -> Iterator[Row]:
        for contact, subscriptions in self._register.subscribers():
            if subscriptions.member(group.code):
                yield self._row(broadcast, contact, subscriptions, body, template)

    def _row(self, broadcast: str, contact: str, person: Subscriptions, body: str, template: Row) -> Row:
        """The row of one person: what goes to whom stands sealed in it, and nowhere else."""
        number = (self._seal.open(base64.b64decode(person.address), NUMBER) or b"").decode()
        channel = Channel.WHATSAPP if person.channels == (Channel.WHATSAPP,) else Channel.SMS
        row = template._replace(id=f"{broadcast}.{contact}", contact=contact, channel=str(channel))
        return write_row(number, body, row, self._seal)

    def _body(self, sentences: tuple[Text, ...], language: str) -> str:
        """One text, as it is sent: in the characters that cost least, however long."""
        spoken = self._book.languages[language]
        return self._book.measure(Channel.SMS, spoken).written(say(self._book, spoken, sentences))

    def _proposal(self, row: Row, draft: Draft) -> None:
        """A member's words, as a draft of each leader, who are told how to send them on."""
        group = self._register.group(draft.group)
        if group is None or group.is_closed or not group.says or row.contact in group.muted:
            return
        language, now = self._spoken(group), int(self._clock())
        said = f"say.{hashlib.sha256(row.contact.encode()).hexdigest()[:16]}.{now // A_DAY}"
        if not self._register.spend(said, 1, MOST_SAYINGS):
            return
        for leader in group.leaders:
            name = self._kept(draft, leader)
            if not name:
                continue
            body = self._body(proposal(group, draft, name), language)
            told = Row(f"{_broadcast(draft)}.{leader.contact}", leader.contact, b"", now, kind=RowKind.LEADER)
            told = told._replace(about=group.code, language=language, until=now + A_DAY)
            number = (self._seal.open(base64.b64decode(leader.address), NUMBER) or b"").decode()
            self._register.enqueue(told.id, [write_row(number, body, told, self._seal)])

    def _kept(self, draft: Draft, leader: Leader) -> str:
        """The number under which a leader has a draft."""

        def write(name: str) -> bytes:
            return write_draft(draft._replace(id=name), leader.contact, self._seal)

        return self._register.keep_draft(leader.contact, _first_mark(draft), write)

    def _outcome(self, row: Row, broadcast: str) -> None:
        """One line for the leader: to how many their post went, and how many have it."""
        group = self._register.group(row.about)
        if group is None:
            return
        counts = self.states(broadcast)
        failed = counts[State.FAILED] + counts[State.DEAD] + counts[State.DROPPED]
        self._tell(row, group, delivered(group, sum(counts.values()), counts[State.DELIVERED], failed))

    def _tell(self, row: Row, group: Group, sentence: Text) -> None:
        """Tell the leader whose row this is one sentence, in the group's language."""
        number, _ = read_row(row, self._seal)
        language, now = self._spoken(group), int(self._clock())
        told = Row(f"{row.id}.told", row.contact, b"", now, kind=RowKind.LEADER, about=group.code, until=now + A_DAY)
        body = self._body((sentence,), language)
        self._register.enqueue(told.id, [write_row(number, body, told._replace(language=language), self._seal)])

    def _spoken(self, group: Group) -> str:
        """The group's language; where it is not served any more, the first that is."""
        return group.language if group.language in self._book.languages else next(iter(self._book.languages))

    def states(self, broadcast: str) -> dict[State, int]:
        """How many rows of a broadcast are in each state."""
        counts = dict.fromkeys(State, 0)
        names = list(self._register.rows_of(broadcast))
        for at in range(0, len(names), 1000):
            for row in self._outbox.read_all(names[at : at + 1000]):
                if row:
                    counts[row.state] += 1
        return counts

    def remind(self) -> int:
        """Plan the reminders of meetings that are a day or an hour away; how many rows are new."""
        now, new = int(self._clock()), 0
        for group in self._register.groups():
            for before in (DAY_BEFORE, HOUR_BEFORE):
                at = group.next_meeting(now + before - LATE)
                if not group.is_closed and at and at - before <= now < at - before + LATE:
                    new += self._reminder(group, at, before, now)
        return new

    def _reminder(self, group: Group, at: int, before: int, now: int) -> int:
        """The rows of one reminder, each in its person's language."""
        broadcast = f"meeting.{group.code}.{at}.{before}"
        until = at - (HOUR_BEFORE if before == DAY_BEFORE else 0)
        template = Row("", "", b"", now, kind=RowKind.REMINDER, about=group.code, until=until)
        bodies: dict[str, str] = {}

        def rows() -> Iterator[Row]:
            for contact, person in self._register.subscribers():
                member, code = person.member(group.code), person.language
                if member and member.reminded and code in self._book.languages:
                    if code not in bodies:
                        bodies[code] = self._body((meeting(group, at), END_ALL), code)
                    yield self._row(broadcast, contact, person, bodies[code], template._replace(language=code))

        return self._register.enqueue(broadcast, rows())

    def tidy(self) -> int:
        """Take the numbers of leaders who asked to be forgotten out of their groups; how many there were."""
        found = 0
        for group in self._register.groups():
            forgotten = {leader.contact for leader in group.leaders if self._is_forgotten(leader)}
            if forgotten:
                found += len(forgotten)
                self._register.change_group(group.code, partial(_without, contacts=forgotten))
                self._operator.told(f"leader.{group.code}", f"a leader of {group.code} was forgotten: name another")
        return found

    def _is_forgotten(self, leader: Leader) -> bool:
        return self._register.person(leader.contact).forgot > leader.since

    def campaigns(self) -> None:
        """Plan every campaign whose hour has come."""
        for campaign in self._register.campaigns():
            if campaign.stage is Stage.STARTED and campaign.starts <= self._clock() + EARLY:
                try:
                    self.campaign(campaign)
                except StoreError:
                    raise
                except Exception as error:
                    log.error("failed", error=type(error).__name__, campaign=campaign.id)

    def campaign(self, campaign: Campaign, progress: Callable[[int], None] = lambda _: None) -> Planned:
        """Make a row for everybody whom a campaign is for and who has a version in their language."""
        lacking: dict[str, int] = {}
        people = 0

        def rows() -> Iterator[Row]:
            nonlocal people
            for contact, person in self._register.subscribers():
                if not campaign.is_for(person):
                    continue
                if person.language not in bodies:
                    lacking[person.language] = lacking.get(person.language, 0) + 1
                    continue
                people += 1
                progress(1)
                yield self._row(campaign.id, contact, person, bodies[person.language], templates[person.language])

        now = int(self._clock())
        served = [code for code in campaign.words if code in self._book.languages]
        bodies = {code: self.words(campaign, code) for code in served}
        until = max(campaign.starts, now) + 3 * A_DAY
        started = Row("", "", b"", now, kind=RowKind.CAMPAIGN, about=campaign.id, until=until, after=campaign.starts)
        templates = {code: started._replace(language=code) for code in campaign.words}
        new = self._register.enqueue(campaign.id, rows())
        self._register.change_campaign(
            campaign.id, lambda now: now._replace(planned=people, stage=_after_planning(now.stage), before=now.stage)
        )
        log.info("planned", campaign=campaign.id, rows=new, people=people)
        return Planned(new, people, lacking)

    def words(self, campaign: Campaign, language: str) -> str:
        """What a campaign says in a language, with how to end it."""
        return f"{campaign.words[language]}\n{self._body((END_ALL,), language)}"


def _after_planning(stage: Stage) -> Stage:
    return Stage.PLANNED if stage is Stage.STARTED else stage


def _without(group: Group, contacts: set[str]) -> Group:
    return group._replace(leaders=tuple(each for each in group.leaders if each.contact not in contacts))


def _sent(group: Group, stamp: int, now: int) -> Group:
    """The group with one more text counted, unless it was counted before, or its month has no room."""
    if stamp in group.sent or group.may_send_at(now) > now:
        return group
    return group._replace(sent=(*group.sent_lately(now), stamp))


def _broadcast(draft: Draft) -> str:
    """A name for a member's words, the same for every leader who lets them through."""
    said = json.dumps([draft.group, draft.name, draft.words, draft.at])
    return f"say.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _first_mark(draft: Draft) -> int:
    return 100 + int(_broadcast(draft)[4:12], 16) % 900
