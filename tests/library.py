"""Libraries of made-up articles, and pseudo-languages that show any string which escaped translation."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import polib
import regex
from babel.messages.pofile import write_po

from service.book import Book, load_book
from service.book.articles import parse_article
from service.messages import template, updated, written
from service.settings import ROOT

ENGLISH = regex.compile(r"[A-Za-z]{3,}")
IN_BOTH = regex.compile(
    r"Plainline|American Cancer Society|ENGLISH|English|Your language\? Reply with its number\.|Go on in"
    r"|We are sorry: we do not have your language yet\. These are the ones we have\."
    r"|United States|July|September"
)
"""Names, what is said in English to somebody whose language is not known for sure, and what CLDR says by itself."""

SUBJECTS = ["Anemia", "Asthma", "Back pain", "Burns", "Diabetes", "Eczema", "Gout", "Hay fever", "Lupus", "Migraine"]

PLACEHOLDER = regex.compile(r"%\(\w+\)s|\{\w+\}|\|")

ACCENTED = "xa"
RIGHT_TO_LEFT = "xr"

_HEBREW = dict(zip("abcdefghijklmnopqrstuvwxyz", "אבגדהוזחטיכלמנסעפצקרשתךםןף", strict=True))


def accented(sentence: str) -> str:
    """``sentence`` with an accent on every letter and 40 % longer."""
    said = "".join(unicodedata.normalize("NFC", f"{c}\u0301") if c.isalpha() else c for c in sentence)
    return said + " " + "~" * int(len(sentence) * 0.4)


def right_to_left(sentence: str) -> str:
    """``sentence`` in letters that are written from right to left."""
    return "".join(_HEBREW.get(c.lower(), c) for c in sentence)


PSEUDO: dict[str, Callable[[str], str]] = {ACCENTED: accented, RIGHT_TO_LEFT: right_to_left}

DESCRIPTIONS = """
[xa]
name = "Áććéńťéď"
locale = "en_US"

[xr]
name = "רתל"
locale = "he_IL"
right_to_left = true
"""


def is_translated(code: str, message: str) -> str:
    """A judge: no English word in a pseudo-language."""
    escaped = ENGLISH.findall(IN_BOTH.sub("", message)) if code in PSEUDO else []
    return f"not translated: {escaped[0]}" if escaped else ""


def article(number: int) -> str:
    """A made-up article, one of any number."""
    name = f"{SUBJECTS[number % len(SUBJECTS)]} {number}"
    sections = "\n".join(
        f"## {title} of {name} {{#{slug}}}\n\n" + f"This is about {name}, and what is {title.lower()}. " * 4 + "\n"
        for slug, title in (("what", "Nature"), ("signs", "Signs"), ("care", "Care"))
    )
    return (
        f"---\nslug: article-{number:03}\ntitle: {name}\nabout: It tells about {name}.\n"
        f"published: 2020-01-01\nrevised: 2021-01-01\n---\n{sections}"
    )


def write_articles(content: Path, count: int) -> None:
    """``count`` made-up articles."""
    content.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (content / f"{number:03}.md").write_text(article(number), "utf-8")
        parse_article(article(number), content)


def write_pseudo(locales: Path, content: Path) -> None:
    """English and the pseudo-languages for the articles of ``content``."""
    locales.mkdir(parents=True, exist_ok=True)
    described = (ROOT / "locales/languages.toml").read_text("utf-8").split("\n[es]")[0]
    (locales / "languages.toml").write_text(described + DESCRIPTIONS, "utf-8")
    made = template(ROOT / "service", content)
    (locales / "messages.pot").write_bytes(written(made))
    english = polib.pofile(str(ROOT / "locales/en/LC_MESSAGES/messages.po"))
    words = {entry.msgid: entry.msgstr for entry in english if entry.msgctxt == "keyword"}
    for code in ("en", *PSEUDO):
        path = locales / code / "LC_MESSAGES/messages.po"
        path.parent.mkdir(parents=True)
        catalog = updated(locales, code, "en_US", made)
        for message in catalog:
            if message.id:
                message.string = _translated(code, message.id, message.context, words)
                message.flags.discard("fuzzy")
        with path.open("wb") as file:
            write_po(file, catalog)


def _translated(code: str, msgid: str | tuple[str, ...], context: str | None, words: dict[str, str]) -> object:
    if code == "en":
        return words.get(str(msgid), "") if context == "keyword" else ("", "") if isinstance(msgid, tuple) else ""
    if context == "keyword":
        said = words.get(str(msgid), "")
        return "|".join(filter(None, [_pseudo(code, said.split("|")[0]).replace(" ~", "").replace("~", ""), said]))
    if isinstance(msgid, tuple):
        return tuple(_pseudo(code, form) for form in msgid)
    return _pseudo(code, msgid)


def _pseudo(code: str, sentence: str) -> str:
    """Translate what lies between placeholders."""
    if not sentence:
        return ""
    pieces, last = [], 0
    for found in PLACEHOLDER.finditer(sentence):
        pieces += [PSEUDO[code](sentence[last : found.start()]), found[0]]
        last = found.end()
    return "".join([*pieces, PSEUDO[code](sentence[last:])]).strip()


def make_book(folder: Path, articles: int) -> Book:
    """A book of made-up articles in English and both pseudo-languages; with 0 articles, of those that are shipped."""
    content = folder / "content" if articles else ROOT / "content"
    if articles:
        write_articles(content, articles)
    write_pseudo(folder / "locales", content)
    return load_book(content, folder / "locales", folder / "compiled")
