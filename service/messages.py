"""The template of all messages, and bringing every catalogue up to it (``plainline messages``).

Neither the template nor the catalogues carry line numbers or dates, so that only what changed shows as changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import polib
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from service.book.languages import DOMAIN, SOURCE, Review, catalogue_path, describe, review_headers
from service.conversation import KEYWORD

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "text": None,
    "text_n": (1, 2),
    "text_in": ((1, "c"), 2),
    "pgettext": ((1, "c"), 2),
}
"""Which calls hold messages: see ``service.conversation``."""

_UNDATED = (
    b'"POT-Creation-Date',
    b'"PO-Revision-Date',
    b'"Last-Translator',
    b'"Report-Msgid-Bugs-To',
    b'"Generated-By',
)


def template(service: Path, content: Path) -> Catalog:
    """Every message of the program and of the articles. Raises ArticleError."""
    catalog = Catalog(project="Plainline", charset="utf-8", fuzzy=False)
    catalog.header_comment = "# What Plainline says. One entry per sentence; see docs/translating.md."
    for root, method in ((service, "python"), (content, "service.book.articles:extract")):
        pattern = "**.py" if method == "python" else "*.md"
        found = extract_from_dir(
            root, [(pattern, method)], keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for _, _, message, comments, context in sorted(found, key=lambda one: one[0]):
            catalog.add(message, context=context, auto_comments=comments)
    return catalog


def update(service: Path, content: Path, locales: Path) -> list[Path]:
    """Write the template and bring every catalogue up to it; returns the files that changed.

    A sentence that changed keeps its old translation, marked fuzzy, which is not served until somebody has looked.
    """
    made = template(service, content)
    changed = [_write(locales / f"{DOMAIN}.pot", made)]
    for code, about in describe(locales).items():
        path = catalogue_path(locales, code)
        changed.append(_write(path, updated(locales, code, about["locale"], made), own_headers(path)))
    return [path for path in changed if path is not None]


def updated(locales: Path, code: str, locale: str, made: Catalog) -> Catalog:
    """The catalogue of one language, brought up to the template."""
    path = catalogue_path(locales, code)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=_known(code))
    else:
        catalog = Catalog(locale=_known(code) or _known(locale), project="Plainline", charset="utf-8", fuzzy=False)
    catalog.update(made, no_fuzzy_matching=code == SOURCE, keep_user_comments=True)
    return catalog


def rename(locales: Path, old: str, new: str) -> int:
    """Move the translations of a section, or of an article, to its new slug; returns how many entries moved."""
    moved = 0
    for path in (locales / f"{DOMAIN}.pot", *(catalogue_path(locales, code) for code in describe(locales))):
        catalogue = polib.pofile(str(path), wrapwidth=100)
        for entry in catalogue:
            named = entry.msgid if entry.msgctxt == KEYWORD else entry.msgctxt or ""
            if named == old or named.startswith(f"{old}/"):
                moved += 1
                fresh = new + named.removeprefix(old)
                if entry.msgctxt == KEYWORD:
                    entry.msgid = fresh
                else:
                    entry.msgctxt = fresh
        catalogue.save()
    return moved


def record_review(locales: Path, code: str, review: Review, *, safety: bool) -> None:
    """Write into a catalogue's header who has reviewed it, or its safety words, when, and which revision of it."""
    path = catalogue_path(locales, code)
    catalogue = polib.pofile(str(path), wrapwidth=100)
    of = "X-Safety-Reviewed" if safety else "X-Reviewed"
    catalogue.metadata |= {f"{of}-By": review.by, f"{of}-On": review.on, f"{of}-Revision": review.revision}
    catalogue.save()
    _write(path, *_read(path))


def _known(code: str) -> str | None:
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return None
    return code


def written(catalog: Catalog, headers: Sequence[str] = ()) -> bytes:
    """A catalogue as it stands in its file, with ``headers`` of our own that Babel does not know."""
    buffer = BytesIO()
    write_po(buffer, catalog, no_location=True, ignore_obsolete=True, width=100)
    lines = buffer.getvalue().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(_UNDATED)]
    last = next(number for number, line in enumerate(kept) if line.startswith(b'"Content-Transfer-Encoding'))
    own = [f'"{polib.escape(header)}\\n"\n'.encode() for header in headers]
    return b"".join([*kept[: last + 1], *own, *kept[last + 1 :]])


def own_headers(path: Path) -> list[str]:
    """The headers of a catalogue that record its reviews, as lines."""
    return [f"{name}: {value}" for name, value in review_headers(path).items()]


def _read(path: Path) -> tuple[Catalog, list[str]]:
    with path.open("rb") as file:
        return read_po(file), own_headers(path)


def _write(path: Path, catalog: Catalog, headers: Sequence[str] = ()) -> Path | None:
    """Write a catalogue if its bytes change; returns its path if they did."""
    fresh = written(catalog, headers)
    if path.exists() and path.read_bytes() == fresh:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fresh)
    return path
