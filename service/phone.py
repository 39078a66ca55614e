"""A telephone in the terminal: type a text, see what comes back as it would be sent and billed.

It goes through the same signed webhook as Twilio does.
"""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

from rich.align import Align
from rich.console import Console
from rich.panel import Panel
from rich.text import Text as Styled
from twilio.request_validator import RequestValidator

from service.book.segments import encoding, segments

WIDEST = 64
TIMEOUT = 15.0
"""Seconds; Twilio's own."""


class NoAnswerError(RuntimeError):
    """The service did not answer as it should; the message says what to do."""


@dataclass(frozen=True)
class Phone:
    """A telephone with a number, texting a service at ``url`` that believes ``token``; ``port`` is where it listens."""

    url: str
    port: int
    token: str
    number: str
    service_number: str
    whatsapp: bool = False

    def text(self, body: str) -> list[str]:
        """Text the service; returns the messages that come back. Raises NoAnswerError."""
        prefix = "whatsapp:" if self.whatsapp else ""
        form = {
            "MessageSid": f"SM{uuid.uuid4().hex}",
            "From": prefix + self.number,
            "To": prefix + self.service_number,
            "Body": body,
            "NumMedia": "0",
        }
        return [message.text or "" for message in post(self.url, self.port, self.token, "/sms", form)]


def post(url: str, port: int, token: str, path: str, form: dict[str, str]) -> ElementTree.Element:
    """Post as Twilio does, signed, to what listens on ``port``; returns the TwiML. Raises NoAnswerError."""
    signature = RequestValidator(token).compute_signature(url + path, form)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", urlencode(form).encode(), {"X-Twilio-Signature": signature}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            return ElementTree.fromstring(response.read())  # noqa: S314  our own
    except urllib.error.HTTPError as error:
        raise NoAnswerError(f"the service refused with {error.code}: do both use the same DATA_DIR?") from None
    except OSError:
        raise NoAnswerError(f"nothing listens on port {port}: start it with 'make run'") from None


def show_sent(console: Console, body: str) -> None:
    """What we texted, as a bubble on the right."""
    bubble = Panel(Styled(body or "(empty)"), border_style="green", width=_width(body), padding=(0, 1))
    console.print(Align.right(bubble, width=min(console.width, WIDEST + 16)))


def show_received(console: Console, messages: list[str]) -> None:
    """What came back, a bubble a message, each with its encoding and segments."""
    for message in messages:
        count = segments(message)
        billed = f"{encoding(message)}, {count} segment{'' if count == 1 else 's'}, {len(message)} characters"
        console.print(
            Panel(
                Styled(message),
                width=_width(message, billed),
                subtitle=Styled(billed, style="dim"),
                subtitle_align="left",
                border_style="blue",
                padding=(0, 1),
            )
        )
    if not messages:
        console.print(Styled("(no answer)", style="dim"))


def _width(*parts: str) -> int:
    longest = max((Styled(line).cell_len for part in parts for line in part.split("\n")), default=0)
    return min(longest + 6, WIDEST)
