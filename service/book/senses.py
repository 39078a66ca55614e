"""Danger and leaving in wordings that no pattern has: by meaning, and therefore only half-certain.

A text is compared with the sample sentences of every sense (``safety.toml``), and with those that are harmless, the
questions about the articles among them. What is nearer to a sense by a margin is asked about gently, with the number to
call; texts are paused, never ended. Patterns decide first, and without the embedding they decide alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from service.book.keywords import is_unspaced, plain
from service.book.languages import Languages
from service.book.meaning import Meaning, Sample, Vectors, make_meaning
from service.book.safety import Heard, Sense

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "safety"

FEWEST_WORDS = 3
"""Words of a text whose meaning is looked at; fewer say too little by themselves."""

FEWEST_LETTERS = 4
"""The same in a script that writes no spaces, in letters."""

MARGINS = {Sense.SUICIDE: 0.11, Sense.EMERGENCY: 0.11, Sense.HALF: 0.1, Sense.LOSS: 0.08, Sense.LEAVING: 0.18}
"""By how much a sense must be nearer than all that is harmless: 0.04 more than any known harmless sentence of the tests
is, so that hardly anybody is alarmed without need."""

CERTAIN = {Sense.SUICIDE: Sense.HALF, Sense.LEAVING: Sense.DOUBT}
"""What is certain by its words is only half-certain by its meaning."""


class _Origin(NamedTuple):
    sense: Sense
    language: str


@dataclass(frozen=True, eq=False)
class Senses:
    """Hears senses by meaning: the samples' vectors by sense, and what each row is a sample of."""

    meaning: Meaning = field(repr=False)
    origins: Sequence[_Origin] = field(repr=False)

    @lru_cache(maxsize=1024)  # noqa: B019  one of them lives as long as its book
    def hear(self, said: str) -> Heard | None:
        """The sense of a text, and the language of the sample that is nearest; None where it is harmless."""
        words = plain(said).split()
        if len(words) < FEWEST_WORDS and not (is_unspaced(said) and len("".join(words)) >= FEWEST_LETTERS):
            return None
        scores = self.meaning.scores(said)
        harmless = scores.pop(Sense.HARMLESS)
        best = max(scores, key=lambda sense: scores[sense])
        sense = Sense(best)
        if scores[best] - harmless < MARGINS.get(sense, 1.0):
            return None
        near = self.meaning.nearness(said)
        nearest = max(self.meaning.members[best], key=lambda row: near[row])
        return Heard(CERTAIN.get(sense, sense), self.origins[nearest].language)


def safety_samples(safety: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]) -> Iterator[Sample]:
    """The sample sentences of every sense, from the ``safety`` tables of each language."""
    for code, senses in safety.items():
        for sense, told in senses.items():
            yield from (Sample(f"{KIND}:{sense}:{code}", phrase) for phrase in told.get("samples", ()))


def senses_of(safety: Vectors, questions: Vectors | None, languages: Languages) -> Senses:
    """What hears the senses of ``languages`` by meaning; ``questions`` about the articles are harmless."""
    import numpy as np  # noqa: PLC0415  only where the package is there

    every = [safety, questions] if questions else [safety]
    origins = [_origin(sample) for vectors in every for sample in vectors.samples]
    kept = [row for row, origin in enumerate(origins) if not origin.language or origin.language in languages]
    rows = np.concatenate([vectors.rows for vectors in every])[kept]
    return Senses(make_meaning(rows, [origins[row].sense for row in kept]), [origins[row] for row in kept])


def _origin(sample: Sample) -> _Origin:
    kind, _, rest = sample.place.partition(":")
    sense, _, language = rest.partition(":")
    return _Origin(Sense(sense), language) if kind == KIND else _Origin(Sense.HARMLESS, "")
