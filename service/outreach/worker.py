"""The worker: sends what the outbox holds, plans what is for many, keeps the clock and runs the upkeep.

All on the job engine (pydocket).

Jobs carry the names of rows alone. A job that is lost with its worker is given to another; what it had done by then is
found in the row.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import structlog
from docket import Docket, Perpetual, Worker

from service.outreach.clock import Clock
from service.outreach.planning import Planning
from service.outreach.sending import Sending
from service.outreach.upkeep import Upkeep
from service.store import Register, StoreError

NAME, SENDING = "plainline", "plainline-sending"

EVERY_SECOND = timedelta(seconds=1)
EVERY_FEW_SECONDS = timedelta(seconds=10)
EVERY_MINUTE = timedelta(minutes=1)
EVERY_FEW_MINUTES = timedelta(minutes=5)
EVERY_HOUR = timedelta(hours=1)

REDELIVERY = timedelta(seconds=30)
"""After which a job is given to another worker if nothing was heard of the one that had it."""

QUICK = 0.0005
"""Seconds after which one thread makes room for another; Python's own are ten times as many."""

AT_ONCE = 16
"""Jobs that a worker does at the same time; most of their time they wait for Twilio."""

log = structlog.get_logger()


class Duties(NamedTuple):
    """All that a worker does; ``number`` is the one that people text."""

    sending: Sending
    planning: Planning
    clock: Clock
    upkeep: Upkeep
    register: Register
    number: str


def run(redis_url: str, duties: Duties) -> None:
    """Work until told to stop."""

    async def send(names: list[str]) -> None:
        await quietly(duties.sending.deliver_all, names)

    to_send: list[Docket] = []

    async def relay(again: Perpetual = Perpetual(every=EVERY_SECOND, automatic=True)) -> None:  # noqa: ARG001, B008
        try:
            for job in await asyncio.to_thread(lambda: list(duties.sending.jobs())):
                await to_send[0].add(send, key=job.key)(list(job.names))
        except StoreError as error:
            log.warning("not handed on", why=str(error))

    async def tick(again: Perpetual = Perpetual(every=EVERY_FEW_SECONDS, automatic=True)) -> None:  # noqa: ARG001, B008
        await quietly(duties.register.alive, int(time.time()))
        await quietly(duties.clock.tick)

    async def plan(again: Perpetual = Perpetual(every=EVERY_FEW_SECONDS, automatic=True)) -> None:  # noqa: ARG001, B008
        await quietly(duties.planning.campaigns)
        await quietly(duties.planning.remind)

    async def count(again: Perpetual = Perpetual(every=EVERY_MINUTE, automatic=True)) -> None:  # noqa: ARG001, B008
        await quietly(duties.register.count)
        await quietly(duties.planning.tidy)

    async def news(again: Perpetual = Perpetual(every=EVERY_HOUR, automatic=True)) -> None:  # noqa: ARG001, B008
        await quietly(duties.clock.news)

    async def ask(again: Perpetual = Perpetual(every=EVERY_FEW_MINUTES, automatic=True)) -> None:  # noqa: ARG001, B008
        await quietly(duties.sending.ask)

    async def replay(again: Perpetual = Perpetual(every=EVERY_MINUTE, automatic=True)) -> None:  # noqa: ARG001, B008
        await asyncio.to_thread(duties.upkeep.replay)

    async def erase(again: Perpetual = Perpetual(every=EVERY_MINUTE, automatic=True)) -> None:  # noqa: ARG001, B008
        await asyncio.to_thread(duties.upkeep.erase)

    async def reconcile(
        again: Perpetual = Perpetual(every=EVERY_FEW_MINUTES, automatic=True),  # noqa: ARG001, B008
    ) -> None:
        await asyncio.to_thread(duties.upkeep.reconcile, duties.number)

    async def work() -> None:
        # Two queues: what sends must not wait behind what plans, and what hands on must not wait behind what sends.
        async with Docket(name=SENDING, url=redis_url) as sending, Docket(name=NAME, url=redis_url) as docket:
            to_send.append(sending)
            sending.register(send)
            for task in (relay, tick, plan, count, news, ask, replay, erase, reconcile):
                docket.register(task)
            async with (
                Worker(sending, concurrency=AT_ONCE, redelivery_timeout=REDELIVERY) as sender,
                Worker(docket, concurrency=AT_ONCE, redelivery_timeout=REDELIVERY) as keeper,
            ):
                await asyncio.gather(sender.run_forever(), keeper.run_forever())

    duties.sending.warm_up()
    sys.setswitchinterval(QUICK)  # who wakes for a moment must not wait behind whoever reads rows
    asyncio.run(work())


async def quietly(duty: Callable[..., object], *about: object) -> None:
    """Do a duty in a thread of its own; while Redis is away, and where it fails, it waits for the next time."""
    name = getattr(duty, "__qualname__", "")
    try:
        await asyncio.to_thread(duty, *about)
    except StoreError as error:
        log.warning("not done yet", duty=name, why=str(error))
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        log.error("failed", duty=name, error=type(error).__name__, where=f"{frame.filename}:{frame.lineno}")
