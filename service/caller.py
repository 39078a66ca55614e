"""A telephone in the terminal that calls: read what would be heard, press keys, say words, wait, hang up.

It goes through the same signed webhook as Twilio does, and reads the TwiML as Twilio would.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from service.book.recordings import read_manifest
from service.phone import post

KEYS = frozenset("0123456789*#")
VOICE_WIDTH = 12
CONFIDENCE = "0.9"
"""A recogniser that is rather sure."""


class Heard(NamedTuple):
    """A sentence, and the language of the voice that says it; ``recorded`` where it is played."""

    language: str
    words: str
    recorded: bool = False


@dataclass
class Caller:
    """Somebody who calls the service at ``url``, which believes ``token`` and listens on ``port``.

    ``audio`` holds the manifests of recordings, so that what is played can be read.
    """

    url: str
    port: int
    token: str
    number: str
    service_number: str
    audio: Path
    dialled: str = ""
    is_over: bool = False
    hears_words: bool = False
    records: bool = False
    _action: str = "/voice"
    _call: str = field(default_factory=lambda: f"CA{uuid.uuid4().hex}")

    def calls(self) -> list[Heard]:
        """Call; returns what is heard until somebody listens or the call ends. Raises NoAnswerError, as all do."""
        return self._step({})

    def does(self, what: str) -> list[Heard]:
        """Press a key, key in a number, say words, or wait (""); while another line is called, how that ended.

        Words are silence where keys alone are listened for, as on a real call.
        """
        if self.dialled:
            return self._step({"DialCallStatus": what or "completed"})
        if self.records:
            return self._step({"RecordingSid": f"RE{uuid.uuid4().hex}", "RecordingDuration": "5"} if what else {})
        if what in KEYS or what.isdecimal():  # a number of several keys ends with the pound key
            return self._step({"Digits": what})
        if not what or not self.hears_words:
            return self._step({"Digits": ""})
        return self._step({"SpeechResult": what, "Confidence": CONFIDENCE})

    def _step(self, fields: dict[str, str]) -> list[Heard]:
        form = {"CallSid": self._call, "From": self.number, "To": self.service_number, "CallStatus": "in-progress"}
        document = post(self.url, self.port, self.token, self._action, form | fields)
        self.dialled, self.is_over = "", True
        return list(self._run(document))

    def _run(self, document: Element) -> Iterator[Heard]:
        for verb in document:
            self.records = verb.tag == "Record"
            if verb.tag in {"Gather", "Dial", "Record"}:
                parts = urlsplit(verb.attrib["action"])
                self._action = f"{parts.path}?{parts.query}" if parts.query else parts.path
                self.dialled = (verb.text or "").strip() if verb.tag == "Dial" else ""
                self.hears_words = "speech" in verb.get("input", "dtmf")
                self.is_over = False
            yield from self._hear(verb)
            for inside in verb if verb.tag == "Gather" else ():
                yield from self._hear(inside)

    def _hear(self, verb: Element) -> Iterator[Heard]:
        if verb.tag == "Say":
            yield from (Heard(verb.attrib["language"], line) for line in _said(verb).splitlines() if line.strip())
        elif verb.tag == "Record":
            yield Heard("", "(a tone: what is typed now is recorded)")
        elif verb.tag == "Reject":
            yield Heard("", "(the call is not answered)")
        elif verb.tag == "Play" and ("/audio/notice/" in (verb.text or "") or "/Recordings/" in (verb.text or "")):
            yield Heard("", "(what somebody recorded is played)")
        elif verb.tag == "Play":
            *_, language, name = urlsplit(verb.text or "").path.split("/")
            texts = {each.file: each.text for each in read_manifest(self.audio / language / "manifest.json")}
            yield Heard(language, texts.get(name, name), recorded=True)


def _said(part: Element) -> str:
    """The words of a Say, a line between two breaks."""
    inside = "".join(("\n" if mark.tag == "break" else _said(mark)) + (mark.tail or "") for mark in part)
    return (part.text or "") + inside


def show_heard(console: Console, caller: Caller, heard: list[Heard]) -> None:
    """What is heard, a sentence a row, behind the language of its voice."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", style="dim", width=VOICE_WIDTH)
    rows.add_column(overflow="fold")
    for each in heard:
        rows.add_row(f"{each.language}, recorded" if each.recorded else each.language, Styled(each.words))
    if caller.dialled:
        rows.add_row("", Styled(f"(calls {caller.dialled})", style="yellow"))
    elif caller.is_over:
        rows.add_row("", Styled("(the call has ended)", style="dim"))
    console.print(rows)
