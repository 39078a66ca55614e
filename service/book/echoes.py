"""Recognises what a phone writes by itself: reactions, and texts that only quote what we said last."""

from __future__ import annotations

import hashlib

import regex

from service.book.keywords import plain

QUOTED = 40
"""How many characters of a message are enough to know it again; phones may cut a quotation short."""

# What phones put before the quotation when somebody "likes" a message and it travels as a text: Apple's words in the
# languages we speak, and Google's, which is the emoji alone.
_REACTION = regex.compile(
    r"""\W*(?:liked|loved|disliked|laughed\ at|emphasi[sz]ed|questioned
        |reacted\b.{0,24}?\bto|removed\ an?\b.{0,24}?\bfrom
        |le\ gust[oó]|le\ encant[oó]|no\ le\ gust[oó]|se\ ri[oó]\ de|enfatiz[oó]|le\ pareci[oó]\ dudoso
        |\p{Extended_Pictographic}\p{M}*(?:\ to)?)
        \W*["“”«„「](?P<quoted>.*)["“”»」]\W*""",
    regex.VERBOSE | regex.IGNORECASE | regex.DOTALL,
)


def reacted_to(said: str) -> str | None:
    """What a phone quotes when it reports that somebody reacted to a message (``Liked "..."``); None for all else."""
    found = _REACTION.fullmatch(said)
    return found["quoted"] if found else None


def echo(message: str) -> tuple[str, ...]:
    """Short marks by which a message of ours is known again: of its beginning, and of all of it.

    None for one that is too short.
    """
    whole = plain(message)
    return (_mark(whole[:QUOTED]), _mark(whole)) if len(whole) >= QUOTED else ()


def is_echo(said: str, echoes: tuple[str, ...]) -> bool:
    """Whether a text begins as one of the messages that ``echoes`` stand for; a phone may cut it short."""
    return bool(echoes) and _mark(plain(said)[:QUOTED]) in echoes


def is_quotation(said: str, echoes: tuple[str, ...]) -> bool:
    """Whether a text is one of those messages, from its first word to its last: nobody has added anything."""
    return bool(echoes) and _mark(plain(said)) in echoes


def _mark(said: str) -> str:
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:6]
