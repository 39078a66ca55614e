"""What an operator does for somebody who asks by voice or by law: end their texts, forget them, show what is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import phonenumbers

from service.channels.twilio import Contacts
from service.conversation import Entry
from service.store import Spooled, Store
from service.subscriptions import DAY, Subscriptions
from service.talk import erasure, remember


class NumberError(ValueError):
    """What was read is no telephone number; the message says how one is written, and not what was read."""


def read_number(said: str, country: str) -> str:
    """A number in E.164, from however it is written in ``country``. Raises NumberError."""
    try:
        parsed = phonenumbers.parse(said.strip(), country)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise NumberError("this is no telephone number: write it as +12025550123, alone on standard input")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def opt_out(store: Store, contacts: Contacts, number: str, now: int) -> None:
    """Nothing is sent to ``number`` any more. On the disk when this returns; raises StoreError."""
    entry = Entry("left", now, "operator")
    remember(store, Spooled(contacts.contact(number), "", now, ("OptOut",), b"", (entry,)))


def forget(store: Store, contacts: Contacts, number: str, now: int, *, at_twilio: bool) -> None:
    """Erase everything about ``number``, as FORGET ME does, ``at_twilio`` too. Raises StoreError."""
    sealed = erasure(contacts.sender(number).address, now) if at_twilio else b""
    remember(store, Spooled(contacts.contact(number), "", now, ("Forget",), b"", (), sealed))


def export(store: Store, contacts: Contacts, number: str) -> dict[str, Any]:
    """Everything that is remembered about ``number``, for its owner to read. Raises StoreAwayError."""
    contact = contacts.contact(number)
    session, person = store.known(contact)
    return {
        "number": number,
        "contact": contact,
        "conversation": session._asdict() | {"last_text": _moment(session.seen * 3600)},
        "person": {
            "left": _moment(person.left),
            "paused": _moment(person.paused),
            "changed": _moment(person.since),
            "forgotten_times": person.epoch,
        },
        "subscriptions": _subscriptions(store.subscriptions(contact)),
        "ledger": [entry._asdict() | {"at": _moment(entry.at)} for entry in store.ledger(contact)],
        "answered": store.answered(contact),
    }


def _subscriptions(asked_for: Subscriptions) -> dict[str, Any]:
    """What they asked to be sent, without their sealed number."""
    groups = [each._asdict() | {"since": _moment(each.since)} for each in asked_for.groups]
    series = asked_for.series._asdict() | {"due": _moment(asked_for.series.due)} if asked_for.series else None
    shown = asked_for._asdict() | {"groups": groups, "series": series, "heard": _moment(asked_for.heard * DAY)}
    del shown["address"]
    return shown


def _moment(at: int) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat() if at else None
