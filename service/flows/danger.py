"""Danger: words of suicide or of an emergency, and the numbers to call, before anything else."""

from __future__ import annotations

from babel import Locale

from service.book.helplines import Helpline, Line
from service.book.keywords import MENU
from service.conversation import Reply, Target, Territory, Text, Turn, text
from service.flows import reading
from service.flows.lost import TALK_TO_SOMEBODY
from service.flows.people import EMERGENCY_LINE, LOCAL_EMERGENCY, WHAT_THIS_IS, country_of, line
from service.flows.scene import Scene, Screen

# Translators: the first words to somebody who writes of suicide; the numbers to call follow. At most 90 characters.
PLEASE_TALK = text("Please talk to someone now. You do not have to carry this alone.")
# Translators: the first words to somebody who writes of an emergency; the numbers follow. At most 100 characters.
URGENT = text("This may need help right now. Please call your care team or the emergency number.")
# Translators: the next words, if that person writes on; the numbers follow. At most 90 characters.
CANNOT_READ = text("Nobody can read what you write here. Please call someone who can help you:")
# Translators: below the numbers of a country. At most 80 characters.
ELSEWHERE = text("If you are in another country, call the emergency number there.")
# Translators: how somebody who calls a line gets an interpreter; language is its English name. At most 90 characters.
INTERPRETER = text("For an interpreter, say in English the name of your language: %(language)s.")
# Translators: how somebody who calls a line gets their language; key is a digit. At most 50 characters.
PRESS_KEY = text("For your language, press %(key)s.")
# Translators: the gentle end, once the numbers were given. At most 70 characters.
WHEN_READY = text("Whenever you want to read on, text %(menu)s.", menu=MENU)
# Translators: asked of somebody who writes in despair; a number to call follows. At most 110 characters.
SOUNDS_HARD = text("That sounds very hard. Are you thinking of ending your life? Reply 1 for yes, 2 for no.")
# Translators: somebody said no to the question above. At most 40 characters.
THANK_YOU = text("Thank you for answering.")

SUICIDE, EMERGENCY = "suicide", "emergency"


def danger(scene: Scene, what: str) -> Turn:
    """The numbers to call, and that nobody reads these texts; ``what`` is SUICIDE or EMERGENCY."""
    here = scene.but(screen="danger", subject=what, page=0)
    first = URGENT if what == EMERGENCY else PLEASE_TALK
    nobody = WHAT_THIS_IS.saying(program=scene.book.program)
    return here.turn(Reply(opening=(first, *lines(scene, what), nobody), hint=(WHEN_READY,)), "danger")


def still(scene: Scene, _: str) -> Turn:
    """They write on: nobody reads it, and the numbers once more. It is no mistake of theirs."""
    known = lines(scene, scene.session.subject)
    return scene.turn(Reply(opening=(CANNOT_READ, *known), hint=(WHEN_READY,)), "still in danger")


def ask(scene: Scene, _: str) -> Turn:
    """Half-certain words: ask gently, and give the number too."""
    here = scene.but(choices=(Target("danger", SUICIDE), Target("calm")))
    return here.turn(Reply(opening=(SOUNDS_HARD, *crisis(scene))), "asked gently")


def calm(scene: Scene, _: str) -> Turn:
    """They do not think of it: thanked, and shown where to find people and how to go on."""
    return scene.turn(Reply(opening=(THANK_YOU, TALK_TO_SOMEBODY), hint=(reading.MENU_HELPS,)), "calm")


def lines(scene: Scene, what: str) -> tuple[Text, ...]:
    """The numbers to call, each with the place it is for: first the one that fits, then the others."""
    emergency = line(scene, Line.EMERGENCY)
    urgent = (emergency, ELSEWHERE) if emergency else (LOCAL_EMERGENCY,)
    return urgent if what == EMERGENCY else (*crisis(scene), *urgent)


def crisis(scene: Scene) -> tuple[Text, ...]:
    """The crisis line where the number is from, and how to be understood there."""
    found = scene.book.helplines.find(country_of(scene), Line.CRISIS)
    said = line(scene, Line.CRISIS)
    return (said, *_understood(scene, found)) if found and said else ()


def _understood(scene: Scene, found: Helpline) -> tuple[Text, ...]:
    """How to ask for one's own language at a line that does not answer in it by itself."""
    code = scene.language.code
    if key := found.keys.get(code):
        return (PRESS_KEY.saying(key=key),)
    if not found.interpreters or code in found.languages:
        return ()
    english = Locale.parse("en").languages.get(code.partition("_")[0], scene.language.name)
    return (INTERPRETER.saying(language=english),)


SCREENS = (
    Screen("danger", danger),
    Screen("still in danger", still),
    Screen("despair", ask),
    Screen("calm", calm),
)

__all__ = ["EMERGENCY", "EMERGENCY_LINE", "SCREENS", "SUICIDE", "Territory"]
