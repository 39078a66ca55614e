"""Workers and Redis are killed while a campaign goes out: every message goes to everybody once.

Twilio's double takes one message now and then and drops the connection. What was handed over is counted there.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import redis
import structlog

from service.app import create_book, create_planning
from service.campaigns import Campaign, Stage
from service.channels.twilio import Contacts
from service.seal import Seal
from service.settings import Settings
from service.store import Outbox, Register
from service.supervisor import embedded_redis
from tests.crowd import LANGUAGES, subscribe, subscribers, where_it_is_day
from tests.workers import double, workers

DROPS = 97
"""Of so many messages one is taken and not answered."""

PATIENCE = 420
"""Seconds after which a row that still waits counts as lost."""


class Count(NamedTuple):
    """What the double counted."""

    people: int
    lost: int
    twice: int
    kills: int
    seconds: float


def count(people: int, kills: int, progress: Callable[[int], None] = lambda _: None) -> Count:
    """Send a campaign to ``people`` while workers and Redis are killed ``kills`` times."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder, double() as (url, handed), ExitStack() as redises:
        handed.drops = DROPS
        data = Path(folder)
        redis_url = redises.enter_context(embedded_redis(data))
        settings = Settings(
            redis_url=redis_url, data_dir=data, twilio_account_sid="AC1", twilio_api_url=url,
            twilio_number="+15558675310", twilio_segments_a_second=400,
        )  # fmt: skip
        create_book(settings)
        register, outbox = Register(redis_url), Outbox(redis_url)
        contacts = Contacts(settings.contact_key, Seal(settings.seal_keys))
        subscribe(register, subscribers(contacts, people, where_it_is_day(int(time.time()))))
        register.write_campaign(Campaign("all", dict.fromkeys(LANGUAGES, "A new part is here."), stage=Stage.STARTED))
        found = register.campaign("all")
        assert found is not None
        create_planning(settings, register).campaign(found)
        began = time.monotonic()
        for kill in range(kills):
            with workers(settings, 2):  # and killed at the end of this block
                until = people * (kill + 1) // (kills + 1)
                while len(handed.at) < until and time.monotonic() < began + PATIENCE:
                    time.sleep(0.05)
                    progress(len(handed.at))
                if kill % 2:
                    _kill(redis_url)
                    redises.enter_context(embedded_redis(data))
                    time.sleep(random.uniform(0.0, 0.5))
        with workers(settings, 2):
            while _is_under_way(outbox) and time.monotonic() < began + PATIENCE:
                time.sleep(0.5)
                progress(len(set(handed.to)))
        times = Counter(handed.to)
        register.close()
        outbox.close()
        return Count(
            people, people - len(times), sum(each > 1 for each in times.values()), kills, time.monotonic() - began
        )


def _is_under_way(outbox: Outbox) -> bool:
    return bool(outbox.waits() or outbox.claimed(int(time.time()) + 1))


def _kill(redis_url: str) -> None:
    """``kill -9`` of the Redis that listens there."""
    client = redis.Redis.from_url(redis_url)
    pid = int(client.info("server")["process_id"])
    client.close()
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)
