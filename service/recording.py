"""``plainline record``: what a language without a voice of the carrier's needs recorded, and bringing recordings in.

All that may be said is found by walking every conversation on a call. A stand-in is made with espeak-ng and encoded
with lame, both Debian's; a person's recording replaces it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from service.book import MOST_CHOICES_HEARD, Book
from service.book.languages import Language, Languages
from service.book.recordings import MACHINE, Recording, folder, manifest, read_manifest, write_manifest
from service.channels.spoken import CHOICE, LANGUAGE_CHOICE, SPOKEN
from service.channels.voice import Voice
from service.conversation import Channel, Event, Kind, Known, Reply, Session, Text
from service.explore import explore
from service.flows import calling, danger, leaving, reading
from service.flows.people import LOCAL_EMERGENCY, numbers
from service.flows.scene import Scene

LARGEST = 2_000_000
"""Bytes that the recordings of a language may take in the project."""

RATE = 16_000
"""Samples a second: twice what a telephone carries."""

KILOBITS = 16
"""A second; a telephone carries no more than this can hold of a voice."""

SLOW = 130
"""Words a minute: for somebody who is old or frightened."""

SYNTHESISERS = {"ht": "ht"}
"""What espeak-ng calls each language that has no voice of the carrier's."""

MOST_PEOPLE = 50.0
"""Per cent of a country's people."""

DEEP_ENOUGH = 2
"""Steps of a call within which every sentence is said that no list holds."""


class RecordingError(RuntimeError):
    """A recording could not be made or taken; the message says what to do."""


def sentences(book: Book, code: str) -> list[str]:
    """Everything that may be said in a language on a call from the default country, each sentence once."""
    # As if it had a voice: else nobody would hear it yet, and there would be nothing to record.
    voiced = replace(book.languages[code], voice=MACHINE, speaks=code)
    languages = Languages([voiced if each.code == code else each for each in book.languages.values()])
    heard = replace(book, languages=languages, meaning=None, senses=None)
    report = explore(heard, [code], [Channel.VOICE], jobs=1, deepest=DEEP_ENOUGH, thorough=False)
    return sorted({*report.walks[0].sentences, *_anywhere(book, book.languages[code])})


def _anywhere(book: Book, language: Language) -> Iterator[str]:
    """What depends on the caller's country, on a question, or on what is translated: a walk does not meet all of it."""
    yield language.say(LOCAL_EMERGENCY)
    for key in map(str, range(1, MOST_CHOICES_HEARD + 1)):
        yield language.say(LANGUAGE_CHOICE.saying(language=language.name, key=key))
        yield from (language.say(CHOICE.saying(label=each.title, key=key)) for each in book.sections.values())
    told = [*(each for every in SPOKEN.values() for each in every), *vars(calling).values()]
    told += [each for each in leaving.SENTENCES if each.msgid not in SPOKEN]
    yield from (language.say(each) for each in told if isinstance(each, Text) and "%(" not in each.msgid)
    yield from _articles(book, language)
    yield from _helplines(book, language)


def _helplines(book: Book, language: Language) -> Iterator[str]:
    """The numbers of the countries in which most people speak the language."""
    voice = Voice(book, "")
    for country in book.helplines.by_country:
        if book.speakers(country, language) >= MOST_PEOPLE:
            caller = Event("", Channel.VOICE, "", Kind.SILENCE, "", country)
            scene = Scene(book, Known(Session(language=language.code)), caller, 0)
            said = Reply(opening=(*numbers(scene), *danger.lines(scene, danger.SUICIDE)))
            yield from (each.said for each in voice.utterances(said, language.code))


def _articles(book: Book, language: Language) -> Iterator[str]:
    """Every part of every article, with what is said before and behind it."""
    voice, listener = Voice(book, ""), Event("", Channel.VOICE, "", Kind.SILENCE, "")
    scene = Scene(book, Known(Session(language=language.code)), listener, 0)
    for section in book.sections.values():
        if book.is_whole(section, language):
            title, _ = reading.opened(scene, section)
            for page in reading.pages_of(scene, section):
                reply = reading.reply(scene, section, page, (title,))
                yield from (each.said for each in voice.utterances(reply, language.code))


def missing(book: Book) -> Iterator[tuple[str, str]]:
    """Every (language, sentence) that may be said on a call, and that neither a voice says nor anybody recorded."""
    for language in book.languages.values():
        if not language.voice and language.recordings.by_text:
            said = sentences(book, language.code)
            yield from ((language.code, each) for each in said if not language.recordings.find(each))


def name_of(said: str) -> str:
    """The name of a sentence's recording: another sentence has another name."""
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def refresh(content: Path, code: str, said: Sequence[str], progress: Callable[[int], None]) -> tuple[int, int]:
    """Make a stand-in for every sentence that nobody has recorded, and take away what is said no more.

    ``progress`` is told how many are done. Returns how many were made, and the bytes that all take. Raises
    RecordingError.
    """
    there = folder(content, code)
    there.mkdir(parents=True, exist_ok=True)
    known = {each.text: each for each in _known(content, code) if (there / each.file).exists()}
    made = 0
    for done, sentence in enumerate(said, 1):
        if sentence not in known:
            known[sentence] = _synthesise(there, code, sentence)
            made += 1
        progress(done)
    kept = {text: each for text, each in known.items() if text in set(said)}
    write_manifest(manifest(content, code), kept.values())
    files = {each.file for each in kept.values()}
    for path in there.glob("*.mp3"):
        if path.name not in files:
            path.unlink()
    return made, sum((there / file).stat().st_size for file in files)


def take(content: Path, code: str, source: Path, by: str) -> int:
    """Take a person's recordings, each named as the script names it (``.wav`` or ``.mp3``); returns how many.

    Raises RecordingError where one has a name that the script does not have.
    """
    there = folder(content, code)
    known = {name_of(each.text): each for each in _known(content, code)}
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in {".wav", ".mp3"})
    if unknown := [path.name for path in found if path.stem not in known]:
        raise RecordingError(f"{unknown[0]} is in no script of {code}: run 'plainline record {code} --script' again")
    for path in found:
        about = known[path.stem]
        file = f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:6]}.mp3"
        seconds = _encode(path, there / file)
        if about.file != file:
            (there / about.file).unlink(missing_ok=True)
        known[path.stem] = Recording(file, about.text, by, seconds)
    write_manifest(manifest(content, code), known.values())
    return len(found)


def _known(content: Path, code: str) -> list[Recording]:
    path = manifest(content, code)
    return read_manifest(path) if path.exists() else []


def _synthesise(there: Path, code: str, said: str) -> Recording:
    if code not in SYNTHESISERS:
        raise RecordingError(f"nobody has told how espeak-ng calls {code}: add it to service/recording.py")
    file = f"{name_of(said)}.mp3"
    with tempfile.TemporaryDirectory() as scratch:
        wave = Path(scratch) / "said.wav"
        voice = ["-v", SYNTHESISERS[code], "-s", str(SLOW), "-b", "1", "-w", str(wave)]
        _run(["espeak-ng", *voice, "--stdin"], said.encode())
        return Recording(file, said, MACHINE, _encode(wave, there / file))


def _encode(sound: Path, to: Path) -> float:
    """Encode for a telephone; the seconds that it takes to hear."""
    small = ["--quiet", "-m", "m", "-b", str(KILOBITS), "--resample", str(RATE / 1000)]
    _run(["lame", *small, str(sound), str(to)])
    return round(to.stat().st_size * 8 / (KILOBITS * 1000), 1)


def _run(command: list[str], given: bytes = b"") -> None:
    if shutil.which(command[0]) is None:
        raise RecordingError(f"{command[0]} is missing: on Debian, apt-get install espeak-ng lame")
    done = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise RecordingError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()[:200]}")
