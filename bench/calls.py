"""``python -m bench.calls``: how soon a call is answered at fifty calls a second, and what a step of it costs.

A step of a call is compared with a turn by text in the same run: their CPU, through the whole application and a real
Redis.
"""

from __future__ import annotations

import http.client
import itertools
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlencode, urlsplit

import structlog
from flask.testing import FlaskClient
from rich.console import Console
from twilio.request_validator import RequestValidator

from bench.servers import Server, service
from service.app import create_app
from service.settings import Settings
from service.supervisor import embedded_redis

A_SECOND, SECONDS = 50, 20
CONNECTIONS = 16
ROUNDS, STEPS = 15, 200
TOKEN = "0123456789abcdef0123456789abcdef"
URL = "https://plainline.example"


def answered(server: Server) -> list[float]:
    """The milliseconds from when each call came, fifty a second, until its first TwiML was there."""
    at = urlsplit(server.url)
    url, validator = f"http://{at.netloc}/voice", RequestValidator(server.token)
    took: list[float] = []
    numbers, began = itertools.count(), time.perf_counter() + 0.5

    def caller() -> None:
        line = http.client.HTTPConnection(at.hostname or "", at.port)
        while (number := next(numbers)) < A_SECOND * SECONDS:
            form = {"CallSid": f"CA{number:032}", "From": f"+1202{number:07}", "CallStatus": "ringing"}
            head = {"Content-Type": "application/x-www-form-urlencoded"}
            head["X-Twilio-Signature"] = validator.compute_signature(url.replace("127.0.0.1", "localhost"), form)
            came = began + number / A_SECOND
            time.sleep(max(0.0, came - time.perf_counter()))
            line.request("POST", "/voice", urlencode(form), head)
            answer = line.getresponse()
            if answer.status != 200 or b"<Gather" not in answer.read():
                raise SystemExit(f"a call was answered with {answer.status}")
            took.append((time.perf_counter() - came) * 1000)

    callers = [threading.Thread(target=caller) for _ in range(CONNECTIONS)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    return sorted(took)


def compared(console: Console) -> list[float]:
    """What a step of a call costs, in turns by text: CPU, round by round."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory(prefix="plainline-bench-") as folder:
        path = Path(folder)
        with embedded_redis(path / "redis") as redis_url, console.status("Taking steps and turns..."):
            settings = Settings(
                public_url=URL, redis_url=redis_url, data_dir=path / "data", secret_key="x" * 40,
                twilio_auth_token=(TOKEN,), serve_unreviewed=True,
            )  # fmt: skip
            client = create_app(settings).test_client(use_cookies=False)
            return [_steps(client, number) / _turns(client, number) for number in range(ROUNDS + 1)][1:]


def _turns(client: FlaskClient, series: int) -> float:
    began = time.process_time()
    for number in range(STEPS):
        who, place = divmod(number, 20)
        body = ["RISKS", "MORE", "MORE", "MENU", "3", "MORE", "BACK", "2"][place % 8]
        form = {"MessageSid": f"SM{series}.{number}", "From": f"+1303{series:03}{who:04}", "Body": body}
        _post(client, "/sms", form)
    return time.process_time() - began


def _steps(client: FlaskClient, series: int) -> float:
    began, action = time.process_time(), ""
    for number in range(STEPS):
        who, place = divmod(number, 20)
        key = ["1", "2", "", "#", "*", "3", "", "7"][place % 8]
        form = {"CallSid": f"CA{series}.{who}", "From": f"+1404{series:03}{who:04}", "Digits": key}
        if place == 0:
            form.pop("Digits")
        path = urlsplit(action)
        said = _post(client, "/voice" if place == 0 else f"{path.path}?{path.query}", form)
        action = said.partition(b'action="')[2].partition(b'"')[0].decode()
    return time.process_time() - began


def _post(client: FlaskClient, path: str, form: dict[str, str]) -> bytes:
    signature = RequestValidator(TOKEN).compute_signature(URL + path, form)
    return client.post(path, data=form, headers={"X-Twilio-Signature": signature}).get_data()


def main() -> None:
    """Measure, and show."""
    console = Console(highlight=False)
    prefix = "plainline-bench-"
    with tempfile.TemporaryDirectory(prefix=prefix) as folder, service(Path(folder), 2) as server:
        took = answered(server)
    ratios = sorted(compared(console))
    console.print(
        f"first TwiML of a call at {A_SECOND} calls a second, {len(took)} calls: median {median(took):.1f} ms, "
        f"99th percentile {took[int(len(took) * 0.99)]:.1f} ms, slowest {took[-1]:.1f} ms"
    )
    console.print(
        f"CPU of a step of a call, in turns by text: {median(ratios):.2f} ({ratios[1]:.2f} to {ratios[-2]:.2f}), "
        f"median of {ROUNDS} rounds of {STEPS} each"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
