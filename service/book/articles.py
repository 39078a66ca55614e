"""Articles: ``content/*.md`` -> Article, Section and their paragraphs; also Babel's extractor for them.

An article is Markdown with front matter. Its sections are the level-2 headings, each with a slug of its own written
behind it (``## Symptoms {#symptoms}``); their paragraphs are plain words, short enough to be heard. ``{published}``
and ``{revised}`` in a paragraph stand for the article's dates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import frontmatter
import regex
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.conversation import KEYWORD, Text

_SLUG = regex.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HEADING = regex.compile(r"(?P<title>.+?)\s*\{#(?P<slug>[^}]*)\}")
_FENCE = regex.compile(r"^---\s*$", regex.MULTILINE)
_REQUIRED = ("slug", "title", "about", "published", "revised")


class ArticleError(ValueError):
    """An article is not written as it must be. The message names the file, the line and what to do."""

    def __init__(self, path: Path | str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path, self.line, self.problem = str(path), line, problem


@dataclass(frozen=True)
class Paragraph:
    """One paragraph: its sentence for translation, and the line it stands in."""

    text: Text
    line: int


@dataclass(frozen=True, eq=False)
class Section:
    """One part of an article. ``path`` (article/section) is its name everywhere: context, keyword and place."""

    path: str
    title: Text
    paragraphs: tuple[Paragraph, ...]
    line: int

    @property
    def keyword(self) -> Text:
        """The words that lead here."""
        return Text(self.path, KEYWORD)

    @property
    def texts(self) -> tuple[Text, ...]:
        """All that must be translated before the section may be served."""
        return self.title, *(paragraph.text for paragraph in self.paragraphs)


@dataclass(frozen=True, eq=False)
class Article:
    """One article. ``revision`` changes with any word of it."""

    slug: str
    title: Text
    about: Text
    sections: tuple[Section, ...]
    revision: str
    path: Path

    @property
    def keyword(self) -> Text:
        """The words that lead to its table of contents."""
        return Text(self.slug, KEYWORD)


def load_articles(content: Path) -> tuple[Article, ...]:
    """Every article of a folder, in the order of the file names.

    Raises ArticleError for the first one that is not as it must be, and where two share a slug.
    """
    articles: dict[str, Article] = {}
    for path in sorted(content.glob("*.md")):
        article = read_article(path)
        if article.slug in articles:
            raise ArticleError(path, 1, f"the slug {article.slug!r} is taken by {articles[article.slug].path}")
        articles[article.slug] = article
    if not articles:
        raise ArticleError(content, 1, "there is no article here: add a Markdown file, see docs/content.md")
    return tuple(articles.values())


def read_article(path: Path) -> Article:
    """One article from its file. Raises ArticleError."""
    return parse_article(path.read_text("utf-8"), path)


def parse_article(source: str, path: Path) -> Article:
    """One article from its text; ``path`` is for messages. Raises ArticleError."""
    try:
        post = frontmatter.loads(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise ArticleError(path, mark.line + 1 if mark else 1, f"front matter is not YAML: {problem}") from None
    front = _front_matter(post.metadata, path)
    slug = front["slug"]
    dates = {name: front[name] for name in ("published", "revised")}
    sections = tuple(_sections(slug, post.content, _lines_before(source, post.content), path, dates))
    if not sections:
        raise ArticleError(path, 1, "there is no section: begin one with '## Title {#slug}'")
    return Article(
        slug=slug,
        title=Text(front["title"], slug),
        about=Text(front["about"], slug),
        sections=sections,
        revision=hashlib.sha256(post.content.encode()).hexdigest()[:6],
        path=path,
    )


def _front_matter(front: dict[str, Any], path: Path) -> dict[str, Any]:
    for name in _REQUIRED:
        if not front.get(name):
            raise ArticleError(path, 1, f"front matter lacks {name!r}")
    if not _SLUG.fullmatch(str(front["slug"])):
        raise ArticleError(path, 1, f"the slug {front['slug']!r} must be small letters, digits and hyphens")
    for name in ("published", "revised"):
        if not isinstance(front[name], date):
            raise ArticleError(path, 1, f"{name!r} must be a date such as 2015-09-02")
    return {**front, "title": front["title"].strip(), "about": front["about"].strip()}


def _lines_before(source: str, body: str) -> int:
    """How many lines stand before the body, so that messages name the line in the file."""
    fences = list(_FENCE.finditer(source))
    after = fences[1].end() if len(fences) > 1 else 0
    return source[: source.find(body[:40], after)].count("\n") if body else 0


def _sections(slug: str, body: str, before: int, path: Path, dates: dict[str, date]) -> Iterator[Section]:
    tokens = MarkdownIt("commonmark").parse(body)
    seen: set[str] = set()
    for heading, blocks in _by_heading(tokens, path, before):
        line = _line(heading, before)
        found = _HEADING.fullmatch(heading.content)
        if not found or not _SLUG.fullmatch(found["slug"]):
            raise ArticleError(path, line, "write the section's slug behind its title: '## Symptoms {#symptoms}'")
        if found["slug"] in seen:
            raise ArticleError(path, line, f"the slug {found['slug']!r} is used by two sections")
        if not blocks:
            raise ArticleError(path, line, f"the section {found['slug']!r} has no paragraph")
        seen.add(found["slug"])
        context = f"{slug}/{found['slug']}"
        paragraphs = tuple(_paragraph(block, context, path, before, dates) for block in blocks)
        yield Section(context, Text(found["title"], context), paragraphs, line)


def _by_heading(tokens: Sequence[Token], path: Path, before: int) -> Iterator[tuple[Token, list[Token]]]:
    """Each level-2 heading with the paragraphs below it; anything else is told about."""
    heading: Token | None = None
    blocks: list[Token] = []
    for opening, inline in zip(tokens, [*tokens[1:], None], strict=True):
        if opening.type == "heading_open" and inline is not None:
            if opening.tag != "h2":
                raise ArticleError(
                    path, _line(opening, before), f"only level-2 headings make sections, not {opening.tag}"
                )
            if heading:
                yield heading, blocks
            heading, blocks = inline, []
        elif opening.type == "paragraph_open" and inline is not None:
            if heading is None:
                raise ArticleError(path, _line(opening, before), "this paragraph stands before the first '## ' heading")
            blocks.append(inline)
        elif opening.type not in {"inline", "heading_close", "paragraph_close"}:
            what = opening.type.removesuffix("_open").removesuffix("_close").replace("_", " ")
            raise ArticleError(path, _line(opening, before), f"a {what} cannot be read aloud: write plain paragraphs")
    if heading:
        yield heading, blocks


def _paragraph(inline: Token, context: str, path: Path, before: int, dates: dict[str, date]) -> Paragraph:
    line = _line(inline, before)
    for child in inline.children or ():
        if child.type not in {"text", "softbreak"}:
            what = child.type.removesuffix("_open").replace("_", " ")
            raise ArticleError(path, line, f"{what} does not survive a text or a voice: write plain words")
    words = " ".join(inline.content.split())
    values = tuple((name, day) for name, day in dates.items() if f"{{{name}}}" in words)
    return Paragraph(Text(words, context, values), line)


def _line(token: Token, before: int) -> int:
    return before + (token.map[0] if token.map else 0) + 1


def extract(
    fileobj: IO[bytes],
    keywords: object,  # noqa: ARG001  Babel passes it
    comment_tags: object,  # noqa: ARG001
    options: dict[str, Any],  # noqa: ARG001
) -> Iterator[tuple[int, str, tuple[str, str], list[str]]]:
    """Babel's extractor for an article: every title and paragraph under its context, and every word that leads here."""
    article = parse_article(fileobj.read().decode("utf-8"), Path(getattr(fileobj, "name", "article")))
    words = "What people text to come here, variants separated by |, at most 12 letters for the first: it is printed."
    yield 1, "pgettext", (article.slug, article.title.msgid), ["An article's title, in menus. At most 40 characters."]
    yield (
        1,
        "pgettext",
        (article.slug, article.about.msgid),
        ["Said once, at the very first. At most 120 characters."],
    )
    yield 1, "pgettext", (KEYWORD, article.slug), [words]
    for section in article.sections:
        title = ["A section's title, in menus and on top of its text. At most 30 characters."]
        yield section.line, "pgettext", (section.path, section.title.msgid), title
        yield section.line, "pgettext", (KEYWORD, section.path), [words]
        for paragraph in section.paragraphs:
            yield paragraph.line, "pgettext", (section.path, paragraph.text.msgid), []
