"""Webhooks as no carrier sends them: a corpus of what goes wrong with forms, and ways to make it worse."""

from __future__ import annotations

import gc
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

from flask import Flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from service.web.server import settle
from tests.texter import sign

FORM = "application/x-www-form-urlencoded"

FIELDS = [
    b"From",
    b"To",
    b"Body",
    b"MessageSid",
    b"SmsSid",
    b"NumMedia",
    b"OptOutType",
    b"ButtonText",
    b"AccountSid",
    b"FromCountry",
    b"CallSid",
    b"Digits",
    b"SpeechResult",
    b"Confidence",
    b"CallStatus",
    b"DialCallStatus",
]

NASTY = [
    b"",
    b"\x00",
    b"STOP\x00",
    b"\xff\xfe\x00S\x00T",
    b"\xed\xa0\x80",
    b"\xed\xb0\x80\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
    "\u202ePOTS\u202c ".encode(),
    "\u2066\u2069\u200b\u200d\ufeff".encode(),
    ("a" + "\u0301" * 800).encode(),
    ("ﷺ" * 400).encode(),
    ("🏳\ufe0f\u200d🌈" * 300).encode(),
    ("١٢٣" * 100).encode(),
    "²".encode(),
    "𝟙".encode(),
    b"9" * 400,
    b"-1",
    b"0",
    b"1e9",
    b"%s%n%x",
    b"{{7*7}}",
    b"<Response/>",
    b"]]>",
    b"' OR 1=1 --",
    b"\r\nX-Header: 1\r\n\r\n",
    b"a" * 1600,
    b"a " * 5000,
    b"stop " * 2000,
    ("我想死" * 500).encode(),
    ("ا" * 4000).encode(),
    b"kill myself " * 300,
    b'Liked "' + b"x" * 1500,
    ("> " * 900).encode(),
    b"(" * 1600,
    b"=" * 1600,
    ("“" * 1600).encode(),
    b"1 " * 800,
]

NUMBERS = [
    b"+12025550123",
    b"whatsapp:+12025550123",
    b"+",
    b"",
    b"anonymous",
    b"12345",
    b"+0",
    b"+" + b"1" * 500,
    b"sip:a@b",
    b"tel:+1",
    b"\xff",
    "+١٢٠٢".encode(),
    b"+1 202 555 0123",
    b"whatsapp:",
    b"whatsapp:whatsapp:+1",
    b"client:anna",
    b"+1202555012\x00",
    b"null",
]

PATHS = ["/sms"] * 3 + ["/voice", "/voice/1", "/voice/7?s=AAAA"]

COOKIES = ["p=", "p=" + "A" * 5000, "p=\x80", "p==;p=;;", "p=AAAA; p=BBBB", 'p="', "q=1", "p=" + "é" * 50]


@dataclass
class Outcome:
    """How a number of malformed webhooks went."""

    tried: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    """Milliseconds of work for the slowest, each path having been warmed up; to wait for the disk is no work."""
    growth: int = 0
    """KB by which the process grew over the second half."""

    @property
    def failures(self) -> int:
        """Answers that blame us."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def torment(app: Flask, token: str, count: int, seed: int = 1) -> Outcome:
    """Send ``count`` malformed webhooks, most of them properly signed."""
    outcome, chance = Outcome(), random.Random(seed)
    half = 0
    settle()
    for number in range(count):
        if number == count // 2:
            half = _memory()
        path = chance.choice(PATHS)
        body, headers = _request(chance, token, path)
        began = time.thread_time()
        response = app.test_client(use_cookies=False).post(path, data=body, headers=headers)
        took = (time.thread_time() - began) * 1000
        outcome.statuses[response.status_code] += 1
        if number > count // 10:
            outcome.slowest = max(outcome.slowest, took)
    gc.unfreeze()
    outcome.tried, outcome.growth = count, _memory() - half
    return outcome


def _request(chance: random.Random, token: str, path: str) -> tuple[bytes, dict[str, str]]:
    body = b"&".join(_fields(chance))
    if chance.random() < 0.05:
        body = chance.randbytes(chance.randrange(200)) + body
    if chance.random() < 0.002:
        body += b"&Body=" + b"x" * 1_000_000
    kind = chance.choice(
        [FORM] * 30
        + ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", FORM + "; charset=utf-16"]
    )
    headers = {"Content-Type": kind, "Cookie": chance.choice(COOKIES).encode("utf-8").decode("latin-1")} if kind else {}
    if chance.random() < 0.95:
        headers |= sign(_as_read(body, kind), token, path)
    if chance.random() < 0.05:
        headers["X-Twilio-Signature"] = "é" * 40
    if chance.random() < 0.05:
        headers |= {
            "X-Forwarded-Host": "evil.example",
            "X-HTTP-Method-Override": "DELETE",
            "Transfer-Encoding": "chunked",
        }
    return body, headers


def _fields(chance: random.Random) -> Iterator[bytes]:
    yield b"From=" + _quoted(
        chance, chance.choice(NUMBERS) if chance.random() < 0.7 else b"+1%010d" % chance.randrange(10**10)
    )
    yield b"Body=" + _quoted(chance, _nasty(chance))
    yield b"MessageSid=SM%032x" % chance.getrandbits(128)
    for _ in range(chance.randrange(4)):
        yield chance.choice(FIELDS) + b"=" + _quoted(chance, _nasty(chance))


def _nasty(chance: random.Random) -> bytes:
    found = chance.choice(NASTY)
    if chance.random() < 0.5:
        cut = chance.randrange(len(found) + 1)
        found = found[:cut] + chance.choice(NASTY)[:2000] + found[cut:]
    return found


def _quoted(chance: random.Random, value: bytes) -> bytes:
    return value if chance.random() < 0.1 else quote_from_bytes(value).encode()


def _as_read(body: bytes, kind: str) -> dict[str, str]:
    """The form as the service will read it, for a signature that fits."""
    environ = EnvironBuilder(method="POST", data=body, headers={"Content-Type": kind} if kind else {}).get_environ()
    try:
        return dict(Request(environ).form.items())
    except RequestEntityTooLarge:
        return {}


def _memory() -> int:
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
