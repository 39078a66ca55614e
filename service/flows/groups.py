"""Groups, for their members: joining, what one is in, leaving, a first name, writing to the group, and handing on."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from service.book import Book
from service.book.keywords import HELP, JOIN, LEAVE, NAME, SAY, STOP
from service.book.languages import Language
from service.book.segments import segments
from service.conversation import (
    Change,
    Channel,
    Effect,
    Moment,
    OptIn,
    Option,
    Propose,
    Reply,
    Report,
    Target,
    Text,
    Turn,
    text,
    text_n,
)
from service.flows import language, leaving
from service.flows.lost import DID_YOU_MEAN, DID_YOU_MEAN_THIS
from service.flows.reading import MENU_HELPS, OR_MENU
from service.flows.scene import Scene, Screen
from service.groups import Group, nearest
from service.subscriptions import Subscriptions

# Translators: words that people of a group wrote; group is its name, words are theirs.
FROM_GROUP = text("%(group)s: %(words)s")
# Translators: somebody texted a word that no group has. At most 60 characters.
NO_SUCH_GROUP = text("We know no group with the word %(word)s.")
# Translators: follows the line above. At most 90 characters.
ASK_FOR_THE_WORD = text("Please ask whoever told you about the group for its word.")
# Translators: how to join a group; join is a word to text. At most 90 characters.
HOW_TO_JOIN = text("To join a group, text %(join)s and the group's word.", join=JOIN)
# Translators: somebody joins a group that they are in. At most 50 characters.
ALREADY_IN = text("You are in %(group)s already.")
# Translators: somebody wants to join a group that takes nobody just now. At most 60 characters.
CLOSED = text("%(group)s takes nobody new just now.")
# Translators: when and where a group meets next; when is a day and an hour. At most 60 characters without the names.
MEETS = text("%(group)s meets next: %(when)s. Where: %(where)s")
# Translators: the same, where no place is known.
MEETS_SOMEWHERE = text("%(group)s meets next: %(when)s.")
# Translators: of a group that has no meeting. At most 50 characters.
NO_MEETING = text("%(group)s has no meeting planned.")
# Translators: said to somebody who is in no group. At most 40 characters.
IN_NO_GROUP = text("You are in no group.")
# Translators: the confirmation of leaving one group. At most 80 characters.
LEFT = text("You have left %(group)s. You get no more texts from it.")
# Translators: asked of somebody who is in several groups. At most 60 characters.
WHICH_TO_LEAVE = text("Which group do you want to leave?")
# Translators: a choice: texts before the meetings of a group. At most 50 characters.
REMIND_ME = text("Remind me before meetings of %(group)s")
# Translators: a choice: no texts before the meetings of a group. At most 50 characters.
REMIND_NO_MORE = text("No more reminders of %(group)s")
# Translators: a choice: leave a group. At most 30 characters without the name.
LEAVE_IT = text("Leave %(group)s")
# Translators: the answer to the first choice above. At most 90 characters.
REMINDED = text("You get a text a day and an hour before %(group)s meets.")
# Translators: the answer to the second choice above. At most 60 characters.
NOT_REMINDED = text("You get no more reminders of %(group)s.")
# Translators: the answer to somebody's first name. At most 90 characters.
NAMED = text("In your group you are now called %(name)s. Your number is never shown.")
# Translators: how to tell a first name; name is a word to text. At most 110 characters.
HOW_TO_NAME = text(
    "To be called by a first name in your group, text %(name)s and that name: letters only, 20 at most.", name=NAME
)
# Translators: the answer to somebody who reports that something in a group is not right. At most 120 characters.
REPORTED = text("Thank you. The people who run this service will read it. The group does not see it.")
# Translators: stands before a text that can be handed on to anybody. At most 60 characters.
HAND_ON = text("You can send the next text on to anybody you like.")
# Translators: a text to hand on; it must not name an illness. program is our name, word what to text, number ours.
# At most 110 characters, in scripts other than the Latin at most 85.
INVITATION = text("%(program)s: health information in plain words, by text or call. Text %(word)s to %(number)s.")
# Translators: follows the line above; names are those of other languages, each by its own name. At most 20 characters.
OR_LANGUAGE = text("Or text: %(names)s")
# Translators: a group that lets nobody but its leaders write. At most 80 characters.
ONLY_LEADERS = text("In %(group)s only the leaders write to all.")
# Translators: how to write to a group; say is a word to text. At most 90 characters.
HOW_TO_SAY = text("To write to your group, text %(say)s and your words.", say=SAY)
# Translators: the answer to somebody who writes to their group. At most 120 characters.
PROPOSED = text("Your words go to the leaders of %(group)s first. If they agree, all get them, from %(name)s.")
# Translators: somebody wrote words of danger to their group: they went to nobody. At most 60 characters.
NOT_SENT_ON = text("Your words were sent to nobody.")
# Translators: somebody may not write to their group. At most 70 characters.
MUTED = text("You cannot write to %(group)s just now.")
# Translators: at the end of a text that a group's leaders wrote. report and stop are words to text. At most 110
# characters.
NOT_CHECKED = text("From the group, not checked by a doctor. %(report)s: tell us. %(stop)s: end all texts.")
# Translators: a member's words to their group; name is a first name.
SAID_BY = text("%(name)s, in %(group)s: %(words)s")

_FIRST_NAME = regex.compile(r"[\p{L}\p{M}'’. -]{1,20}")

CONSENT_SECONDS = 24 * 60 * 60
"""For so long a question may be answered by which somebody joins."""

MOST_NAMES = 12
"""First names that a leader is told of."""

LONGEST_SAYING = 300
"""Characters that a member may write to their group at once."""


def joining(program: str, group: Group) -> Text:
    """The question before somebody joins: all that the law wants said."""
    # Translators: the question before somebody joins a group; the law wants every part of it. program is our name,
    # group the group's, count the texts it may send in a month, help and stop words to text. At most 300 characters.
    return text_n(
        "%(program)s: join %(group)s? At most %(count)s text a month. Message and data rates may apply. Adults 18+. "
        "Reply 1 to join, %(help)s for help, %(stop)s to end.",
        "%(program)s: join %(group)s? At most %(count)s texts a month. Message and data rates may apply. Adults 18+. "
        "Reply 1 to join, %(help)s for help, %(stop)s to end.",
        group.monthly,
        program=program,
        group=group.name,
        help=HELP,
        stop=STOP,
    )


def joined(program: str, group: Group) -> Text:
    """The welcome, which repeats what was agreed to."""
    # Translators: welcomes somebody into a group, and says again what they agreed to. At most 250 characters.
    return text_n(
        "%(program)s: welcome to %(group)s. At most %(count)s text a month. Message and data rates may apply. "
        "Text %(leave)s to leave the group, %(help)s for help, %(stop)s to end all texts.",
        "%(program)s: welcome to %(group)s. At most %(count)s texts a month. Message and data rates may apply. "
        "Text %(leave)s to leave the group, %(help)s for help, %(stop)s to end all texts.",
        group.monthly,
        program=program,
        group=group.name,
        help=HELP,
        stop=STOP,
        leave=LEAVE,
    )


def known_group(scene: Scene, code: str) -> Group | None:
    """The group of that code, in whatever capitals."""
    return next((each for each in scene.known.groups if each.code == code.strip(" .!").upper()), None)


def theirs(scene: Scene) -> list[Group]:
    """The groups that they are in."""
    found = (known_group(scene, each.group) for each in scene.known.subscriptions.groups)
    return [each for each in found if each]


def join(scene: Scene, code: str) -> Turn:
    """They want to join: asked once more, with all that the law wants said; nobody is in a group by one text alone."""
    if not code:
        return scene.turn(Reply(opening=(HOW_TO_JOIN,), hint=(MENU_HELPS,)), "join")
    group = known_group(scene, code)
    if group is None:
        return _no_such_group(scene, code)
    here = _in_its_language(scene, group)
    if here.known.subscriptions.member(group.code):
        return here.turn(Reply(opening=(ALREADY_IN.saying(group=group.name), *_meeting(here, group))), "in already")
    if group.is_closed or here.event.contact in group.expelled:
        return here.turn(Reply(opening=(CLOSED.saying(group=group.name),), hint=(MENU_HELPS,)), "closed")
    asked = here.but(choices=(Target("join now", f"{group.code} {here.now}"), Target("home")))
    return asked.turn(Reply(opening=(joining(scene.book.program, group),)), "asked to join")


def join_now(scene: Scene, about: str) -> Turn:
    """They have confirmed what they were asked a moment ago; after a day they are asked once more."""
    code, _, asked = about.partition(" ")
    group = known_group(scene, code)
    is_old = scene.now - int(asked or 0) > CONSENT_SECONDS
    if group is None or group.is_closed or scene.event.contact in group.expelled or is_old:
        return join(scene, code)
    welcome = (FROM_GROUP.saying(group=group.name, words=group.welcome),) if group.welcome else ()
    opening = (joined(scene.book.program, group), *welcome, *_meeting(scene, group))
    again = (OptIn(),) if scene.known.person.left else ()
    return Turn(scene.session, Reply(opening=opening), (*again, Change("joined", (group.code,))), "joined")


def _in_its_language(scene: Scene, group: Group) -> Scene:
    """A stranger is spoken to in the group's language."""
    known = scene.session.language or group.language not in scene.book.languages
    return scene if known else language.speaking(scene, group.language)


def _no_such_group(scene: Scene, code: str) -> Turn:
    word = NO_SUCH_GROUP.saying(word=code[:LONGEST_SHOWN].upper())
    near = nearest(scene.known.groups, code)
    if not near:
        return scene.turn(Reply(opening=(word, ASK_FOR_THE_WORD), hint=(MENU_HELPS,)), "no such group")
    options = tuple(Option(f"{each.name} ({each.code})", Target("join", each.code)) for each in near)
    asked = scene.but(choices=tuple(option.target for option in options))
    question = DID_YOU_MEAN_THIS if len(options) == 1 else DID_YOU_MEAN
    return asked.turn(Reply(opening=(word, question), options=options, hint=(ASK_FOR_THE_WORD,)), "no such group")


LONGEST_SHOWN = 12
"""Characters of a word that no group has that are said back."""


def _meeting(scene: Scene, group: Group) -> tuple[Text, ...]:
    at = group.next_meeting(scene.now)
    return (meeting(group, at),) if at else ()


def meeting(group: Group, at: int) -> Text:
    """When and where a group meets."""
    sentence = MEETS.saying(where=group.where) if group.where else MEETS_SOMEWHERE
    return sentence.saying(group=group.name, when=Moment(at, group.zone))


def mine(scene: Scene, _: str) -> Turn:
    """Their groups, when each meets, and what they may change."""
    every = theirs(scene)
    led = [each for each in scene.known.groups if each.leader(scene.event.contact)]
    if not every and not led:
        return scene.turn(Reply(opening=(IN_NO_GROUP, HOW_TO_JOIN), hint=(MENU_HELPS,)), "in no group")
    told = [
        (_meeting(scene, each) or (NO_MEETING.saying(group=each.name),))[0] for each in dict.fromkeys((*every, *led))
    ]
    told += [FROM_GROUP.saying(group=each.name, words=_people(each)) for each in led]
    options = tuple(option for each in every for option in _changes(scene.known.subscriptions, each))
    asked = scene.but(choices=tuple(option.target for option in options))
    return asked.turn(Reply(opening=tuple(told), options=options, hint=(OR_MENU,)), "groups")


def _people(group: Group) -> str:
    """How many are in a group, and the first names that they chose: all that its leaders see of them."""
    shown = [*group.names[:MOST_NAMES], *(["..."] if len(group.names) > MOST_NAMES else [])]
    return f"{group.people} ({', '.join(shown)})" if shown else str(group.people)


def _changes(subscriptions: Subscriptions, group: Group) -> tuple[Option, ...]:
    member = subscriptions.member(group.code)
    leave = Option(LEAVE_IT.saying(group=group.name), Target("leave now", group.code))
    if member and member.reminded:
        return Option(REMIND_NO_MORE.saying(group=group.name), Target("not reminded", group.code)), leave
    return Option(REMIND_ME.saying(group=group.name), Target("reminded", group.code)), leave


def leave(scene: Scene, code: str) -> Turn:
    """They leave a group; of several, which one; who is in none may want to leave everything, and is asked."""
    every = theirs(scene)
    named = known_group(scene, code) if code else None
    if named in every or (len(every) == 1 and not code):
        return leave_now(scene, (named or every[0]).code)
    if not every:  # perhaps they mean all of it
        return leaving.doubt(scene, "")
    options = tuple(Option(LEAVE_IT.saying(group=each.name), Target("leave now", each.code)) for each in every)
    asked = scene.but(choices=tuple(option.target for option in options))
    return asked.turn(Reply(opening=(WHICH_TO_LEAVE,), options=options, hint=(OR_MENU,)), "which group")


def leave_now(scene: Scene, code: str) -> Turn:
    """They are in that group no more."""
    return _told(scene, code, LEFT, "left", "left a group")


def reminded(scene: Scene, code: str) -> Turn:
    """They want reminders."""
    return _told(scene, code, REMINDED, "reminded", "reminded")


def not_reminded(scene: Scene, code: str) -> Turn:
    """They want no reminders."""
    return _told(scene, code, NOT_REMINDED, "not reminded", "not reminded")


def _told(scene: Scene, code: str, sentence: Text, step: str, outcome: str) -> Turn:
    group = known_group(scene, code)
    if scene.known.subscriptions.member(code) is None:
        return mine(scene, "")
    effects: tuple[Effect, ...] = (Change(step, (code,)),)
    told = sentence.saying(group=group.name if group else code)
    return Turn(scene.session, Reply(opening=(told,), hint=(MENU_HELPS,)), effects, outcome)


def name(scene: Scene, said: str) -> Turn:
    """The first name by which their group knows them."""
    called = " ".join(said.split())
    if not theirs(scene):
        return mine(scene, "")
    if not _FIRST_NAME.fullmatch(called) or not any(letter.isalpha() for letter in called):
        return scene.turn(Reply(opening=(HOW_TO_NAME,)), "how to name")
    effects = (Change("named", (called,)),)
    return Turn(scene.session, Reply(opening=(NAMED.saying(name=called),), hint=(MENU_HELPS,)), effects, "named")


def say(scene: Scene, words: str) -> Turn:
    """They write to their group: the leaders decide."""
    speaking = next(iter(theirs(scene)), None)
    if speaking is None:
        return mine(scene, "")
    member = scene.known.subscriptions.member(speaking.code)
    if not speaking.says or speaking.is_closed:
        return scene.turn(Reply(opening=(ONLY_LEADERS.saying(group=speaking.name),), hint=(MENU_HELPS,)), "says not")
    if scene.event.contact in speaking.muted:
        return scene.turn(Reply(opening=(MUTED.saying(group=speaking.name),), hint=(MENU_HELPS,)), "muted")
    if not words:
        return scene.turn(Reply(opening=(HOW_TO_SAY,)), "how to say")
    if member is None or not member.name:
        return scene.turn(Reply(opening=(HOW_TO_NAME,)), "how to name")
    told = PROPOSED.saying(group=speaking.name, name=member.name)
    effects = (Propose(speaking.code, member.name, words[:LONGEST_SAYING]),)
    return Turn(scene.session, Reply(opening=(told,)), effects, "proposed")


def report(scene: Scene, words: str) -> Turn:
    """Something is not right: the operator hears it, the group does not."""
    every = theirs(scene)
    if not every:
        return mine(scene, "")
    effects = (Report(every[0].code, words),)
    return Turn(scene.session, Reply(opening=(REPORTED,), hint=(MENU_HELPS,)), effects, "reported")


def share(scene: Scene, said: str) -> Turn:
    """A text to hand on, in any language: two segments at most; nobody's number is ever asked for."""
    there = _named(scene, said) or scene.language
    opening = _invitation(scene.book, there, scene.book.likeliest(scene.event.country))
    return scene.turn(Reply(notices=((HAND_ON,),), opening=opening), "shared")


def _invitation(book: Book, there: Language, languages: Sequence[Language]) -> tuple[Text, ...]:
    """The invitation in one language, with as many other languages' names as fit."""
    first = INVITATION.saying(program=book.program, word=there.name.upper(), number=book.number).spoken_in(there.code)
    names: list[str] = []
    for each in languages:
        others = OR_LANGUAGE.saying(names=", ".join([*names, each.name])).spoken_in(there.code)
        written = book.measure(Channel.SMS, there).written(f"{there.say(first)}\n{there.say(others)}")
        if each is not there and segments(written) <= INVITATION_SEGMENTS:
            names.append(each.name)
    return (first, *([OR_LANGUAGE.saying(names=", ".join(names)).spoken_in(there.code)] if names else []))


INVITATION_SEGMENTS = 2


def _named(scene: Scene, said: str) -> Language | None:
    """The language that somebody names."""
    found = (match.target for match in scene.book.keywords.exact(said) if match.target.screen == "language")
    return next((scene.book.languages[target.subject] for target in found), None)


SCREENS = (
    Screen("join", join),
    Screen("join now", join_now),
    Screen("group", mine),
    Screen("leave", leave),
    Screen("leave now", leave_now),
    Screen("reminded", reminded),
    Screen("not reminded", not_reminded),
    Screen("name", name),
    Screen("say", say),
    Screen("report", report),
    Screen("share", share),
)
