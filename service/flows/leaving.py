"""Leaving: STOP and START, a pause while we are in doubt, a loss, and FORGET ME."""

from __future__ import annotations

from service.book.helplines import Line
from service.book.keywords import START
from service.conversation import Forget, OptIn, OptOut, Pause, Reply, Resume, Target, Text, Turn, text
from service.flows import home, reading
from service.flows.lost import TALK_TO_SOMEBODY
from service.flows.people import line
from service.flows.scene import Scene, Screen

# Translators: the one confirmation after STOP; program is our name. At most 130 characters.
STOPPED = text(
    "%(program)s: you have ended all texts. You will get none, not even answers, until you text %(start)s.",
    start=START,
)
# Translators: said when somebody allows texts again. At most 60 characters.
STARTED = text("Welcome. You can get texts from us again.")
# Translators: somebody may want no more texts; they get none while we ask. At most 90 characters.
STOP_ALL = text("Stop all texts? They are paused. Reply 1 to stop, 2 to keep.")
# Translators: the answer to 2 above. At most 50 characters.
KEPT = text("Good. Your texts are on again.")
# Translators: somebody tells that the person they cared for has died. At most 120 characters.
SORRY = text("We are so sorry for your loss. All texts are paused. Reply 1 to stop them, 2 to keep them.")
# Translators: somebody asks to be forgotten. At most 120 characters.
FORGET_ALL = text("Erase everything about you, and end all texts? Reply 1 to erase, 2 to keep.")
# Translators: the answer to 1 above. At most 140 characters.
FORGOTTEN = text("Everything about you is erased. We keep only that you left, and when you had agreed to texts.")
# Translators: the answer to 2 above. At most 50 characters.
NOTHING_ERASED = text("Nothing was erased.")

SENTENCES = (STOPPED, STARTED, STOP_ALL, KEPT, SORRY, FORGET_ALL, FORGOTTEN, NOTHING_ERASED)

FORGET_NOW = Target("forget now")
"""What only a number confirms: a word is too easily said."""


def stop(scene: Scene, _: str) -> Turn:
    """They leave: remembered for good, and confirmed once."""
    return Turn(scene.session, Reply(opening=farewell(scene)), (OptOut(),), "stopped")


def farewell(scene: Scene) -> tuple[Text, ...]:
    """The confirmation, and the number for the worst hour: after the carrier's own STOP we can say nothing more."""
    crisis = line(scene, Line.CRISIS)
    return (STOPPED.saying(program=scene.book.program), *((crisis,) if crisis else ()))


def start(scene: Scene, _: str) -> Turn:
    """They allow texts again; it revives nothing else."""
    turn = home.home(scene, "")
    reply = turn.reply.after(STARTED) if scene.known.person.left else turn.reply
    return Turn(turn.session, reply, (OptIn(),), "started")


def doubt(scene: Scene, _: str) -> Turn:
    """Perhaps they want to leave: nothing is sent while we ask."""
    return _paused(scene, STOP_ALL, "paused")


def loss(scene: Scene, _: str) -> Turn:
    """The person they cared for has died: sympathy, and nothing is sent while we ask."""
    return _paused(scene, SORRY, "loss", TALK_TO_SOMEBODY)


def keep(scene: Scene, _: str) -> Turn:
    """They want to go on."""
    return Turn(scene.session, Reply(opening=(KEPT,), hint=(reading.MENU_HELPS,)), (Resume(),), "kept")


def forget(scene: Scene, _: str) -> Turn:
    """Ask before anything is erased."""
    asked = scene.but(choices=(FORGET_NOW, Target("nothing erased")))
    return asked.turn(Reply(opening=(FORGET_ALL,)), "asked to forget")


def forget_now(scene: Scene, _: str) -> Turn:
    """Everything is erased; what remains is the mark that they left."""
    return Turn(scene.session, Reply(opening=(FORGOTTEN,)), (Forget(),), "forgotten")


def nothing_erased(scene: Scene, _: str) -> Turn:
    """They thought better of it."""
    return scene.turn(Reply(opening=(NOTHING_ERASED,), hint=(reading.MENU_HELPS,)), "nothing erased")


def _paused(scene: Scene, question: Text, outcome: str, *hint: Text) -> Turn:
    asked = scene.but(choices=(Target("stop"), Target("keep")))
    effects = () if scene.known.person.left else (Pause(),)
    return Turn(asked.session, Reply(opening=(question,), hint=hint), effects, outcome)


SCREENS = (
    Screen("stop", stop),
    Screen("start", start),
    Screen("leaving?", doubt),
    Screen("loss", loss),
    Screen("keep", keep),
    Screen("forget", forget),
    Screen("forget now", forget_now),
    Screen("nothing erased", nothing_erased),
)
