"""The vocabulary of a conversation: what comes in, what is known, what is decided, what goes out.

Everything here is a frozen value, so that a decision can be compared, cached, stored and proved; what changes with
every step of a turn is a named tuple, which is the cheapest to change. Every other floor imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from service.groups import Group
from service.subscriptions import Subscriptions

KEYWORD = "keyword"
"""The message context of what people text: variants separated by ``|``, of which the first is the one we print."""


class Channel(StrEnum):
    """How somebody reaches us."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    VOICE = "voice"

    @property
    def is_read(self) -> bool:
        """Whether people read what we say there; else they hear it."""
        return self is not Channel.VOICE


class Kind(StrEnum):
    """What an event is about."""

    WORDS = "words"  # texted, or spoken and recognised
    ATTACHMENT = "attachment"  # a picture, voice note, sticker or place, without a word
    CALL = "call"  # a call begins
    PICKED_UP = "picked up"  # whom we call picks up, or a machine does
    KEY = "key"  # of a telephone; the body is the key
    SILENCE = "silence"  # on a call, nothing was heard for a while
    RETURN = "return"  # a caller comes back from whom they were put through to; the body says how that ended
    HANGUP = "hangup"  # a call has ended
    MISSED = "missed"  # somebody calls a number on which calls are not answered but returned
    RECORDED = "recorded"  # the body is the recording's name; empty where nothing was
    DUE = "due"  # nobody did anything: the clock has come to what was asked for


class Carrier(StrEnum):
    """What Twilio has already answered by itself (its ``OptOutType``, with Advanced Opt-Out only)."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that somebody did.

    ``id`` names it for good (a MessageSid, or a CallSid with the step of that call), ``contact`` is the index of the
    person (never a number; empty where the number is withheld), ``address`` their sealed number, which only what sends
    can open, ``country`` the ISO 3166 region of the number, as a hint and no more. ``machine`` marks a sender that no
    person is behind, ``step`` counts the posts of a call.
    """

    id: str
    channel: Channel
    contact: str
    kind: Kind
    body: str
    country: str = ""
    carrier: Carrier | None = None
    address: bytes = b""
    machine: bool = False
    step: int = 0

    @property
    def holder(self) -> str:
        """Whom what is carried for us is bound to: the contact, else the call."""
        return self.contact or self.id.partition(".")[0]


Value: TypeAlias = "str | int | date | Moment | Territory | Text"
"""What a sentence may name; a Text among them is translated too."""


class Moment(NamedTuple):
    """A moment (Unix seconds) as it is called in a time zone; written as the language of the conversation does."""

    at: int
    zone: str


class Territory(NamedTuple):
    """A country, by its ISO 3166 code, to be named in the language of the conversation."""

    code: str


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence to be translated whole: gettext's msgid, context, plural and the values it names.

    ``language`` is set only where a sentence is said in a language of its own, whatever the conversation's.
    """

    msgid: str
    context: str = ""
    values: tuple[tuple[str, Value], ...] = ()
    plural: str = ""
    count: int = 1
    language: str = ""

    def __hash__(self) -> int:
        # Equal sentences have equal msgids; hashing all that they name as well would cost more than it tells apart.
        return hash((self.msgid, self.count, self.language))

    def saying(self, **values: Value) -> Text:
        """The same sentence with these values filled in."""
        return replace(self, values=(*self.values, *values.items()))

    def spoken_in(self, language: str) -> Text:
        """The same sentence, in ``language`` whatever the conversation's is."""
        return replace(self, language=language)


def text(msgid: str, **values: Value) -> Text:
    """A translatable sentence; Babel extracts the first argument."""
    return Text(msgid, values=tuple(values.items()))


def text_in(context: str, msgid: str) -> Text:
    """A translatable sentence under a message context (gettext's ``pgettext``)."""
    return Text(msgid, context)


def text_n(singular: str, plural: str, count: int, **values: Value) -> Text:
    """A translatable sentence with plural forms; ``%(count)s`` is filled in by itself."""
    return Text(singular, plural=plural, count=count, values=(("count", count), *values.items()))


class Target(NamedTuple):
    """Where a choice or a word leads: a screen, what it is about, and the language to change to first, if any."""

    screen: str
    subject: str = ""
    language: str = ""


class Option(NamedTuple):
    """One numbered choice; its label is a plain string only where it is a name, such as a language's own."""

    label: Text | str
    target: Target


class Place(NamedTuple):
    """Where somebody is in an article, told so that it means the same on every channel.

    ``paragraph`` counts from 0; ``offset`` counts the characters of the translation, and holds for that translation
    only. ``revision`` is the article's: in a changed article a place is the start of its paragraph.
    """

    section: str
    revision: str
    paragraph: int = 0
    offset: int = 0


class Passage(NamedTuple):
    """A stretch of a section: from one (paragraph, offset) up to another."""

    section: str
    start: tuple[int, int]
    end: tuple[int, int]


class Dial(NamedTuple):
    """The caller is put through to a number (E.164)."""

    number: str


class HangUp(NamedTuple):
    """The call ends."""


class Reject(NamedTuple):
    """The call is not answered, and costs its caller nothing."""


class Record(NamedTuple):
    """The caller's words are recorded, for so many seconds at most."""

    seconds: int


class Reply(NamedTuple):
    """What we say. It knows neither language nor channel.

    ``notices`` are messages of their own that come before; ``opening`` (a line each), ``passage``, ``options`` and
    ``hint`` make one page, in this order. ``first`` is the number of the first option. An empty reply says nothing.
    On a call ``then`` says what happens behind it instead of listening, ``goes_on`` that silence leads on at once,
    ``keys_only`` that no words are listened for, ``slow`` that it is said slower, ``digits`` that a number of as many
    keys is asked for, and ``plays`` what somebody recorded that is heard behind the opening.
    """

    notices: tuple[tuple[Text, ...], ...] = ()
    opening: tuple[Text, ...] = ()
    passage: Passage | None = None
    options: tuple[Option, ...] = ()
    first: int = 1
    hint: tuple[Text, ...] = ()
    then: Dial | HangUp | Reject | Record | None = None
    goes_on: bool = False
    keys_only: bool = False
    slow: bool = False
    digits: int = 1
    plays: str = ""

    def after(self, *notice: Text) -> Reply:
        """The same reply with one more notice in front of its page."""
        return self._replace(notices=(*self.notices, notice))


class Call(NamedTuple):
    """What is remembered of a call while it lasts.

    ``began`` is when (Unix seconds), ``slow`` whether we speak slower, ``misses`` how often in a row nothing
    was heard or nothing fitted, ``starred`` whether ``*`` was the last key, ``warned`` whether its end was
    told, ``said`` what was said last that is no place to be in, so that it can be repeated.
    """

    began: int = 0
    slow: bool = False
    misses: int = 0
    starred: bool = False
    warned: bool = False
    said: str = ""


class Session(NamedTuple):
    """What we remember of one conversation, for as long as it lasts.

    ``screen``, ``subject`` and ``page`` (the first choice shown, counted from 0) say what somebody is looking at,
    ``place`` where the page begins that they read last and ``unread`` the (paragraph, offset) where it ended,
    ``choices`` what a number answers while a question is open, ``told`` which notices they have had, ``seen`` when they
    last wrote (Unix hours), ``echoes`` short hashes of what we said last, to recognise a phone that quotes it.
    ``turn`` counts the turns, so that of two memories the later is known; ``loop`` is a mark of what they wrote last,
    how often in a row it moved nothing, and when (Unix seconds), to recognise a machine that answers a machine;
    ``call`` is what only a call needs.
    """

    language: str = ""
    screen: str = ""
    subject: str = ""
    page: int = 0
    place: Place | None = None
    unread: tuple[int, int] = (0, 0)
    choices: tuple[Target, ...] = ()
    misses: int = 0
    told: tuple[str, ...] = ()
    seen: int = 0
    echoes: tuple[str, ...] = ()
    turn: int = 0
    loop: tuple[str, int, int] = ("", 0, 0)
    call: Call = Call()


class Person(NamedTuple):
    """What we remember of somebody for good.

    ``left`` is when they said STOP and ``paused`` since when we ask whether they mean to (Unix seconds, 0 for never),
    ``since`` when any of this last changed, ``epoch`` how often they asked to be forgotten: what a cookie of an earlier
    epoch carries counts no more. ``rang`` is when we last were asked to call, ``uncalled`` when they wanted no more
    calls, ``agreed`` when they last allowed texts again. Of a leader, ``posted`` is when their last post was made,
    ``tries`` how many wrong PINs came in a row, and ``locked`` since when no PIN is taken. ``untexted`` is when their
    line turned out to take no texts, ``posted_before`` when the post before the last was made, and ``forgot`` when they
    last asked to be forgotten.
    """

    left: int = 0
    paused: int = 0
    since: int = 0
    epoch: int = 0
    rang: int = 0
    uncalled: int = 0
    agreed: int = 0
    posted: int = 0
    tries: int = 0
    locked: int = 0
    untexted: int = 0
    posted_before: int = 0
    forgot: int = 0


class Entry(NamedTuple):
    """A line of the ledger: what somebody agreed to or ended, when (Unix seconds), how, and in which words of ours."""

    what: str
    at: int
    channel: str = ""
    language: str = ""
    words: str = ""


class Allowance(StrEnum):
    """Whether somebody may send yet another text just now."""

    GRANTED = "granted"
    REFUSED = "refused"  # and this is the first refusal, worth a kind word
    REFUSED_AGAIN = "refused again"


class Draft(NamedTuple):
    """What a leader may send to a group: their own words, or those of a member (by first name), since when."""

    id: str
    group: str
    words: str
    name: str = ""
    at: int = 0


class Known(NamedTuple):
    """What a turn begins with; ``groups`` are all there are, as they were a moment ago."""

    session: Session = Session()
    person: Person = Person()
    allowance: Allowance = Allowance.GRANTED
    subscriptions: Subscriptions = Subscriptions()
    drafts: tuple[Draft, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class OptOut:
    """An effect: nothing is to be sent unasked any more."""


@dataclass(frozen=True, slots=True)
class OptIn:
    """An effect: texts are allowed again. It revives no subscription."""


@dataclass(frozen=True, slots=True)
class Pause:
    """An effect: nothing is to be sent unasked until somebody has answered whether they want to leave."""


@dataclass(frozen=True, slots=True)
class Resume:
    """An effect: they want to go on; the pause is over. Whoever has left stays so."""


@dataclass(frozen=True, slots=True)
class Forget:
    """An effect: everything about the person is to be erased, except the mark that they left."""


@dataclass(frozen=True, slots=True)
class Send:
    """An effect: this is texted to the same person, in their language, as soon as it may be.

    ``about`` says what of: on one call nobody gets the same twice, however often they ask. ``kind`` is empty for what
    they asked for a moment ago, else "series" or "news".
    """

    replies: tuple[Reply, ...]
    about: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """An effect: the same person is called, as soon as it may be; ``missed`` where their call was not answered."""

    missed: bool = False


@dataclass(frozen=True, slots=True)
class NoCalls:
    """An effect: this number is not to be called any more, whoever asks for it."""


@dataclass(frozen=True, slots=True)
class NoTexts:
    """An effect: this number is a landline, and gets no texts."""


@dataclass(frozen=True, slots=True)
class Change:
    """An effect: their subscriptions take a step, as ``subscriptions.STEPS`` names them."""

    step: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepDraft:
    """An effect: a leader's words are kept until they are sent or thrown away."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class DropDraft:
    """An effect: a draft is thrown away."""

    draft: str


@dataclass(frozen=True, slots=True)
class Post:
    """An effect: a draft goes to its group, after the time in which that can be undone."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class UndoPost:
    """An effect: the leader's last post is not sent."""


@dataclass(frozen=True, slots=True)
class Propose:
    """An effect: a member's words go to the leaders of a group, who decide."""

    group: str
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """An effect: the operator hears what a member reports of a group."""

    group: str
    words: str


@dataclass(frozen=True, slots=True)
class KeepNotice:
    """An effect: what a leader recorded is what members of the group hear when they call."""

    group: str
    recording: str


@dataclass(frozen=True, slots=True)
class EraseRecording:
    """An effect: what was recorded is erased at Twilio, kept or not, once there was time to keep it."""

    recording: str


@dataclass(frozen=True, slots=True)
class Invite:
    """An effect: a number that was keyed in on a call (E.164) gets one neutral text."""

    number: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class WrongPin:
    """An effect: a wrong PIN is counted; ``pauses`` where it was the last one for a while."""

    pauses: bool = False


@dataclass(frozen=True, slots=True)
class RightPin:
    """An effect: wrong PINs are forgotten."""


Effect = (
    OptOut | OptIn | Pause | Resume | Forget | Send | Ring | NoCalls | NoTexts
    | Change | KeepDraft | DropDraft | Post | UndoPost | Propose | Report | WrongPin | RightPin
    | KeepNotice | EraseRecording | Invite
)  # fmt: skip


class Turn(NamedTuple):
    """The whole decision: what to remember, what to say, what else to do, and a word for the log."""

    session: Session
    reply: Reply
    effects: tuple[Effect, ...] = ()
    outcome: str = ""
