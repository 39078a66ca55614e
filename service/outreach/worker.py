"""The worker: runs the upkeep on the job engine (pydocket), each task in one process at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from docket import Docket, Perpetual, Worker

from service.outreach.upkeep import Upkeep

NAME = "plainline"

EVERY_MINUTE = timedelta(minutes=1)
EVERY_FEW_MINUTES = timedelta(minutes=5)


def run(redis_url: str, upkeep: Upkeep, number: str) -> None:
    """Work until told to stop. ``number`` is the one that people text."""

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
            for task in (replay, erase, reconcile):
                docket.register(task)
            async with Worker(docket) as worker:
                await worker.run_forever()

    asyncio.run(work())
