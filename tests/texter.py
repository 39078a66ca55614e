"""Somebody with a phone, texting the service through its signed webhook as Twilio would."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from typing import ClassVar
from xml.etree import ElementTree

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

URL = "https://plainline.example"


def sign(form: dict[str, str], token: str, path: str = "/sms") -> dict[str, str]:
    """The header by which Twilio's posts are known."""
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(URL + path, form)}


def messages(response: TestResponse) -> list[str]:
    """The texts that an answer holds."""
    assert response.status_code == 200, response.get_data(as_text=True)
    return [message.text or "" for message in ElementTree.fromstring(response.get_data())]


@dataclass
class Texter:
    """A phone with a number."""

    client: FlaskClient
    token: str
    number: str
    prefix: str = ""
    _blocks: ClassVar[itertools.count[int]] = itertools.count(5550000, 1000)

    @classmethod
    def first_free(cls) -> int:
        """Each test gets numbers that no other test has."""
        return next(cls._blocks)

    def post(self, body: str, sid: str | None = None, **fields: str | None) -> TestResponse:
        """What comes back for one text, as Twilio gets it."""
        form = {
            "MessageSid": sid if sid is not None else f"SM{uuid.uuid4().hex}",
            "AccountSid": "AC00000000000000000000000000000000",
            "From": self.prefix + self.number,
            "To": self.prefix + "+15558675310",
            "Body": body,
            "NumMedia": "0",
            **fields,
        }
        form = {name: value for name, value in form.items() if value is not None}
        return self.client.post("/sms", data=form, headers=sign(form, self.token))

    def text(self, body: str, **fields: str | None) -> list[str]:
        """The texts that answer one text."""
        return messages(self.post(body, **fields))
