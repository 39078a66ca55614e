"""The load: many people texting over a few connections, each waiting for an answer before texting on.

It runs in a process of its own. Every request is signed and written out before the clock starts, and one thread waits
for all connections at once, so that the load takes as little as it can of the machine that it shares with the server.
"""

from __future__ import annotations

import gc
import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

DIALOGUES = (
    ("hi", "RISKS", "MORE", "MENU", "3", "MORE", "what are the symptoms?", "MORE", "BACK"),
    ("RIESGOS", "MAS", "MENU", "3", "MAS", "BACK", "¿cuáles son los síntomas?", "MAS", "MENU"),
    ("hi", "3", "RIESGOS", "1", "MAS", "RISKS", "MENU", "what are the symptoms?", "BACK"),
)
"""What one contact texts, far fewer texts than the service's rate limit; contacts take them in turn."""

TEXTS = 9
"""How many texts each dialogue has."""

MOST_CONTACTS = 2000
"""In one round; their numbers come from one area code, so that each is one that a real phone could have."""

PATIENCE = 15.0
"""Seconds without any answer after which a server counts as stuck; Twilio's own."""


class LoadError(RuntimeError):
    """A server did not answer as it must; a figure for it would mean nothing."""


class Order(NamedTuple):
    """One round: ``contacts`` people text ``url``, signed with ``token``.

    ``series`` tells this round's contacts and messages from every other round's; less than 4000.
    """

    url: str
    token: str
    series: int
    contacts: int
    connections: int


class Outcome(NamedTuple):
    """How a round went: turns per second, and the latency in milliseconds that one turn in a hundred exceeds."""

    rate: float
    p99: float


def measure(order: Order) -> Outcome:
    """Run one round in a process of its own. Raises LoadError."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(order._asdict()),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is ours alone; subprocess.run then ends the child
    )
    if done.returncode:
        raise LoadError(done.stderr.strip().rpartition("\n")[2])
    return Outcome(**json.loads(done.stdout))


class _Connection:
    """One keep-alive connection, and the rest of the dialogue that goes on over it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest: Iterator[bytes] = iter(())
        self._received = b""
        self._began = 0.0

    def send_next(self, dialogues: Iterator[list[bytes]]) -> bool:
        """Send the next text, of the next dialogue once this one is over; False when none is left."""
        request = next(self._rest, None)
        if request is None:
            self._rest = iter(next(dialogues, ()))
            request = next(self._rest, None)
        if request is None:
            return False
        self._received = b""
        self._began = time.perf_counter()
        self.socket.sendall(request)
        return True

    def receive(self) -> float | None:
        """Seconds that the answer took, or None while some of it is missing. Raises LoadError."""
        piece = self.socket.recv(65536)
        self._received += piece
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if blank and len(body) >= _length(head):
            took = time.perf_counter() - self._began
            _check(head, body)
            return took
        if not piece:
            raise LoadError("the server closed a connection in the middle of a dialogue")
        return None


def _length(head: bytes) -> int:
    _, name, rest = head.lower().partition(b"\r\ncontent-length:")
    if not name:
        raise LoadError(f"an answer does not say how long it is: {head!r}")
    return int(rest.partition(b"\r\n")[0])


def _check(head: bytes, body: bytes) -> None:
    """Raise LoadError for anything but a 200 whose TwiML says something."""
    if not head.startswith(b"HTTP/1.1 200 ") or b"<Response><Message>" not in body or b"</Response>" not in body:
        status, _, _ = head.partition(b"\r\n")
        raise LoadError(f"not an answer in TwiML: {status!r} {body[:200]!r}")


def _dialogue(order: Order, contact: int) -> list[bytes]:
    """The requests of one contact, as Twilio would send them."""
    validator, called = RequestValidator(order.token), urlsplit(order.url)
    number = f"+1202{2_000_000 + order.series * MOST_CONTACTS + contact}"
    requests = []
    for position, said in enumerate(DIALOGUES[contact % len(DIALOGUES)]):
        form = _form(f"SM{order.series:08x}{contact:016x}{position:08x}", number, said)
        body = urlencode(form)
        head = (
            f"POST {called.path} HTTP/1.1\r\nHost: {called.netloc}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"Content-Length: {len(body)}\r\nI-Twilio-Idempotency-Token: {form['MessageSid'].lower()}\r\n"
            f"X-Twilio-Signature: {validator.compute_signature(order.url, form)}\r\n\r\n"
        )
        requests.append((head + body).encode())
    return requests


def _form(message: str, number: str, said: str) -> dict[str, str]:
    """The fields of a webhook for an incoming text (Twilio's page on messaging webhooks)."""
    account = "AC" + "0" * 32
    ids = {"MessageSid": message, "SmsSid": message, "SmsMessageSid": message, "AccountSid": account}
    sizes = {"NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01"}
    here = {"FromCountry": "US", "FromState": "DC", "FromCity": "WASHINGTON", "FromZip": "20001"}
    there = {"ToCountry": "US", "ToState": "CA", "ToCity": "SAN FRANCISCO", "ToZip": "94105"}
    return {**ids, **sizes, **here, **there, "From": number, "To": "+14155550100", "Body": said}


def _play(order: Order) -> Outcome:
    """Let all contacts text; each connection takes the next contact as soon as it has finished with one."""
    called = urlsplit(order.url)
    dialogues = [_dialogue(order, contact) for contact in range(order.contacts)]
    waiting = iter(dialogues)
    address = "127.0.0.1", called.port or 80
    connections = [_Connection(address) for _ in range(min(order.connections, order.contacts))]
    latencies: list[float] = []
    gc.freeze()
    gc.disable()
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for connection in connections:
            connection.send_next(waiting)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                raise LoadError(f"no answer within {PATIENCE:.0f} seconds")
            for key, _ in ready:
                took = key.data.receive()
                if took is not None:
                    latencies.append(took)
                    if not key.data.send_next(waiting):
                        selector.unregister(key.fileobj)
        seconds = time.perf_counter() - began
    for connection in connections:
        connection.socket.close()
    return Outcome(len(latencies) / seconds, quantiles(latencies, n=100)[98] * 1000)


if __name__ == "__main__":
    print(json.dumps(_play(Order(**json.load(sys.stdin)))._asdict()))
