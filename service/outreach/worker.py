"""The worker: sends what the outbox holds and runs the upkeep, on the job engine (pydocket).

Jobs carry the names of rows alone. A job that is lost with its worker is given to another; what it had done by then is
found in the row.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from docket import CurrentDocket, Docket, Perpetual, Worker

from service.outreach.sending import Sending
from service.outreach.upkeep import Upkeep
from service.store import StoreError

NAME = "plainline"

EVERY_SECOND = timedelta(seconds=1)
EVERY_MINUTE = timedelta(minutes=1)
EVERY_FEW_MINUTES = timedelta(minutes=5)


REDELIVERY = timedelta(seconds=30)
"""After which a job is given to another worker if nothing was heard of the one that had it."""

AT_ONCE = 10
"""Jobs that a worker does at the same time; most of their time they wait for Twilio."""

log = structlog.get_logger()


def run(redis_url: str, upkeep: Upkeep, sending: Sending, number: str) -> None:
    """Work until told to stop. ``number`` is the one that people text."""

    async def send(name: str) -> None:
        try:
            await asyncio.to_thread(sending.deliver, name)
        except StoreError as error:
            log.warning("not sent yet", why=str(error))

    async def relay(
        again: Perpetual = Perpetual(every=EVERY_SECOND, automatic=True),  # noqa: ARG001, B008
        docket: Docket = CurrentDocket(),  # noqa: B008
    ) -> None:
        try:
            for job in await asyncio.to_thread(lambda: list(sending.jobs())):
                await docket.add(send, when=datetime.fromtimestamp(job.when, UTC), key=job.key)(job.name)
                await asyncio.to_thread(sending.handed_on, job)
        except StoreError as error:
            log.warning("not handed on", why=str(error))

    async def ask(again: Perpetual = Perpetual(every=EVERY_FEW_MINUTES, automatic=True)) -> None:  # noqa: ARG001, B008
        await asyncio.to_thread(sending.ask)

    async def replay(again: Perpetual = Perpetual(every=EVERY_MINUTE, automatic=True)) -> None:  # noqa: ARG001, B008
        await asyncio.to_thread(upkeep.replay)

    async def erase(again: Perpetual = Perpetual(every=EVERY_MINUTE, automatic=True)) -> None:  # noqa: ARG001, B008
        await asyncio.to_thread(upkeep.erase)

    async def reconcile(
        again: Perpetual = Perpetual(every=EVERY_FEW_MINUTES, automatic=True),  # noqa: ARG001, B008
    ) -> None:
        await asyncio.to_thread(upkeep.reconcile, number)

    async def work() -> None:
        async with Docket(name=NAME, url=redis_url) as docket:
            for task in (send, relay, ask, replay, erase, reconcile):
                docket.register(task)
            async with Worker(docket, concurrency=AT_ONCE, redelivery_timeout=REDELIVERY) as worker:
                await worker.run_forever()

    asyncio.run(work())
