"""One turn of a conversation: the whole decision, a pure function.

``take_turn`` looks at what has come in and at what is known, and says what to remember, what to say and what else to
do. It touches nothing. The rules are tried in the order in which they stand in RULES; the first that has an answer
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from service.book import SOURCE, Book
from service.book.echoes import is_echo, is_reaction
from service.book.guessing import guess, guess_by_script
from service.book.keywords import COMMANDS, PLACES, Match, is_unspaced, number, plain
from service.book.meaning import Verdict
from service.book.safety import is_leaving, is_returning
from service.conversation import (
    Allowance,
    Carrier,
    Event,
    Kind,
    Known,
    OptIn,
    OptOut,
    Reply,
    Session,
    Target,
    Turn,
)
from service.flows import home, language, lost, notices, people, reading
from service.flows.scene import Scene, Screen

SCREENS: dict[str, Screen] = {
    screen.name: screen for flow in (home, reading, language, people, lost) for screen in flow.SCREENS
}

MOVES = {"more", "back"}
"""What leads somewhere else from each screen."""

SILENCE = Reply()

ENOUGH_TO_OFFER = 4
"""Words of another language after which the change to it is offered; a script of its own needs none."""

SHORTEST_QUESTION = 4
"""Letters of a question in a script that writes no spaces; in others it has two words."""


def take_turn(book: Book, known: Known, event: Event, now: int) -> Turn:
    """Decide one turn; ``now`` is in Unix seconds.

    Any event in any state has an answer: no text, however odd, raises.
    """
    session = _still_valid(known.session, book)
    scene = Scene(book, known if session is known.session else known._replace(session=session), event, now)
    turn = next(turn for rule in RULES if (turn := rule(scene)) is not None)
    if turn.reply == SILENCE:
        return turn
    turn = turn._replace(session=turn.session._replace(seen=now // 3600))
    return notices.attach(scene, turn)


def go(scene: Scene, target: Target) -> Turn:
    """Arrive at ``target``: no question is open any more, and what was not understood before is forgotten."""
    if target.language in scene.book.languages:
        scene = language.speaking(scene, target.language)
    if target.screen in MOVES:
        screen = SCREENS.get(scene.session.screen, SCREENS["home"])
        target = screen.more(scene) if target.screen == "more" else screen.back(scene)
    return SCREENS[target.screen].show(scene.but(choices=(), misses=0), target.subject)


def answered_by_carrier(scene: Scene) -> Turn | None:
    """Twilio has answered STOP, START or HELP itself: remember it, and say nothing more."""
    match scene.event.carrier:
        case Carrier.STOP:
            return Turn(scene.session, SILENCE, (OptOut(),), "stopped by carrier")
        case Carrier.START:
            return Turn(scene.session, SILENCE, (OptIn(),), "started by carrier")
        case Carrier.HELP:
            return Turn(scene.session, SILENCE, outcome="helped by carrier")
    return None


def in_danger(scene: Scene) -> Turn | None:
    """Words of suicide or self-harm, anywhere in a text and past every limit."""
    found = scene.book.keywords.danger(scene.event.body)
    if not found:
        return None
    if not scene.session.language:
        scene = language.speaking(scene, _likeliest(scene, found))
    return go(scene, Target("danger"))


def leaving(scene: Scene) -> Turn | None:
    """STOP and START, in the carrier's words and in those of every language, past every limit."""
    said = scene.event.body
    exact = {match.target.screen for match in scene.book.keywords.exact(said)}
    if is_leaving(said) or "stop" in exact:
        return go(_in_language_of(scene, "stop"), Target("stop"))
    if is_returning(said) or "start" in exact:
        return go(_in_language_of(scene, "start"), Target("start"))
    return None


def over_the_limit(scene: Scene) -> Turn | None:
    """More texts than a person sends: a kind word once, then nothing."""
    match scene.known.allowance:
        case Allowance.REFUSED:
            return lost.slower(scene)
        case Allowance.REFUSED_AGAIN:
            return Turn(scene.session, SILENCE, outcome="over the limit")
    return None


def written_by_the_phone(scene: Scene) -> Turn | None:
    """A reaction, or our own words quoted back: nobody is waiting for an answer."""
    if is_reaction(scene.event.body) or is_echo(scene.event.body, scene.session.echoes):
        return Turn(scene.session, SILENCE, outcome="reaction")
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
    return _follow(scene, scene.book.keywords.exact(scene.event.body))


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
    answered_by_carrier,
    in_danger,
    leaving,
    over_the_limit,
    written_by_the_phone,
    without_words,
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


def _still_valid(session: Session, book: Book) -> Session:
    """The session without what has gone from the book since: a language, a screen, a section."""
    code = session.language if session.language in book.languages else ""
    if not code and len(book.languages) == 1:
        code = next(iter(book.languages))
    if code != session.language:
        session = session._replace(language=code)
    if session.screen and session.screen not in SCREENS:
        session = session._replace(screen="")
    if any(_is_gone(target, book) for target in session.choices):
        session = session._replace(choices=())
    return session


def _is_gone(target: Target, book: Book) -> bool:
    unknown = target.screen not in SCREENS and target.screen not in MOVES
    return unknown or (target.screen == "reading" and target.subject not in book.sections)
