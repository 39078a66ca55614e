"""Very many people who are in a group, written to the register at once."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Iterator
from itertools import islice

from service.channels.twilio import Contacts
from service.outreach.daytime import is_day, zones_of
from service.store import Register
from service.store.keys import keys
from service.subscriptions import DAY, Subscriptions, encode_subscriptions

LANGUAGES = ("en", "es", "fr", "vi")


PREFIXES = ("+1212", "+447400", "+9198", "+8190", "+61412", "+1808")
"""Of numbers around the world, so that it is day at one of them at any hour."""


def where_it_is_day(now: int) -> str:
    """A prefix of numbers of which it is day wherever they may be."""
    return next(each for each in PREFIXES if is_day(now, zones_of(f"{each}{2000000}", "", "US")))


def subscribers(contacts: Contacts, count: int, prefix: str = PREFIXES[0]) -> Iterator[tuple[str, Subscriptions]]:
    """So many members of a group, each with all that may be known of one."""
    group = "HOPE"
    for place in range(count):
        sender = contacts.sender(f"{prefix}{2000000 + place}")
        address = base64.b64encode(sender.address).decode()
        language = LANGUAGES[place % len(LANGUAGES)]
        known = Subscriptions(address, "US", ("sms",), language, zone_of_prefix(prefix), heard=int(time.time()) // DAY)
        named = known.joined(group, 1_790_000_000).named("Margaret").reminding(group, wanted=True)
        yield sender.contact, named


def zone_of_prefix(prefix: str) -> str:
    """A time zone where such numbers are."""
    return zones_of(f"{prefix}{2000000}", "", "US")[0]


def subscribe(register: Register, people: Iterable[tuple[str, Subscriptions]]) -> None:
    """Write them, as turns would have."""
    waiting = iter(people)
    while some := list(islice(waiting, 1000)):
        commands: list[tuple[object, ...]] = []
        for contact, asked_for in some:
            named = keys(contact, "")
            commands.append(("HSET", named.subscribers, contact, encode_subscriptions(asked_for)))
            commands.append(("ZADD", named.due, asked_for.due, contact))
        register._together(*commands)


def memory(register: Register, *patterns: str) -> int:
    """The bytes that the keys of these patterns take (MEMORY USAGE)."""
    client = register._redis
    found = [key for pattern in patterns for key in client.scan_iter(pattern, count=1000)]
    return sum(register._together(*(("MEMORY", "USAGE", key, "SAMPLES", 0) for key in found)))
