"""Which language somebody writes in, where no keyword tells: by script first, then by py3langid.

A script is not a language: letters that only its neighbours write rule ours out, and who is guessed by script alone is
told how to change it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import regex

from service.book.languages import Language, Languages

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LATIN = "Latn"

SURE_OF_OURS = 0.8
SURE_OF_ANOTHER = 0.7
"""Probabilities, of 1. A text in a language that we lack is told so only when that is likely."""

FEWEST_WORDS = 2
"""A single Latin word says too little: names are the same everywhere."""

OURS_IN_LANGID = {"fil": "tl", "zh_Hans": "zh", "pt_BR": "pt"}
"""What py3langid calls a language, where that is not our own code."""

_LETTERS = regex.compile(r"\p{L}")
_SCRIPTS = {
    script: regex.compile(rf"\p{{Script={script}}}")
    for script in ("Latn", "Hani", "Hang", "Hira", "Kana", "Arab", "Cyrl", "Deva")
}


class Guess(NamedTuple):
    """A language of ours, or none where the text is in one that we lack; and whether the script alone says so."""

    code: str
    by_script: bool


def guess(said: str, languages: Languages) -> Guess | None:
    """The language that ``said`` is written in; None where nothing tells."""
    letters = "".join(_LETTERS.findall(said))
    if letters and _script(letters) == LATIN:
        return _guess_latin(said, languages)
    return guess_by_script(said, languages)


def guess_by_script(said: str, languages: Languages) -> Guess | None:
    """What the script alone tells of ``said``, in no time; None for Latin letters, which tell nothing by themselves."""
    letters = "".join(_LETTERS.findall(said))
    script = _script(letters) if letters else LATIN
    if script == LATIN:
        return None
    ours = [language for language in languages.values() if language.script == script]
    if not ours or any(_is_ruled_out(letters, language) for language in ours):
        return Guess("", by_script=True)
    return Guess(ours[0].code, by_script=True)


def _script(letters: str) -> str:
    """The script that most letters are of; kana wins over Han, since only Japanese mixes the two."""
    counts = {name: len(pattern.findall(letters)) for name, pattern in _SCRIPTS.items()}
    if counts["Hira"] + counts["Kana"]:
        return "Jpan"
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] * 2 >= len(letters) else "other"


def _is_ruled_out(letters: str, language: Language) -> bool:
    return bool(language.not_ours) and bool(regex.search(f"[{language.not_ours}]", letters.casefold()))


def _guess_latin(said: str, languages: Languages) -> Guess | None:
    if len(said.split()) < FEWEST_WORDS:
        return None
    ours = {OURS_IN_LANGID.get(language.code, language.code): language.code for language in languages.values()}
    ranked = [(str(code), float(share)) for code, share in _identifier().rank(said)]
    code, share = ranked[0]
    if code in ours and share >= SURE_OF_OURS:
        return Guess(ours[code], by_script=False)
    if code not in ours and share >= SURE_OF_ANOTHER and len(said.split()) > FEWEST_WORDS:
        return Guess("", by_script=False)
    # Among ours alone: a language that we lack may only look likelier because it is a neighbour of one of them.
    among = [(ours[code], share) for code, share in ranked if code in ours]
    total = sum(share for _, share in among)
    if total > 0.1 and among[0][1] >= SURE_OF_OURS * total:
        return Guess(among[0][0], by_script=False)
    return None


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  takes a second; only where it is used

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
