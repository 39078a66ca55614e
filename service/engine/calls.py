"""What happens on a call leads to: the rules for keys, silence and words that a recogniser understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.book.keywords import number, plain
from service.conversation import Call, HangUp, Kind, Reply, Target, Turn
from service.engine.rules import (
    SCREENS,
    SILENCE,
    Rule,
    asked_a_question,
    go,
    in_danger,
    in_despair,
    leaving_or_returning,
    said_a_keyword,
    said_a_keyword_in_a_sentence,
    said_yes_or_no,
    still_in_danger,
)
from service.flows import calling, groups_by_phone, home, lost, reading
from service.flows.scene import Scene
from service.groups import is_pin

IMPATIENT = {"nothing heard", "wrong key", "missed"}
"""Outcomes that count towards the end of a call; anything else begins anew."""


def by_call(scene: Scene) -> Turn:
    """The decision on what happened on a call."""
    if not scene.session.call.began and scene.event.kind is not Kind.HANGUP:  # what was remembered of it is gone
        scene = scene.but(call=scene.session.call._replace(began=scene.now))
    chosen, spoken = scene.session.language, scene.language.code
    if chosen and chosen != spoken and scene.event.kind is not Kind.CALL:  # it has no voice: another one speaks for it
        scene = scene.but(language=spoken)
    turn = next(turn for rule in RULES if (turn := rule(scene)) is not None)
    turn = turn if turn.reply == SILENCE else _carried_on(scene, _in_a_voice(scene, turn))
    if chosen != spoken and turn.session.language == spoken and turn.outcome not in CHOSEN:
        turn = turn._replace(session=turn.session._replace(language=chosen))
    return turn


CHOSEN = {"contents", "home", "page"}
"""Outcomes of somebody who goes on in the language that they hear, and so has chosen it."""


def _in_a_voice(scene: Scene, turn: Turn) -> Turn:
    """``turn``, unless it leads into a language that has no voice: that is told, with the languages there are."""
    language = scene.book.languages.get(turn.session.language)
    return calling.which_language(scene) if language and not language.can_speak else turn


def call_begins(scene: Scene) -> Turn | None:
    """Somebody calls."""
    return SCREENS["call"].show(scene, "") if scene.event.kind is Kind.CALL else None


def they_picked_up(scene: Scene) -> Turn | None:
    """We call, and somebody picks up; in silence, and at any key but two, nothing more is said."""
    if scene.event.kind is Kind.PICKED_UP:
        return calling.picked_up(scene)
    choices = scene.session.choices
    if not choices or choices[0] != Target("listen"):
        return None
    if scene.event.kind is Kind.KEY and scene.event.body in {"1", "2"}:
        return go(scene, choices[int(scene.event.body) - 1])
    return Turn(scene.but(choices=()).session, Reply(then=HangUp()), outcome="not answered")


def not_to_be_answered(scene: Scene) -> Turn | None:
    """A call that is returned instead of answered."""
    return calling.missed(scene) if scene.event.kind is Kind.MISSED else None


def call_ended(scene: Scene) -> Turn | None:
    """They have hung up: nobody hears an answer, and where they were is remembered."""
    if scene.event.kind is not Kind.HANGUP:
        return None
    return Turn(scene.but(call=Call()).session, SILENCE, outcome="hung up")


def lasted_too_long(scene: Scene) -> Turn | None:
    """A call ends kindly after its longest time; who is in danger has been heard before, and gets the numbers last."""
    return calling.over(scene) if _left(scene, scene.session.call) <= 0 else None


def _left(scene: Scene, call: Call) -> int:
    """Seconds until the longest time of a call has come."""
    return call.began + scene.book.call_minutes * 60 - scene.now


def came_back(scene: Scene) -> Turn | None:
    """They come back from a helpline."""
    return calling.came_back(scene, scene.event.body) if scene.event.kind is Kind.RETURN else None


def nothing_was_heard(scene: Scene) -> Turn | None:
    """Silence; whoever was asked for a mobile's number and keys in none goes on where they were."""
    if scene.event.kind is Kind.SILENCE and scene.session.call.said == "key in a mobile":
        return calling.again(scene.but(call=scene.session.call._replace(said="")))
    return calling.nothing_heard(scene) if scene.event.kind is Kind.SILENCE else None


def recorded_something(scene: Scene) -> Turn | None:
    """A leader has spoken a notice."""
    return groups_by_phone.recorded(scene, scene.event.body) if scene.event.kind is Kind.RECORDED else None


def keyed_in_a_number(scene: Scene) -> Turn | None:
    """A number of several digits, where one was asked for: a group's, a mobile's, or a PIN."""
    digits, session = scene.event.body, scene.session
    if scene.event.kind is not Kind.KEY or not digits.isdecimal() or session.choices:
        return None
    if session.call.said == "key in a mobile" and len(digits) >= FEWEST_DIGITS:
        return calling.keyed_in_a_mobile(scene, digits)
    if session.screen == "group number" and digits.strip("0"):
        return groups_by_phone.keyed_in(scene, digits)
    if session.screen == "notice pin" and is_pin(digits):
        return groups_by_phone.with_a_pin(scene, digits)
    return None


FEWEST_DIGITS = 5
"""Of a telephone number that is keyed in; fewer are keys."""


def pressed_a_fixed_key(scene: Scene) -> Turn | None:
    """A key that means the same everywhere."""
    pressed = FIXED.get(scene.event.body) if scene.event.kind is Kind.KEY else None
    return pressed(scene) if pressed else None


def chose_by_key(scene: Scene) -> Turn | None:
    """A digit chooses among what was named last; any other key does nothing."""
    if scene.event.kind is not Kind.KEY:
        return None
    return _chosen(scene, number(scene.event.body)) or calling.wrong_key(scene)


def chose_by_word(scene: Scene) -> Turn | None:
    """A key said aloud: "one", "option 1", "press zero"."""
    key = _digit(scene)
    if key is None:
        return None
    pressed = FIXED.get(str(key))
    return pressed(scene) if pressed else _chosen(scene, key)


def _digit(scene: Scene) -> int | None:
    """The one digit in a few words, in figures or as the language says it."""
    words = plain(scene.event.body).split()
    if len(words) > MOST_WORDS_AROUND_A_DIGIT:
        return None
    named = {word: digit for digit, every in enumerate(scene.language.digits) for word in map(plain, every.split("|"))}
    found = {digit for word in words if (digit := named.get(word, number(word))) is not None}
    return found.pop() if len(found) == 1 else None


MOST_WORDS_AROUND_A_DIGIT = 3


def said_yes_to_nothing(scene: Scene) -> Turn | None:
    """ "Yes" to "Are you still there?": what was said last, once more."""
    said = {match.target.screen for match in scene.book.keywords.exact(scene.event.body)}
    return calling.again(scene) if said & {"yes", "hello"} and scene.session.language else None


def said_the_name_of_a_choice(scene: Scene) -> Turn | None:
    """A language, or a part, said by a stranger who has just heard it named."""
    found = scene.book.keywords.exact(scene.event.body)
    named = [match.target for match in found if match.target.screen == "language"]
    return go(scene, named[0]) if named and scene.book.languages[named[0].subject].can_speak else None


def not_understood(scene: Scene) -> Turn:
    """Words that fit nothing."""
    return calling.unheard(scene, lost.MISSED)


def _chosen(scene: Scene, key: int | None) -> Turn | None:
    if key is None or key < 1:
        return None
    if targets := scene.session.choices:
        return go(scene, targets[key - 1]) if key <= len(targets) else None
    screen = SCREENS.get(scene.session.screen)
    options = screen.options(scene) if screen else ()
    shown = options[scene.session.page :][: scene.measure.choices] if scene.session.screen != "reading" else options
    return go(scene, shown[key - 1].target) if key <= len(shown) else None


def _person(scene: Scene) -> Turn:
    return calling.put_through(scene.but(choices=(), misses=0))


def _back(scene: Scene) -> Turn:
    """Back; a second time in a row to the menu, and from the menu to the languages."""
    session = scene.session
    if session.call.said:
        return calling.again(scene.but(call=session.call._replace(said="")))
    if session.call.starred:
        return go(scene, Target("home"))
    if session.choices and session.choices[0].screen != "resume":
        return calling.again(scene.but(choices=()))
    at_the_top = session.screen in {"home", "languages"} or (
        session.screen == "contents" and len(scene.book.articles) == 1
    )
    return go(scene, Target("languages")) if session.choices or at_the_top else go(scene, Target("back"))


def _skip(scene: Scene) -> Turn:
    """Skip what is being read, or hear more choices."""
    return go(scene, Target("home" if scene.session.choices else "more"))


def _again(scene: Scene) -> Turn:
    return calling.again(scene)


def _slower(scene: Scene) -> Turn:
    """Slower, or as before, and once more what was said; recordings have their own pace."""
    if not scene.language.voice:
        return calling.again(scene)
    slow = not scene.session.call.slow
    turn = calling.again(scene.but(call=scene.session.call._replace(slow=slow)))
    told = calling.SLOWER_NOW if slow else calling.AS_BEFORE
    return turn._replace(reply=turn.reply._replace(opening=(told, *turn.reply.opening)))


FIXED: dict[str, Callable[[Scene], Turn | None]] = {
    "0": _person,
    "6": groups_by_phone.ask,
    "*": _back,
    "#": _skip,
    "7": _again,
    "8": _slower,
    "9": calling.text_this,
}
"""What the keys do that mean the same on every screen."""

RULES: Sequence[Rule] = (
    not_to_be_answered,
    call_ended,
    call_begins,
    they_picked_up,
    in_danger,
    leaving_or_returning,
    in_despair,
    lasted_too_long,
    came_back,
    recorded_something,
    nothing_was_heard,
    keyed_in_a_number,
    pressed_a_fixed_key,
    chose_by_key,
    still_in_danger,
    said_yes_or_no,
    chose_by_word,
    said_yes_to_nothing,
    said_the_name_of_a_choice,
    said_a_keyword,
    said_a_keyword_in_a_sentence,
    asked_a_question,
    not_understood,
)


def _carried_on(scene: Scene, turn: Turn) -> Turn:
    """``turn`` with what is remembered of the call, its pace, and the warning a minute before its longest time."""
    call = turn.session.call
    if turn.outcome not in IMPATIENT:
        call = call._replace(misses=0)
    starred = scene.event.body == "*" and scene.event.kind is Kind.KEY and not scene.session.call.starred
    reply = turn.reply._replace(slow=turn.reply.slow or call.slow)
    left = _left(scene, call)
    if 0 < left <= calling.WARNING and not call.warned and reply.then is None and turn.outcome not in GRAVE:
        reply, call = reply.after(calling.ONE_MINUTE), call._replace(warned=True)
    if left <= 0 and reply.then is None:
        reply = reply._replace(then=HangUp())
    if turn.outcome == "page" and not reply.goes_on and calling.can_text(scene):
        reply = reply._replace(hint=(*reply.hint, calling.PRESS_NINE))
    if turn.outcome in {"contents", "home"} and groups_by_phone.has_groups(scene):
        reply = reply._replace(hint=(*reply.hint, groups_by_phone.PRESS_SIX))
    if turn.outcome == "stopped":  # of texts; the call goes on
        reply = reply._replace(hint=(*reply.hint, reading.MENU_HELPS))
    if turn.outcome == "forgotten":
        reply = reply._replace(then=HangUp())
    if starred and turn.outcome in {"contents", "home"}:  # a second star leads here again, and only a third elsewhere
        reply = reply._replace(hint=tuple(each for each in reply.hint if each != home.COMMANDS))
    call = call._replace(starred=starred, said=_said(turn, call))
    return turn._replace(session=turn.session._replace(call=call), reply=reply)


GRAVE = {"danger", "still in danger", "asked gently"}
"""Outcomes before which nothing else is said."""


def _said(turn: Turn, call: Call) -> str:
    """What is to be said again when somebody asks for it, though it is no place to be in."""
    if turn.outcome in IMPATIENT:
        return call.said
    return turn.outcome if turn.outcome in calling.TOLD else ""
