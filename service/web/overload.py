"""Overload: when more waits than can be answered in time, the rest is refused at the door: danger, leaving and calls
last, since a refusal ends somebody's call.

A refusal is made where connections are accepted, without a thread and without reading more than the form, so that it
costs a small part of an answer and the service keeps its rate. Twilio tries again after a refusal where its webhook's
address asks for it.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

from gunicorn.workers.gthread import ThreadWorker

MOST_WAITING = 100
"""Texts that may wait for a thread, in one process: about a quarter of a second's work."""

MOST_URGENT = 1000
"""The same for words of danger and of leaving, and for calls; Twilio waits 15 seconds."""

MOST_READ = 16 * 1024
"""Bytes of a request that are looked at; Twilio's have less."""

URGENT = "plainline urgent"
"""Under this name the application keeps what tells urgent words, among its extensions."""

REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\nContent-Length: 28\r\n\r\n"
    b"Too many at once. Try again."
)


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which refuses at the door what could not be answered in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = 0
        self._counting = threading.Lock()

    def enqueue_req(self, conn: Any) -> None:
        """A connection begins to wait for a thread, unless too many do."""
        if self._waiting >= MOST_WAITING and self._refuse(conn):
            return
        with self._counting:
            self._waiting += 1
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """A thread takes the connection."""
        with self._counting:
            self._waiting -= 1
        return super().handle(conn)

    def _refuse(self, conn: Any) -> bool:
        """Refuse what has come in on a connection, and keep it open; False where it must not be refused."""
        try:
            length = refusable(conn.sock.recv(MOST_READ, socket.MSG_PEEK | socket.MSG_DONTWAIT), self._may_wait)
            if not length:
                return False
            conn.sock.recv(length)
            conn.sock.setblocking(False)
            conn.sock.send(REFUSAL)
        except OSError:
            return False
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
        return True

    def _may_wait(self, is_call: bool, said: str) -> bool:
        urgent: Callable[[str], bool] = self.wsgi.extensions[URGENT]
        return self._waiting < MOST_URGENT and (is_call or urgent(said))


def refusable(request: bytes, may_wait: Callable[[bool, str], bool]) -> int:
    """How many bytes the request has that may be refused; 0 where it is not whole, no form, or may wait.

    ``may_wait`` is told whether it is a step of a call, and what was texted.
    """
    head, blank, body = request.partition(b"\r\n\r\n")
    if not blank or not head.startswith(b"POST "):
        return 0
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    length = rest.partition(b"\r\n")[0].strip()
    if not length.isdigit() or int(length) != len(body):
        return 0
    said = next((field[5:] for field in body.split(b"&") if field.startswith(b"Body=")), b"")
    is_call = head.startswith(b"POST /voice")
    if may_wait(is_call, unquote_to_bytes(said.replace(b"+", b" ")).decode("utf-8", "replace")):
        return 0
    return len(request)
