"""Notices: what everybody is told once, in a message of its own before the page."""

from __future__ import annotations

from service.book.languages import SOURCE
from service.conversation import Text, Turn, text
from service.flows.calling import KEYS_ONE, KEYS_TOLD, KEYS_TWO
from service.flows.home import first_sight
from service.flows.scene import Scene

# Translators: said once, before the first section. At most 120 characters.
UNREVIEWED = text("No doctor or nurse has checked this text yet. Please ask your care team what is true for you.")
# Translators: said once behind the line above; word is the word for English. At most 70 characters.
ORIGINAL = text("To read the original in English, text %(word)s.")

FIRST_SIGHT = "hello"
"""The mark that the first sight was told; a language's code is the mark that its review was."""

FIRST_HEARD = "heard"
"""The mark that it was told on a call, which says less: somebody who then texts is told all of it."""

BEFORE = frozenset({"home", "contents", "page", "withheld", "suggested", "welcome back", "missed", "end", "off topic"})
"""Outcomes of somebody who has found the service; leaving, help and the choice of a language come without a preface."""


def attach(scene: Scene, turn: Turn) -> Turn:
    """``turn`` with the notices that are due, which count as told from then on."""
    code = turn.session.language
    if not code or turn.outcome not in BEFORE:
        return turn
    spoken = scene.but(language=code)
    due: list[tuple[Text, ...]] = []
    told = turn.session.told
    first = FIRST_SIGHT if scene.event.channel.is_read else FIRST_HEARD
    if first not in told and FIRST_SIGHT not in told:
        due += first_sight(spoken)
        told = (*told, first)
    if turn.reply.passage and code not in told:
        due += review_notice(spoken)
        told = (*told, code)
    if not scene.event.channel.is_read and KEYS_TOLD not in told:
        due.append((KEYS_ONE, KEYS_TWO))
        told = (*told, KEYS_TOLD)
    before, behind = ((), turn.reply.notices) if scene.event.channel.is_read else (turn.reply.notices, ())
    reply = turn.reply._replace(notices=(*before, *due, *behind))  # a call begins with its greeting
    return turn._replace(reply=reply, session=turn.session._replace(told=told))


def review_notice(scene: Scene) -> list[tuple[Text, ...]]:
    """That no clinician has checked this catalogue, while none has; in a translation also the way to the original."""
    if scene.language.review:
        return []
    original = scene.book.languages.get(SOURCE)
    if original is None or original is scene.language:
        return [(UNREVIEWED,)]
    return [(UNREVIEWED, ORIGINAL.saying(word=original.name.upper()))]
