"""Workers as processes of their own, and a double of Twilio's API that is quick enough for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from service.settings import Settings


@dataclass
class Handed:
    """What the double took: when each message came (monotonic seconds), and to whom."""

    at: list[float] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    drops: int = 0
    """Of so many messages one is taken, and the connection dropped before anything is said."""


@contextlib.contextmanager
def double() -> Iterator[tuple[str, Handed]]:
    """A double of the part of Twilio's API that takes messages, quick enough not to be what is measured."""
    handed, ready = Handed(), threading.Event()
    loop = asyncio.new_event_loop()
    address: list[str] = []
    taken: dict[str, list[dict[str, str]]] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int((re.search(r"(?i)content-length: (\d+)", head) or ["", "0"])[1])
                form = parse_qs((await reader.readexactly(length)).decode())
                if head.startswith("GET"):
                    asked = parse_qs(urlsplit(head.split()[1]).query).get("To", [""])[0]
                    answered: object = {"messages": taken.get(asked, []), "next_page_uri": None}
                else:
                    answered = take(form["To"][0], form["Body"][0])
                    if handed.drops and len(handed.at) % handed.drops == 0:
                        break
                said = json.dumps(answered).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(said) + said)
                await writer.drain()
        writer.close()

    def take(number: str, body: str) -> dict[str, str]:
        handed.at.append(time.monotonic())
        handed.to.append(number)
        moment = format_datetime(datetime.now(UTC))
        message = {"sid": f"SM{len(handed.at):032}", "status": "queued", "direction": "outbound-api", "to": number}
        message |= {"body": body, "date_created": moment, "date_sent": moment}
        taken.setdefault(number, []).append(message)
        return message

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        ready.set()
        async with server:
            await server.serve_forever()

    def run() -> None:
        with contextlib.suppress(RuntimeError):  # it was stopped
            loop.run_until_complete(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    yield address[0], handed
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@contextlib.contextmanager
def workers(settings: Settings, count: int) -> Iterator[None]:
    """Workers as ``plainline worker`` starts them."""
    about = {
        "REDIS_URL": settings.redis_url, "DATA_DIR": str(settings.data_dir), "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_API_URL": settings.twilio_api_url, "TWILIO_NUMBER": settings.twilio_number, "DAILY_BUDGET": "0",
        "TWILIO_SEGMENTS_A_SECOND": str(settings.twilio_segments_a_second),
    }  # fmt: skip
    command = [sys.executable, "-m", "service", "worker"]
    quiet = {"env": {**os.environ, **about}, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [subprocess.Popen(command, **quiet) for _ in range(count)]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()
