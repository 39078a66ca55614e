"""The Twilio edge: what a webhook's form means, and how an answer is written for Twilio.

Fields come and go without notice (Twilio's page on messaging webhooks): what is needed is read, the rest ignored, and
nothing that a form may hold raises.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
import regex
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from service.conversation import Carrier, Channel, Event, Kind
from service.seal import Seal

WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "unavailable", "private", "+266696687"})
"""What stands in ``From`` where somebody keeps their number to themselves (266696687 spells ANONYMOUS on a keypad)."""

LONGEST_BODY = 1600
"""Characters; Twilio's own limit. Anything beyond is not looked at."""

LONGEST_SENDER = 64
"""Characters; an address on any channel is shorter."""

WHATSAPP = "whatsapp:"


NUMBER = "number"
"""What a sealed number is sealed for."""

_MACHINE = regex.compile(r"\+?\d{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}")
"""A short code, or the name that an alphanumeric sender has instead of a number: no person is behind either."""


_RECORDING = regex.compile(r"RE[0-9a-fA-F]{32}")


class Sender(NamedTuple):
    """Who wrote: the index of the contact, empty where it is withheld, their sealed number, and the number's region."""

    contact: str
    address: bytes
    country: str
    is_machine: bool = False


@dataclass(frozen=True)
class Contacts:
    """Turns numbers into contacts: an HMAC, so that what is stored names nobody, and a sealed number to write to."""

    key: bytes
    seal: Seal

    def contact(self, number: str) -> str:
        """The index of a number in E.164."""
        digest = hmac.digest(self.key, number.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return urlsafe_b64encode(digest[:12]).decode()

    def number(self, address: bytes) -> str:
        """The number that was sealed; nothing where no key of ours opens it."""
        opened = self.seal.open(address, NUMBER)
        return opened.decode() if opened else ""

    def sender(self, address: str) -> Sender:
        """The sender behind ``From``: the same contact on every channel, whatever prefix the channel writes."""
        number = address.strip()[:LONGEST_SENDER].removeprefix(WHATSAPP)
        if number.casefold() in WITHHELD:
            return Sender("", b"", "")
        sealed = self.seal.seal(number.encode("utf-8", "replace"), NUMBER)
        is_machine = not address.strip().startswith(WHATSAPP) and bool(_MACHINE.fullmatch(number))
        return Sender(self.contact(number), sealed, region(number), is_machine)


@lru_cache(maxsize=65536)
def region(number: str) -> str:
    """The ISO 3166 region of an E.164 number, or nothing."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    # A number that no plan knows still tells its country by its prefix.
    by_prefix = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    found = phonenumbers.region_code_for_number(parsed) or by_prefix
    return "" if found in {"001", "ZZ"} else found


def message_event(form: Mapping[str, str], contacts: Contacts) -> Event:
    """The event behind a messaging webhook."""
    address = form.get("From", "")
    sender = contacts.sender(address)
    body = form.get("Body", "")[:LONGEST_BODY] or form.get("ButtonText", "") or form.get("ButtonPayload", "")
    speaks = bool(body.strip())
    return Event(
        id=next((form[name] for name in ("MessageSid", "SmsMessageSid", "SmsSid") if form.get(name)), "")[:64],
        channel=Channel.WHATSAPP if address.strip().startswith(WHATSAPP) else Channel.SMS,
        contact=sender.contact,
        kind=Kind.WORDS if speaks else Kind.ATTACHMENT,
        body=body,
        country=sender.country,
        carrier=_carrier(form.get("OptOutType", "")),
        address=sender.address,
        machine=sender.is_machine,
    )


ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""What ``CallStatus`` says of a call that is over."""


def call_event(form: Mapping[str, str], contacts: Contacts, step: int, returned: Sequence[str] = ()) -> Event:
    """The event behind a post of a call; its first one is step 0.

    ``returned`` are the numbers of ours on which a call is not answered but returned.
    """
    outbound = form.get("Direction", "").startswith("outbound")
    sender = contacts.sender(form.get("To" if outbound else "From", ""))
    kind, body = _heard(form, step)
    if kind is Kind.CALL and not outbound and form.get("To", "") in returned:
        kind = Kind.MISSED
    call = form.get("CallSid", "")[:64]
    return Event(
        id=f"{call}.{step}" if call else "",
        channel=Channel.VOICE,
        contact=sender.contact,
        kind=kind,
        body=body[:LONGEST_BODY],
        country=sender.country,
        address=sender.address,
        step=step,
    )


def called_event(form: Mapping[str, str], contacts: Contacts) -> Event:
    """The event behind the first post of a call that we made: somebody, or a machine, has picked up."""
    event = call_event(form, contacts, 0)
    return replace(event, kind=Kind.PICKED_UP if event.kind is Kind.CALL else event.kind)


def _heard(form: Mapping[str, str], step: int) -> tuple[Kind, str]:
    """What happened on the call. A recognised sentence counts whatever its confidence."""
    if "DialCallStatus" in form:
        return Kind.RETURN, form["DialCallStatus"]
    if "RecordingDuration" in form and form.get("CallStatus", "") not in ENDED:
        return Kind.RECORDED, recording_of(form)
    if form.get("CallStatus", "") in ENDED:
        return Kind.HANGUP, ""
    if pressed := form.get("Digits", "").strip():
        return Kind.KEY, pressed
    if said := form.get("SpeechResult", "").strip():
        return Kind.WORDS, said
    return (Kind.SILENCE if step else Kind.CALL), ""


def recording_of(form: Mapping[str, str]) -> str:
    """The name of what a caller recorded; empty where that is nothing, or no name that Twilio gives."""
    sid = form.get("RecordingSid", "") or form.get("RecordingUrl", "").rpartition("/")[2]
    return sid if _RECORDING.fullmatch(sid) and form.get("RecordingDuration", "0") != "0" else ""


def _carrier(opt_out_type: str) -> Carrier | None:
    return Carrier(opt_out_type.upper()) if opt_out_type.upper() in Carrier.__members__ else None


@lru_cache(maxsize=8192)
def messages_twiml(messages: tuple[str, ...]) -> bytes:
    """TwiML that answers with ``messages``, in their order; with none, Twilio says nothing."""
    response = MessagingResponse()
    for message in messages:
        response.message(message)
    return str(response).encode()


class Signatures:
    """Verifies that Twilio sent a request, with any of the account's auth tokens (two during a rotation)."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._validators = [RequestValidator(token) for token in tokens]

    def accepts(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        """Whether ``signature`` is Twilio's for ``form`` posted to ``url``, the URL as Twilio called it."""
        said = signature.encode("utf-8", "replace")
        # Nearly always the URL is signed just as it is; the SDK's validation also tries it with and without its port.
        return any(
            hmac.compare_digest(validator.compute_signature(url, form).encode(), said)
            or validator.validate(url, form, signature)
            for validator in self._validators
        )
