"""A double of the part of Twilio's REST API that we use: sending, an account's list of messages, erasing from it."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Message:
    """One message of the account."""

    sid: str
    sender: str
    to: str
    body: str
    at: datetime
    status: str = "received"
    error: int | None = None

    def shown(self) -> dict[str, str | int | None]:
        """As Twilio's API shows it."""
        moment = format_datetime(self.at)
        direction = "inbound" if self.status == "received" else "outbound-reply"
        return {
            "sid": self.sid, "from": self.sender, "to": self.to, "body": self.body, "direction": direction,
            "status": self.status, "error_code": self.error,
            "date_sent": moment, "date_created": moment, "date_updated": moment,
        }  # fmt: skip


@dataclass
class Twilio:
    """The account: its messages, and what was asked of it."""

    messages: dict[str, Message] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    callbacks: dict[str, str] = field(default_factory=dict)
    calls: dict[str, dict[str, str]] = field(default_factory=dict)
    recordings: dict[str, bytes] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    out_of_order: bool = False
    url: str = ""
    troubles: list[str | int] = field(default_factory=list)
    """What goes wrong with the next messages, one each: "took" (it is sent, and nothing comes back), "lost" (it is not
    sent, and nothing comes back), an HTTP status, or one of Twilio's errors."""

    def has(self, *messages: Message) -> None:
        """These messages were sent or received."""
        self.messages |= {message.sid: message for message in messages}


@contextlib.contextmanager
def twilio() -> Iterator[Twilio]:
    """A Twilio on a port of its own of this machine."""
    account = Twilio()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            account.requests.append(f"GET {self.path}")
            if urlsplit(self.path).path.endswith(".mp3"):
                return self._recording(urlsplit(self.path).path.rpartition("/")[2].removesuffix(".mp3"))
            if account.out_of_order:
                return self._answer(500, {"code": 20500, "message": "out of order", "status": 500})
            sid = urlsplit(self.path).path.rpartition("/")[2].removesuffix(".json")
            if sid in account.messages:
                return self._answer(200, account.messages[sid].shown())
            found = [each.shown() for each in account.messages.values() if self._fits(each, asked)]
            return self._answer(200, {"messages": found, "next_page_uri": None})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            trouble = account.troubles.pop(0) if account.troubles else ""
            if trouble == "lost":
                return self._hang_up()
            if isinstance(trouble, int):
                status = trouble if trouble < 1000 else 400
                return self._answer(status, {"code": trouble, "message": "no", "status": status})
            if urlsplit(self.path).path.endswith("/Calls.json"):
                return self._call(form)
            sid = f"SM{uuid.uuid4().hex}"
            sender = form.get("From") or form.get("MessagingServiceSid", "")
            account.templates[sid] = form.get("ContentSid", "")
            body = form.get("Body") or json.loads(form["ContentVariables"])["1"]
            account.has(Message(sid, sender, form["To"], body, datetime.now(UTC), "queued"))
            account.callbacks[sid] = form.get("StatusCallback", "")
            if trouble == "took":
                return self._hang_up()
            return self._answer(201, account.messages[sid].shown())

        def _call(self, form: dict[str, str]) -> None:
            sid = f"CA{uuid.uuid4().hex}"
            account.calls[sid] = form
            about = {"sid": sid, "to": form["To"], "from": form["From"], "direction": "outbound-api"}
            return self._answer(201, about | {"status": "queued", "date_created": format_datetime(datetime.now(UTC))})

        def _recording(self, sid: str) -> None:
            recorded = account.recordings.get(sid)
            if recorded is None:
                return self._answer(404, {"code": 20404, "message": "gone", "status": 404})
            self.send_response(200)
            self.send_header("Content-Type", "audio/mpeg")
            self.send_header("Content-Length", str(len(recorded)))
            self.end_headers()
            self.wfile.write(recorded)
            return None

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.close()

        def do_DELETE(self) -> None:
            sid = urlsplit(self.path).path.rpartition("/")[2].removesuffix(".json")
            account.requests.append(f"DELETE {sid}")
            if sid in account.recordings:
                del account.recordings[sid]
                return self._answer(204, None)
            if account.messages[sid].status == "sending":
                return self._answer(409, {"code": 20009, "message": "still being sent", "status": 409})
            del account.messages[sid]
            return self._answer(204, None)

        def log_message(self, *_: object) -> None:
            pass

        def _fits(self, message: Message, asked: dict[str, str]) -> bool:
            after = next((value for name, value in asked.items() if name.startswith("DateSent")), "")
            return (
                asked.get("To", message.to) == message.to
                and asked.get("From", message.sender) == message.sender
                and (not after or message.at >= datetime.fromisoformat(after).astimezone(UTC))
            )

        def _answer(self, status: int, body: object) -> None:
            said = json.dumps(body).encode() if body is not None else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    account.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
