"""Articles: how they are read, what is told when they are written wrong, and the facts that ours must tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.book.articles import ArticleError, load_articles, parse_article
from service.settings import ROOT

FRONT = """---
slug: an-article
title: An article
about: It tells something.
published: 2020-01-02
revised: 2021-03-04
---
"""

BROKEN = [
    ("no slug", "## Symptoms\n\nWords.\n", 8, "{#symptoms}"),
    ("slug with capitals", "## Symptoms {#Symptoms}\n\nWords.\n", 8, "{#symptoms}"),
    ("the same slug twice", "## A {#a}\n\nWords.\n\n## B {#a}\n\nWords.\n", 12, "'a'"),
    ("no paragraph", "## A {#a}\n\n## B {#b}\n\nWords.\n", 8, "no paragraph"),
    ("another level", "### A {#a}\n\nWords.\n", 8, "level-2"),
    ("words before the first heading", "Words.\n\n## A {#a}\n\nWords.\n", 8, "before the first"),
    ("a list", "## A {#a}\n\n- one\n- two\n", 10, "bullet list"),
    ("a table of code", "## A {#a}\n\n    code\n", 10, "code block"),
    ("bold words", "## A {#a}\n\nSome **bold** words.\n", 10, "strong"),
    ("a link", "## A {#a}\n\nSee [here](https://example.org).\n", 10, "link"),
]


@pytest.mark.parametrize(("body", "line", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_article_is_told_about_with_its_line(body: str, line: int, told: str) -> None:
    with pytest.raises(ArticleError) as error:
        parse_article(FRONT + body, Path("content/a.md"))
    assert (error.value.line, told in error.value.problem) == (line, True), error.value


@pytest.mark.parametrize("missing", ["slug", "title", "about", "published", "revised"])
def test_front_matter_must_be_complete(missing: str) -> None:
    front = "".join(line for line in FRONT.splitlines(keepends=True) if not line.startswith(f"{missing}:"))
    with pytest.raises(ArticleError, match=missing):
        parse_article(front + "## A {#a}\n\nWords.\n", Path("a.md"))


def test_front_matter_that_is_not_yaml_is_told_with_its_line() -> None:
    with pytest.raises(ArticleError, match=r"a\.md:2: .*YAML"):
        parse_article("---\nslug: [a\n---\n## A {#a}\n\nWords.\n", Path("a.md"))


def test_two_articles_may_not_share_a_slug(tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(FRONT + "## A {#a}\n\nWords.\n")
    with pytest.raises(ArticleError, match="taken"):
        load_articles(tmp_path)


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArticleError, match="add a Markdown file"):
        load_articles(tmp_path)


def test_any_word_that_changes_changes_the_revision() -> None:
    one, other = (parse_article(f"{FRONT}## A {{#a}}\n\n{word}.\n", Path("a.md")) for word in ("One", "Two"))
    assert one.revision != other.revision


FACTS = {
    "what": ["keeps the name", "few treatments", "Now there are more", "bones, the lungs and the liver", "brain",
             "any other part", "lymph vessels first", "only later through the blood", "armpit"],
    "risks": ["markers in genes and in hormone receptors", "high risk", "treat the first cancer", "possible spread",
              "microRNA", "Scientists", "aggressive", "not a routine test"],
    "symptoms": ["Many people have no clear signs", "scan", "CT", "PET", "MRI", "pain", "weight loss", "tiredness",
                 "how large the cancer is, and where it is"],
    "fear": ["make life harder", "not good enough", "hopeless", "do not want any more treatment", "support group",
             "your choices"],
    "sources": ["Care has changed", "ask your care team", "Source 1: National Cancer Institute", "2005, pages 591-602",
                "2008, pages 147-152"],
}  # fmt: skip


@pytest.mark.parametrize("slug", FACTS)
def test_the_article_tells_every_fact_of_its_source(slug: str) -> None:
    (article,) = load_articles(ROOT / "content")
    section = next(section for section in article.sections if section.path.endswith(f"/{slug}"))
    words = " ".join(paragraph.text.msgid for paragraph in section.paragraphs)
    assert [fact for fact in FACTS[slug] if fact not in words] == []


def test_nothing_commands_courage_or_names_an_address() -> None:
    (article,) = load_articles(ROOT / "content")
    words = " ".join(p.text.msgid for section in article.sections for p in section.paragraphs).lower()
    for phrase in ("give up", "fight", "brave", "battle", "stay positive", "http", "www"):
        assert phrase not in words
