"""What somebody may do at any moment: one representative of everything that the engine tells apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, cast

from service.book import SOURCE, Book
from service.book.guessing import guess
from service.book.keywords import (
    COMMANDS,
    HELLO,
    HELP,
    LANGUAGE,
    MENU,
    MORE,
    NO,
    PERSON,
    START,
    STOP,
    THANKS,
    WHOLE,
    YES,
    plain,
)
from service.book.languages import Language
from service.book.meaning import Meaning, Understanding, Verdict
from service.book.safety import SILENT, Safety, Sense
from service.conversation import Allowance, Carrier, Kind, Text

MINUTE, DAY = 60, 86_400

NAME = "the name of a language"

ALWAYS: frozenset[str] = frozenset()
"""Silences that are allowed where an answer is due from every state: none."""

UNLESS_LEFT = frozenset({"has left"})


class Wanted(NamedTuple):
    """What an input must lead to from every state: one of these outcomes, and an effect if one is named."""

    outcomes: frozenset[str]
    effect: str = ""


class Input(NamedTuple):
    """One thing that somebody may do: how a person would tell it, and what arrives.

    ``later`` is how many seconds after the turn before, ``group`` what the map calls it, ``wanted`` what it must lead
    to, ``silences`` the outcomes without an answer that are allowed, ``moves`` marks a way on or out.
    """

    label: str
    body: str
    group: str
    wanted: Wanted | None = None
    silences: frozenset[str] = UNLESS_LEFT
    moves: bool = False
    kind: Kind = Kind.WORDS
    carrier: Carrier | None = None
    machine: bool = False
    allowance: Allowance = Allowance.GRANTED
    later: int = MINUTE


class Alphabet(NamedTuple):
    """Every input of a walk but the numbers; those that are tried in the other language; and what could not be made."""

    every: tuple[Input, ...]
    elsewhere: tuple[Input, ...]
    abroad: tuple[Input, ...]
    lacking: tuple[str, ...]


WAYS_OUT: dict[Text, Wanted] = {
    MENU: Wanted(frozenset({"contents", "home"})),
    PERSON: Wanted(frozenset({"person"})),
    HELP: Wanted(frozenset({"help"})),
    LANGUAGE: Wanted(frozenset({"languages"})),
    STOP: Wanted(frozenset({"stopped"}), "OptOut"),
    START: Wanted(frozenset({"started"}), "OptIn"),
}

ASKS_NOTHING = {YES, NO, THANKS}
"""Commands that ask for nothing by themselves: after leaving they may stay unanswered while no question is open."""

DANGER = Wanted(frozenset({"danger"}))
LEAVES = Wanted(frozenset({"stopped"}), "OptOut")

HEARD: dict[Sense, tuple[Wanted, frozenset[str]]] = {
    Sense.SUICIDE: (DANGER, ALWAYS),
    Sense.EMERGENCY: (DANGER, ALWAYS),
    Sense.LEAVING: (LEAVES, ALWAYS),
    Sense.HALF: (Wanted(frozenset({"asked gently", "still in danger"})), ALWAYS),
    Sense.DOUBT: (Wanted(frozenset({"paused", "has left"})), UNLESS_LEFT),
    Sense.LOSS: (Wanted(frozenset({"loss", "has left"})), UNLESS_LEFT),
}

SCRIPTS = ("что это значит", "هذا ما اريد", "สวัสดีค่ะ ยินดี")
"""Sentences in scripts of ours and of nobody here."""

NOISE = ("zxcv qwrt plmk", "mnbv lkjh poiu", "qazw sxed crfv", "wsxq edcr fvtg", "tgby hnuj mikl", "yhnu jmik olpq")

LONGEST = 1600


def number(value: int) -> Input:
    """A number, as the answer to a list."""
    return Input(str(value), str(value), "a number", moves=True)


def alphabet(book: Book, language: Language, other: Language | None) -> Alphabet:
    """The inputs of a walk in ``language``; ``other`` is the one that people come from and change to."""
    lacking: list[str] = []
    spoken = [each for each in dict.fromkeys((language, book.languages.get(SOURCE))) if each]
    named = [each for each in (language, other) if each]
    words = [*_commands(spoken), *_places(book, spoken), *map(_name, named)]
    senses = list(_senses(book, language, lacking))
    mistakes = list(_mistakes(book, language, lacking))
    rest = [*_questions(book, language), *_phones(), *_carriers(), *_refused(senses), *_later(language)]
    foreign = [*_foreign(book, other)] if other else []
    every = [*words, *senses, *mistakes, *foreign, *rest]
    return Alphabet(
        tuple({each.label: each for each in reversed(every)}.values())[::-1],
        tuple([*map(_name, named), *_elsewhere(book, other)] if other else ()),
        (_name(language), *senses, *(word for word in words if word.wanted), NONSENSE),
        tuple(lacking),
    )


def calls(book: Book, language: Language, other: Language | None) -> Alphabet:
    """The inputs of a walk of calls: every key, silence, and the words that a recogniser may hear."""
    lacking: list[str] = []
    spoken = [each for each in dict.fromkeys((language, book.languages.get(SOURCE))) if each]
    words = [each._replace(wanted=BY_VOICE.get(each.group, each.wanted)) for each in _commands(spoken)]
    words = [*words, *(Input(each, each, "a key said aloud") for each in language.digits[1:2])]
    senses = list(_senses(book, language, lacking))
    named = [_name(each) for each in (language, other) if each]
    heard = [*words, *_places(book, spoken), *named, *senses, NONSENSE, *_questions(book, language)]
    line = [*_line(book)]
    every = [*line, *(each._replace(label=f"“{each.label}”", silences=ALWAYS) for each in heard)]
    return Alphabet(
        tuple({each.label: each for each in reversed(every)}.values())[::-1],
        tuple(line),
        (*line, *(each for each in every if each.group.startswith("words of"))),
        tuple(lacking),
    )


RINGS = "a call begins"
KEY = "a key"
WAITS = "silence"

A_PERSON = Wanted(frozenset({"put through", "person"}))
BY_VOICE = {PERSON.msgid: A_PERSON, HELLO.msgid: None, STOP.msgid: Wanted(frozenset({"paused"}))}
"""What commands lead to on a call, where that is something else."""

FIXED_KEYS = {"0": A_PERSON, "8": None, "7": None, "*": None, "#": None}


def _line(book: Book) -> Iterator[Input]:
    """What somebody does on a telephone without a word."""
    begun = Wanted(frozenset({"languages", "welcome back", "contents", "home"}))
    yield Input("(calls)", "", RINGS, begun, ALWAYS, moves=True, kind=Kind.CALL)
    yield Input("(waits)", "", WAITS, None, ALWAYS, moves=True, kind=Kind.SILENCE)
    for key in "1234569":
        yield Input(f"(presses {key})", key, KEY, None, ALWAYS, moves=True, kind=Kind.KEY)
    for key, wanted in FIXED_KEYS.items():
        yield Input(f"(presses {key})", key, KEY, wanted, ALWAYS, moves=True, kind=Kind.KEY)
    for how in ("completed", "busy", "no-answer", "failed"):
        back = Wanted(frozenset({"came back"}))
        label = f"(comes back: {how})"
        yield Input(label, how, "comes back from a helpline", back, ALWAYS, moves=True, kind=Kind.RETURN)
    gone = Wanted(frozenset({"hung up"}))
    yield Input("(hangs up)", "", "hangs up", gone, gone.outcomes, kind=Kind.HANGUP)
    late = book.call_minutes * MINUTE
    yield Input("(presses 1, too late)", "1", KEY, None, ALWAYS, kind=Kind.KEY, later=late)


def hypothetical(book: Book, language: Language) -> Book:
    """The book with a stand-in for the understanding of questions: three fixed questions get its three verdicts.

    It shares all that ``book`` has made ready, and remembers what it heard: the same few texts come again and again.
    """
    made = replace(book, meaning=cast(Meaning, _Oracle(book, language)), senses=None)
    ready = {name: made_ready for name, made_ready in vars(book.opened()).items() if name not in vars(made)}
    vars(made).update(ready, safety=_Remembered(book.safety))
    return made


class _Remembered:
    """Hears as ``Safety`` does, each text once."""

    def __init__(self, safety: Safety) -> None:
        self.hear = lru_cache(maxsize=4096)(safety.hear)


class _Oracle:
    """Answers three questions as ``Meaning`` may, and finds all others off the topic."""

    def __init__(self, book: Book, language: Language) -> None:
        places = tuple(book.sections)[:3]
        verdicts = (
            Understanding(Verdict.SURE, places[:1]),
            Understanding(Verdict.UNSURE, places),
            Understanding(Verdict.OFF_TOPIC, ()),
        )
        self._verdicts = dict(zip(_free_sentences(book, language), verdicts, strict=False))

    def ask(self, question: str) -> Understanding:
        return self._verdicts.get(question, Understanding(Verdict.OFF_TOPIC, ()))


def _commands(spoken: Sequence[Language]) -> Iterator[Input]:
    for keyword in COMMANDS:
        for language in spoken:
            for word in language.variants(keyword)[:1]:
                said = word.removeprefix(WHOLE).strip()
                wanted, moves = WAYS_OUT.get(keyword), keyword in {MORE, MENU}
                silences = UNLESS_LEFT if keyword in ASKS_NOTHING else ALWAYS
                yield Input(said, said, keyword.msgid, wanted, silences=silences, moves=moves)


def _places(book: Book, spoken: Sequence[Language]) -> Iterator[Input]:
    keywords = [place.keyword for place in book.articles] + [place.keyword for place in book.sections.values()]
    for keyword in keywords:
        for language in spoken:
            for word in language.variants(keyword)[:1]:
                said = word.removeprefix(WHOLE).strip()
                yield Input(said, said, "the name of a part", silences=ALWAYS, moves=True)


def _name(language: Language) -> Input:
    return Input(language.name, language.name, NAME, silences=ALWAYS)


def _foreign(book: Book, other: Language) -> Iterator[Input]:
    """A part and a greeting in the other language, which offer the change."""
    greeting = (each for each in _commands([other]) if each.group == HELLO.msgid)
    for said in (*list(_places(book, [other]))[1:2], *greeting):
        yield said._replace(group="a word of another language", moves=False)


def _elsewhere(book: Book, other: Language) -> Iterator[Input]:
    """In the other language people only read, and change back: the rest is its own walk."""
    wanted = {MORE.msgid, MENU.msgid, LANGUAGE.msgid}
    yield from (each for each in _commands([other]) if each.group in wanted)
    yield from _places(book, [other])


def _senses(book: Book, language: Language, lacking: list[str]) -> Iterator[Input]:
    """For each sense, the first of its samples that its patterns hear as nothing else."""
    for sense, (wanted, silences) in HEARD.items():
        sample = _sample(book, language, sense)
        if sample:
            yield Input(sample, sample, f"words of {sense}", wanted, silences=silences)
        else:
            lacking.append(f"words of {sense}")


def _sample(book: Book, language: Language, sense: Sense) -> str:
    for each in dict.fromkeys((language, book.languages.get(SOURCE))):
        for said in each.safety.get(sense, {}).get("samples", ()) if each else ():
            if _alarms(book, said, language) == {sense} and not book.keywords.exact(said):
                return said
    return ""


def _alarms(book: Book, said: str, language: Language) -> set[Sense]:
    return {heard.sense for heard in book.safety.hear(said, (language.code, SOURCE))} - SILENT


NONSENSE = Input("qqqq", "qqqq", "what nobody understands")


def _mistakes(book: Book, language: Language, lacking: list[str]) -> Iterator[Input]:
    """What is no keyword, in each way of which something comes."""
    words = [v.removeprefix(WHOLE) for s in book.sections.values() for v in language.variants(s.keyword)[:1]]
    typos = filter(None, (_mistyped(book, language, word) for word in words))
    sentences = (each for each in (f"qqqq {word}" for word in words) if book.keywords.within(each))
    several = (each for each in (f"{a}, {b}" for a, b in pairwise(words)) if _leads(book, each))
    for group, found in (("a mistyped word", typos), ("a word in a sentence", sentences), ("two words", several)):
        said = next(iter(found), "")
        if said:
            yield Input(said, said, group, silences=UNLESS_LEFT)
        else:
            lacking.append(group)
    yield NONSENSE
    yield Input("🙏🙏", "🙏🙏", "no words")
    yield Input('""', "", "no words")
    yield Input("988", "988", "a helpline's number")
    yield Input(f"({LONGEST} letters)", "x" * LONGEST, "what nobody understands")
    yield from (Input(said, said, "another script") for said in SCRIPTS)


def _mistyped(book: Book, language: Language, word: str) -> str:
    for place in range(1, len(word) - 1):
        typed = word[:place] + word[place + 1 :]
        known = book.keywords.exact(typed) or book.keywords.within(typed) or _alarms(book, typed, language)
        if not known and book.keywords.near(typed, [language.code]):
            return typed
    return ""


def _leads(book: Book, said: str) -> bool:
    return len({match.target for match in book.keywords.within(said)}) > 1 and not book.keywords.exact(said)


def _questions(book: Book, language: Language) -> Iterator[Input]:
    yield from (Input(said, said, "a question") for said in _free_sentences(book, language))


def _free_sentences(book: Book, language: Language) -> list[str]:
    """Three sentences that reach the understanding of questions: no other rule has an answer to them."""
    candidates = (*language.safety.get(Sense.HARMLESS, {}).get("samples", ()), *NOISE)
    return [said for said in candidates if _is_free(book, language, said)][:3]


def _is_free(book: Book, language: Language, said: str) -> bool:
    if len(plain(said).split()) < 3 or book.keywords.exact(said) or book.keywords.within(said):
        return False
    guessed = guess(said, book.languages)
    return not _alarms(book, said, language) and (guessed is None or guessed.code == language.code)


def _phones() -> Iterator[Input]:
    """What a phone or a machine sends by itself."""
    quoted = Wanted(frozenset({"reaction"}))
    silent = frozenset({"reaction"})
    yield Input("(a heart on a message)", "Loved “Please talk to someone now.”", "a reaction", quoted, silences=silent)
    yield Input("(a picture)", "", "a picture", kind=Kind.ATTACHMENT)
    nobody = Wanted(frozenset({"no conversation"}))
    yield Input("(a machine) hi", "hi", "a machine", nobody, silences=nobody.outcomes, machine=True)


def _carriers() -> Iterator[Input]:
    answered = {
        Carrier.STOP: ("stopped by carrier", "OptOut"),
        Carrier.START: ("started by carrier", "OptIn"),
        Carrier.HELP: ("helped by carrier", ""),
    }
    for carrier, (outcome, effect) in answered.items():
        wanted = Wanted(frozenset({outcome}), effect)
        label = f"(the carrier answered {carrier})"
        yield Input(label, carrier, "the carrier answered", wanted, silences=wanted.outcomes, carrier=carrier)


def _refused(senses: Sequence[Input]) -> Iterator[Input]:
    """Somebody who sends too much: a kind word once, then silence; but danger and leaving are always answered."""
    once = Wanted(frozenset({"slower", "has left"}))
    yield Input("(too many texts) 1", "1", "too many texts", once, allowance=Allowance.REFUSED)
    again = Wanted(frozenset({"over the limit", "has left"}))
    refused = Allowance.REFUSED_AGAIN
    label = "(far too many texts)"
    yield Input(f"{label} 1", "1", "too many texts", again, silences=again.outcomes, allowance=refused)
    yield Input(f"{label} STOP", "STOP", "STOP", LEAVES, silences=ALWAYS, allowance=refused)
    for each in senses:
        if each.silences == ALWAYS:
            yield each._replace(label=f"{label} {each.label}", allowance=refused)


def _later(language: Language) -> Iterator[Input]:
    """The same words after days: the welcome back, and a place that is forgotten."""
    for word in language.variants(HELLO)[:1]:
        yield Input(f"(after 3 days) {word}", word, "a greeting after days", silences=ALWAYS, later=3 * DAY)
        yield Input(f"(after a year) {word}", word, "a greeting after days", silences=ALWAYS, later=365 * DAY)
    for word in language.variants(MORE)[:1]:
        yield Input(f"(after a year) {word}", word, MORE.msgid, silences=ALWAYS, later=365 * DAY)
