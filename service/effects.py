"""What a decision changes for good: the person, what they are subscribed to, and the lines of their ledger. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import NamedTuple

from service.conversation import (
    Change,
    Effect,
    Event,
    Forget,
    NoCalls,
    NoTexts,
    OptIn,
    OptOut,
    Pause,
    Person,
    Post,
    Resume,
    RightPin,
    Ring,
    UndoPost,
    WrongPin,
)
from service.subscriptions import STEPS, Subscriptions

CHANGES: dict[type, dict[str, bool]] = {
    OptOut: {"left": True, "paused": False},
    OptIn: {"left": False, "paused": False, "agreed": True},
    Pause: {"paused": True},
    Resume: {"paused": False},
    Ring: {"rang": True},
    NoCalls: {"uncalled": True},
    NoTexts: {"untexted": True},
    RightPin: {"locked": False},
}
"""Which fields of a person an effect sets to now, and which it clears."""

LEDGER: dict[type, str] = {
    OptOut: "left",
    OptIn: "agreed",
    Pause: "paused",
    Resume: "kept",
    Forget: "forgotten",
    Ring: "asked for a call",
    NoCalls: "no more calls",
    NoTexts: "a landline",
}
"""What a line of the ledger calls each effect."""

CONSENTS = {"joined", "left", "daily", "daily over", "awaits", "reminded", "not reminded", "lapsed"}
"""Steps of subscriptions that are consents or their ends, and so stand in the ledger, each with what it is about."""

PLAIN: dict[str, Effect] = {
    type(effect).__name__: effect
    for effect in (OptOut(), OptIn(), Pause(), Resume(), Forget(), Ring(), NoCalls(), NoTexts())
}
"""The effects that are remembered even while Redis is away, by their names; changes are too, with what they name."""


class Subscriber(NamedTuple):
    """How somebody can be reached who asks to be sent something: their sealed number (base64) and more of them."""

    address: str = ""
    country: str = ""
    channel: str = ""
    language: str = ""


def after(effects: Sequence[Effect], person: Person, now: float) -> Person:
    """The person after these effects."""
    for effect in effects:
        if isinstance(effect, Forget):
            fresh = Person(left=int(now), since=int(now), epoch=person.epoch + 1, uncalled=person.uncalled)
            person = fresh._replace(forgot=int(now), tries=person.tries, locked=person.locked)
        elif isinstance(effect, Post):
            person = person._replace(posted=int(now), posted_before=person.posted, since=int(now))
        elif isinstance(effect, UndoPost):
            person = person._replace(posted=person.posted_before, posted_before=0, since=int(now))
        elif isinstance(effect, WrongPin):
            tries = 0 if effect.pauses else person.tries + 1
            person = person._replace(tries=tries, locked=int(now) if effect.pauses else 0, since=int(now))
        elif type(effect) in CHANGES:
            changes = {name: int(now) if begins else 0 for name, begins in CHANGES[type(effect)].items()}
            tries = 0 if isinstance(effect, RightPin) else person.tries
            person = person._replace(**changes, tries=tries, since=int(now))
    return person


def subscriber(event: Event, language: str) -> Subscriber:
    """Who did this, as far as it takes to send them something."""
    return Subscriber(base64.b64encode(event.address).decode(), event.country, event.channel, language)


def subscribed(effects: Sequence[Effect], before: Subscriptions, who: Subscriber, now: float) -> Subscriptions:
    """What they are subscribed to after these effects; who leaves or is forgotten is subscribed to nothing."""
    asked_for = before
    for effect in effects:
        if isinstance(effect, OptOut | Forget):
            asked_for = Subscriptions()
        elif isinstance(effect, Change):
            asked_for = STEPS[effect.step](asked_for, int(now), *effect.about)
    begins = not asked_for.is_empty and (before.is_empty or asked_for.groups != before.groups)
    if not begins or not who.address:
        return asked_for
    channels = tuple(dict.fromkeys((*asked_for.channels, who.channel)))
    known = asked_for._replace(address=who.address, country=who.country, channels=channels, language=who.language)
    return known if before.heard else known.wrote(int(now))


def kept_up(now: Subscriptions, language: str, at: float, *, wrote: bool) -> Subscriptions:
    """With the day on which they last wrote, and the language that they now have."""
    if now.is_empty:
        return now
    heard = now.wrote(int(at)) if wrote else now
    return heard._replace(language=language or now.language)


def line(effect: Effect) -> str:
    """What the ledger calls an effect; nothing where it does not stand there."""
    if isinstance(effect, Change):
        return " ".join((effect.step, *effect.about[:1])) if effect.step in CONSENTS else ""
    return LEDGER.get(type(effect), "")


def write_effect(effect: Effect) -> str:
    """An effect in one word or line, for the spool; nothing for one that is not remembered there."""
    if isinstance(effect, Change):
        return json.dumps([effect.step, *effect.about], ensure_ascii=False)
    name = type(effect).__name__
    return name if name in PLAIN else ""


def read_effect(written: str) -> Effect:
    """What ``write_effect`` wrote."""
    if written in PLAIN:
        return PLAIN[written]
    step, *about = json.loads(written)
    return Change(step, tuple(about))
