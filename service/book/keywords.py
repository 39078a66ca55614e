"""The words people text, in every language, and where they lead.

A word is compared in its *plain form*: compatibility characters, capitals, accents, tatweel, hamza seats and
punctuation do not matter, nor which script a number is written in. What a language's catalogue lists under the context
``keyword`` is all there is to it; nothing here knows a word by itself.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from service.book.articles import Article, Section
from service.book.languages import Language, Languages
from service.conversation import Target, Text, text_in

# Translators: what people text, variants separated by |. The first is printed, in capitals where the script has them.
# "=" before a variant: it counts only as the whole text, not inside a sentence.
MORE = text_in("keyword", "MORE")
MENU = text_in("keyword", "MENU")
BACK = text_in("keyword", "BACK")
LANGUAGE = text_in("keyword", "LANGUAGE")
HELP = text_in("keyword", "HELP")
PERSON = text_in("keyword", "PERSON")
# Translators: greetings, as people begin a text with them. Variants separated by |; none of them is printed.
HELLO = text_in("keyword", "HELLO")
# Translators: the word that stops all texts. The carriers know STOP everywhere: keep it among the variants.
STOP = text_in("keyword", "STOP")
# Translators: the word that allows texts again. The carriers know START everywhere: keep it among the variants.
START = text_in("keyword", "START")

# Translators: how somebody asks to be called back. Variants separated by |; the first is printed.
CALL_ME = text_in("keyword", "CALL ME")
# Translators: how somebody asks that everything about them be erased. Variants separated by |; the first is printed.
FORGET = text_in("keyword", "FORGET ME")
# Translators: how people say yes to a question, as the whole text. "=" before each variant; none of them is printed.
YES = text_in("keyword", "YES")
# Translators: how people say no to a question, as the whole text. "=" before each variant; none of them is printed.
NO = text_in("keyword", "NO")
# Translators: how people thank, as the whole text. "=" before each variant; none of them is printed.
THANKS = text_in("keyword", "THANKS")

# Translators: how somebody joins a support group: this word, then the group's (JOIN HOPE). "=" before each variant.
JOIN = text_in("keyword", "JOIN")
# Translators: how somebody asks which groups they are in, and when these meet. "=" before each variant.
GROUP = text_in("keyword", "GROUP")
# Translators: how somebody leaves one group, and no more than that. "=" before each variant.
LEAVE = text_in("keyword", "LEAVE")
# Translators: how a leader of a group writes to all its members: this word, then the words. "=" before each variant.
POST = text_in("keyword", "POST")
# Translators: how a leader stops what they have just posted. "=" before each variant.
UNDO = text_in("keyword", "POST UNDO")
# Translators: how a member writes to their group: this word, then the words. "=" before each variant.
SAY = text_in("keyword", "SAY")
# Translators: how a member tells us that something in a group is not right. "=" before each variant.
REPORT = text_in("keyword", "REPORT")
# Translators: how somebody gets a text to hand on to others. "=" before each variant.
SHARE = text_in("keyword", "SHARE")
# Translators: how a member tells a first name: this word, then the name. "=" before each variant.
NAME = text_in("keyword", "NAME")
# Translators: how somebody asks for one part a day. "=" before each variant; the first is printed.
DAILY = text_in("keyword", "DAILY")
# Translators: how somebody pauses the daily parts. "=" before each variant; the first is printed.
PAUSE = text_in("keyword", "PAUSE")
# Translators: how somebody asks for the next daily part at once. "=" before each variant; the first is printed.
MORE_NOW = text_in("keyword", "MORE NOW")

COMMANDS: dict[Text, Target] = {
    MORE: Target("more"),
    MENU: Target("home"),
    BACK: Target("back"),
    LANGUAGE: Target("languages"),
    HELP: Target("help"),
    PERSON: Target("person"),
    HELLO: Target("hello"),
    STOP: Target("stop"),
    START: Target("start"),
    FORGET: Target("forget"),
    CALL_ME: Target("call me"),
    YES: Target("yes"),
    NO: Target("no"),
    THANKS: Target("thanks"),
    JOIN: Target("join"),
    GROUP: Target("group"),
    LEAVE: Target("leave"),
    POST: Target("post"),
    UNDO: Target("post undo"),
    SAY: Target("say"),
    REPORT: Target("report"),
    SHARE: Target("share"),
    NAME: Target("name"),
    DAILY: Target("daily"),
    PAUSE: Target("pause"),
    MORE_NOW: Target("more now"),
}

TAKE_WORDS = (JOIN, LEAVE, POST, SAY, REPORT, SHARE, NAME)
"""The commands that may be followed by words of one's own."""

PLACES = frozenset({"reading", "contents"})
"""The screens that are places in an article."""

WHOLE = "="
"""Stands before a variant that counts only as the whole text: a word that says too little inside a sentence."""

LONGEST_SENTENCE = 12
"""Words. In a longer text a keyword says little about what is wanted."""

LONGEST_PHRASE = 5
"""Words that one keyword may have."""

LONGEST_COMMAND = 3
"""Words that a command followed by others may have."""

SHORTEST_TYPO = 4
"""Letters. A shorter word is close to too many others."""

NEAR = 0.74
"""How alike a mistyped word and a keyword must be, from 0 to 1: one slip in four letters, two in eight."""

_HAN = regex.compile(r"\p{Han}")

_MARKS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}]\p{Mn}*)\p{Mn}")
_NOISE = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_WORDLIKE = regex.compile(r"[\p{L}\p{N}]")
_APOSTROPHES = regex.compile(r"(?<=\p{L})['’ʼ`´](?=\p{L})")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}]{2,}")
_NUMBER = regex.compile(r"[\s#(*]*(\d{1,3})[\s.,:;!?)*]*")
_ALIKE = str.maketrans("أإآٱىةؤئđłøı", "اااايهويdloi") | dict.fromkeys(
    [ord("ـ"), 0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF]
)


class Match(NamedTuple):
    """A word that was understood: in which language, where it leads, and how that place is named in a list."""

    language: str
    target: Target
    label: Text | str


@lru_cache(maxsize=4096)
def plain(said: str) -> str:
    """The plain form of what somebody wrote: words of letters and digits, one space between them."""
    said = unicodedata.normalize("NFKC", said).casefold()
    said = _APOSTROPHES.sub("", said)
    said = _MARKS.sub("", unicodedata.normalize("NFD", said)).translate(_ALIKE)
    said = _NOISE.sub(" ", unicodedata.normalize("NFC", said)).strip()
    return said if _WORDLIKE.search(said) else ""


def number(said: str) -> int | None:
    """The number that a text consists of, in the digits of any script; None where there is more to it."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", said))
    return int("".join(str(unicodedata.decimal(digit)) for digit in found[1])) if found else None


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script that writes no spaces, or joins what others write apart."""
    return bool(_UNSPACED.search(word))


class Keywords:
    """Every keyword of every language that is served."""

    def __init__(self, languages: Languages, articles: Sequence[Article]) -> None:
        self._exact: dict[str, list[Match]] = defaultdict(list)
        self._inside: dict[str, list[Match]] = defaultdict(list)
        self._by_language: dict[str, list[str]] = defaultdict(list)
        for phrase, match, whole in all_keywords(languages, articles):
            if match not in self._exact[phrase]:
                self._exact[phrase].append(match)
                self._by_language[match.language].append(phrase)
            if not whole and match not in self._inside[phrase]:
                self._inside[phrase].append(match)
        self._commands: dict[str, list[Match]] = defaultdict(list)
        for language in languages.values():
            for command in TAKE_WORDS:
                for phrase, match, _ in _spelled(language, command, Match(language.code, COMMANDS[command], command)):
                    self._commands[phrase].append(match)
        self._unspaced = sorted((p for p in self._inside if _UNSPACED.search(p)), key=len, reverse=True)

    def exact(self, said: str) -> tuple[Match, ...]:
        """What a text that consists of one keyword means, in each language that has it."""
        return tuple(self._exact.get(plain(said), ()))

    def within(self, said: str) -> tuple[Match, ...]:
        """The keywords inside a short sentence, the longest first; none for a long one."""
        words = plain(said).split()
        if len(words) > LONGEST_SENTENCE:
            return ()
        found: dict[Match, None] = {}
        for length in range(min(LONGEST_PHRASE, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                found.update(dict.fromkeys(self._inside.get(" ".join(words[start : start + length]), ())))
        if _UNSPACED.search(said):
            found.update(dict.fromkeys(self._inside_unspaced("".join(words))))
        return tuple(found)

    def command(self, said: str, languages: Sequence[str]) -> tuple[Target, str] | None:
        """The command that a text begins with, and the words behind it as they were written; None where there are none.

        Only the words of ``languages`` are looked for.
        """
        words = said.split()
        for count in range(min(LONGEST_COMMAND, len(words) - 1), 0, -1):
            target = self._command(plain(" ".join(words[:count])), languages)
            if target:
                return target, said.split(maxsplit=count)[count]
        if _HAN.search(said):
            for phrase, match in self._commands.items():
                if _HAN.search(phrase) and said.startswith(phrase) and match[0].language in languages:
                    return match[0].target, said.removeprefix(phrase).strip(" :\u3000\uff1a")
        return None

    def _command(self, phrase: str, languages: Sequence[str]) -> Target | None:
        return next((match.target for match in self._commands.get(phrase, ()) if match.language in languages), None)

    def near(self, said: str, languages: Sequence[str]) -> tuple[Match, ...]:
        """The keywords of ``languages`` that somebody may have meant to type, the likeliest first.

        In a sentence only words that lead to a place are looked for: "algo" is no mistyped ALTO there.
        """
        words = plain(said).split()
        if len(words) > LONGEST_SENTENCE:
            return ()
        found: dict[Match, float] = {}
        for typed in dict.fromkeys([" ".join(words), *words]):
            for match, alike in self._near(typed, languages):
                if match.target.screen in PLACES or (
                    len(words) == 1 and match.target.screen not in {"hello", "yes", "no", "thanks"}
                ):
                    found[match] = max(alike, found.get(match, 0.0))
        return tuple(sorted(found, key=lambda match: -found[match]))

    def _near(self, typed: str, languages: Sequence[str]) -> Iterator[tuple[Match, float]]:
        if len(typed) < SHORTEST_TYPO or typed in self._exact:
            return
        phrases = [phrase for language in languages for phrase in self._by_language[language]]
        score = DamerauLevenshtein.normalized_similarity
        for phrase, alike, _ in process.extract(typed, phrases, scorer=score, score_cutoff=NEAR, limit=5):
            if len(phrase) >= SHORTEST_TYPO:
                yield from ((match, alike) for match in self._exact[phrase] if match.language in languages)

    def _inside_unspaced(self, said: str) -> Iterator[Match]:
        for phrase in self._unspaced:
            if phrase.replace(" ", "") in said:
                yield from self._inside[phrase]


def all_keywords(languages: Languages, articles: Sequence[Article]) -> Iterator[tuple[str, Match, bool]]:
    """Every (plain form, what it means, whether only as the whole text) of every language, one for each variant."""
    places = [(place.keyword, place.title, target) for place, target in _places(articles)]
    for language in languages.values():
        for command, target in COMMANDS.items():
            yield from _spelled(language, command, Match(language.code, target, command))
        for keyword, title, target in places:
            match = Match(language.code, target, title)
            yield from _spelled(language, keyword, match)
            if language.has(title):  # people type what they read in the menu
                yield plain(language.say(title)), match, False
        for name in (language.name, *language.names):
            yield plain(name), Match(language.code, Target("language", language.code), language.name), True


def _places(articles: Sequence[Article]) -> Iterator[tuple[Article | Section, Target]]:
    for article in articles:
        yield article, Target("contents", article.slug)
        for section in article.sections:
            yield section, Target("reading", section.path)


def _spelled(language: Language, keyword: Text, match: Match) -> Iterator[tuple[str, Match, bool]]:
    for variant in language.variants(keyword):
        yield plain(variant), match, variant.startswith(WHOLE)
