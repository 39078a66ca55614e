"""Golden conversations: what somebody texts, and what is answered, as they would read it.

A transcript is a text file. Lines that begin with ``> `` are what somebody texts; ``@ `` lines change the scene
(``@ after 3 days``, ``@ channel whatsapp``, ``@ from MX``, ``@ sends a picture``, ``@ refused``,
``@ somebody else``); everything else is
what the service answers, written by ``pytest --regenerate``. Between any two turns the session is saved and loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from service.book import Book
from service.book.segments import encoding, segments
from service.channels.sms import Texts
from service.conversation import Allowance, Carrier, Channel, Event, Forget, Kind, Known, Session
from service.effects import after
from service.engine import take_turn
from service.store.codec import decode_person, decode_session, encode_person, encode_session
from service.talk import echoes

MIDNIGHT = 1_800_000_000


@dataclass
class Dialogue:
    """One conversation with a book, nothing between them but the engine and the renderer."""

    book: Book
    country: str = "US"
    channel: Channel = Channel.SMS
    now: int = MIDNIGHT
    known: Known = field(default_factory=Known)
    outcomes: list[str] = field(default_factory=list)

    def says(self, body: str, kind: Kind = Kind.WORDS, carrier: Carrier | None = None) -> list[str]:
        """One turn: the texts that answer it."""
        event = Event("", self.channel, "somebody", kind, body, self.country, carrier)
        turn = take_turn(self.book, self.known, event, self.now)
        code = turn.session.language or self.book.likeliest(self.country)[0].code
        said = Texts(self.book).render(turn.reply, code, self.channel)
        forgets = any(isinstance(effect, Forget) for effect in turn.effects)
        session = Session() if forgets else turn.session
        session = session._replace(echoes=echoes(said)) if said and not forgets else session
        person = after(turn.effects, self.known.person, self.now)
        self.known = Known(decode_session(encode_session(session)), decode_person(encode_person(person)))
        self.outcomes.append(turn.outcome)
        return list(said)


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
        case ["after", days, "days"]:
            dialogue.now += int(days) * 86_400
        case ["channel", name]:
            dialogue.channel = Channel(name)
        case ["from", country]:
            dialogue.country = country
        case ["somebody", "else"]:
            dialogue.known = Known()
        case ["refused"]:
            dialogue.known = dialogue.known._replace(allowance=Allowance.REFUSED)
        case ["refused", "again"]:
            dialogue.known = dialogue.known._replace(allowance=Allowance.REFUSED_AGAIN)
        case ["sends", "a", "picture"]:
            return dialogue.says("", Kind.ATTACHMENT)
        case ["carrier", name, *words]:
            return dialogue.says(" ".join(words) or name, carrier=Carrier(name))
        case _:
            raise ValueError(f"nobody knows how to do {direction!r}")
    return None


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
