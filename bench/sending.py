"""``python -m bench.sending``: a campaign to a hundred thousand people, and how fast workers hand messages over.

A double of Twilio's API answers on this machine, a real Redis remembers, and the workers are processes of their own as
``plainline worker`` starts them. The limit is tried with 50 segments a second, for a minute.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog
from rich.console import Console

from service.app import create_book, create_planning
from service.campaigns import Campaign, Stage
from service.channels.twilio import Contacts
from service.seal import Seal
from service.settings import Settings
from service.store import Outbox, Register
from service.supervisor import embedded_redis
from tests.crowd import LANGUAGES, memory, subscribe, subscribers, where_it_is_day
from tests.workers import Handed, double, workers

PEOPLE, HANDED, LIMIT, SECONDS = 100_000, 10_000, 50, 60
WORDS = "A new part is here. Text MENU to see it."


def plan(settings: Settings, register: Register, people: int, name: str) -> float:
    """Plan and queue a campaign; the seconds that it took."""
    planning = create_planning(settings, register)
    campaign = Campaign(name, dict.fromkeys(LANGUAGES, WORDS), stage=Stage.STARTED)
    register.write_campaign(campaign)
    began = time.perf_counter()
    planned = planning.campaign(campaign)
    took = time.perf_counter() - began
    if planned.rows != people:
        raise SystemExit(f"{planned.rows} rows for {people} people")
    return took


def handed_over(settings: Settings, handed: Handed, count: int) -> float:
    """Messages a second, from the first to the last, while two workers hand over ``count``."""
    before = len(handed.at)
    with workers(settings, 2):
        until = time.monotonic() + 300
        while len(handed.at) < before + count and time.monotonic() < until:
            time.sleep(0.2)
    at = handed.at[before:]
    return (len(at) - 1) / (at[-1] - at[0])


def under_a_limit(settings: Settings, handed: Handed) -> tuple[int, float]:
    """The most segments within any second, and those a second over a minute, with the limit on."""
    before = len(handed.at)
    with workers(settings.model_copy(update={"twilio_segments_a_second": float(LIMIT)}), 2):
        while len(handed.at) == before:
            time.sleep(0.1)
        time.sleep(SECONDS + 2)
    at = [each for each in handed.at[before:] if each <= handed.at[before] + SECONDS]
    most = max(sum(start <= other < start + 1 for other in at[place:]) for place, start in enumerate(at))
    return most, len(at) / SECONDS


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder, double() as (url, handed), embedded_redis(Path(folder)) as redis_url:
        settings = Settings(
            redis_url=redis_url,
            data_dir=Path(folder) / "data",
            twilio_account_sid="AC1",
            twilio_api_url=url,
            twilio_number="+15558675310",
            twilio_segments_a_second=1000,
        )
        create_book(settings)
        register, outbox = Register(redis_url), Outbox(redis_url)
        contacts = Contacts(settings.contact_key, Seal(settings.seal_keys))
        subscribe(register, subscribers(contacts, PEOPLE, where_it_is_day(int(time.time()))))
        each = memory(register, "b:*", "t:*") / PEOPLE
        console.print(f"a member: {each:.0f} bytes (MEMORY USAGE, of {PEOPLE:,})")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        took = plan(settings, register, PEOPLE, "all")
        grew = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        rows = memory(register, "o:*", "w:*", "z:*", "n:*")
        console.print(f"a campaign to {PEOPLE:,}: planned and queued in {took:.1f} s, {grew:.0f} MB")
        console.print(f"a row of the outbox: {rows / PEOPLE:.0f} bytes, {rows / 2**20:.0f} MB in all (MEMORY USAGE)")
        most, mean = under_a_limit(settings, handed)
        console.print(f"limit {LIMIT} a second: at most {most} in any second, {mean:.2f} a second in a minute")
        rate = handed_over(settings, handed, HANDED)
        console.print(f"two workers handed over {rate:.0f} messages a second ({HANDED:,}, no limit)")
        twice = sum(times > 1 for times in Counter(handed.to).values())
        console.print(f"handed over twice: {twice}, though workers were killed in between")
        register.close()
        outbox.close()


if __name__ == "__main__":
    main()
