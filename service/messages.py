"""The template of all messages, and bringing every catalogue up to it (``plainline messages``).

Neither the template nor the catalogues carry line numbers or dates, so that only what changed shows as changed.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from service.book.languages import DOMAIN, SOURCE, catalogue_path, describe

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
        changed.append(_write(catalogue_path(locales, code), updated(locales, code, about["locale"], made)))
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


def _known(code: str) -> str | None:
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return None
    return code


def written(catalog: Catalog) -> bytes:
    """A catalogue as it stands in its file."""
    buffer = BytesIO()
    write_po(buffer, catalog, no_location=True, ignore_obsolete=True, width=100)
    lines = buffer.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_UNDATED))


def _write(path: Path, catalog: Catalog) -> Path | None:
    """Write a catalogue if its bytes change; returns its path if they did."""
    fresh = written(catalog)
    if path.exists() and path.read_bytes() == fresh:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fresh)
    return path
