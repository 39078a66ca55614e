"""Words of leaving, told apart from everything else before anything else is tried.

The carrier's own words count when they are the whole text, as at Twilio; the natural wordings of every language and the
words of danger beyond a first guard (``DANGER`` in ``keywords``) belong to the safety issue and come here with it.
"""

from __future__ import annotations

from service.book.keywords import plain

# Twilio's default words (its page on opt-out keywords, read November 2026); END, QUIT and the others are the ones that
# 47 CFR 64.1200(a)(10) names too. YES is one of Twilio's START words and never consent: it is not acted on here.
CARRIER_STOP = frozenset(
    {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"}
)
CARRIER_START = frozenset({"start", "unstop"})
CARRIER_HELP = frozenset({"help", "info"})
CARRIER_YES = frozenset({"yes"})
RESERVED = CARRIER_STOP | CARRIER_START | CARRIER_HELP | CARRIER_YES
"""Words that Twilio acts on by itself: no menu may depend on them."""


def is_leaving(said: str) -> bool:
    """Whether the whole text is one of the carrier's words for leaving."""
    return plain(said) in CARRIER_STOP


def is_returning(said: str) -> bool:
    """Whether the whole text is one of the carrier's words for allowing texts again."""
    return plain(said) in CARRIER_START
