"""A turn costs the same with 2 languages and with 12, with 2 articles and with 200; start-up and memory with all."""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from service.book import Book, load_book
from service.channels.sms import Texts
from service.conversation import Channel, Event, Kind, Known
from service.engine import take_turn
from service.settings import ROOT
from tests.library import make_book

ROUNDS = 40
TURNS = 300
BODIES = ["hi", "1", "MORE", "MORE", "BACK", "MENU", "3", "MORE", "HELP", "2"]


def turns(book: Book) -> float:
    """CPU seconds of some hundred turns of one conversation, decided and rendered."""
    texts, known = Texts(book), Known()
    began = time.process_time()
    for number in range(TURNS):
        event = Event(str(number), Channel.SMS, "c", Kind.WORDS, BODIES[number % len(BODIES)], "US")
        turn = take_turn(book, known, event, 1_800_000_000)
        texts.render(turn.reply, turn.session.language or "en", Channel.SMS)
        known = Known(turn.session)
    return time.process_time() - began


def compare(one: Book, other: Book) -> tuple[float, float, float]:
    """The ratio of what a turn costs, other to one: the median of alternating rounds, and its 95 % interval."""
    turns(one), turns(other)
    ratios = []
    for number in track(range(ROUNDS), "Taking turns", transient=True):
        pair = (turns(one), turns(other)) if number % 2 else tuple(reversed((turns(other), turns(one))))
        ratios.append(pair[1] / pair[0])
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
    return statistics.median(ratios), medians[50], medians[1949]


def started(languages: int) -> tuple[float, float]:
    """Seconds and megabytes that a fresh process takes to read a book of 200 articles or more."""
    code = "import sys, time; began = time.perf_counter(); from bench.growth import read; read(sys.argv[1]); "
    code += (
        "import resource; print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    with tempfile.TemporaryDirectory() as folder:
        grown(Path(folder), languages)
        done = subprocess.run(
            [sys.executable, "-c", code, folder], cwd=ROOT, capture_output=True, text=True, check=True
        )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def grown(folder: Path, languages: int) -> None:
    """A library of 200 articles in so many languages: English, and pseudo-languages."""
    make_book(folder, 200)
    described = (folder / "locales/languages.toml").read_text("utf-8")
    for number in range(languages - 3):
        code = f"x{number}"
        described += f'\n[{code}]\nname = "{code}"\nlocale = "en_US"\n'
        target = folder / "locales" / code / "LC_MESSAGES"
        target.mkdir(parents=True)
        (target / "messages.po").write_bytes((folder / "locales/xa/LC_MESSAGES/messages.po").read_bytes())
    (folder / "locales/languages.toml").write_text(described, "utf-8")
    read(str(folder))


def read(folder: str) -> Book:
    """The book of ``folder``, with everything that a first turn needs."""
    made = load_book(Path(folder) / "content", Path(folder) / "locales", Path(folder) / "compiled")
    made.keywords.exact("hi")
    return made


def main() -> None:
    """Print the table."""
    console = Console(width=130)
    table = Table("what", "ratio (median)", "95 % interval", title="What growth costs", box=None)
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder)
        two = load_book(ROOT / "content", ROOT / "locales", compiled, only=("en", "es"))
        twelve = load_book(ROOT / "content", ROOT / "locales", compiled)
        for what, one, other in (
            ("a turn, 12 languages to 2", two, twelve),
            ("a turn, 200 articles to 1", make_book(compiled / "a", 1), make_book(compiled / "b", 200)),
        ):
            ratio, low, high = compare(one, other)
            table.add_row(what, f"{ratio:.2f}", f"{low:.2f} to {high:.2f}")
    console.print(table)
    seconds, megabytes = started(12)
    console.print(f"reading 200 articles in 12 languages: {seconds:.1f} s, {megabytes:.0f} MB at most in the process")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"(this process, with several such books at once: {own:.0f} MB)")


if __name__ == "__main__":
    main()
