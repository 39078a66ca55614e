"""Lost: what we say when a text was not understood, or cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from service.book.keywords import PERSON, Match
from service.conversation import Option, Reply, Turn, text
from service.flows import home
from service.flows.reading import MENU_HELPS, OR_MENU
from service.flows.scene import Scene, Screen

# Translators: a text was not understood. At most 80 characters.
MISSED = text("We are sorry, we did not understand that.")
# Translators: after three texts that were not understood. At most 70 characters.
TALK_TO_SOMEBODY = text("Text %(person)s for people you can talk to.", person=PERSON)
# Translators: somebody mistyped a word; choices follow. At most 40 characters.
DID_YOU_MEAN = text("Did you mean one of these?")
# Translators: somebody mistyped a word; one choice follows. At most 40 characters.
DID_YOU_MEAN_THIS = text("Did you mean this? Reply 1 for yes.")
# Translators: a number that is not in the list; highest is its last number. At most 70 characters.
NO_SUCH_NUMBER = text("There is no %(number)s here. Reply with a number from 1 to %(highest)s.")
# Translators: a picture, a voice message or an empty text came. At most 80 characters.
ONLY_WORDS = text("Only words can be read here. Please text a word or a number.")
# Translators: somebody sends very many texts. At most 100 characters.
SLOWER = text("You are texting faster than we can answer. Please wait a minute, then go on.")

# Translators: the answer to a question about something else; the list of parts follows. At most 90 characters.
ONLY_THESE = text("We are sorry: we can only tell about what is in this list.")
# Translators: stands before a part that fits a question somebody asked in their own words. At most 60 characters.
MAY_ANSWER = text("This part may answer your question.")

PATIENCE = 3
"""Misses in a row after which people to talk to are offered."""

MOST_SUGGESTIONS = 3


def missed(scene: Scene, _: str) -> Turn:
    """Not understood: the choices again, and after three misses somebody to talk to."""
    misses = scene.session.misses + 1
    counted = scene.but(misses=misses)
    hint = (MENU_HELPS, TALK_TO_SOMEBODY) if misses >= PATIENCE else (MENU_HELPS,)
    return counted.turn(Reply(opening=(MISSED,), hint=hint), "missed")


def no_such_number(scene: Scene, said: str) -> Turn:
    """A number that chooses nothing: which numbers do."""
    number, highest = said.split()
    misses = scene.session.misses + 1
    answer = NO_SUCH_NUMBER.saying(number=int(number), highest=int(highest))
    hint = (OR_MENU, TALK_TO_SOMEBODY) if misses >= PATIENCE else (OR_MENU,)
    return scene.but(misses=misses).turn(Reply(opening=(answer,), hint=hint), "no such number")


def only_words(scene: Scene, _: str) -> Turn:
    """A picture, a voice note, a sticker, a place, or nothing at all."""
    return scene.turn(Reply(opening=(ONLY_WORDS,), hint=(MENU_HELPS,)), "only words")


def suggest(scene: Scene, matches: Sequence[Match]) -> Turn:
    """Ask whether they meant one of these."""
    by_target = {match.target: Option(match.label, match.target) for match in reversed(matches)}
    options = tuple(reversed(by_target.values()))[:MOST_SUGGESTIONS]
    asked = scene.but(choices=tuple(option.target for option in options))
    opening = DID_YOU_MEAN_THIS if len(options) == 1 else DID_YOU_MEAN
    return asked.turn(Reply(opening=(opening,), options=options, hint=(OR_MENU,)), "suggested")


def off_topic(scene: Scene) -> Turn:
    """A question about something else: what we can tell about, and people to talk to."""
    menu = home.home(scene, "")
    reply = menu.reply._replace(opening=(ONLY_THESE,), hint=(TALK_TO_SOMEBODY,))
    session = menu.session._replace(misses=scene.session.misses + 1)
    return menu._replace(reply=reply, session=session, outcome="off topic")


def slower(scene: Scene) -> Turn:
    """Too many texts at once, said once."""
    return scene.turn(Reply(opening=(SLOWER,)), "slower")


SCREENS = (
    Screen("missed", missed),
    Screen("no such number", no_such_number),
    Screen("only words", only_words),
)
