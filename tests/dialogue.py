"""Golden conversations: what somebody texts, and what is answered, as they would read it.

A transcript is a text file. Lines that begin with ``> `` are what somebody texts; ``@ `` lines change the scene
(``@ after 3 days``, ``@ channel whatsapp``, ``@ from MX``, ``@ sends a picture``, ``@ refused``,
``@ somebody else``, ``@ with groups``, ``@ a leader``, ``@ the clock``); everything else is
what the service answers, written by ``pytest --regenerate``. Between any two turns the session is saved and loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.book import Book
from service.book.segments import encoding, segments
from service.channels.sms import Texts
from service.conversation import (
    Allowance,
    Carrier,
    Channel,
    Draft,
    DropDraft,
    Effect,
    Event,
    Forget,
    KeepDraft,
    Kind,
    Known,
    Send,
    Session,
)
from service.effects import Subscriber, after, kept_up, subscribed
from service.engine import take_turn
from service.groups import Group, Leader, pin_mark
from service.store.codec import decode_person, decode_session, encode_person, encode_session
from service.subscriptions import decode_subscriptions, encode_subscriptions
from service.talk import echoes

MIDNIGHT = 1_800_000_000

LEADER, PIN = "lea", "471100"

GROUPS = (
    Group(
        "HOPE", 7, "Hope Circle", "en",
        (Leader(LEADER, "", pin_mark("HOPE", LEADER, PIN)), Leader("leo", "", pin_mark("HOPE", "leo", "220011"))),
        where="Room 4", meets="FREQ=WEEKLY;BYDAY=TU", starts="2027-01-05T18:00", zone="America/New_York",
        welcome="We are glad that you are here.", says=True, people=12, names=("Anna", "Ben"),
    ),
    Group("LUZ", 8, "Luz", "es", (Leader("a", "", ""), Leader("b", "", ""))),
)  # fmt: skip
"""Two groups: one that meets, whose members may write, and one in Spanish."""


@dataclass
class Dialogue:
    """One conversation with a book, nothing between them but the engine and the renderer."""

    book: Book
    country: str = "US"
    channel: Channel = Channel.SMS
    now: int = MIDNIGHT
    known: Known = field(default_factory=Known)
    outcomes: list[str] = field(default_factory=list)
    somebody: str = "somebody"

    def says(self, body: str, kind: Kind = Kind.WORDS, carrier: Carrier | None = None) -> list[str]:
        """One turn: the texts that answer it."""
        event = Event("", self.channel, self.somebody, kind, body, self.country, carrier, b"sealed")
        turn = take_turn(self.book, self.known, event, self.now)
        code = turn.session.language or self.book.likeliest(self.country)[0].code
        sent = [reply for effect in turn.effects if isinstance(effect, Send) for reply in effect.replies]
        replies = sent if kind is Kind.DUE else [turn.reply]
        said = tuple(each for reply in replies for each in Texts(self.book).render(reply, code, self.channel))
        forgets = any(isinstance(effect, Forget) for effect in turn.effects)
        session = Session() if forgets else turn.session
        session = session._replace(echoes=echoes(said)) if said and not forgets else session
        person = after(turn.effects, self.known.person, self.now)
        who = Subscriber("c2VhbGVk", self.country, self.channel, code)
        asked_for = subscribed(turn.effects, self.known.subscriptions, who, self.now)
        asked_for = kept_up(asked_for, session.language, self.now, wrote=kind is not Kind.DUE)
        kept = self.known._replace(drafts=tuple(self._drafts(turn.effects)))
        self.known = kept._replace(
            session=decode_session(encode_session(session)),
            person=decode_person(encode_person(person)),
            subscriptions=decode_subscriptions(encode_subscriptions(asked_for)),
        )
        self.outcomes.append(turn.outcome)
        return list(said)

    def _drafts(self, effects: Sequence[Effect]) -> Iterator[Draft]:
        """The drafts of a leader after these effects."""
        dropped = {effect.draft for effect in effects if isinstance(effect, DropDraft)}
        yield from (draft for draft in self.known.drafts if draft.id not in dropped)
        yield from (effect.draft for effect in effects if isinstance(effect, KeepDraft))


def replay(dialogue: Dialogue, transcript: str) -> str:
    """The transcript as the service would have it today."""
    written: list[str] = []
    for line in transcript.splitlines():
        if line.startswith("#"):
            written.append(line)
        elif line.startswith("@ "):
            written += ["", line, *_shown(_directed(dialogue, line.removeprefix("@ ")))]
        elif line.startswith(">"):
            written += ["", line, *_shown(dialogue.says(line.removeprefix(">").strip()))]
    return "\n".join(written).strip() + "\n"


def _directed(dialogue: Dialogue, direction: str) -> list[str] | None:
    match direction.split():
        case ["after", count, unit]:
            dialogue.now += int(count) * {"days": 86_400, "minutes": 60}[unit]
        case ["channel", name]:
            dialogue.channel = Channel(name)
        case ["from", country]:
            dialogue.country = country
        case ["somebody", "else"]:
            dialogue.known, dialogue.somebody = Known(), "somebody"
        case ["refused", *again]:
            allowance = Allowance.REFUSED_AGAIN if again else Allowance.REFUSED
            dialogue.known = dialogue.known._replace(allowance=allowance)
        case ["sends", "a", "picture"]:
            return dialogue.says("", Kind.ATTACHMENT)
        case ["the", "clock"]:
            return dialogue.says("", Kind.DUE)
        case ["carrier", name, *words]:
            return dialogue.says(" ".join(words) or name, carrier=Carrier(name))
        case _:
            _arranged(dialogue, direction)
    return None


def _arranged(dialogue: Dialogue, direction: str) -> None:
    """What others have done: the operator, a member, whoever revised the article."""
    known = dialogue.known
    match direction.split():
        case ["with", "groups"]:
            dialogue.known = known._replace(groups=GROUPS)
        case ["a", "leader"]:
            dialogue.somebody = LEADER
        case ["a", "proposal"]:
            proposed = Draft("417", "HOPE", "Thank you all.", "Anna", dialogue.now)
            dialogue.known = known._replace(drafts=(*known.drafts, proposed))
        case ["a", "new", "revision"]:
            dialogue.known = known._replace(subscriptions=known.subscriptions._replace(finished="older"))
        case ["the", "group", how]:
            changes: dict[str, Any] = {
                "muted": {"muted": (dialogue.somebody,)},
                "silent": {"says": False},
                "frozen": {"frozen": True},
                "spent": {"sent": (dialogue.now,) * 4},
            }
            dialogue.known = known._replace(groups=(known.groups[0]._replace(**changes[how]), *known.groups[1:]))
        case _:
            raise ValueError(f"nobody knows how to do {direction!r}")


def _shown(said: list[str] | None) -> list[str]:
    if said is None:
        return []
    if not said:
        return ["(no answer)"]
    shown = []
    for message in said:
        count = segments(message)
        shown.append(f"  [{encoding(message)}, {count} segment{'s' * (count > 1)}]")
        shown += [f"  | {line}".rstrip() for line in message.split("\n")]
    return shown


def transcripts(folder: Path) -> list[Path]:
    """Every transcript of a folder."""
    return sorted(folder.glob("*.txt"))
