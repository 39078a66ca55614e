"""The two servers side by side, each with a Redis of its own, on loopback; both end with the bench."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from service.settings import ROOT, Settings
from service.supervisor import embedded_redis

SLOWEST_START = 60.0
"""Seconds."""

GRACE = 20.0
"""Seconds that a server has to end when it is told to."""


class StartError(RuntimeError):
    """A server did not start; the message holds the last of what it said."""


class Server(NamedTuple):
    """A server that answers texts: where it is called, the token that it believes, and its Redis."""

    name: str
    url: str
    token: str
    redis_url: str


@contextlib.contextmanager
def floor(folder: Path, processes: int) -> Iterator[Server]:
    """The tutorial's application, keeping what it writes in ``folder``."""
    port, token = _free_port(), secrets.token_hex(16)
    with embedded_redis(folder) as redis_url:
        environment = {"TWILIO_AUTH_TOKEN": token, **_common(port, processes, redis_url)}
        with _running("bench.floor", [], environment, port, folder / "floor.log"):
            yield Server("floor", f"http://127.0.0.1:{port}/sms", token, redis_url)


@contextlib.contextmanager
def service(folder: Path, processes: int) -> Iterator[Server]:
    """The service in development, as ``plainline web`` runs it, keeping what it writes in ``folder``."""
    port = _free_port()
    settings = Settings(port=port, data_dir=folder, public_url="", twilio_auth_token=())
    token = settings.tokens[0]  # made and kept under ``folder`` now, so that the service finds the same one
    with embedded_redis(folder) as redis_url:
        environment = {
            **dict.fromkeys(map(str.upper, Settings.model_fields), ""),  # whatever is set for the machine's own service
            "DATA_DIR": str(folder),
            "LANGUAGES": "en,es",
            "PLAINLINE_SUPERVISED": "1",
            **_common(port, processes, redis_url),
        }
        with _running("service", ["web"], environment, port, folder / "service.log"):
            yield Server("service", f"{settings.url}/sms", token, redis_url)


def _common(port: int, processes: int, redis_url: str) -> dict[str, str]:
    return {"PORT": str(port), "WEB_CONCURRENCY": str(processes), "REDIS_URL": redis_url}


@contextlib.contextmanager
def _running(
    module: str, arguments: list[str], environment: Mapping[str, str], port: int, log_path: Path
) -> Iterator[None]:
    """``python -m module`` until the block ends, its output in a file as an operator would keep it."""
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches it through us
        )
    try:
        _wait_until_it_listens(child, port, log_path)
        yield
    finally:
        _end(child)


def _wait_until_it_listens(child: subprocess.Popen[bytes], port: int, log_path: Path) -> None:
    deadline = time.monotonic() + SLOWEST_START
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    said = "\n".join(log_path.read_text("utf-8", "replace").splitlines()[-20:])
    raise StartError(f"the server did not start ({log_path.stem}):\n{said}")


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
