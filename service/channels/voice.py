"""A Reply becomes TwiML: what is said or played, and what is listened to behind it.

Where a sentence is written for a reader, what is said instead stands in ``spoken``. Sentences are said by the voice of
their language, or played where somebody recorded them; a language without a voice is never said by another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, groupby
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import regex
import structlog
from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, Hangup, Pause, Play, Say, VoiceResponse

from service.book import Book
from service.book.keywords import BACK, HELP, LANGUAGE, MENU, MORE, NO, PERSON, STOP, WHOLE, YES
from service.book.languages import Language
from service.book.pages import BREAK, excerpt
from service.book.recordings import MACHINE, Recording
from service.channels.spoken import CHOICE, LANGUAGE_CHOICE, PAGES, SPOKEN
from service.conversation import Dial, HangUp, Option, Record, Reject, Reply, Text
from service.flows.people import LOCAL_EMERGENCY

ACTION = "plainline:next"
"""Stands in a rendered document for the address that what is heard is posted to."""

LISTEN = 5
"""Seconds of silence after which nothing was heard."""

SLOW_KEYS = 10
"""The same between the keys of a long number."""

READ_ON = 1
"""Seconds of silence after which a section goes on."""

RING = 30
"""Seconds that a helpline may ring."""

SLOWER = "80%"
"""Of the usual rate."""

BETWEEN, PARAGRAPHS = "300ms", "700ms"
"""What lies between two sentences, and between two paragraphs of an article."""

NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'

WORDS_LISTENED_FOR = (MENU, MORE, BACK, LANGUAGE, HELP, PERSON, STOP, YES, NO)

MOST_HINTS = 60

log = structlog.get_logger()


class Utterance(NamedTuple):
    """One sentence as it is said, or a paragraph of an article: its language, and the telephone numbers in it."""

    said: str
    language: str
    numbers: tuple[str, ...] = ()
    is_paragraph: bool = False


class Voice:
    """Speaks replies for a book; what was written once is kept.

    ``url`` is where Twilio fetches recordings, ``number`` what a helpline sees of whom we put through to it, and
    ``recordings`` where Twilio itself keeps what callers recorded.
    """

    def __init__(self, book: Book, url: str, number: str = "", recordings: str = "") -> None:
        self._recordings = recordings
        self._book = book
        self._url = url
        self._number = number
        self._write = lru_cache(maxsize=8192)(self._written)

    def render(self, reply: Reply, code: str, action: str, *, slow: bool = False) -> bytes:
        """The TwiML that says ``reply`` in the language ``code`` and posts what is heard to ``action``."""
        if reply == Reply():
            return NOTHING
        return self._write(reply, code, slow or reply.slow).replace(ACTION, escape(action, {'"': "&quot;"})).encode()

    def utterances(self, reply: Reply, code: str) -> Iterator[Utterance]:
        """All that is said, in its order."""
        language = self._book.languages[code]
        for notice in reply.notices:
            yield from self._sentences(notice, language)
        yield from self._sentences(reply.opening, language)
        yield from self._passage(reply, language)
        for key, option in enumerate(reply.options, 1):
            yield self._choice(option, key, language)
        yield from self._sentences(reply.hint, language)

    def can_say(self, utterance: Utterance) -> bool:
        """Whether this can be heard: there is a voice for it, or a recording."""
        return bool(self._book.languages[utterance.language].voice or self._recording(utterance))

    def _sentences(self, sentences: Sequence[Text], language: Language) -> Iterator[Utterance]:
        for sentence in sentences:
            there = self._book.languages[sentence.language] if sentence.language else language
            numbers = tuple(str(value) for name, value in sentence.values if name == "number" and value)
            for spoken in _spoken(sentence):
                yield Utterance(there.say(spoken), there.code, numbers)

    def _passage(self, reply: Reply, language: Language) -> Iterator[Utterance]:
        if reply.passage is None:
            return
        section = self._book.sections[reply.passage.section]
        paragraphs = [language.say(paragraph.text) for paragraph in section.paragraphs]
        for paragraph in excerpt(paragraphs, reply.passage.start, reply.passage.end).split(BREAK):
            yield Utterance(paragraph, language.code, is_paragraph=True)

    def _choice(self, option: Option, key: int, language: Language) -> Utterance:
        label = option.label
        if isinstance(label, str):  # a language's own name, said by its own voice
            own = self._book.languages.get(option.target.subject, language)
            return Utterance(own.say(LANGUAGE_CHOICE.saying(language=label, key=str(key))), own.code)
        there = self._book.languages[label.language] if label.language else language
        (sentence,) = SPOKEN.get(label.msgid, (CHOICE.saying(label=label),))
        return Utterance(there.say(sentence.saying(**dict(label.values), key=str(key))), there.code)

    def _written(self, reply: Reply, code: str, slow: bool) -> str:
        document = VoiceResponse()
        language = self._book.languages[code]
        if isinstance(reply.then, Reject):
            document.reject()
            return str(document)
        spoken = self._verbs(list(self.utterances(reply, code)), slow)
        if reply.plays:
            before = self._verbs(list(self._sentences(reply.opening, language)), slow)
            after = list(self.utterances(reply._replace(notices=(), opening=()), code))
            spoken = chain(before, [Play(self._played(reply.plays))], self._verbs(after, slow))
        inside: Any = document
        if reply.then is None:
            inside = self._gather(reply, language)
            document.append(inside)
        for verb in spoken:
            inside.append(verb)
        match reply.then:
            case HangUp():
                document.append(Hangup())
            case Record(seconds):
                settled = {"max_length": seconds, "finish_on_key": "#", "play_beep": True, "timeout": LISTEN}
                document.record(action=ACTION, trim="trim-silence", **settled)
            case Dial(number):
                shown = {"caller_id": self._number} if self._number else {}
                document.append(DialVerb(number, action=ACTION, timeout=RING, answer_on_bridge=True, **shown))
        return str(document)

    def _played(self, what: str) -> str:
        """Where Twilio finds what somebody recorded: with itself just after, else with us."""
        recording = what.removeprefix("recording:")
        if recording != what:
            return f"{self._recordings}/{recording}.mp3"
        return f"{self._url}/audio/notice/{what}.mp3"

    def _gather(self, reply: Reply, language: Language) -> Gather:
        settled: dict[str, Any] = {
            "num_digits": reply.digits,
            "finish_on_key": "#" if reply.digits > 1 else "",
            "action": ACTION,
            "action_on_empty_result": True,
            "timeout": READ_ON if reply.goes_on else LISTEN + reply.digits - 1 if reply.digits < 5 else SLOW_KEYS,
        }
        if reply.goes_on or reply.keys_only or not language.hears:
            return Gather(input="dtmf", **settled)
        return Gather(
            input="dtmf speech",
            language=language.hears,
            hints=self._hints(reply, language),
            speech_timeout="auto",
            **settled,
        )

    def _hints(self, reply: Reply, language: Language) -> str:
        labels = [language.say(o.label) if isinstance(o.label, Text) else o.label for o in reply.options]
        words = [each.removeprefix(WHOLE) for word in WORDS_LISTENED_FOR for each in language.variants(word)[:4]]
        hints = dict.fromkeys(each.replace(",", " ").strip().lower() for each in [*labels, *words])
        return ", ".join(list(hints)[:MOST_HINTS])

    def _verbs(self, utterances: Sequence[Utterance], slow: bool) -> Iterator[Say | Play | Pause]:
        """What is said together in one voice, and what is played, with a breath between recordings."""
        played = [(each, self._recording(each)) for each in utterances]
        for (code, is_played), group in groupby(played, key=lambda one: (one[0].language, one[1] is not None)):
            language = self._book.languages[code]
            if is_played:
                for recording in dict.fromkeys(recording for _, recording in group if recording):
                    yield Play(f"{self._url}/audio/{code}/{recording.file}")
                    yield Pause(length=1)
            elif language.voice:
                yield _say([each for each, _ in group], language, slow)
            else:
                log.error("not recorded", language=code)

    def _recording(self, utterance: Utterance) -> Recording | None:
        """The recording to play: a person's before the voice, a stand-in only where there is no voice.

        Of a language that has no voice and no recording of a helpline in some country, what holds everywhere is said.
        """
        language = self._book.languages[utterance.language]
        found = language.recordings.find(utterance.said)
        if found is None and not language.voice and utterance.numbers:
            found = language.recordings.find(language.say(LOCAL_EMERGENCY))
        return found if found and (found.by != MACHINE or not language.voice) else None


def _spoken(sentence: Text) -> tuple[Text, ...]:
    """What is said for a sentence that was written for a reader; nothing for one that goes without saying."""
    if sentence.msgid not in SPOKEN:
        return (sentence,)
    return tuple(spoken.saying(**dict(sentence.values)) for spoken in SPOKEN[sentence.msgid])


def _say(utterances: Sequence[Utterance], language: Language, slow: bool) -> Say:
    say = Say(voice=language.voice, language=language.speaks)
    inside: Any = say.prosody(rate=SLOWER) if slow else say
    for place, utterance in enumerate(utterances):
        if place:
            inside.break_(time=PARAGRAPHS if utterance.is_paragraph else BETWEEN)
        _speak(inside, utterance, language)
    return say


def _speak(inside: Any, utterance: Utterance, language: Language) -> None:
    """The words, with marks where a voice would stumble: abbreviations, telephone numbers, from page to page."""
    end = 0
    for found in _marked(language, utterance.numbers).finditer(utterance.said):
        if found.start() > end:
            inside.append(utterance.said[end : found.start()])
        end = found.end()
        how = language.said.get(found[0])
        if found[0] in utterance.numbers:
            inside.say_as(found[0], interpret_as="telephone")
        elif how == "spell":
            inside.say_as(found[0], interpret_as="characters")
        elif how:
            inside.sub(found[0], alias=how)
        else:
            first, last = regex.split(r"\s?[-–]\s?", found[0])
            inside.sub(found[0], alias=language.say(PAGES.saying(first=first, last=last)))
    if end < len(utterance.said):
        inside.append(utterance.said[end:])


@cache
def _marked(language: Language, numbers: tuple[str, ...]) -> regex.Pattern[str]:
    letters = r"\p{Latin}\p{Cyrillic}"
    words = (rf"(?<![{letters}]){regex.escape(each)}(?![{letters}])" for each in sorted(language.said, key=len)[::-1])
    return regex.compile("|".join([*map(regex.escape, numbers), *words, r"(?<!\d[-–]?)\d+\s?[-–]\s?\d+(?![-–]?\d)"]))
