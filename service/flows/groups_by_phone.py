"""Groups on a call: key 6 tells the next meeting and the leaders' notice, joins by a group's number, and records one.

All of it names groups, which only a voice can say: where a language has recordings alone, groups are by text.
"""

from __future__ import annotations

from service.conversation import (
    Change,
    EraseRecording,
    KeepNotice,
    OptIn,
    Option,
    Record,
    Reply,
    RightPin,
    Send,
    Target,
    Text,
    Turn,
    WrongPin,
    text,
    text_n,
)
from service.flows import home
from service.flows.calling import CANNOT_TEXT, can_text, menu, wrong_key
from service.flows.groups import ALREADY_IN, CLOSED, joined, meeting, theirs
from service.flows.leading import NO_LEADER, NO_MORE_TRIES, PIN_PAUSE, PIN_TRIES, WRONG
from service.flows.scene import Scene, Screen
from service.groups import LONGEST_PIN, Group, is_pin_of

# Translators: spoken below the menu, where there are support groups. The word for 6. At most 8 words.
PRESS_SIX = text("For support groups, press six.")
# Translators: spoken; a group's number is a number of one to three digits. The word for # as on telephones.
KEY_IN_THE_GROUP = text("To join a group, key in its number, then press pound.")
# Translators: spoken where a number that was keyed in belongs to no group. At most 8 words.
NO_GROUP_WITH_IT = text("No group has that number.")
# Translators: spoken, a choice: to join a group. Its key is told behind it. At most 4 words without the name.
JOIN_IT = text("joining %(group)s")
# Translators: spoken when somebody has joined. At most 14 words.
YOU_ARE_IN = text("You are in %(group)s now. A text comes to you with all that you need.")
# Translators: spoken before the leaders' own words, which are played. At most 8 words.
FROM_THE_LEADERS = text("The leaders of %(group)s have said:")
# Translators: spoken, a choice: to record words for a group. Its key is told behind it. At most 6 words and the name.
RECORD_IT = text("recording a message for %(group)s")
# Translators: spoken before a tone. The word for # as on telephones. At most 18 words.
SPEAK_NOW = text("Speak after the tone, for up to a minute. Then press pound.")
# Translators: spoken before somebody's own words are played to them. At most 5 words.
YOU_SAID = text("This is what you said.")
# Translators: spoken, a choice: to keep what was recorded. Its key is told behind it. At most 4 words.
KEEP_IT = text("keeping it")
# Translators: spoken, a choice: to record it once more. Its key is told behind it. At most 5 words.
ONCE_MORE = text("recording it once more")
# Translators: spoken; a PIN is a secret number. The word for # as on telephones. At most 10 words.
KEY_IN_THE_PIN = text("Key in your PIN, then press pound.")
# Translators: spoken when a message was kept. At most 12 words.
KEPT_FOR_CALLERS = text("It is kept. Members hear it when they call.")

DIGITS_OF_A_GROUP = 3

LONGEST_NOTICE = 60
"""Seconds of a spoken notice."""


def has_groups(scene: Scene) -> bool:
    """Whether groups can be told of on this call."""
    return bool(scene.language.voice and any(not group.is_closed for group in scene.known.groups))


def ask(scene: Scene) -> Turn:
    """Their groups' next meetings and notices, what a leader may do, and how to join by number."""
    if not has_groups(scene):
        return wrong_key(scene)
    every = theirs(scene)
    told = tuple(
        meeting(group, at).spoken_in(scene.language.code) for group in every if (at := group.next_meeting(scene.now))
    )
    plays = next((group.notice for group in every if group.notice), "")
    announced = tuple(FROM_THE_LEADERS.saying(group=group.name) for group in every if group.notice)[:1]
    led = next((group for group in scene.known.groups if group.leader(scene.event.contact)), None)
    if led:
        options = (
            Option(RECORD_IT.saying(group=led.name), Target("record notice", led.code)),
            Option(home.START_ANEW, Target("home")),
        )
        here = scene.but(screen="groups", subject="", page=0, choices=tuple(option.target for option in options))
        return here.turn(Reply(opening=(*told, *announced), plays=plays, options=options), "groups")
    here = scene.but(screen="group number", subject="", page=0, choices=())
    reply = Reply(opening=(*told, *announced), plays=plays, hint=(KEY_IN_THE_GROUP,), digits=DIGITS_OF_A_GROUP)
    return here.turn(reply._replace(keys_only=True), "groups")


def keyed_in(scene: Scene, digits: str) -> Turn:
    """The number of a group: asked once more, with all that the law wants said."""
    group = next((each for each in scene.known.groups if str(each.number) == digits.lstrip("0")), None)
    if group is None:
        turn = ask(scene)
        return turn._replace(reply=turn.reply._replace(opening=(NO_GROUP_WITH_IT,), plays=""), outcome="no such group")
    if scene.known.subscriptions.member(group.code):
        return _told(scene, ALREADY_IN.saying(group=group.name))
    if group.is_closed or scene.event.contact in group.expelled:
        return _told(scene, CLOSED.saying(group=group.name))
    if not can_text(scene):
        return _told(scene, CANNOT_TEXT)
    options = (
        Option(JOIN_IT.saying(group=group.name), Target("join by phone", group.code)),
        Option(home.START_ANEW, Target("home")),
    )
    asked = scene.but(choices=tuple(option.target for option in options), screen="groups", subject="", page=0)
    return asked.turn(Reply(opening=(_terms(group),), options=options), "asked to join")


def _terms(group: Group) -> Text:
    # Translators: spoken before somebody joins a group by phone; the law wants every part of it. count is the texts
    # that the group may send in a month. Each sentence at most 12 words.
    return text_n(
        "%(group)s sends at most %(count)s text a month to this phone. Message and data rates may apply. It is for "
        "adults of 18 and over.",
        "%(group)s sends at most %(count)s texts a month to this phone. Message and data rates may apply. It is for "
        "adults of 18 and over.",
        group.monthly,
        group=group.name,
    )


def join(scene: Scene, code: str) -> Turn:
    """They have confirmed by a key; the welcome, with all its words, comes by text."""
    group = next((each for each in scene.known.groups if each.code == code), None)
    if group is None or group.is_closed or not can_text(scene):
        return _told(scene, CANNOT_TEXT)
    again = (OptIn(),) if scene.known.person.left else ()
    welcome = Send((Reply(opening=(joined(scene.book.program, group),)),), f"joined {code}")
    turn = _told(scene, YOU_ARE_IN.saying(group=group.name))
    return turn._replace(effects=(*again, Change("joined", (code,)), welcome), outcome="joined")


def record(scene: Scene, code: str) -> Turn:
    """A leader speaks."""
    here = scene.but(screen="notice", subject=code, choices=())
    return here.turn(Reply(opening=(SPEAK_NOW,), then=Record(LONGEST_NOTICE)), "record")


def recorded(scene: Scene, sid: str) -> Turn:
    """What was recorded is heard back; nothing was, and the menu comes."""
    code = scene.session.subject.partition(" ")[0]
    if not sid:
        return menu(scene)
    if scene.session.screen != "notice":
        return menu(scene)._replace(effects=(EraseRecording(sid),))
    options = (
        Option(KEEP_IT, Target("keep notice", f"{code} {sid}")),
        Option(ONCE_MORE, Target("record notice", code)),
    )
    here = scene.but(subject=f"{code} {sid}", choices=tuple(option.target for option in options))
    turn = here.turn(Reply(opening=(YOU_SAID,), plays=f"recording:{sid}", options=options), "heard back")
    return turn._replace(effects=(EraseRecording(sid),))


def keep(scene: Scene, about: str) -> Turn:
    """The PIN comes before anything is kept: a phone may be in other hands."""
    here = scene.but(screen="notice pin", subject=about, choices=())
    return here.turn(Reply(opening=(KEY_IN_THE_PIN,), digits=LONGEST_PIN, keys_only=True), "asked for the pin")


def with_a_pin(scene: Scene, said: str) -> Turn:
    """The PIN that keeps a notice."""
    code, _, sid = scene.session.subject.partition(" ")
    group = next((each for each in scene.known.groups if each.code == code), None)
    leader = group.leader(scene.event.contact) if group else None
    if group is None or leader is None or group.is_closed:
        return _told(scene, NO_LEADER)
    if scene.now - scene.known.person.locked < PIN_PAUSE:
        return _told(scene, NO_MORE_TRIES)
    if not is_pin_of(group, leader, said):
        if scene.known.person.tries + 1 >= PIN_TRIES:
            return _told(scene, NO_MORE_TRIES)._replace(effects=(WrongPin(pauses=True),))
        turn = keep(scene, scene.session.subject)
        reply = turn.reply._replace(opening=(WRONG, *turn.reply.opening))
        return turn._replace(reply=reply, effects=(WrongPin(),), outcome="wrong pin")
    return _told(scene, KEPT_FOR_CALLERS)._replace(effects=(RightPin(), KeepNotice(code, sid)))


def _told(scene: Scene, sentence: Text) -> Turn:
    """A sentence, and the menu behind it."""
    turn = menu(scene.but(choices=(), screen="home", subject=""))
    return turn._replace(reply=turn.reply._replace(opening=(sentence, *turn.reply.opening)), outcome="told")


SCREENS = (
    Screen("groups", lambda scene, _: ask(scene)),
    Screen("group number", lambda scene, _: ask(scene)),
    Screen("notice", lambda scene, _: ask(scene)),
    Screen("notice pin", keep),
    Screen("join by phone", join),
    Screen("record notice", record),
    Screen("keep notice", keep),
)
