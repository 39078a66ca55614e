"""Calls: how they begin and end, keys, silence, and being put through to a person.

A call is the same conversation as a text. What is here is what only a telephone has. Keys mean the same everywhere: 1
to 5 choose, 0 a person, ``*`` back and twice the menu, ``#`` skip or more, 7 repeat, 8 slower or as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from service.book.helplines import Line
from service.book.keywords import HELLO as HELLO_WORD
from service.book.keywords import STOP
from service.book.numbers import mobile
from service.conversation import (
    Call,
    Channel,
    Dial,
    HangUp,
    Invite,
    NoCalls,
    Option,
    Reject,
    Reply,
    Ring,
    Send,
    Session,
    Target,
    Territory,
    Text,
    Turn,
    text,
)
from service.flows import danger, home, language, leaving, people, reading
from service.flows.people import country_of, line, numbers
from service.flows.scene import Scene, Screen, place_in

# Translators: spoken at the start of a call; program is the service's name. At most 8 words.
HELLO_CALL = text("This is %(program)s, an automatic service.")
# Translators: spoken to somebody who calls again. At most 8 words.
OTHER_LANGUAGE = text("For another language, press star.")
# Translators: spoken once, the first time: which keys work everywhere. The word for * and # as on telephones.
KEYS_ONE = text("At any time: zero for a person, star to go back.")
# Translators: spoken behind the line above.
KEYS_TWO = text("Pound to skip, seven to repeat, eight to go slower.")
# Translators: spoken when a key was pressed that does nothing. At most 8 words.
NO_SUCH_KEY = text("That key does nothing here.")
# Translators: spoken when nothing was heard for some seconds. At most 6 words.
STILL_THERE = text("Are you still there?")
# Translators: spoken where somebody may need a person to talk to. At most 10 words.
PRESS_ZERO = text("To talk to a person, press zero.")
# Translators: spoken as a call ends. At most 10 words.
GOODBYE = text("Goodbye. You can call again at any time.")
# Translators: spoken a minute before a call is ended. At most 8 words.
ONE_MINUTE = text("This call ends in one minute.")
# Translators: spoken as a call ends that has lasted very long. At most 12 words.
TIME_IS_OVER = text("This call was long, and ends now. You can call again.")
# Translators: spoken before a caller is put through; name is a helpline's, country a country's. At most 10 words.
CONNECTING = text("You are put through to %(name)s, %(country)s.")
# Translators: spoken behind the line above. At most 10 words.
A_PERSON_ANSWERS = text("A real person answers there. Please wait.")
# Translators: spoken when a helpline is busy. At most 6 words.
LINE_BUSY = text("That line is busy now.")
# Translators: spoken when nobody answers at a helpline. At most 6 words.
LINE_SILENT = text("Nobody answers there now.")
# Translators: spoken when a call to a helpline fails. At most 8 words.
LINE_FAILED = text("That line cannot be reached now.")
# Translators: spoken when a helpline is closed at this hour; name is its name. At most 8 words.
LINE_CLOSED = text("%(name)s is closed now.")
# Translators: spoken when a caller comes back from a helpline. At most 8 words.
BACK_HERE = text("You are back at the start.")
# Translators: spoken when eight was pressed. At most 4 words.
SLOWER_NOW = text("Slower now.")
# Translators: spoken when eight was pressed again. At most 4 words.
AS_BEFORE = text("As before.")
# Translators: spoken at the end of a part. The word for 9. At most 10 words.
PRESS_NINE = text("To get this part by text, press nine.")
# Translators: spoken when nine was pressed. At most 8 words.
TEXTED = text("This part comes to you by text.")
# Translators: spoken to somebody whose line gets no texts from us. At most 8 words.
CANNOT_TEXT = text("We cannot text this line.")
# Translators: spoken behind the line above. The word for # as on telephones. At most 14 words.
KEY_IN_A_MOBILE = text("To get it on a mobile phone, key in its number, then press pound.")
# Translators: spoken when a mobile's number was keyed in. At most 8 words.
ONE_TEXT = text("That number gets one text from us.")
# Translators: spoken when a number was keyed in that we may not text. At most 8 words.
CANNOT_TEXT_IT = text("We cannot text that number.")
# Translators: texted to a number that a caller keyed in; it must not tell what it is about. program is our name, hello
# and stop are words to text. At most 130 characters.
INVITED = text(
    "%(program)s: somebody on a call asked us to text you. To see more, text %(hello)s. For no texts, %(stop)s.",
    hello=HELLO_WORD,
    stop=STOP,
)
# Translators: spoken to somebody whose number is withheld, and who asks to get no more texts, or to be forgotten.
NO_NUMBER = text("You call without a number. We keep nothing about you, and send nothing.")
# Translators: texted to somebody who asks to be called. At most 90 characters.
WE_CALL = text("We are calling you now. An automatic voice reads to you.")
# Translators: texted to somebody whose number we cannot call. At most 60 characters.
CANNOT_CALL = text("We cannot call this number.")
# Translators: texted to somebody who asks to be called again and again. At most 80 characters.
JUST_CALLED = text("We called you a moment ago. Please wait ten minutes.")
# Translators: spoken to whoever picks up; it must not tell what it is about. program and number are ours.
SOMEONE_ASKED = text("This is %(program)s, %(number)s. Someone asked us to call.")
# Translators: spoken behind the line above.
LISTEN_OR_NOT = text("To listen, press 1. For no more calls, press 2.")
# Translators: spoken to whoever wants no more calls. At most 10 words.
NO_MORE_CALLS = text("We will not call this number again.")
# Translators: spoken of a language that has no voice yet; language is its name. At most 8 words.
TEXT_ONLY = text("%(language)s is by text message only.")

PATIENCE = 3
"""Silences and wrong keys in a row after which a person is offered; with the next the call ends kindly."""

WARNING = 60
"""Seconds before its longest time at which a call is warned."""

KEYS_TOLD = "keys"
"""The mark that the keys were told."""


def begin(scene: Scene, _: str) -> Turn:
    """A call begins: who is known is greeted in their language and may go on; a stranger hears the languages."""
    here = scene.but(choices=(), misses=0, call=Call(began=scene.now))
    hello = HELLO_CALL.saying(program=scene.book.program)
    if scene.session.language != scene.language.code:  # none yet, or one that has no voice
        turn = which_language(here)
    elif place_in(scene.book, scene.session.place):
        turn = welcome(here, "" if not scene.session.call.began else home.UNHEARD)
    else:
        turn = home.home(here, "")
    return turn._replace(reply=turn.reply.after(hello))


def which_language(scene: Scene) -> Turn:
    """The languages that can be heard, each in its own voice, and those that cannot."""
    asked = scene.but(screen="languages", subject="", page=0, choices=())
    return asked.turn(language.page_of(asked)._replace(opening=text_only(asked)), "languages")


def menu(scene: Scene) -> Turn:
    """The menu; the languages for whoever has chosen none."""
    return home.home(scene, "") if scene.session.language == scene.language.code else which_language(scene)


def welcome(scene: Scene, unheard: str) -> Turn:
    """The question whether to go on, without naming what it was; ``unheard`` where a call ended within a part."""
    options = (Option(home.GO_ON, Target("resume", unheard)), Option(home.START_ANEW, Target("home")))
    asked = scene.but(choices=tuple(option.target for option in options))
    return asked.turn(Reply(options=options, hint=(OTHER_LANGUAGE,)), "welcome back")


def text_only(scene: Scene) -> tuple[Text, ...]:
    """The languages that can be texted and not heard, in the language of the conversation, and a person instead."""
    silent = [each for each in scene.book.languages.values() if not each.can_speak]
    told = (TEXT_ONLY.saying(language=each.named_in(scene.language)) for each in silent)
    return (*told, *((PRESS_ZERO,) if silent else ()))


def again(scene: Scene) -> Turn:
    """What was said last, once more: the page, the menu or the question."""
    session = scene.session
    if told := TOLD.get(session.call.said):
        return told(scene)
    if session.choices:
        first = session.choices[0]
        return QUESTIONS.get(first.screen, choose)(scene, first.subject if first.screen == "resume" else "")
    place = place_in(scene.book, session.place)
    if session.screen == "reading" and place:
        return reading.read_at(scene, f"{place.paragraph} {place.offset}")
    if session.screen not in ARRIVALS:
        return menu(scene)
    return ARRIVALS[session.screen](scene, _subject(session))


def choices(scene: Scene) -> Turn:
    """Only what one may do here: of a page that was read, how to go on."""
    turn = again(scene)
    if turn.reply.passage is None:
        return turn
    return turn._replace(reply=turn.reply._replace(opening=(), passage=None))


def choose(scene: Scene, _: str) -> Turn:
    """The open choices, whatever question they answer."""
    options = tuple(Option(label(scene, target), target) for target in scene.session.choices)
    return scene.turn(Reply(options=options, hint=(reading.OR_MENU,)), "suggested")


def label(scene: Scene, target: Target) -> Text | str:
    """What a choice is called."""
    if any(each.language not in {"", scene.session.language} for each in scene.session.choices):
        there = scene.book.languages[target.language]
        offered = language.STAY_WITH if there is scene.language else language.CHANGE_TO
        return offered.saying(language=there.name).spoken_in(there.code)
    if target.screen == "reading" and target.subject in scene.book.sections:
        return scene.book.sections[target.subject].title
    if target.screen == "contents" and target.subject in scene.book.by_slug:
        return scene.book.by_slug[target.subject].title
    return home.START_ANEW


def nothing_heard(scene: Scene) -> Turn:
    """Silence: a page that goes on goes on; else the choices again, slower, then a person, then goodbye."""
    if goes_on(scene):
        return reading.read_at(scene, reading.read_on(scene).subject)
    return _patiently(scene, STILL_THERE, "nothing heard")


def wrong_key(scene: Scene) -> Turn:
    """A key that does nothing here: which ones there are."""
    return _patiently(scene, NO_SUCH_KEY, "wrong key", (KEYS_ONE, KEYS_TWO))


def unheard(scene: Scene, sentence: Text) -> Turn:
    """Words that nobody understood: the choices again."""
    return _patiently(scene, sentence, "missed")


def _patiently(scene: Scene, first: Text, outcome: str, keys: tuple[Text, ...] = ()) -> Turn:
    call = scene.session.call
    count = call.misses + 1
    if count > PATIENCE:
        return goodbye(scene)
    here = scene.but(call=call._replace(misses=count))
    said = (first, *keys, *((PRESS_ZERO,) if count == PATIENCE else ()))
    if goes_on(scene):  # who pressed a wrong key while listening hears the part again
        turn = again(here)
        return turn._replace(reply=turn.reply._replace(opening=(*said, *turn.reply.opening)), outcome=outcome)
    turn = choices(here)
    opening, hint = (first, *turn.reply.opening), (*turn.reply.hint, *said[1:])
    return turn._replace(reply=turn.reply._replace(opening=opening, hint=hint, slow=True), outcome=outcome)


def goes_on(scene: Scene) -> bool:
    """Whether somebody listens to a part that is not the last of its section."""
    session = scene.session
    place = place_in(scene.book, session.place)
    elsewhere = session.screen != "reading" or session.choices or session.call.said
    if elsewhere or place is None or place != session.place:
        return False
    return session.unread[0] < len(scene.book.sections[place.section].paragraphs)


def goodbye(scene: Scene) -> Turn:
    """A kind end."""
    return scene.turn(Reply(opening=(*_last_words(scene), GOODBYE), then=HangUp()), "goodbye")


def over(scene: Scene) -> Turn:
    """The longest time of a call has come."""
    return scene.turn(Reply(opening=(*_last_words(scene), TIME_IS_OVER, GOODBYE), then=HangUp()), "time is over")


def _last_words(scene: Scene) -> tuple[Text, ...]:
    """For somebody in danger the numbers, once more."""
    in_danger = scene.session.screen == "danger" and not scene.session.choices
    return danger.lines(scene, scene.session.subject) if in_danger else ()


def put_through(scene: Scene) -> Turn:
    """``0``: say what happens, then call the helpline of the country; never an emergency number."""
    found = scene.book.helplines.for_speaker(country_of(scene), Line.CANCER, scene.language.code)
    number = found.e164 if found else ""
    if found is None or not number or found.is_open(scene.now) is False:
        return _told(scene)
    opening = (CONNECTING.saying(name=found.name, country=Territory(found.country)), A_PERSON_ANSWERS)
    return scene.turn(Reply(opening=opening, then=Dial(number)), "put through")


def _told(scene: Scene) -> Turn:
    """Nobody to put them through to: the numbers that answer now."""
    cancer = scene.book.helplines.for_speaker(country_of(scene), Line.CANCER, scene.language.code)
    opening = numbers(scene)
    if cancer and cancer.is_open(scene.now) is False:
        others = (each for each in opening if each != line(scene, Line.CANCER))
        opening = (LINE_CLOSED.saying(name=cancer.name), *others)
    return scene.turn(Reply(opening=opening, hint=(reading.MENU_HELPS,)), "person")


def can_text(scene: Scene) -> bool:
    """Whether we may text the line that calls: we know it, it is where we may, and they have not left or paused."""
    event, person = scene.event, scene.known.person
    unwanted = person.left or person.paused or person.untexted
    return bool(event.contact and event.country in scene.book.text_countries and not unwanted)


def text_this(scene: Scene) -> Turn | None:
    """``9``: the present section as texts, once, since they ask for it; the call goes on where it was."""
    place = place_in(scene.book, scene.session.place)
    if place is None or scene.session.screen != "reading" or scene.session.choices:
        return None
    turn = choices(scene) if not goes_on(scene) else again(scene)
    if not can_text(scene):
        return _another_line(scene, turn)
    reply = turn.reply._replace(opening=(TEXTED, *turn.reply.opening))
    return turn._replace(reply=reply, effects=(Send(as_texts(scene, place.section), place.section),), outcome="texted")


LONGEST_NUMBER = 15
"""Digits of a telephone number (E.164)."""


def _another_line(scene: Scene, turn: Turn) -> Turn:
    """A line that gets no texts: a mobile may be keyed in, unless they want no texts, or none can be sent at all."""
    person = scene.known.person
    if person.left or person.paused or not scene.book.text_countries:
        reply = turn.reply._replace(opening=(CANNOT_TEXT, *turn.reply.opening))
        return turn._replace(reply=reply, outcome="cannot text")
    return key_in_a_mobile(scene)


def key_in_a_mobile(scene: Scene) -> Turn:
    """Which number is to get a text."""
    reply = Reply(opening=(CANNOT_TEXT, KEY_IN_A_MOBILE), digits=LONGEST_NUMBER, keys_only=True)
    return scene.turn(reply, "key in a mobile")


def keyed_in_a_mobile(scene: Scene, digits: str) -> Turn:
    """One neutral text to that number, if it is a mobile where we may text; the call goes on where it was."""
    turn = again(scene.but(call=scene.session.call._replace(said="")))
    number = mobile(digits, country_of(scene), scene.book.text_countries)
    told = ONE_TEXT if number else CANNOT_TEXT_IT
    reply = turn.reply._replace(opening=(told, *turn.reply.opening))
    if not number:
        return turn._replace(reply=reply, outcome="cannot text it")
    invitation = Reply(opening=(INVITED.saying(program=scene.book.program),))
    return turn._replace(reply=reply, effects=(Invite(number, invitation),), outcome="invited")


def as_texts(scene: Scene, path: str) -> tuple[Reply, ...]:
    """All pages of a section as they are texted, and behind the last one how to go on."""
    section = scene.book.sections[path]
    there = scene._replace(event=replace(scene.event, channel=Channel.SMS))
    title, _ = reading.opened(there, section)
    pages = reading.pages_of(there, section)
    replies = [reading.reply(there, section, page, (title,) if page is pages[0] else ()) for page in pages]
    return (*(each._replace(hint=()) for each in replies[:-1]), replies[-1]._replace(hint=(reading.MENU_HELPS,)))


def call_me(scene: Scene, _: str) -> Turn:
    """They ask by text to be called: once in a while, where we may, and never a number that wants no calls."""
    person = scene.known.person
    may = can_text(scene) and scene.language.can_speak and not person.uncalled
    if not may:
        return scene.turn(Reply(opening=(CANNOT_CALL,), hint=(reading.MENU_HELPS,)), "cannot call")
    if scene.now - person.rang < BETWEEN_CALLS:
        return scene.turn(Reply(opening=(JUST_CALLED,), hint=(reading.MENU_HELPS,)), "just called")
    return Turn(scene.session, Reply(opening=(WE_CALL,)), (Ring(),), "call me")


def missed(scene: Scene) -> Turn:
    """A call that is not answered but returned, once in a while, where we may, and never against their wish."""
    person = scene.known.person
    wanted = not (person.left or person.uncalled) and scene.now - person.rang >= BETWEEN_CALLS
    may = bool(scene.event.contact) and scene.event.country in scene.book.text_countries
    effects = (Ring(missed=True),) if wanted and may else ()
    return Turn(scene.session, Reply(then=Reject()), effects, "called back" if effects else "not called back")


BETWEEN_CALLS = 600
"""Seconds between two calls that one person asks for."""


def picked_up(scene: Scene) -> Turn:
    """Somebody picks up, or a machine: neither is told what this is about before a key was pressed."""
    here = scene.but(choices=(Target("listen"), Target("no calls")), misses=0, call=Call(began=scene.now))
    who = SOMEONE_ASKED.saying(program=scene.book.program, number=scene.book.number)
    return here.turn(Reply(opening=(who, LISTEN_OR_NOT), keys_only=True), "picked up")


def listen(scene: Scene, _: str) -> Turn:
    """They want to hear it: from where the texts stopped."""
    here = scene.but(choices=())
    return home.resume(here, "") if place_in(scene.book, scene.session.place) else menu(here)


def no_calls(scene: Scene, _: str) -> Turn:
    """They want no more calls."""
    here = scene.but(choices=())
    return Turn(here.session, Reply(opening=(NO_MORE_CALLS,), then=HangUp()), (NoCalls(),), "no calls")


FAILURES = {"busy": LINE_BUSY, "no-answer": LINE_SILENT, "canceled": LINE_SILENT, "failed": LINE_FAILED}
"""What is said by how Twilio tells that a call to a helpline ended."""


def came_back(scene: Scene, how: str) -> Turn:
    """From a helpline, back at the menu; where nobody answered, that and all numbers first."""
    turn = menu(scene.but(choices=()))
    failed = FAILURES.get(how)
    opening = (failed, *numbers(scene)) if failed else (BACK_HERE,)
    reply = turn.reply._replace(opening=(*opening, *turn.reply.opening))
    return turn._replace(reply=reply, outcome="came back")


def _subject(session: Session) -> str:
    """What a screen is shown about, so that it is shown as it was."""
    if session.screen == "contents":
        return f"{session.subject} {session.page}"
    return str(session.page) if session.screen in {"home", "languages"} else session.subject


def help_(scene: Scene) -> Turn:
    """What this is, the numbers, and the keys."""
    turn = people.help_(scene, "")
    return turn._replace(reply=turn.reply._replace(hint=(KEYS_ONE, KEYS_TWO)))


def nothing_kept(scene: Scene) -> Turn:
    """STOP and FORGET ME of somebody who withholds their number: there is nobody to write to, and nothing to erase."""
    return scene.turn(Reply(opening=(NO_NUMBER,), hint=(reading.MENU_HELPS,)), "nothing kept")


BY_VOICE: dict[str, Callable[[Scene], Turn]] = {"person": put_through, "help": help_}
"""Screens that do something else on a call."""

BY_TEXT_ALONE = frozenset(
    {"join", "group", "leave", "post", "post undo", "say", "report", "share", "name", "daily", "pause", "more now"}
)
"""Screens that are for those who write."""

NEED_A_NUMBER = frozenset({"stop", "start", "leaving?", "loss", "forget", "forget now"})
"""Screens that are about texts to somebody, and mean nothing where their number is withheld."""

TOLD: dict[str, Callable[[Scene], Turn]] = {
    "person": _told,
    "help": help_,
    "calm": lambda scene: danger.calm(scene, ""),
    "loss": lambda scene: leaving.loss(scene, ""),
    "nothing kept": nothing_kept,
    "key in a mobile": key_in_a_mobile,
}
"""What is said without being a place to be in, by its outcome; it is said again when somebody asks for it."""

ARRIVALS: dict[str, Callable[[Scene, str], Turn]] = {
    "home": home.home,
    "contents": home.contents,
    "languages": language.ask,
    "danger": danger.danger,
}
"""How a screen is shown again."""

QUESTIONS: dict[str, Callable[[Scene, str], Turn]] = {
    "listen": lambda scene, _: picked_up(scene),
    "resume": welcome,
    "forget now": leaving.forget,
    "stop": leaving.doubt,
    "danger": danger.ask,
}
"""How a question is asked again, by where its first choice leads."""

SCREENS = (
    Screen("call", begin),
    Screen("welcome back", welcome),
    Screen("call me", call_me),
    Screen("listen", listen),
    Screen("no calls", no_calls),
)
