"""The glossary: how each language says the terms of the articles (``locales/glossary.toml``)."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import regex


@dataclass(frozen=True)
class Term:
    """One term: the words in the original that call for it, and per language the forms that count as using it."""

    name: str
    english: tuple[str, ...]
    forms: dict[str, tuple[str, ...]]

    def is_called_for(self, original: str) -> bool:
        """Whether a sentence of the original uses the term, in the singular or the plural."""
        return any(regex.search(rf"\b{regex.escape(word)}s?\b", original, regex.IGNORECASE) for word in self.english)

    def is_used(self, translation: str, code: str) -> bool:
        """Whether a translation uses one of its forms, or quotes the original (the title of a publication)."""
        said = _folded(translation)
        return any(_folded(form) in said for form in (*self.forms.get(code, ()), *self.english))


def load_glossary(locales: Path) -> tuple[Term, ...]:
    """Every term; none where there is no glossary."""
    path = locales / "glossary.toml"
    if not path.exists():
        return ()
    terms = tomllib.loads(path.read_text("utf-8")).get("terms", {})
    return tuple(
        Term(name, tuple(about["english"]), {code: tuple(forms) for code, forms in _forms(about)})
        for name, about in terms.items()
    )


def _forms(about: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    return ((code, forms) for code, forms in about.items() if code not in {"english", "why"})


def _folded(sentence: str) -> str:
    return unicodedata.normalize("NFC", sentence).casefold()
