"""Every key in Redis: who owns it, how it is written, and when it goes.

All keys of one contact carry the same hash tag, one of 256 buckets, so that a turn is one script on one node of a Redis
Cluster, and nothing must move when the service grows. No key holds a number: a contact is an HMAC.

=======================  ===================================  =========================================================
key                      holds                                goes after
=======================  ===================================  =========================================================
``s:{bucket}:contact``   the session                          SESSION_DAYS without a text: it is over then
``p:{bucket}:contact``   the person: whether they said STOP   never; a consent and its end are kept for good
``g:{bucket}:contact``   the ledger: what they agreed to,     never; FORGET ME leaves a tombstone of it
                         and ended, each in a line
``l:{bucket}:contact``   the rate limit                       as soon as the burst is available again
``a:{bucket}:id``        the answer to one message            ANSWER_HOURS; Twilio retries within minutes
``i:{bucket}:contact``   the ids of those answers, so that    with the last of them
                         FORGET ME finds them
``x:{bucket}``           sealed numbers whose messages are    when they are
                         to be erased at Twilio
``o:{bucket}:id``        a row of the outbox                  OUTBOX_DAYS after its last status
``w:{bucket}:contact``   the names of their rows, so that      OUTBOX_DAYS after the last of them
                         FORGET ME finds them
``q:{bucket}``           names of rows that wait              when they are claimed, or end
``u:{bucket}``           rows whose last status is unknown    with that status
``f:{bucket}``           rows that failed too often           when they are tried again
``r:sender``             when a sender may send next          as soon as it may
``looked``               when Twilio's list of messages was   never
                         last looked through
=======================  ===================================  =========================================================
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

BUCKETS = 256
LOOKED = "looked"


class Keys(NamedTuple):
    """The keys that one turn of one contact touches."""

    answer: str
    session: str
    person: str
    limit: str
    ledger: str
    answered: str
    erasures: str
    rows: str


def keys(contact: str, message: str) -> Keys:
    """The keys of ``contact`` and of the message that is being answered."""
    bucket = f"{{{_bucket(contact)}}}"
    return Keys(
        answer=f"a:{bucket}:{message}",
        session=f"s:{bucket}:{contact}",
        person=f"p:{bucket}:{contact}",
        limit=f"l:{bucket}:{contact}",
        ledger=f"g:{bucket}:{contact}",
        answered=f"i:{bucket}:{contact}",
        erasures=f"x:{bucket}",
        rows=f"w:{bucket}:{contact}",
    )


class OutboxKeys(NamedTuple):
    """The keys that one row of the outbox touches."""

    row: str
    waiting: str
    unsettled: str
    dead: str


def name_of_row(contact: str, row: str) -> str:
    """How a row is named where no contact is to be told: by its bucket and its id."""
    return f"{_bucket(contact)}:{row}"


def outbox_keys(name: str) -> OutboxKeys:
    """The keys of the row that ``name_of_row`` names."""
    bucket, _, row = name.partition(":")
    return OutboxKeys(f"o:{{{bucket}}}:{row}", f"q:{{{bucket}}}", f"u:{{{bucket}}}", f"f:{{{bucket}}}")


def buckets() -> list[str]:
    """Every bucket."""
    return [f"{number:02x}" for number in range(BUCKETS)]


def _bucket(contact: str) -> str:
    return hashlib.sha256(contact.encode()).hexdigest()[:2]


def all_erasures() -> list[str]:
    """The keys of every bucket's erasures."""
    return [f"x:{{{bucket}}}" for bucket in buckets()]
