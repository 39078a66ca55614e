"""Help: what this is, real people to talk to, and leaving."""

from __future__ import annotations

from service.book.helplines import Line
from service.book.keywords import MENU, START, STOP
from service.conversation import OptIn, OptOut, Reply, Territory, Text, Turn, text
from service.flows import home
from service.flows.scene import Scene, Screen

# Translators: what this service is; program is its name. At most 100 characters.
WHAT_THIS_IS = text("%(program)s is an automatic health service. Nobody reads your texts.")
# Translators: where real people answer; country is a country's name. At most 70 characters without the name.
CANCER_LINE = text("People to talk to (%(country)s): %(name)s, %(number)s, day and night.")
# Translators: the same, for a line that is not open all day. At most 70 characters without the name.
CANCER_LINE_BY_DAY = text("People to talk to (%(country)s): %(name)s, %(number)s.")
# Translators: a crisis line, for somebody who thinks of suicide. At most 70 characters.
CRISIS_LINE = text("Crisis, thoughts of suicide (%(country)s): %(number)s.")
# Translators: an emergency number. At most 60 characters.
EMERGENCY_LINE = text("Emergency (%(country)s): %(number)s.")
# Translators: where we know no number for somebody's country. At most 70 characters.
LOCAL_EMERGENCY = text("In an emergency, call your local emergency number.")
# Translators: at the end of the help. At most 90 characters.
HOW_TO_GO_ON = text("Text %(menu)s for the menu, or %(stop)s to end all texts.", menu=MENU, stop=STOP)
# Translators: the one confirmation after STOP; program is our name. At most 130 characters.
STOPPED = text(
    "%(program)s: you have ended all texts. You will get none, not even answers, until you text %(start)s.",
    start=START,
)
# Translators: said when somebody allows texts again. At most 60 characters.
STARTED = text("Welcome. You can get texts from us again.")


def help_(scene: Scene, _: str) -> Turn:
    """What this is, that nobody reads it, the numbers to call, and how to end it."""
    what = WHAT_THIS_IS.saying(program=scene.book.program)
    return scene.turn(Reply(opening=(what, home.RATES, *numbers(scene)), hint=(HOW_TO_GO_ON,)), "help")


def person(scene: Scene, _: str) -> Turn:
    """The numbers of real people."""
    return scene.turn(Reply(opening=numbers(scene), hint=(HOW_TO_GO_ON,)), "person")


def danger(scene: Scene, _: str) -> Turn:
    """Words of suicide or self-harm: the numbers to call, the crisis line first, and that nobody reads these texts."""
    country = scene.event.country or scene.book.country
    lines = (_line(scene, country, Line.CRISIS), _line(scene, country, Line.EMERGENCY) or LOCAL_EMERGENCY)
    what = WHAT_THIS_IS.saying(program=scene.book.program)
    said = (*(line for line in lines if line), what, _line(scene, country, Line.CANCER))
    return scene.turn(Reply(opening=tuple(line for line in said if line), hint=(HOW_TO_GO_ON,)), "danger")


def numbers(scene: Scene) -> tuple[Text, ...]:
    """The numbers we know for the country of somebody's number, each with the place it is for."""
    country = scene.event.country or scene.book.country
    lines = tuple(_line(scene, country, kind) for kind in (Line.CANCER, Line.CRISIS, Line.EMERGENCY))
    known = tuple(line for line in lines if line)
    return known if lines[-1] else (*known, LOCAL_EMERGENCY)


def stop(scene: Scene, _: str) -> Turn:
    """They leave: remembered for good, and confirmed once."""
    country = scene.event.country or scene.book.country
    crisis = _line(scene, country, Line.CRISIS)
    said = (STOPPED.saying(program=scene.book.program), *((crisis,) if crisis else ()))
    return Turn(scene.session, Reply(opening=said), (OptOut(),), "stopped")


def start(scene: Scene, _: str) -> Turn:
    """They allow texts again; it revives nothing else."""
    turn = home.home(scene, "")
    reply = turn.reply.after(STARTED) if scene.known.person.left else turn.reply
    return Turn(turn.session, reply, (OptIn(),), "started")


def _line(scene: Scene, country: str, kind: Line) -> Text | None:
    found = scene.book.helplines.find(country, kind)
    if not found:
        return None
    sentence = {Line.CRISIS: CRISIS_LINE, Line.EMERGENCY: EMERGENCY_LINE}.get(kind)
    if sentence:
        return sentence.saying(country=Territory(country), number=found.number)
    cancer = CANCER_LINE if found.hours == "24/7" else CANCER_LINE_BY_DAY
    return cancer.saying(country=Territory(country), name=found.name, number=found.number)


SCREENS = (
    Screen("help", help_),
    Screen("person", person),
    Screen("danger", danger),
    Screen("stop", stop),
    Screen("start", start),
)
