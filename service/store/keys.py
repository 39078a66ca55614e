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
``z:{bucket}``           names of rows that wait, by when      when they are claimed, or end
                         they may go
``u:{bucket}``           rows that somebody has claimed, by   when Twilio has taken them
                         when
``k:{bucket}``           rows with Twilio whose last status   with that status
                         is unknown, by when they went
``f:{bucket}``           rows that failed too often           when they are tried again
``b:{bucket}``           what each subscriber asked for, by   when they leave, lapse, or are forgotten
                         contact
``t:{bucket}``           contacts, by when the clock has      with their subscriptions
                         something to do for them
``d:{bucket}:contact``   a leader's drafts, sealed            a week after the last of them
``c:{bucket}:contact``   the rows sent unasked to somebody    two days later
                         today
``n:id``                 names of the rows of one broadcast   OUTBOX_DAYS
``campaign:id``          a campaign                           OUTBOX_DAYS after it is over
``campaigns``            the ids of all campaigns             never
``groups``               the groups, by their codes           never: the operator ends them
``v:{bucket}:contact``   that somebody keyed this number in    never, while its owner does not write
``notice:name``          what a leader recorded                NOTICE_DAYS
``reports``              what members reported, sealed        when the operator has dealt with it
``census``               of each group a count of its         never
                         members and their first names
``handed``               attempts that the job engine was      a minute and a half later
                         given, so that two workers do not
                         give it the same
``spent:day``            segments sent unasked on a day       two days later
``alerted``              of what the operator was told last   never
``worker``               when a worker last lived             never
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
    subscribers: str
    due: str
    drafts: str
    sent: str
    invited: str


def keys(contact: str, message: str) -> Keys:
    """The keys of ``contact`` and of the message that is being answered."""
    bucket = f"{{{bucket_of(contact)}}}"
    return Keys(
        answer=f"a:{bucket}:{message}",
        session=f"s:{bucket}:{contact}",
        person=f"p:{bucket}:{contact}",
        limit=f"l:{bucket}:{contact}",
        ledger=f"g:{bucket}:{contact}",
        answered=f"i:{bucket}:{contact}",
        erasures=f"x:{bucket}",
        rows=f"w:{bucket}:{contact}",
        subscribers=f"b:{bucket}",
        due=f"t:{bucket}",
        drafts=f"d:{bucket}:{contact}",
        sent=f"c:{bucket}:{contact}",
        invited=f"v:{bucket}:{contact}",
    )


class OutboxKeys(NamedTuple):
    """The keys that one row of the outbox touches."""

    row: str
    waiting: str
    claimed: str
    unsettled: str
    dead: str


def name_of_row(contact: str, row: str) -> str:
    """How a row is named where no contact is to be told: by its bucket and its id."""
    return f"{bucket_of(contact)}:{row}"


def outbox_keys(name: str) -> OutboxKeys:
    """The keys of the row that ``name_of_row`` names."""
    bucket, _, row = name.partition(":")
    return OutboxKeys(f"o:{{{bucket}}}:{row}", *(f"{which}:{{{bucket}}}" for which in "zukf"))


def buckets() -> list[str]:
    """Every bucket."""
    return [f"{number:02x}" for number in range(BUCKETS)]


def bucket_of(contact: str) -> str:
    """The bucket that all keys of a contact lie in."""
    return hashlib.sha256(contact.encode()).hexdigest()[:2]


def all_erasures() -> list[str]:
    """The keys of every bucket's erasures."""
    return [f"x:{{{bucket}}}" for bucket in buckets()]
