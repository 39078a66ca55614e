"""A Redis that fails: all that the service and a real Redis say to each other can be made to go wrong."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path


class Fault(StrEnum):
    """What goes wrong."""

    NONE = "none"
    AWAY = "away"  # every connection is closed at once
    FROZEN = "frozen"  # nothing is answered
    BEFORE = "before"  # one request is lost on its way there
    AFTER = "after"  # one answer is lost on its way back


class Line:
    """A socket in front of Redis. ``fault`` says what goes wrong; BEFORE and AFTER at the ``countdown``-th request."""

    def __init__(self, folder: Path, redis_socket: str) -> None:
        self.fault = Fault.NONE
        self.countdown = 1
        self.struck = 0
        self._there = redis_socket
        self._path = folder / "line.sock"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._path))
        self._listening.listen(128)
        self._thawed = threading.Event()
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The URL of the Redis that fails."""
        return f"unix://{self._path}"

    def fails(self, fault: Fault, countdown: int = 1) -> None:
        """From now on this goes wrong."""
        self.countdown = countdown
        self.fault = fault
        if fault is not Fault.FROZEN:
            self._thawed.set()

    def close(self) -> None:
        """End every connection."""
        self._over.set()
        self._thawed.set()
        self._listening.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as there, contextlib.suppress(OSError):
            there.connect(self._there)
            deaf = threading.Event()
            threading.Thread(target=_carry_back, args=(there, client, deaf), daemon=True).start()
            while request := client.recv(1 << 20):
                fault = self._strikes()
                if fault is Fault.FROZEN:
                    self._thawed.clear()
                    self._thawed.wait(20)
                if fault is Fault.AFTER:
                    deaf.set()
                elif fault is not Fault.NONE:
                    break
                there.sendall(request)
            _hang_up(there, client)

    def _strikes(self) -> Fault:
        """What goes wrong with this request."""
        if self.fault not in {Fault.BEFORE, Fault.AFTER}:
            self.struck += self.fault is not Fault.NONE
            return self.fault
        self.countdown -= 1
        if self.countdown:
            return Fault.NONE
        struck, self.fault = self.fault, Fault.NONE
        self.struck += 1
        return struck


def _carry_back(there: socket.socket, client: socket.socket, deaf: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while (answer := there.recv(1 << 20)) and not deaf.is_set():
            client.sendall(answer)
    _hang_up(there, client)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def failing(redis_url: str, folder: Path) -> Iterator[Line]:
    """A line to the Redis at ``redis_url`` that can be made to fail."""
    line = Line(folder, redis_url.removeprefix("unix://"))
    try:
        yield line
    finally:
        line.close()
