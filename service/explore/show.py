"""The explorer on a terminal: a bar while it walks, then a table, and what does not hold."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.book import Book
from service.conversation import Channel
from service.explore import Report, Violation, Walked, explore

BETWEEN = " → "


def explored(book: Book, languages: Sequence[str], channels: Sequence[Channel], jobs: int, console: Console) -> Report:
    """Explore, with a bar on ``console``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        of = len(languages or book.languages) * len(channels)
        task = progress.add_task("Walking every conversation", total=of)

        def done(walked: Walked) -> None:
            progress.update(task, advance=1, description=f"Walked {walked.language} on {walked.channel}")

        return explore(book, languages, channels, jobs, done=done)


def show(console: Console, report: Report) -> None:
    """A line for each walk, their sum, and each violation with the shortest way to it."""
    table = Table("language", "channel", box=None, pad_edge=False, show_footer=len(report.walks) > 1)
    sums = (report.states, report.transitions, report.decisions, report.farthest, len(report.violations))
    headings = ("states", "transitions", "decisions", "texts to a paragraph", "violations")
    for heading, total in zip(headings, sums, strict=True):
        table.add_column(heading, justify="right", footer=f"{total:,}")
    table.add_column("seconds", justify="right")
    for walked in report.walks:
        figures = (walked.states, walked.transitions, walked.decisions, walked.farthest, len(walked.violations))
        table.add_row(walked.language, walked.channel, *(f"{each:,}" for each in figures), f"{walked.seconds:.1f}")
    console.print(table)
    for walked in report.walks:
        if walked.lacking:
            console.print(f"{walked.language}: not tried: {', '.join(walked.lacking)}", style="yellow")
    for violation in report.violations:
        console.print(escape(told(violation)), style="red", soft_wrap=True, highlight=False)


def told(violation: Violation) -> str:
    """A violation in a few lines."""
    way = BETWEEN.join(violation.way) or "(at once)"
    where = f"{violation.language} {violation.channel}, in {violation.times} decision{'s' * (violation.times > 1)}"
    return f"\n{violation.rule}: {violation.found}\n  {where}\n  {way}"
