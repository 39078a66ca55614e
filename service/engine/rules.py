"""What a text leads to: the rules, tried in the order in which they stand in RULES; the first with an answer decides.

Some of them hold for calls too, which have rules of their own besides (``calls``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence

from service.book import SOURCE, Book
from service.book.echoes import is_echo, is_quotation, reacted_to
from service.book.guessing import guess, guess_by_script
from service.book.keywords import COMMANDS, PLACES, Match, is_unspaced, number, plain
from service.book.meaning import Verdict
from service.book.safety import CARRIER_YES, SILENT, Heard, Sense, clauses, is_returning
from service.conversation import (
    Allowance,
    Carrier,
    Kind,
    OptIn,
    OptOut,
    Reply,
    Session,
    Target,
    Turn,
)
from service.flows import (
    calling,
    daily,
    danger,
    groups,
    groups_by_phone,
    home,
    language,
    leading,
    leaving,
    lost,
    people,
    reading,
)
from service.flows.scene import Scene, Screen
from service.groups import is_pin

SCREENS: dict[str, Screen] = {
    screen.name: screen
    for flow in (
        home,
        reading,
        language,
        people,
        danger,
        leaving,
        lost,
        calling,
        groups,
        groups_by_phone,
        leading,
        daily,
    )
    for screen in flow.SCREENS
}

MOVES = {"more", "back", "yes", "no"}
"""What leads somewhere else from each screen."""

DANGERS = {Sense.SUICIDE: danger.SUICIDE, Sense.EMERGENCY: danger.EMERGENCY}

HALF_CERTAIN = {Sense.HALF: "despair", Sense.LOSS: "loss", Sense.DOUBT: "leaving?"}
"""The screens that ask, by what was heard."""

ANSWERS_NO = {"calm", "keep", "home", "nothing erased"}
"""Where the second choice of a question leads that may be answered with YES or NO."""

LOOP_GAP = 30
"""Seconds between two texts of a machine that answers a machine; a person has read what came back by then."""

LOOP_MOST = 5
"""Times in a row that the same words get the same answer before we fall silent."""

ALWAYS_ANSWERED = {"danger", "still in danger", "asked gently", "stopped", "paused", "loss"}
"""Outcomes that no limit and no loop holds back."""

SILENCE = Reply()

ENOUGH_TO_OFFER = 4
"""Words of another language after which the change to it is offered; a script of its own needs none."""

BARE = 2
"""Words of a wording for leaving that says too little when it is said aloud."""

SHORTEST_QUESTION = 4
"""Letters of a question in a script that writes no spaces; in others it has two words."""


def by_text(scene: Scene) -> Turn:
    """The decision on a text."""
    turn = next(turn for rule in RULES if (turn := rule(scene)) is not None)
    return turn if turn.reply == SILENCE else _unless_it_loops(scene, turn)


def listen(book: Book, said: str, spoken: tuple[str, ...]) -> tuple[Heard, ...]:
    """What a text tells of danger and of leaving: by its words, else, in a sentence, by its meaning.

    Slips of the finger are forgiven in the languages ``spoken``.
    """
    if book.keywords.exact(said):  # a word of ours is no slip of another, and says what it means
        return tuple(heard for heard in book.safety.hear(said, ()) if heard.sense in DANGERS)
    heard = book.safety.hear(said, spoken)
    if book.senses is None or any(each.sense not in SILENT for each in heard):
        return heard
    by_meaning = book.senses.hear(said)
    return (*heard, by_meaning) if by_meaning else heard


def leaves(book: Book, said: str) -> bool:
    """Whether a text ends all texts: the carrier's word or one of ours alone, or natural wording."""
    if exact := book.keywords.exact(said):
        return any(match.target.screen == "stop" for match in exact)
    if is_stop_with_courtesies(book, said):
        return True
    senses = {heard.sense for heard in book.safety.hear(said, ())}
    return Sense.LEAVING in senses and Sense.REPORTED not in senses


def is_stop_with_courtesies(book: Book, said: str) -> bool:
    """Whether a text is a word for STOP with nothing beside it but itself, a greeting, please and thanks."""
    words = [word for word in plain(said).split() if word not in book.courtesies]
    return " ".join(dict.fromkeys(words)) in book.stop_words or " ".join(words) in book.stop_words


def has_a_stop_of_its_own(book: Book, said: str) -> bool:
    """Whether a word for STOP stands alone between marks: "STOP - John", "Hi. Stop! It hurts"."""
    return any(is_stop_with_courtesies(book, clause) for clause in clauses(said))


def is_urgent(book: Book, said: str) -> bool:
    """Whether a text holds words of danger or of leaving, which are never left unanswered."""
    return leaves(book, said) or any(heard.sense in DANGERS for heard in book.safety.hear(said, ()))


def go(scene: Scene, target: Target) -> Turn:
    """Arrive at ``target``: no question is open any more, and what was not understood before is forgotten."""
    if target.language in scene.book.languages:
        scene = language.speaking(scene, target.language)
    if target.screen in {"more", "back"}:
        screen = SCREENS.get(scene.session.screen, SCREENS["home"])
        target = screen.more(scene) if target.screen == "more" else screen.back(scene)
    if not scene.event.channel.is_read:
        here = scene.but(choices=(), misses=0)
        if target.screen == "group" and groups_by_phone.has_groups(scene):
            return groups_by_phone.ask(here)
        if target.screen in calling.BY_TEXT_ALONE:
            return calling.unheard(scene, lost.MISSED)
        if target.screen in calling.NEED_A_NUMBER and not scene.event.contact:
            return calling.nothing_kept(here)
        if target.screen in calling.BY_VOICE:
            return calling.BY_VOICE[target.screen](here)
        if target.screen in {"home", "contents"} and not scene.session.language:
            return calling.which_language(here)
    return SCREENS[target.screen].show(scene.but(choices=(), misses=0), target.subject)


def no_conversation(scene: Scene) -> Turn | None:
    """A short code or a sender with a name: a machine, which is neither answered nor remembered."""
    return Turn(scene.session, SILENCE, outcome="no conversation") if scene.event.machine else None


def answered_by_carrier(scene: Scene) -> Turn | None:
    """Twilio has answered STOP, START or HELP itself: remember it, and say nothing more."""
    match scene.event.carrier:
        case Carrier.STOP:
            return Turn(scene.session, SILENCE, (OptOut(),), "stopped by carrier")
        case Carrier.START:
            if plain(scene.event.body) in CARRIER_YES:  # Twilio counts YES as START; we never take it for consent
                return Turn(scene.session, SILENCE, outcome="yes to the carrier")
            return Turn(scene.session, SILENCE, (OptIn(),), "started by carrier")
        case Carrier.HELP:
            return Turn(scene.session, SILENCE, outcome="helped by carrier")
    return None


def written_by_a_reaction(scene: Scene) -> Turn | None:
    """A phone reports a reaction, or quotes us whole, perhaps our own words of danger: nobody waits for an answer.

    Grave words that are not ours are somebody's own, whatever stands around them.
    """
    said, echoes = scene.event.body, scene.session.echoes
    quoted = reacted_to(said)
    grave = any(heard.sense not in SILENT for heard in scene.heard) or (
        quoted is not None and leaves(scene.book, quoted)
    )
    if is_quotation(said, echoes) or (quoted is not None and (is_echo(quoted, echoes) or not grave)):
        return Turn(scene.session, SILENCE, outcome="reaction")
    return None


def in_danger(scene: Scene) -> Turn | None:
    """Words of suicide or of an emergency, anywhere in a text and past every limit; if they also leave, both."""
    grave = next((heard for heard in scene.heard if heard.sense in DANGERS), None)
    if grave is None:
        return None
    turn = go(_in_language(scene, grave), Target("danger", DANGERS[grave.sense]))
    if _wants_to_leave(scene) or has_a_stop_of_its_own(scene.book, scene.event.body):
        opening = (*turn.reply.opening, leaving.farewell(scene)[0])
        turn = turn._replace(reply=turn.reply._replace(opening=opening), effects=(OptOut(),))
    command = _command(scene)
    if command and command[0].screen in TO_OTHERS:
        turn = turn._replace(reply=turn.reply._replace(opening=(*turn.reply.opening, groups.NOT_SENT_ON)))
    return turn


SAID_TO_A_GROUP = {"leave", "report", "post"}
"""Commands whose words are no wish to leave everything: leaving one group, a complaint, a leader's text to all."""


def commanded_in_a_group(scene: Scene) -> Turn | None:
    """LEAVE HOPE, REPORT and POST of those who are in a group: "no more texts on Sundays" is what a leader may post."""
    found = _command(scene)
    if found is None or found[0].screen not in SAID_TO_A_GROUP or scene.known.person.left:
        return None
    may = found[0].screen == "leave" or scene.known.allowance is Allowance.GRANTED
    return commanded(scene) if may else None


def leaving_or_returning(scene: Scene) -> Turn | None:
    """STOP and START, in the carrier's words, in those of every language and in natural wording, past every limit."""
    said = scene.event.body
    exact = {match.target.screen for match in scene.book.keywords.exact(said)}
    if "stop" in exact or (not exact and is_stop_with_courtesies(scene.book, said)):
        # Said aloud, a word or two may mean that the voice is to stop: asked about, and nothing is sent meanwhile.
        clear = scene.event.channel.is_read or len(plain(said).split()) > BARE
        return go(_in_language_of(scene, "stop"), Target("stop" if clear else "leaving?"))
    if is_returning(said) or "start" in exact:
        return go(_in_language_of(scene, "start"), Target("start"))
    leaves = next((heard for heard in scene.heard if heard.sense is Sense.LEAVING), None)
    if exact:
        return None
    if leaves:
        return go(_in_language(scene, leaves), Target("stop" if _wants_to_leave(scene) else "leaving?"))
    doubtful = has_a_stop_of_its_own(scene.book, said) and not scene.known.person.left
    return go(scene, Target("leaving?")) if doubtful else None


def _wants_to_leave(scene: Scene) -> bool:
    """Natural words for leaving, and not what somebody else has said."""
    senses = {heard.sense for heard in scene.heard}
    return Sense.LEAVING in senses and Sense.REPORTED not in senses


def in_despair(scene: Scene) -> Turn | None:
    """Half-certain words, of danger, of leaving or of a loss: asked gently, and nothing is sent meanwhile."""
    for heard in scene.heard:
        screen = HALF_CERTAIN.get(heard.sense)
        if scene.known.person.left and heard.sense is not Sense.HALF and scene.event.channel.is_read:
            continue
        if heard.sense is Sense.HALF and _was_in_danger(scene):  # they have the numbers: no question, but once more
            return SCREENS["still in danger"].show(scene, "")
        if screen:
            return go(_in_language(scene, heard), Target(screen))
    return None


def has_left(scene: Scene) -> Turn | None:
    """After STOP only what asks for something is answered: a keyword, or the answer to a question of ours."""
    said = {match.target.screen for match in scene.book.keywords.exact(scene.event.body)}
    if not scene.known.person.left or said - {"yes", "no", "thanks"} or _command(scene):
        return None
    if scene.session.choices and (said or number(scene.event.body) is not None):
        return None
    return Turn(scene.session, SILENCE, outcome="has left")


def over_the_limit(scene: Scene) -> Turn | None:
    """More texts than a person sends: a kind word once, then nothing."""
    match scene.known.allowance:
        case Allowance.REFUSED:
            return lost.slower(scene)
        case Allowance.REFUSED_AGAIN:
            return Turn(scene.session, SILENCE, outcome="over the limit")
    return None


def quoted_by_the_phone(scene: Scene) -> Turn | None:
    """Our own words quoted back: nobody is waiting for an answer."""
    if is_echo(scene.event.body, scene.session.echoes):
        return Turn(scene.session, SILENCE, outcome="reaction")
    return None


def still_in_danger(scene: Scene) -> Turn | None:
    """After words of danger nothing is a mistake: only a keyword leads on, all else gets the numbers once more."""
    if not _was_in_danger(scene):
        return None
    command = _command(scene)
    leads_on = commanded(scene) if command and command[0].screen not in TO_OTHERS else None
    return said_a_keyword(scene) or leads_on or SCREENS["still in danger"].show(scene, "")


def _was_in_danger(scene: Scene) -> bool:
    return scene.session.screen == "danger" and not scene.session.choices


def said_yes_or_no(scene: Scene) -> Turn | None:
    """YES or NO, in words, to a question that can be answered so. To erase everything takes a number."""
    said = {match.target.screen for match in scene.book.keywords.exact(scene.event.body)} & {"yes", "no"}
    choices = scene.session.choices
    if len(said) != 1 or not choices or (len(choices) > 1 and choices[1].screen not in ANSWERS_NO):
        return None
    if "yes" in said:
        return go(scene, Target("forget") if choices[0] == leaving.FORGET_NOW else choices[0])
    return go(scene, choices[1] if len(choices) > 1 else Target("home"))


TO_OTHERS = {"say", "post"}
"""Commands that send one's own words to others."""

IN_A_GROUP = {"say", "post", "name", "report", "leave"}
"""Commands followed by words that mean something to members and leaders alone."""

MAY_BE_A_CODE = re.compile(r"[A-Za-z0-9]{2,14}")
"""What somebody may take for a group's word; codes have no other letters."""


def _command(scene: Scene) -> tuple[Target, str] | None:
    """A command with words of one's own behind it, and those words; ordinary sentences begin alike, and are none."""
    said = scene.event.body
    if scene.event.kind is not Kind.WORDS or not scene.event.channel.is_read or scene.book.keywords.exact(said):
        return None
    spoken = (scene.session.language, SOURCE) if scene.session.language else tuple(scene.book.languages)
    found = scene.book.keywords.command(said, spoken)
    if found is None:
        return None
    screen, words = found[0].screen, found[1]
    leads = any(group.leader(scene.event.contact) for group in scene.known.groups)
    if screen == "leave" and not groups.known_group(scene, words):
        return None
    if screen in IN_A_GROUP:
        return found if leads or scene.known.subscriptions.groups else None
    if screen == "share":
        return found if any(m.target.screen == "language" for m in scene.book.keywords.exact(words)) else None
    return found if groups.known_group(scene, words) or MAY_BE_A_CODE.fullmatch(words.strip(" .!")) else None


def commanded(scene: Scene) -> Turn | None:
    """A command with words of one's own behind it: JOIN HOPE, SAY, POST, NAME, SHARE."""
    found = _command(scene)
    if found is None:
        return None
    target, words = found
    if not scene.session.language:
        scene = language.speaking(scene, _speaks(scene, target))
    return SCREENS[target.screen].show(scene.but(choices=(), misses=0), words)


def _speaks(scene: Scene, target: Target) -> str:
    """The language that a stranger's command is written in, the likeliest where the number is from."""
    for each in scene.book.likeliest(scene.event.country):
        found = scene.book.keywords.command(scene.event.body, (each.code,))
        if found and found[0] == target:
            return each.code
    return scene.language.code


def texted_a_pin(scene: Scene) -> Turn | None:
    """Behind the preview of a post, the PIN that sends it."""
    said = scene.event.body.strip()
    if scene.session.screen != "pin" or scene.session.choices or not is_pin(said):
        return None
    return leading.with_a_pin(scene, said)


def told_a_time(scene: Scene) -> Turn | None:
    """The time where somebody is, and the hour that they want."""
    if scene.session.choices:
        return None
    said, chosen = scene.event.body, number(scene.event.body)
    if scene.session.screen == "daily time":
        written = f"{chosen}:00" if chosen is not None else said
        return daily.told_the_time(scene, written) if any(map(str.isdigit, said)) else None
    if scene.session.screen == "daily hour":
        clock = daily.read_clock(said)
        hour = chosen if chosen is not None else clock[0] // 60 if clock else None
        return daily.told_the_hour(scene, hour) if hour is not None else None
    return None


def without_words(scene: Scene) -> Turn | None:
    """A picture, a voice note, a place, an empty text: only words can be read."""
    if scene.event.kind is Kind.ATTACHMENT or not plain(scene.event.body):
        return SCREENS["only words"].show(scene, "")
    return None


def chosen_by_number(scene: Scene) -> Turn | None:
    """A number answers the open question, else it chooses from the screen's list."""
    chosen = number(scene.event.body)
    if chosen is None:
        return None
    if scene.book.helplines.has(str(chosen)):
        return go(scene, Target("person"))
    screen = SCREENS.get(scene.session.screen)
    options = screen.options(scene) if screen else ()
    targets = scene.session.choices
    if not targets and not options:
        return None
    highest = len(targets or options)
    if 1 <= chosen <= highest:
        return go(scene, targets[chosen - 1] if targets else options[chosen - 1].target)
    return SCREENS["no such number"].show(scene, f"{chosen} {highest}")


def said_a_keyword(scene: Scene) -> Turn | None:
    """The text is a keyword, of the language of the conversation, of English, or of another one."""
    found = scene.book.keywords.exact(scene.event.body)
    return _follow(scene, [match for match in found if match.target.screen not in {"yes", "no"}])


def said_a_keyword_in_a_sentence(scene: Scene) -> Turn | None:
    """A short sentence holds a keyword: a place in an article counts more than a command."""
    found = scene.book.keywords.within(scene.event.body)
    places = [match for match in found if match.target.screen == "reading"]
    places = places or [match for match in found if match.target.screen == "contents"]
    # "my back hurts", "no puedo más", "can I stop treatment": what moves or leaves says nothing inside a sentence.
    commands = [match for match in found if match.target.screen not in MOVES | {"stop", "start"}]
    if not scene.session.language:
        guessed = guess_by_script(scene.event.body, scene.book.languages)
        if guessed and not guessed.code:
            return language.lacking(scene)
        commands = [match for match in commands if match.target.screen == "hello"] or commands
    return _follow(scene, places or commands)


def mistyped_a_word(scene: Scene) -> Turn | None:
    """A word or two that are nearly a keyword: ask whether it was meant."""
    return mistyped_a_keyword(scene) if len(plain(scene.event.body).split()) <= 2 else None


def wrote_in_another_language(scene: Scene) -> Turn | None:
    """A stranger's own language is spoken at once; somebody who changes theirs is offered it."""
    guessed = guess(scene.event.body, scene.book.languages)
    spoken = scene.session.language
    if guessed is None or guessed.code == (spoken or None):
        return None
    if not guessed.code:
        return None if spoken else language.lacking(scene)
    there = language.speaking(scene, guessed.code)
    if spoken:
        says_enough = guessed.by_script or len(scene.event.body.split()) >= ENOUGH_TO_OFFER
        return language.offer(scene, guessed.code, _asked_for(there)) if says_enough else None
    turn = asked_a_question(there) or go(there, Target("home"))
    return language.guessed(turn) if guessed.by_script else turn


def asked_a_question(scene: Scene) -> Turn | None:
    """A question in free words: the part that answers it, up to three that may, or that it is not ours to answer."""
    if scene.book.meaning is None or not _is_a_question(scene.event.body):
        return None
    understood = scene.book.meaning.ask(scene.event.body)
    scene = scene.but(choices=())
    if understood.verdict is Verdict.OFF_TOPIC:
        return lost.off_topic(scene)
    places = [scene.book.sections[place] for place in understood.places]
    if understood.verdict is Verdict.SURE:
        turn = reading.read(scene.but(misses=0), places[0].path)
        return turn._replace(reply=turn.reply.after(lost.MAY_ANSWER))
    code = scene.session.language
    named = [section for section in places if scene.language.has(section.title)]
    return lost.suggest(scene, [Match(code, Target("reading", section.path), section.title) for section in named])


def mistyped_a_keyword(scene: Scene) -> Turn | None:
    """Nearly a keyword: ask whether it was meant."""
    wanted = [scene.session.language, SOURCE] if scene.session.language else list(scene.book.languages)
    near = scene.book.keywords.near(scene.event.body, wanted)
    return _ask(scene, near) if near else None


def not_understood(scene: Scene) -> Turn:
    """Nothing fits: ask for the language while there is none, else show the way."""
    if not scene.session.language:
        return SCREENS["languages"].show(scene, "")
    return SCREENS["missed"].show(scene.but(choices=()), "")


Rule = Callable[[Scene], Turn | None]

RULES: Sequence[Rule] = (
    no_conversation,
    answered_by_carrier,
    written_by_a_reaction,
    in_danger,
    commanded_in_a_group,
    leaving_or_returning,
    in_despair,
    has_left,
    over_the_limit,
    quoted_by_the_phone,
    still_in_danger,
    without_words,
    texted_a_pin,
    told_a_time,
    commanded,
    said_yes_or_no,
    chosen_by_number,
    said_a_keyword,
    said_a_keyword_in_a_sentence,
    mistyped_a_word,
    wrote_in_another_language,
    asked_a_question,
    mistyped_a_keyword,
    not_understood,
)


def check_screens() -> None:
    """Raise LookupError where a command leads to a screen that does not exist."""
    if missing := {target.screen for target in COMMANDS.values()} - SCREENS.keys() - MOVES:
        raise LookupError(f"no screen is called {', '.join(sorted(missing))}")


def _follow(scene: Scene, found: Sequence[Match]) -> Turn | None:
    """Go where the words lead; where they are of another language, offer it; where they lead to several places, ask."""
    if not found:
        return None
    spoken = scene.session.language
    if not spoken:
        code = _likeliest(scene, found)
        scene, ours = language.speaking(scene, code), [match for match in found if match.language == code]
    else:
        ours = [m for m in found if m.language == spoken] or [m for m in found if m.language == SOURCE]
    if not ours:
        return _in_another_language(scene, found)
    targets = _in_this_article(scene, dict.fromkeys(match.target for match in ours))
    if len(targets) == 1:
        return go(scene, targets[0])
    return lost.suggest(scene, [match for match in ours if match.target in targets])


def _in_another_language(scene: Scene, found: Sequence[Match]) -> Turn:
    """A command of another language is simply done; a place or a greeting offers the change."""
    match = found[0]
    if match.target.screen in PLACES | {"hello"} or plain(scene.event.body) in scene.language.asks_first:
        return language.offer(scene.but(choices=(), misses=0), match.language, match.target)
    return go(scene, match.target)


def _is_a_question(said: str) -> bool:
    words = plain(said).split()
    return len(words) > 1 or (len(words) == 1 and len(words[0]) >= SHORTEST_QUESTION and is_unspaced(words[0]))


def _asked_for(scene: Scene) -> Target:
    """Where a text in another language leads: to the part that surely answers it, else home."""
    if scene.book.meaning and _is_a_question(scene.event.body):
        understood = scene.book.meaning.ask(scene.event.body)
        if understood.verdict is Verdict.SURE:
            return Target("reading", understood.places[0])
    return Target("home")


def _ask(scene: Scene, found: Sequence[Match]) -> Turn:
    code = scene.session.language or found[0].language
    ours = [match for match in found if match.language == code] or found
    return lost.suggest(language.speaking(scene, code).but(misses=0), ours)


def _in_this_article(scene: Scene, targets: Iterable[Target]) -> list[Target]:
    """Where a word means several places, those of the article one is in."""
    every = list(targets)
    place, subject = scene.session.place, scene.session.subject
    here = subject or (place.section.partition("/")[0] if place and scene.session.screen == "reading" else "")
    inside = [target for target in every if here and target.subject.partition("/")[0] == here]
    return inside if len(every) > 1 and inside else every


def _likeliest(scene: Scene, found: Iterable[Match]) -> str:
    languages = {match.language for match in found}
    return next(each.code for each in scene.book.likeliest(scene.event.country) if each.code in languages)


def _in_language_of(scene: Scene, screen: str) -> Scene:
    """For a stranger who begins with STOP or ALTO: the scene in the language of that word."""
    if scene.session.language:
        return scene
    found = [m for m in scene.book.keywords.exact(scene.event.body) if m.target.screen == screen]
    return language.speaking(scene, _likeliest(scene, found)) if found else scene


def _in_language(scene: Scene, heard: Heard) -> Scene:
    """The scene in the language in which something grave was said; English words change none, a call changes none."""
    if not scene.event.channel.is_read and scene.session.language:
        return scene
    every = {other.language for other in scene.heard if other.sense is heard.sense}
    if scene.session.language and every & {scene.session.language, SOURCE}:
        return scene
    likely = scene.book.likeliest(scene.event.country)
    return language.speaking(scene, next(each.code for each in likely if each.code in every))


def _unless_it_loops(scene: Scene, turn: Turn) -> Turn:
    """Silence once the same words have moved nothing several times in quick succession: a machine answers us.

    Danger and leaving are always answered; so is everybody who waits half a minute, or writes anything else.
    """
    mark = hashlib.sha256(plain(scene.event.body).encode()).hexdigest()[:4]
    before, count, at = scene.session.loop
    same = mark == before and scene.now - at <= LOOP_GAP and _unmoved(scene.session, turn.session)
    count = count + 1 if same else 1
    session = turn.session._replace(loop=(mark, count, scene.now))
    if count > LOOP_MOST and not turn.effects and turn.outcome not in ALWAYS_ANSWERED:
        return Turn(scene.session._replace(loop=session.loop), SILENCE, outcome="loop")
    return turn._replace(session=session)


def _unmoved(before: Session, after: Session) -> bool:
    counted = after._replace(misses=before.misses, seen=before.seen, loop=before.loop, told=before.told)
    return counted == before


def still_valid(session: Session, book: Book, now: int) -> Session:
    """The session without what has gone since: a language, a screen, a section, and a place that is too old."""
    code = session.language if session.language in book.languages else ""
    if not code and len(book.languages) == 1:
        code = next(iter(book.languages))
    if code != session.language:
        session = session._replace(language=code)
    if session.place and session.seen and now // 3600 - session.seen > book.place_days * 24:
        session = session._replace(place=None, unread=(0, 0), screen="", subject="", choices=())
    if session.screen and session.screen not in SCREENS:
        session = session._replace(screen="")
    if any(_is_gone(target, book) for target in session.choices):
        session = session._replace(choices=())
    return session


def _is_gone(target: Target, book: Book) -> bool:
    unknown = target.screen not in SCREENS and target.screen not in MOVES
    return unknown or (target.screen == "reading" and target.subject not in book.sections)
