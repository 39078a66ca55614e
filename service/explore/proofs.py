"""What must hold of every turn, whatever went before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from service.book import Book
from service.book.segments import segments
from service.channels.sms import NOTICE_SEGMENTS
from service.conversation import Channel
from service.explore.inputs import Input
from service.explore.watched import State

MOST_MESSAGES = 8
"""Messages that one turn may send."""

MOST_TWIML = 64 * 1024
"""Bytes of one document (Twilio's limit)."""

MOST_CHARACTERS = 1600
"""Of one message, on any channel (Twilio's limit)."""

FARTHEST = 40
"""Texts that anybody may need from their first to any paragraph."""

ANSWERS = {"a number", "YES", "NO"}
"""What may answer a question of ours."""

QUIET = "reaction"
"""The outcome of what only quotes us."""

_segments = lru_cache(maxsize=8192)(segments)

Judge = Callable[[str, str], str]
"""Given a language's code and a message: what is wrong with its words, or nothing."""


class Problem(NamedTuple):
    """What does not hold: the rule, and what was found instead."""

    rule: str
    found: str


class Said(NamedTuple):
    """One turn as it is proved: what was done in which state, what came of it, and the messages of the answer.

    ``notices`` counts the messages before the page, ``raised`` tells an exception, ``kept`` whether the session is the
    same after it was stored, ``quoted`` the outcome if the phone sends the last message back. On a call ``messages``
    are sentences, ``size`` the bytes of TwiML, ``passage`` the letters of the article, ``unrecorded`` what cannot be
    heard.
    """

    state: State
    channel: Channel
    given: Input
    outcome: str
    effects: tuple[str, ...] = ()
    language: str = ""
    messages: tuple[str, ...] = ()
    notices: int = 0
    silent: bool = False
    raised: str = ""
    kept: bool = True
    quoted: str = QUIET
    size: int = 0
    passage: int = 0
    unrecorded: tuple[str, ...] = ()


def problems(book: Book, said: Said, judges: tuple[Judge, ...]) -> Iterator[Problem]:
    """Everything that is wrong with one turn."""
    if said.raised:
        yield Problem("every turn has an answer", said.raised)
        return
    yield from _way(said)
    yield from _silence(said)
    yield from _length(book, said)
    yield from _words(said, judges)
    if not said.kept:
        yield Problem("a session is stored whole", f"{said.given.label!r}: it is another one when it is read again")
    if said.quoted != QUIET:
        yield Problem("a quotation of ours is not answered", f"the answer {said.outcome!r}, quoted: {said.quoted!r}")


def _way(said: Said) -> Iterator[Problem]:
    """Ways out, danger and leaving lead where they must."""
    wanted = said.given.wanted
    if wanted is None:
        return
    rule = f"{said.given.group} leads where it must from every state"
    if said.outcome not in wanted.outcomes:
        yield Problem(rule, f"{said.outcome!r}, and not {' or '.join(sorted(wanted.outcomes))}")
    elif wanted.effect and wanted.effect not in said.effects:
        yield Problem(rule, f"no {wanted.effect}")


def _silence(said: Said) -> Iterator[Problem]:
    """Silence only where it is allowed; else at least a word."""
    rule = "no answer is empty, and silence is only where it is allowed"
    if not said.silent:
        if not said.messages or not all(message.strip() for message in said.messages):
            yield Problem(rule, f"an empty message ({said.outcome})")
    elif said.outcome not in said.given.silences:
        yield Problem(rule, f"{said.given.group}: silence ({said.outcome})")
    elif said.outcome == "has left" and said.given.group in ANSWERS and said.state.choices:
        yield Problem(rule, f"{said.given.group}, while a question of ours is open: silence")


def _length(book: Book, said: Said) -> Iterator[Problem]:
    """Every message within its limits, and not too many of them."""
    rule = "no message is over its limits"
    if said.channel is Channel.VOICE:
        yield from _heard(book, said)
        return
    if len(said.messages) > MOST_MESSAGES:
        yield Problem(rule, f"{len(said.messages)} messages ({said.outcome})")
    for place, message in enumerate(said.messages):
        most = NOTICE_SEGMENTS if place < said.notices else book.max_segments
        if len(message) > MOST_CHARACTERS:
            yield Problem(rule, f"{len(message)} characters ({said.outcome}): {message[:40]!r}")
        if said.channel is Channel.SMS and (count := _segments(message)) > most:
            what = "a notice" if place < said.notices else "a message"
            yield Problem(rule, f"{what} of {count} segments ({said.outcome}): {message[:40]!r}")


def _heard(book: Book, said: Said) -> Iterator[Problem]:
    """A part of a section is heard in half a minute, and TwiML is no larger than Twilio takes."""
    rule = "no message is over its limits"
    if said.size > MOST_TWIML:
        yield Problem(rule, f"{said.size} bytes of TwiML ({said.outcome})")
    if said.language and said.passage > book.measure(said.channel, book.languages[said.language]).max_characters:
        yield Problem(rule, f"a part of {said.passage} letters ({said.outcome})")
    if said.unrecorded:
        yield Problem("what no voice says is recorded", f"{said.unrecorded[0][:60]!r}")


def _words(said: Said, judges: tuple[Judge, ...]) -> Iterator[Problem]:
    """No word that was left untranslated, and no gap left open in a sentence."""
    rule = "every word is translated"
    for message in said.messages:
        if "%(" in message:
            yield Problem(rule, f"a gap is left open: {message[:60]!r}")
        for judge in judges:
            if wrong := judge(said.language, message):
                yield Problem(rule, f"{wrong}: {message[:60]!r}")
