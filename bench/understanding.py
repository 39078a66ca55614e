"""How well free questions are understood, per language, on questions that are kept apart from the sample phrases."""

from __future__ import annotations

import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from service.book.articles import load_articles
from service.book.meaning import OFF_TOPIC, Meaning, Verdict, load_vectors, meaning_of, read_samples
from service.settings import read_settings

QUESTIONS = Path(__file__).parent / "questions"
ARTICLE = "breast-cancer-metastasis"


class Question(NamedTuple):
    """A question, its language, and the section that answers it; OFF_TOPIC for none."""

    language: str
    place: str
    words: str


def questions() -> Iterator[Question]:
    """Every question of ``bench/questions``."""
    for path in sorted(QUESTIONS.glob("*.toml")):
        for name, asked in tomllib.loads(path.read_text("utf-8")).items():
            place = OFF_TOPIC if name == OFF_TOPIC else f"{ARTICLE}/{name}"
            yield from (Question(path.stem, place, words) for words in asked)


def judge(meaning: Meaning, question: Question) -> dict[str, float]:
    """What became of one question: each outcome as 0 or 1, and the milliseconds it took."""
    began = time.perf_counter()
    understood = meaning.ask(question.words)
    took = (time.perf_counter() - began) * 1000
    scores = meaning.scores(question.words)
    scores.pop(OFF_TOPIC)
    ranked = sorted(scores, key=lambda place: -scores[place])
    served = understood.verdict is Verdict.SURE
    if question.place == OFF_TOPIC:
        return {"off served": served, "off told": understood.verdict is Verdict.OFF_TOPIC, "ms": took}
    return {
        "first": ranked[0] == question.place,
        "three": question.place in ranked[:3],
        "served": served and understood.places[0] == question.place,
        "served wrongly": served and understood.places[0] != question.place,
        "offered": understood.verdict is Verdict.UNSURE and question.place in understood.places,
        "turned away": understood.verdict is Verdict.OFF_TOPIC,
        "ms": took,
    }


def main() -> None:
    """Print the table."""
    settings = read_settings()
    sections = {section.path for article in load_articles(settings.content) for section in article.sections}
    vectors = load_vectors(list(read_samples(settings.content)), settings.compiled, "meaning")
    meaning = meaning_of(vectors, sections) if vectors else None
    console = Console(width=130)
    if meaning is None:
        console.print("Nothing was built to understand questions with: run 'plainline build' first.")
        return
    meaning.ask("warm up")
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for question in track(list(questions()), "Asking", console=console, transient=True):
        for outcome, value in judge(meaning, question).items():
            found[question.language][outcome].append(value)
            found["all"][outcome].append(value)
    shown = ["first", "three", "served", "served wrongly", "offered", "turned away", "off served", "off told"]
    table = Table("language", "questions", *shown, "ms (median)", title="Questions in free words", box=None)
    for language, outcomes in found.items():
        share = [f"{100 * sum(outcomes[name]) / len(outcomes[name]):.0f} %" for name in shown]
        took = sorted(outcomes["ms"])
        table.add_row(language, str(len(took)), *share, f"{took[len(took) // 2]:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
