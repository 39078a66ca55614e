"""A telephone that speaks TwiML: it plays, gathers, times out and dials, and refuses what Twilio would.

The grammar is Twilio's own (``tests/carrier/twiml-grammar.json``, read off its SDK), the voices are the service's list
of them. What is said is heard as text.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.book.recordings import read_manifest
from service.settings import ROOT
from tests.texter import URL, sign

GRAMMAR = json.loads((Path(__file__).parent / "carrier/twiml-grammar.json").read_text("utf-8"))["voice"]
VOICES = json.loads((ROOT / "service/book/voices.json").read_text("utf-8"))
LARGEST = 64 * 1024
LONGEST_SAY = {"Polly": 3000, "Google": 5000}
"""Characters of one Say, markup included (TWILIO's page on <Say>)."""

ENDS = {"Hangup", "Reject", "Redirect"}
"""Verbs that nothing after them is reached behind; so is what stands behind a Dial or a Gather that has an action."""


def validate(document: bytes) -> Element:
    """The document, if Twilio would take it."""
    assert len(document) < LARGEST
    root = ElementTree.fromstring(document)
    assert root.tag == "Response"
    for verb in root:
        _validate(verb)
    for verb in list(root)[:-1]:
        never = verb.tag in ENDS or (verb.tag in {"Dial", "Gather"} and "action" in verb.attrib)
        assert not never, f"nothing behind {verb.tag} is ever reached"
    return root


def _validate(verb: Element) -> None:
    about = GRAMMAR[verb.tag]
    assert set(verb.attrib) <= set(about["attributes"]), f"{verb.tag}: {verb.attrib}"
    if verb.tag == "Say":
        _validate_say(verb)
        return
    for child in verb:
        assert child.tag in about["children"], f"{child.tag} in {verb.tag}"
        _validate(child)
    if verb.tag == "Gather":
        spoken = "speech" in verb.get("input", "dtmf")
        assert not spoken or verb.attrib["language"] in VOICES["gather_languages"]
        assert all(len(hint) <= 100 for hint in verb.get("hints", "").split(","))


def _validate_say(say: Element) -> None:
    voice, language = say.attrib["voice"], say.attrib["language"]
    assert language in VOICES["say_languages"]
    assert voice in VOICES["google_voices_by_locale"][language], f"{voice} does not speak {language}"
    assert len(ElementTree.tostring(say, "unicode")) <= LONGEST_SAY[voice.partition(".")[0]]
    assert "".join(say.itertext()).strip()
    known = {"break", "say-as", "prosody", "sub"}
    assert {each.tag for each in say.iter()} <= {"Say", *known}


@dataclass
class Telephone:
    """Somebody on the line. ``heard`` is what was said since the last thing they did."""

    client: FlaskClient
    token: str
    number: str = "+12025550123"
    to: str = "+15558675310"
    heard: list[str] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)
    dialled: str = ""
    direction: str = "inbound"
    is_over: bool = True
    _gather: Element | None = None
    _records: bool = False
    _action: str = ""
    _sid: str = ""
    _numbers: ClassVar[Iterator[int]] = itertools.count()

    def calls(self) -> list[str]:
        """Call the number; what is said."""
        self._sid, self.is_over = f"CA{uuid.uuid4().hex}", False
        return self._post(f"{URL}/voice", {"CallStatus": "ringing"})

    def picks_up(self, path: str, sid: str) -> Telephone:
        """Answer a call that the service makes: it is from them, and to us."""
        self._sid, self.is_over, self.direction = sid, False, "outbound-api"
        self._post(f"{URL}{path}", {"CallStatus": "in-progress"})
        return self

    def presses(self, key: str) -> list[str]:
        """Press one key, or key in a number and press the key that ends it."""
        assert self._gather is not None, "nobody listens for keys"
        assert "dtmf" in self._gather.get("input", "dtmf")
        assert len(key) <= int(self._gather.get("numDigits", "99"))
        assert len(key) == 1 or self._gather.get("finishOnKey") == "#", "nobody waits for the end of a number"
        return self._post(self._action, {"Digits": key})

    def records(self, sid: str, seconds: int = 7) -> list[str]:
        """Speak after the tone; Twilio calls the recording ``sid``."""
        assert self._records
        address = f"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{sid}"
        fields = {"RecordingSid": sid, "RecordingUrl": address, "RecordingDuration": str(seconds), "Digits": "#"}
        return self._post(self._action, fields)

    def says(self, words: str, confidence: float = 0.9) -> list[str]:
        """Say something, as the recogniser understands it."""
        assert self._gather is not None, "nobody listens"
        assert "speech" in self._gather.get("input", "dtmf"), "only keys are listened for here"
        return self._post(self._action, {"SpeechResult": words, "Confidence": str(confidence)})

    def waits(self) -> list[str]:
        """Say and press nothing until the Gather gives up."""
        assert self._gather is not None
        assert self._gather.get("actionOnEmptyResult") == "true", "silence would end the call"
        return self._post(self._action, {"Digits": ""})

    def comes_back(self, status: str) -> list[str]:
        """The call to a helpline ends so."""
        assert self.dialled
        self.dialled = ""
        return self._post(self._action, {"DialCallStatus": status})

    def hangs_up(self) -> None:
        """Put the receiver down, in the middle of whatever it is."""
        self.is_over, self._gather = True, None

    def posts(self, path: str, **fields: str) -> TestResponse:
        """One post as Twilio makes it, whatever it means."""
        form = {
            "CallSid": self._sid, "AccountSid": "AC00000000000000000000000000000000", "From": self.number,
            "To": self.to, "CallStatus": "in-progress", "Direction": self.direction, "ApiVersion": "2010-04-01",
        } | fields  # fmt: skip
        parts = urlsplit(path)
        called = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return self.client.post(called, data=form, headers=sign(form, self.token, called))

    @property
    def action(self) -> str:
        """Where what is heard next will be posted to."""
        return self._action

    def _post(self, url: str, fields: dict[str, str]) -> list[str]:
        assert not self.is_over, "the call has ended"
        response = self.posts(url, **fields)
        assert response.status_code == 200, response.get_data(as_text=True)
        self.documents.append(response.get_data())
        self.heard, self._gather, self._action, self._records = [], None, "", False
        self._run(validate(response.get_data()))
        return self.heard

    def _run(self, root: Element) -> None:
        for verb in root:
            match verb.tag:
                case "Say" | "Play" | "Pause":
                    self._hear(verb)
                case "Gather":
                    self._gather, self._action = verb, verb.attrib["action"]
                    for inside in verb:
                        self._hear(inside)
                    return
                case "Dial":
                    self.dialled, self._action = verb.text or "", verb.attrib["action"]
                    self.heard.append(f"(calls {self.dialled})")
                    return
                case "Record":
                    assert int(verb.attrib["maxLength"]) <= 60
                    self._action, self._records = verb.attrib["action"], True
                    self.heard.append("(a tone)")
                    return
                case "Reject":
                    self.heard.append("(is not answered)")
                    self.hangs_up()
                    return
                case "Hangup":
                    self.heard.append("(hangs up)")
                    self.hangs_up()
                    return
                case _:
                    raise AssertionError(f"this telephone knows no {verb.tag}")
        if self._gather is None and not self.dialled:
            self.hangs_up()

    def _hear(self, verb: Element) -> None:
        if verb.tag == "Say":
            self.heard += [f"{verb.attrib['language']}: {line}" for line in _lines(verb)]
        elif verb.tag == "Play" and "/audio/" not in (verb.text or ""):
            self.heard.append(f"(plays {(verb.text or '').rpartition('/')[2]})")
        elif verb.tag == "Play" and "/audio/notice/" in (verb.text or ""):
            assert self.client.get(urlsplit(verb.text or "").path).status_code == 200
            self.heard.append(f"(plays {(verb.text or '').rpartition('/')[2]})")
        elif verb.tag == "Play":
            *_, language, name = urlsplit(verb.text or "").path.split("/")
            self.heard.append(f"{language} (recorded): {_recorded(language)[name]}")


def _lines(say: Element) -> Iterator[str]:
    """What a Say says: a line between two breaks; what is spelled, and said otherwise than written, in brackets."""
    slow = say.find("prosody")
    inside = say if slow is None else slow
    line = inside.text or ""
    for mark in inside:
        if mark.tag == "break":
            yield line
            line = ""
        else:
            line += {"sub": f"[{mark.get('alias')}]", "say-as": f"[{mark.text}]"}[mark.tag]
        line += mark.tail or ""
    yield line + (" (slowly)" if slow is not None else "")


def _recorded(language: str) -> dict[str, str]:
    path = ROOT / "content/audio" / language / "manifest.json"
    return {each.file: each.text for each in read_manifest(path)}


def carried(action: str) -> dict[str, Any]:
    """What an address carries."""
    return dict(parse_qsl(urlsplit(action).query))
