"""Every conversation that anybody can have, walked to its end (``plainline explore``).

The engine is a pure function, so its conversations are a graph: a *state* is what is remembered (``State``), an *input*
is one of the things that somebody may do (``inputs``), and a turn leads from one state to another. A walk visits every
state that can be reached from a stranger's first text, in one language and on one channel, the nearest first, tries
every input there and proves what must hold of every turn (``proofs``).

The graph is large and the decisions are few. While a turn is decided, the session notes which of its fields are looked
at (``watched``). What was not looked at cannot have mattered: the same input leads to the same answer in every state
that agrees in those fields, and carries the others over. So each decision is made once, and found again for all the
states that it holds in; nothing is assumed about the engine but that it is deterministic, and even that is checked.

What a state leaves out, and why, stands in ``docs/explorer.md``.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import NamedTuple

from service.book import Book
from service.conversation import Channel
from service.explore.proofs import Judge
from service.explore.walk import ENDLESS, Violation, Walk, Walked


@dataclass(frozen=True)
class Report:
    """All walks, in the order in which they were asked for."""

    walks: tuple[Walked, ...]

    @property
    def states(self) -> int:
        """States visited."""
        return sum(walked.states for walked in self.walks)

    @property
    def transitions(self) -> int:
        """Inputs tried."""
        return sum(walked.transitions for walked in self.walks)

    @property
    def decisions(self) -> int:
        """Turns really taken."""
        return sum(walked.decisions for walked in self.walks)

    @property
    def farthest(self) -> int:
        """The most texts that anybody needs to any paragraph."""
        return max((walked.farthest for walked in self.walks), default=0)

    @property
    def violations(self) -> list[Violation]:
        """What does not hold."""
        return [violation for walked in self.walks for violation in walked.violations]

    @property
    def steps(self) -> Counter[tuple[str, str, str]]:
        """(where somebody is, what they do, what comes of it), over all walks."""
        return sum((walked.steps for walked in self.walks), Counter())


def explore(  # noqa: PLR0913  who asks names what they want
    book: Book,
    languages: Sequence[str] = (),
    channels: Sequence[Channel] = tuple(Channel),
    jobs: int = 0,
    *,
    judges: Sequence[Judge] = (),
    deepest: int = ENDLESS,
    thorough: bool = True,
    done: Callable[[Walked], None] = lambda _: None,
) -> Report:
    """Walk every conversation of ``book`` in ``languages`` (all of them, if none is named) on ``channels``.

    ``jobs`` processes walk at the same time (one for each core, if 0), ``judges`` look at every message, ``deepest``
    is how many texts a walk follows at most, ``thorough`` whether decisions are checked again and other countries'
    numbers tried too, and ``done`` is told of each walk that has ended.
    """
    wanted = [(code, channel) for code in languages or tuple(book.languages) for channel in channels]
    jobs = min(jobs or os.cpu_count() or 1, len(wanted))
    walks: dict[tuple[str, Channel], Walked] = {}
    for key, walked in _walks(_Task(book.opened(), tuple(judges), deepest, thorough), wanted, jobs):
        walks[key] = walked
        done(walked)
    return Report(tuple(walks[key] for key in wanted))


_Key = tuple[str, Channel]


class _Task(NamedTuple):
    """What all walks share."""

    book: Book
    judges: tuple[Judge, ...]
    deepest: int
    thorough: bool

    def walk(self, key: _Key) -> Walked:
        """One walk, in this process."""
        return Walk(self.book, *key, self.judges, self.deepest).all(thorough=self.thorough)


def _walks(task: _Task, wanted: Sequence[_Key], jobs: int) -> Iterator[tuple[_Key, Walked]]:
    if jobs <= 1:
        yield from ((key, task.walk(key)) for key in wanted)
        return
    # A forked process has the book already; it is too large, and its caches too warm, to be sent.
    _SHARED[:] = [task]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        running = {pool.submit(_walk, key): key for key in wanted}
        yield from ((running[each], each.result()) for each in as_completed(running))


_SHARED: list[_Task] = []


def _walk(key: _Key) -> Walked:
    return _SHARED[0].walk(key)


__all__ = ["Report", "Violation", "Walked", "explore"]
