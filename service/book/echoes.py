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


def is_reaction(said: str) -> bool:
    """Whether a phone reports that somebody reacted to a message (``Liked "..."``)."""
    return bool(_REACTION.fullmatch(said))


def echo(message: str) -> str:
    """A short mark by which a message of ours is known again when it is quoted; empty for one that is too short."""
    start = plain(message)[:QUOTED]
    return hashlib.sha256(start.encode()).hexdigest()[:6] if len(start) == QUOTED else ""


def is_echo(said: str, echoes: tuple[str, ...]) -> bool:
    """Whether a text only quotes one of the messages that ``echoes`` stand for."""
    return bool(echoes) and echo(said) in echoes
