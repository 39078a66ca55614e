"""``python -m bench.overload``: what happens when five times more comes in than can be served.

First as fast as the service can with sixteen texts at a time, then five times that for a while, whoever may answer, and
then sixteen at a time again. One text in fifty leaves, or tells of danger: those are refused last.
"""

from __future__ import annotations

import selectors
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import click
from rich.console import Console
from twilio.request_validator import RequestValidator

from bench.load import Order, _form, _length, measure
from bench.servers import Server, service

TIMES = 5
SECONDS = 8.0
CONNECTIONS = 1500
DEADLINE = 15.0
"""Seconds; Twilio's own."""

SAID = ["MORE"] * 98 + ["STOP", "i want to kill myself"]
URGENT = {"STOP", "i want to kill myself"}


class Answered(NamedTuple):
    """How one text fared: its HTTP status, the seconds it took, and whether it was urgent."""

    status: int
    took: float
    urgent: bool


@dataclass
class Flood:
    """What became of the texts that were sent too fast."""

    sent: int = 0
    answers: list[Answered] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, status: int) -> list[float]:
        """The seconds of those that got this status."""
        return [one.took for one in self.answers if one.status == status]


class _Phone:
    """A connection, and the text that waits for its answer on it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.urgent = False
        self._received = b""

    def send(self, request: bytes, urgent: bool) -> None:
        self.began, self.urgent, self._received = time.perf_counter(), urgent, b""
        self.socket.sendall(request)

    def receive(self) -> Answered | None:
        piece = self.socket.recv(65536)
        self._received += piece
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not piece:
            return Answered(0, time.perf_counter() - self.began, self.urgent)
        if not blank or (b"ontent-" in head and b"ength" in head and len(body) < _length(head)):
            return None
        return Answered(int(head.split(b" ", 2)[1]), time.perf_counter() - self.began, self.urgent)


def texts(server: Server) -> Iterator[tuple[bytes, bool]]:
    """Signed texts of ever new people, without end."""
    validator, called = RequestValidator(server.token), urlsplit(server.url)
    for number, said in zip(count(), cycle(SAID), strict=False):
        form = _form(f"SM{number:032x}", f"+1202{3_000_000 + number % 5_000_000}", said)
        body = urlencode(form)
        head = (
            f"POST {called.path} HTTP/1.1\r\nHost: {called.netloc}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {validator.compute_signature(server.url, form)}\r\n\r\n"
        )
        yield (head + body).encode(), said in URGENT


def flood(server: Server, rate: float) -> Flood:
    """Send ``rate`` texts a second for SECONDS, as far as connections are free, and wait for every answer."""
    called = urlsplit(server.url)
    address = "127.0.0.1", called.port or 80
    ready = [request for request, _ in zip(texts(server), range(int(rate * SECONDS)), strict=False)]
    waiting, result = iter(ready), Flood()
    free: list[_Phone] = []
    opened = 0
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        while True:
            passed = time.perf_counter() - began
            due = int(passed * rate) - result.sent if passed < SECONDS else 0
            for _ in range(due):
                if not free:
                    if opened >= CONNECTIONS:
                        break
                    free.append(_Phone(address))
                    opened += 1
                phone = free.pop()
                request = next(waiting, None)
                if request is None:
                    break
                phone.send(*request)
                result.sent += 1
                selector.register(phone.socket, selectors.EVENT_READ, phone)
            if passed > SECONDS and not selector.get_map():
                break
            if passed > SECONDS + DEADLINE:
                break
            for key, _ in selector.select(0.001):
                answered = key.data.receive()
                if answered is None:
                    continue
                selector.unregister(key.fileobj)
                result.answers.append(answered)
                if answered.status in {200, 503}:
                    free.append(key.data)
                else:
                    opened -= 1
        result.seconds = min(time.perf_counter() - began, SECONDS + DEADLINE)
    return result


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Offer the service five times what it can serve."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="plainline-bench-") as folder, service(Path(folder), 2) as server:
        with console.status("As fast as it can..."):
            before = [measure(_order(server, series)).rate for series in range(3)]
        with console.status(f"{TIMES} times that..."):
            result = flood(server, TIMES * median(before))
        with console.status("And again as fast as it can..."):
            after = [measure(_order(server, series)).rate for series in range(3, 6)]
    _show(console, median(before), result, median(after))


def _order(server: Server, series: int) -> Order:
    return Order(url=server.url, token=server.token, series=series, contacts=350, connections=16)


def _show(console: Console, before: float, result: Flood, after: float) -> None:
    served, refused = result.of(200), result.of(503)
    urgent = [one for one in result.answers if one.urgent]
    offered = result.sent / SECONDS
    honoured = sum(one.status == 200 for one in urgent)
    console.print(f"served alone         {before:6.0f} a second")
    console.print(
        f"offered              {offered:6.0f} a second, {offered / before:.1f} times as many, on the same two cores"
    )
    console.print(
        f"served meanwhile     {len(served) / result.seconds:6.0f} a second; "
        f"slowest answer {max(served, default=0):.1f} s"
    )
    console.print(f"refused              {len(refused):6} of {result.sent}; median {median(refused or [0]):.2f} s")
    console.print(f"not answered at all  {result.sent - len(served) - len(refused):6}")
    console.print(f"danger and leaving   {honoured} of {len(urgent)} answered")
    console.print(f"served afterwards    {after:6.0f} a second, {after / before:.2f} of before")


if __name__ == "__main__":
    main()
