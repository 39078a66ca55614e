"""What goes out: handing on and sending all that is due, as a worker does, and what Twilio's double then has."""

from __future__ import annotations

from service.outreach.sending import Sending
from tests.twilio_double import Twilio

OURS = "+15558675310"


def send_all(sending: Sending) -> int:
    """Hand on and send whatever is due, as the worker does; how many jobs there were."""
    names = [name for job in sending.jobs() for name in job.names]
    for name in names:
        sending.deliver(name)
    return len(names)


def texts(account: Twilio, number: str) -> list[str]:
    return [each.body for each in account.messages.values() if each.to == number]
