"""A session that notes which of its fields a decision looks at, and which it changes.

What a decision does not look at cannot have changed it: the same input gets the same answer in every state that agrees
in the fields that were looked at. This is what lets the explorer visit every state and yet decide only a few.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from service.book import Book
from service.conversation import Call, Person, Place, Session, Target


class State(NamedTuple):
    """What is told apart of a conversation: the session and the person, without clocks, counters and quotations."""

    told: tuple[str, ...] = ()
    left: bool = False
    paused: bool = False
    language: str = ""
    screen: str = ""
    subject: str = ""
    page: int = 0
    choices: tuple[Target, ...] = ()
    placed: bool = False
    section: str = ""
    paragraph: int = 0
    offset: int = 0
    unread: tuple[int, int] = (0, 0)
    misses: int = 0
    call: Call = Call()


LOOKS = slice(State._fields.index("language"), State._fields.index("unread"))
"""Where somebody is: two states that agree in these fields look the same."""

CORE = State._fields.index("section")
"""Most decisions look at nothing from this field on: at no place by name, and at no count."""

FIELD = {name: index for index, name in enumerate(State._fields)}

_SESSION = {name: index for index, name in enumerate(Session._fields)}
_PERSON = {name: index for index, name in enumerate(Person._fields)}
_PLACE = {name: index for index, name in enumerate(Place._fields)}


class Notes:
    """The fields of a State that were looked at, in their order."""

    def __init__(self) -> None:
        self.looked: dict[int, None] = {}

    def note(self, name: str) -> None:
        """``name`` was looked at."""
        self.looked.setdefault(FIELD[name])

    def place(self) -> None:
        """All of the place was looked at."""
        for name in ("placed", "section", "paragraph", "offset"):
            self.note(name)

    def everything(self) -> None:
        """All fields were looked at."""
        for name in FIELD:
            self.note(name)


class WatchedPlace(Place):
    """A place that notes what is looked at; its revision is always today's, and so is told by its section."""

    notes: Notes

    def __getattribute__(self, name: str) -> Any:
        if name in _PLACE:
            object.__getattribute__(self, "notes").note("section" if name == "revision" else name)
            return tuple.__getitem__(self, _PLACE[name])
        return object.__getattribute__(self, name)

    def _replace(self, **changes: Any) -> Any:
        for name in ("section", "paragraph", "offset"):
            if name not in changes:  # what is replaced makes no difference
                self.notes.note(name)
        return unwatched(self)._replace(**changes)

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        self.notes.place()
        return tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        self.notes.place()
        return tuple.__hash__(self)

    def __iter__(self) -> Any:
        self.notes.place()
        return tuple.__iter__(self)


class WatchedSession(Session):
    """A session that notes what is looked at and what is changed."""

    notes: Notes
    changed: frozenset[str]

    def __getattribute__(self, name: str) -> Any:
        if name not in _SESSION:
            return object.__getattribute__(self, name)
        if name not in object.__getattribute__(self, "changed"):
            noted = "placed" if name == "place" else name
            if noted in FIELD:
                object.__getattribute__(self, "notes").note(noted)
        return tuple.__getitem__(self, _SESSION[name])

    def _replace(self, **changes: Any) -> Any:
        values = list(tuple.__iter__(self))
        for name, value in changes.items():
            if isinstance(value, WatchedPlace):
                self.notes.place()
            values[_SESSION[name]] = value
        return _watch(type(self), values, notes=self.notes, changed=self.changed | changes.keys())

    def __eq__(self, other: object) -> bool:
        self.notes.everything()
        return tuple.__eq__(self, other)

    def __hash__(self) -> int:
        self.notes.everything()
        return tuple.__hash__(self)

    def __iter__(self) -> Any:
        self.notes.everything()
        return tuple.__iter__(self)


class WatchedPerson(Person):
    """A person who notes what is looked at."""

    notes: Notes

    def __getattribute__(self, name: str) -> Any:
        if name not in _PERSON:
            return object.__getattribute__(self, name)
        if name in FIELD:
            object.__getattribute__(self, "notes").note(name)
        return tuple.__getitem__(self, _PERSON[name])


def watched(book: Book, state: State, now: int, notes: Notes) -> tuple[Session, Person]:
    """The session and the person of ``state``, who wrote a moment before ``now``, both watched."""
    place: Place | None = None
    if state.placed:
        revision = book.article_of(state.section).revision
        place = _watch(WatchedPlace, [state.section, revision, state.paragraph, state.offset], notes=notes)
    session = Session(
        language=state.language,
        screen=state.screen,
        subject=state.subject,
        page=state.page,
        place=place,
        unread=state.unread,
        choices=state.choices,
        misses=state.misses,
        call=state.call._replace(began=now * bool(state.call.began)),
        told=state.told,
        seen=now // 3600,
    )
    person = Person(left=now * state.left, paused=now * state.paused)
    return (
        _watch(WatchedSession, list(session), notes=notes, changed=frozenset()),
        _watch(WatchedPerson, list(person), notes=notes),
    )


def unwatched(place: Place) -> Place:
    """The plain place."""
    values: Any = tuple.__iter__(place)
    return Place._make(values)


def plain_session(session: Session) -> Session:
    """The plain session, as it would be stored."""
    values = Session._make(tuple.__iter__(session))
    return values._replace(place=unwatched(values.place)) if values.place is not None else values


def changes(session: Session, marks: tuple[str, ...], most_misses: int) -> dict[int, Any]:
    """Which fields of a State a turn that ends with ``session`` changes, and to what.

    Of what was told only ``marks`` are kept, and of misses no more than ``most_misses``.
    """
    changed = session.changed if isinstance(session, WatchedSession) else _SESSION.keys()
    after = plain_session(session)
    found: dict[str, Any] = {name: getattr(after, name) for name in changed if name in FIELD}
    if "place" in changed:
        place = after.place or Place("", "")
        found |= {"placed": after.place is not None, "section": place.section}
        found |= {"paragraph": place.paragraph, "offset": place.offset}
    if "told" in found:
        found["told"] = tuple(mark for mark in marks if mark in after.told)
    if "call" in found:
        # How fast it is spoken and whether its end was told change no decision but that of the same key.
        found["call"] = after.call._replace(began=int(bool(after.call.began)), slow=False, warned=False)
    if "misses" in found:
        found["misses"] = min(after.misses, most_misses)
    return {FIELD[name]: value for name, value in found.items()}


def _watch(kind: Any, values: list[Any], **marks: Any) -> Any:
    made = tuple.__new__(kind, values)
    for name, mark in marks.items():
        object.__setattr__(made, name, mark)
    return made
