"""One turn of a conversation: the whole decision, a pure function.

``take_turn`` looks at what has come in and at what is known, and says what to remember, what to say and what else to
do. It touches nothing.
"""

from __future__ import annotations

from service.book import SOURCE, Book
from service.conversation import Event, Kind, Known, Turn
from service.engine.calls import by_call
from service.engine.rules import (
    DANGERS,
    SCREENS,
    SILENCE,
    by_text,
    check_screens,
    go,
    is_urgent,
    leaves,
    listen,
    still_valid,
)
from service.flows import daily, notices
from service.flows.scene import Scene


def take_turn(book: Book, known: Known, event: Event, now: int) -> Turn:
    """Decide one turn; ``now`` is in Unix seconds.

    Any event in any state has an answer: no text and no key, however odd, raises.
    """
    session = still_valid(known.session, book, now)
    if event.kind is Kind.DUE:
        if session.language not in book.languages:  # it was forgotten long ago; what they asked for was not
            session = session._replace(language=known.subscriptions.language)
            session = still_valid(session, book, now)
        return daily.due(Scene(book, known._replace(session=session), event, now))
    spoken = (session.language, SOURCE) if session.language else tuple(book.languages)
    heard = listen(book, event.body, spoken) if event.kind is Kind.WORDS else ()
    scene = Scene(book, known._replace(session=session), event, now, heard)
    turn = by_text(scene) if event.channel.is_read else by_call(scene)
    if turn.reply == SILENCE:
        return turn
    turn = turn._replace(session=turn.session._replace(seen=now // 3600))
    return notices.attach(scene, turn)


__all__ = ["DANGERS", "SCREENS", "check_screens", "go", "is_urgent", "leaves", "listen", "take_turn"]
