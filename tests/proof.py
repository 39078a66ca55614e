"""``make proof``: tries everything that may go wrong, and counts. Writes the table that the README shows.

``--quick`` tries a tenth and writes nothing. It takes the service as it is shipped, on a Redis of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog
from rich.console import Console
from rich.table import Table

from service.app import create_app
from service.book import SOURCE, Book, all_samples, load_book
from service.book.helplines import Helplines
from service.book.languages import Languages, read_safety
from service.book.meaning import build_vectors
from service.conversation import Channel
from service.explore import explore
from service.settings import ROOT, Settings
from service.supervisor import embedded_redis
from tests.killed import DROPS, count
from tests.library import PSEUDO, is_translated, make_book
from tests.malformed import torment
from tests.sentences import DANGER, Sentence, is_right, sentences

TOKEN = "0123456789abcdef0123456789abcdef"
BEGIN, END = "<!-- proof -->", "<!-- end of proof -->"

MALFORMED, STEPS = 100_000, 10_000
CAMPAIGN, KILLS = 10_000, 10
A_TENTH = 10


@dataclass(frozen=True)
class Row:
    """One line of the table: what was tried, how often, and how it went."""

    what: str
    tried: str
    result: str
    failed: bool = False


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="A tenth of the requests and steps, two languages; writes nothing.")
def main(quick: bool) -> None:
    """Try everything, count, and show the table."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    console, share = Console(highlight=False), A_TENTH if quick else 1
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="plainline-proof-") as folder, console.status("Reading...") as status:
        book = _book(with_meaning=not quick)
        status.update("Listening for danger and leaving...")
        rows += heard(replace(book, senses=None), "by patterns")
        if book.senses:
            rows += heard(book, "by patterns and meaning")
        status.update(f"Sending {MALFORMED // share} malformed requests...")
        rows.append(malformed(book, Path(folder), MALFORMED // share))
        status.update(f"Failing and recovering, {STEPS // share} steps...")
        rows.append(survived(STEPS // share))
        status.update(f"Sending to {CAMPAIGN // share}, and killing workers and Redis...")
        rows.append(killed(CAMPAIGN // share, KILLS // (5 if quick else 1)))
        status.update("Exploring every state...")
        rows.append(explored(book, ["en", "es"] if quick else list(book.languages)))
        rows.append(pseudo(Path(folder)))
    _show(console, rows)
    if not quick:
        write(ROOT / "README.md", rows)
    sys.exit(any(row.failed for row in rows))


def heard(book: Book, how: str) -> Iterator[Row]:
    """How sentences that no rule was made for are heard."""
    kept = [sentence for sentence in sentences() if sentence.kept]
    for what, kinds in (("Words of danger", DANGER), ("Losses", ("loss",)), ("Wishes to leave", ("leaving",))):
        tried = [sentence for sentence in kept if sentence.kind in kinds]
        right = sum(is_right(book, sentence) for sentence in tried)
        yield Row(
            f"{what}, kept apart from the rules, {how}",
            f"{len(tried):,}",
            f"{right:,} heard ({right / len(tried):.0%})",
        )
    tried = [sentence for sentence in sentences() if sentence.kind in {"harmless", "staying"}]
    alarms = sum(not is_right(book, sentence) for sentence in tried)
    yield Row(f"Harmless sentences, {how}", f"{len(tried):,}", f"{alarms} false alarms", _too_many(tried, alarms))


def malformed(book: Book, folder: Path, count: int) -> Row:
    """Requests as no carrier sends them."""
    with embedded_redis(folder / "redis") as url:
        outcome = torment(create_app(_settings(folder, url), book), TOKEN, count)
    cost = f"at most {outcome.slowest:.0f} ms of work for one; {outcome.growth:,} KB more memory"
    result = f"{outcome.failures} errors of ours; {cost}"
    return Row("Malformed requests", f"{count:,}", result, bool(outcome.failures))


def survived(steps: int) -> Row:
    """Turns while Redis fails, processes are killed, and messages come twice or at once."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "tests/test_turns_survive.py"],
        env={**os.environ, "PLAINLINE_STEPS": str(steps)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    counted = next((line for line in ran.stdout.splitlines() if line.startswith("faults:")), "faults: none")
    result = f"{counted.removeprefix('faults: ')} injected; every message got exactly one turn, no opt-out was lost"
    return Row(
        "Steps of texts, failures and repeats",
        f"{steps:,}",
        result if not ran.returncode else "FAILED",
        bool(ran.returncode),
    )


def killed(people: int, kills: int) -> Row:
    """A campaign while workers and Redis are killed."""
    counted = count(people, kills)
    what = f"Messages to {people:,} people, workers killed {kills} times and Redis {kills // 2}"
    result = f"{counted.lost} lost, {counted.twice} sent twice; one in {DROPS} was taken and not answered"
    return Row(what, f"{people:,}", result, bool(counted.lost or counted.twice))


def explored(book: Book, languages: list[str]) -> Row:
    """Every state of every conversation."""
    report = explore(replace(book, meaning=None, senses=None), languages)
    proved = (
        f"{len(report.violations)} violations; at most {report.farthest} texts or keys from the first to any paragraph"
    )
    return Row(
        f"States of conversations, {len(languages)} languages, texts, WhatsApp and calls",
        f"{report.states:,}",
        proved,
        bool(report.violations),
    )


def pseudo(folder: Path) -> Row:
    """Every conversation in two languages that show whatever was left untranslated, on the channel with long pages."""
    book = make_book(folder / "pseudo", 0)
    listening = read_safety(ROOT / "locales", SOURCE)  # they have no words of their own for danger and leaving
    spoken = (replace(each, safety=listening if each.code == SOURCE else {}) for each in book.languages.values())
    numbers = Helplines({book.country: book.helplines.by_country[book.country]})  # names of countries come from CLDR
    book = replace(book, languages=Languages(spoken), helplines=numbers, meaning=None, senses=None)
    report = explore(book, list(PSEUDO), [Channel.WHATSAPP], judges=[is_translated])
    found = f"{len(report.violations)} violations, no word of English"
    return Row("States in two pseudo-languages", f"{report.states:,}", found, bool(report.violations))


def write(readme: Path, rows: list[Row]) -> None:
    """Put the table into the README, between its marks."""
    said = readme.read_text("utf-8")
    before, _, rest = said.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{markdown(rows)}\n{END}{after}", "utf-8")


def markdown(rows: list[Row]) -> str:
    """The table, as the README has it."""
    lines = ["| tried | how many | how it went |", "| --- | ---: | --- |"]
    lines += [f"| {row.what} | {row.tried} | {row.result} |" for row in rows]
    return "\n".join([*lines, "", f"`make proof`, {datetime.now(UTC):%Y-%m-%d}."])


def _too_many(tried: list[Sentence], alarms: int) -> bool:
    return alarms > len(tried) / 100


def _book(*, with_meaning: bool) -> Book:
    compiled = ROOT / ".data/built"
    if with_meaning:
        for name, samples in all_samples(ROOT / "content", ROOT / "locales"):
            build_vectors(samples, compiled, name, lambda _: None)
    return load_book(ROOT / "content", ROOT / "locales", compiled).opened()


def _settings(folder: Path, redis_url: str) -> Settings:
    return Settings(
        public_url="https://plainline.example",
        redis_url=redis_url,
        data_dir=folder / "data",
        secret_key="a secret for the proof alone, long enough",
        twilio_auth_token=(TOKEN,),
        serve_unreviewed=True,
    )


def _show(console: Console, rows: list[Row]) -> None:
    table = Table("tried", box=None, pad_edge=False)
    table.add_column("how many", justify="right")
    table.add_column("how it went")
    for row in rows:
        table.add_row(row.what, row.tried, row.result, style="red" if row.failed else "")
    console.print(table)


if __name__ == "__main__":
    main()
