"""Help: what this is, and real people to talk to."""

from __future__ import annotations

from service.book.helplines import ALWAYS, Line
from service.book.keywords import MENU, STOP
from service.conversation import Reply, Territory, Text, Turn, text
from service.flows import home
from service.flows.reading import MENU_HELPS
from service.flows.scene import Scene, Screen

# Translators: what this service is; program is its name. At most 100 characters.
WHAT_THIS_IS = text("%(program)s is an automatic health service. Nobody reads your texts.")
# Translators: where real people answer; country is a country's name. At most 70 characters without the name.
CANCER_LINE = text("People to talk to (%(country)s): %(name)s, %(number)s, day and night.")
# Translators: the same, for a line that is not open all day. At most 70 characters without the name.
CANCER_LINE_BY_DAY = text("People to talk to (%(country)s): %(name)s, %(number)s.")
# Translators: a crisis line, for somebody who thinks of suicide. At most 70 characters.
CRISIS_LINE = text("Crisis, thoughts of suicide (%(country)s): %(number)s.")
# Translators: the same, for a line that is open at any hour. At most 80 characters.
CRISIS_LINE_ALWAYS = text("Crisis, thoughts of suicide (%(country)s): %(number)s, day and night.")
# Translators: an emergency number. At most 60 characters.
EMERGENCY_LINE = text("Emergency (%(country)s): %(number)s.")
# Translators: where we know no number for somebody's country. At most 70 characters.
LOCAL_EMERGENCY = text("In an emergency, call your local emergency number.")
# Translators: said to somebody who thanks. At most 30 characters.
WELCOME = text("You are welcome.")
# Translators: at the end of the help. At most 90 characters.
HOW_TO_GO_ON = text("Text %(menu)s for the menu, or %(stop)s to end all texts.", menu=MENU, stop=STOP)


def help_(scene: Scene, _: str) -> Turn:
    """What this is, that nobody reads it, the numbers to call, and how to end it."""
    what = WHAT_THIS_IS.saying(program=scene.book.program)
    return scene.turn(Reply(opening=(what, home.RATES, *numbers(scene)), hint=(HOW_TO_GO_ON,)), "help")


def person(scene: Scene, _: str) -> Turn:
    """The numbers of real people."""
    return scene.turn(Reply(opening=numbers(scene), hint=(HOW_TO_GO_ON,)), "person")


def numbers(scene: Scene) -> tuple[Text, ...]:
    """The numbers we know for the country of somebody's number, each with the place it is for."""
    lines = tuple(line(scene, kind) for kind in (Line.CANCER, Line.CRISIS, Line.EMERGENCY))
    known = tuple(each for each in lines if each)
    return known if lines[-1] else (*known, LOCAL_EMERGENCY)


def country_of(scene: Scene) -> str:
    """The country whose numbers are named: where somebody's number is from, which may not be where they are."""
    return scene.event.country or scene.book.country


def line(scene: Scene, kind: Line) -> Text | None:
    """The line of a kind that we know for that country, as a sentence."""
    country = country_of(scene)
    found = scene.book.helplines.find(country, kind)
    if not found:
        return None
    always = found.hours == ALWAYS
    if kind is Line.EMERGENCY:
        return EMERGENCY_LINE.saying(country=Territory(country), number=found.number)
    if kind is Line.CRISIS:
        crisis = CRISIS_LINE_ALWAYS if always else CRISIS_LINE
        return crisis.saying(country=Territory(country), number=found.number)
    cancer = CANCER_LINE if always else CANCER_LINE_BY_DAY
    return cancer.saying(country=Territory(country), name=found.name, number=found.number)


def thanks(scene: Scene, _: str) -> Turn:
    """Somebody thanks."""
    return scene.turn(Reply(opening=(WELCOME,), hint=(MENU_HELPS,)), "thanked")


SCREENS = (
    Screen("help", help_),
    Screen("person", person),
    Screen("thanks", thanks),
)
