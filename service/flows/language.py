"""Language: choosing it, changing it, and being offered another."""

from __future__ import annotations

from service.book.keywords import LANGUAGE, MORE
from service.book.languages import SOURCE, Language
from service.conversation import Option, Reply, Target, Text, Turn, text
from service.flows import home, reading
from service.flows.scene import Scene, Screen, place_in

# Translators: the question which language somebody wants. At most 40 characters.
WHICH = text("Your language? Reply with its number.")
# Translators: below the languages, where there are more than fit. At most 40 characters.
MORE_LANGUAGES = text("%(more)s: more languages", more=MORE)
# Translators: a choice: go on in this very language, which is named by its own name. At most 40 characters.
CHANGE_TO = text("Go on in %(language)s")
# Translators: a choice: keep the language one has, which is named by its own name. At most 40 characters.
STAY_WITH = text("Stay with %(language)s")

# Translators: said to somebody who writes in a language that we lack. At most 90 characters.
NOT_OURS = text("We are sorry: we do not have your language yet. These are the ones we have.")
# Translators: said when the language was guessed from the script alone; word is the command for changing the language.
# At most 50 characters.
GUESSED = text("Not your language? Text %(word)s.", word=LANGUAGE)

SHORT = 2
"""Segments that the choice of a language may take."""


def ask(scene: Scene, page: str) -> Turn:
    """The languages, by their own names, the likeliest where the number is from first."""
    # The subject remembers whether somebody was reading, to read on in the new language.
    came_from = scene.session.subject if scene.session.screen == "languages" else scene.session.screen
    here = scene.but(screen="languages", subject=came_from, page=int(page or 0))
    return here.turn(page_of(here), "languages")


def page_of(scene: Scene, spoken: str = "") -> Reply:
    """The languages from ``session.page`` on: a short page, since nobody knows yet whether it can be read."""
    return scene.fit(
        (WHICH.spoken_in(spoken),), languages(scene), (), (MORE_LANGUAGES.spoken_in(spoken),), segments=SHORT
    )


def lacking(scene: Scene) -> Turn:
    """Somebody writes in a language that we do not have: say so in English, and which ones there are."""
    here = scene.but(screen="languages", page=0)
    page = page_of(here, SOURCE) if SOURCE in scene.book.languages else page_of(here)
    return here.turn(page.after(NOT_OURS.spoken_in(SOURCE)), "language lacking")


def languages(scene: Scene) -> tuple[Option, ...]:
    """Every language, by its own name; on a call those that can be heard."""
    return tuple(
        Option(language.name, Target("language", language.code))
        for language in scene.book.likeliest(scene.event.country)
        if scene.event.channel.is_read or language.can_speak
    )


def more_languages(scene: Scene) -> Target:
    """MORE: the next page of languages, and after the last the first again."""
    shown = page_of(scene)
    after = shown.first - 1 + len(shown.options)
    return Target("languages", str(after if after < len(languages(scene)) else 0))


def change(scene: Scene, code: str) -> Turn:
    """Change the language, and say again in it what one was looking at."""
    if code not in scene.book.languages:
        return ask(scene, "")
    changed = speaking(scene, code)
    place = place_in(scene.book, changed.session.place)
    before = scene.session.subject if scene.session.screen == "languages" else scene.session.screen
    was_reading = before == "reading"
    if place and was_reading:
        return reading.read_at(changed, f"{place.paragraph} 0")
    return home.home(changed, "")


def offer(scene: Scene, code: str, target: Target) -> Turn:
    """Ask, in both languages, whether somebody who writes in another one wants to change to it."""
    stay = Target("home") if target.screen == "language" else target
    options = (
        Option(_in(scene.book.languages[code], CHANGE_TO), target._replace(language=code)),
        Option(_in(scene.language, STAY_WITH), stay._replace(language=scene.language.code)),
    )
    asked = scene.but(choices=tuple(option.target for option in options))
    question = (WHICH.spoken_in(code), WHICH)
    return asked.turn(Reply(opening=question, options=options), "language offered")


def guessed(turn: Turn) -> Turn:
    """``turn`` with how to change a language that was only guessed from its script."""
    if turn.reply.passage:
        return turn._replace(reply=turn.reply.after(GUESSED))
    return turn._replace(reply=turn.reply._replace(hint=(*turn.reply.hint, GUESSED)))


def speaking(scene: Scene, code: str) -> Scene:
    """The same scene in another language; a place keeps its paragraph, for an offset means nothing there."""
    session = scene.session
    if session.language == code:
        return scene
    place = session.place._replace(offset=0) if session.place else None
    return scene.but(language=code, place=place, unread=(session.unread[0], 0))


def _in(language: Language, sentence: Text) -> Text:
    return sentence.saying(language=language.name).spoken_in(language.code)


SCREENS = (
    Screen("languages", ask, options=languages, more=more_languages, back=home.back_home),
    Screen("language", change),
)
