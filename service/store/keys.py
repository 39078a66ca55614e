"""Every key in Redis: who owns it, how it is written, and when it goes.

All keys of one contact carry the same hash tag, one of 256 buckets, so that a turn is one script on one node of a Redis
Cluster, and nothing must move when the service grows. No key holds a number: a contact is an HMAC.

=====================  ===================================  ===========================================================
key                    holds                                goes after
=====================  ===================================  ===========================================================
``s:{bucket}:contact``  the session                          SESSION_DAYS without a text: it is over then
``p:{bucket}:contact``  the person: whether they said STOP   never; a consent and its end are kept for good
``l:{bucket}:contact``  the rate limit                       as soon as the burst is available again
``a:{bucket}:id``       the answer to one message            ANSWER_SECONDS; Twilio retries within minutes
=====================  ===================================  ===========================================================
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

SESSION_DAYS = 90
ANSWER_SECONDS = 24 * 60 * 60


class Keys(NamedTuple):
    """The keys that one turn of one contact touches."""

    answer: str
    session: str
    person: str
    limit: str


def keys(contact: str, message: str) -> Keys:
    """The keys of ``contact`` and of the message that is being answered."""
    bucket = f"{{{hashlib.sha256(contact.encode()).hexdigest()[:2]}}}"
    return Keys(
        f"a:{bucket}:{message}",
        f"s:{bucket}:{contact}",
        f"p:{bucket}:{contact}",
        f"l:{bucket}:{contact}",
    )
