"""``python -m bench``: turns per second, latency and memory of the service, beside the floor's.

The two take rounds in turn, so that whatever else the machine does meets both; a ratio compares neighbouring rounds.
Figures are shown and never asserted: they are this machine's, on this day.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median

import click
import redis
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.load import MOST_CONTACTS, TEXTS, LoadError, Order, Outcome, measure
from bench.servers import Server, StartError, floor, service


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 500), help="Rounds of each server.")
@click.option(
    "--contacts",
    default=350,
    show_default=True,
    type=click.IntRange(10, MOST_CONTACTS),
    help=f"People who text in a round, {TEXTS} texts each.",
)
@click.option("--connections", default=16, show_default=True, type=click.IntRange(1, 500), help="Kept alive at once.")
@click.option(
    "--processes",
    default=os.cpu_count() or 1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes of each server.",
)
def main(rounds: int, contacts: int, connections: int, processes: int) -> None:
    """Measure the service against the application that a tutorial would have written."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leaves through every "finally"
    console = Console()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plainline-bench-")))
        try:
            with console.status("Starting both servers..."):
                servers = [stack.enter_context(start(folder / start.__name__, processes)) for start in (floor, service)]
            outcomes = _alternate(servers, rounds, contacts, connections, console)
        except (StartError, LoadError) as error:
            raise click.ClickException(str(error)) from None
        sizes = _session_sizes(servers[1])
    _show(console, outcomes, sizes, f"{rounds} rounds of {contacts * TEXTS} turns, {connections} connections")


def _alternate(
    servers: list[Server], rounds: int, contacts: int, connections: int, console: Console
) -> dict[str, list[Outcome]]:
    """After a warm-up each, a round of the one and a round of the other, until both have had theirs."""
    outcomes: dict[str, list[Outcome]] = {server.name: [] for server in servers}
    series = count()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=(rounds + 1) * len(servers))
        for number in range(rounds + 1):
            for server in servers:
                progress.update(task, description=f"{server.name}, {f'round {number}' if number else 'warm-up'}")
                outcome = measure(Order(server.url, server.token, next(series), contacts, connections))
                if number:
                    outcomes[server.name].append(outcome)
                progress.advance(task)
    return outcomes


def _session_sizes(server: Server) -> list[int]:
    """Bytes of Redis's memory that each session takes, its key and Redis's own overhead included."""
    client: redis.Redis = redis.Redis.from_url(server.redis_url)
    try:
        keys = list(client.scan_iter("s:*", count=1000))
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            pipeline.memory_usage(key, samples=0)
        return [size for size in pipeline.execute() if size]
    finally:
        client.close()


def _show(console: Console, outcomes: dict[str, list[Outcome]], sizes: list[int], caption: str) -> None:
    table = Table("", "turns per second", "p99, ms", caption=caption)
    for name, of_one in outcomes.items():
        rates, p99s = zip(*of_one, strict=True)
        table.add_row(name, f"{median(rates):,.0f}", f"{median(p99s):.1f}")
    pairs = list(zip(outcomes["floor"], outcomes["service"], strict=True))
    table.add_section()
    table.add_row(
        "service / floor",
        _spread([ours.rate / least.rate for least, ours in pairs]),
        _spread([ours.p99 / least.p99 for least, ours in pairs]),
    )
    table.add_section()
    table.add_row("a session in Redis", f"median {median(sizes):,.0f} bytes", f"at most {max(sizes):,} bytes")
    console.print(table)


def _spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main(prog_name="python -m bench")
