"""Twilio's REST API: the account's own list of messages, and erasing from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from service.channels.twilio import WHATSAPP

TIMEOUT = 10.0
"""Seconds for one request."""

OK, GONE = 200, 404

RING, LONGEST_CALL = 30, 4 * 60 * 60
"""Seconds that a telephone may ring, and that a call may last whatever happens to us."""

HAS_LEFT = 21610
"""Twilio's error for a text to somebody who said STOP to the carrier."""

PAGE = 500


class AccountError(Exception):
    """Twilio refused, or was not reached; it never names a number or a message.

    ``status`` is HTTP's, 0 where it was not reached; ``code`` is Twilio's.
    """

    def __init__(self, said: str, status: int = 0, code: int = 0) -> None:
        super().__init__(said)
        self.status, self.code = status, code

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later; then it was not processed, or nobody knows."""
        return self.status in {0, 408, 429} or self.status >= 500


class Received(NamedTuple):
    """A message that somebody sent us, as Twilio lists it."""

    sid: str
    sender: str
    body: str
    at: int


class Account:
    """A Twilio account. ``api_url`` names a double of the API, scheme, host and port; empty for Twilio's own."""

    def __init__(self, sid: str, token: str, api_url: str = "") -> None:
        self._sid, self._token, self._api_url = sid, token, api_url
        self._made: Any = None

    def warm_up(self) -> None:
        """Load the SDK, which takes half a second."""
        _ = self._client.messages

    def received(self, number: str, since: datetime) -> Iterator[Received]:
        """The texts that came to ``number`` since then, on SMS and WhatsApp. Raises AccountError."""
        for address in (number, WHATSAPP + number):
            for message in self._listed(to=address, date_sent_after=since):
                if message.direction == "inbound":
                    yield Received(message.sid, message.from_ or "", message.body or "", _unix(message.date_sent))

    def blocked(self, number: str, since: datetime) -> Iterator[Received]:
        """The texts from ``number`` since then that Twilio kept back because their receiver has left (error 21610).

        ``sender`` is that receiver. Raises AccountError.
        """
        for address in (number, WHATSAPP + number):
            for message in self._listed(from_=address, date_sent_after=since):
                if message.error_code == HAS_LEFT:
                    yield Received(message.sid, message.to or "", "", _unix(message.date_sent))

    def send(self, sender: str, number: str, body: str, callback: str, template: str = "") -> str:
        """Text ``body`` to ``number``; Twilio's name for the message. Raises AccountError.

        ``sender`` is a number of ours or a messaging service; ``callback`` is told every status. On WhatsApp both
        numbers bear its prefix, and ``template`` is the approved one whose first variable the words fill.
        """
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        ours = {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}
        words = {"content_sid": template, "content_variables": json.dumps({"1": body})} if template else {"body": body}
        try:
            made = self._client.messages.create(to=number, status_callback=callback, **words, **ours)
        except (TwilioException, RequestException) as error:
            raise _error(error) from None
        return str(made.sid)

    def call(self, sender: str, number: str, answer: str, callback: str) -> str:
        """Call ``number``; Twilio's name for the call. ``answer`` is asked for TwiML when somebody picks up.

        Raises AccountError.
        """
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        try:
            made = self._client.calls.create(
                to=number, from_=sender, url=answer, status_callback=callback, timeout=RING, time_limit=LONGEST_CALL
            )
        except (TwilioException, RequestException) as error:
            raise _error(error) from None
        return str(made.sid)

    def called(self, number: str, since: datetime) -> str:
        """The name of the call that was made to ``number`` since then; empty where none was. Raises AccountError."""
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        try:
            listed = self._client.calls.list(to=number, page_size=PAGE)
        except (TwilioException, RequestException) as error:
            raise _error(error) from None
        ours = (each for each in listed if each.direction.startswith("outbound"))
        return next((str(each.sid) for each in ours if each.date_created and each.date_created >= since), "")

    def sent(self, number: str, body: str, since: datetime) -> str:
        """The name of the message with these words that went to ``number`` since then; empty where none did.

        In a template the words stand among others. Raises AccountError.
        """
        listed = self._listed(to=number)
        same = (each for each in listed if body in (each.body or "") and each.direction.startswith("outbound"))
        return next((str(each.sid) for each in same if each.date_created and each.date_created >= since), "")

    def status(self, sid: str) -> tuple[str, int]:
        """The status of a message, and Twilio's error. Raises AccountError."""
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        try:
            found = self._client.messages(sid).fetch()
        except (TwilioException, RequestException) as error:
            raise _error(error) from None
        return str(found.status), int(found.error_code or 0)

    def recording(self, sid: str) -> bytes:
        """What a caller recorded, as MP3. Raises AccountError."""
        from requests import RequestException, get  # noqa: PLC0415

        api = self._api_url or "https://api.twilio.com"
        address = f"{api}/2010-04-01/Accounts/{self._sid}/Recordings/{sid}.mp3"
        try:
            answer = get(address, auth=(self._sid, self._token), timeout=TIMEOUT)
        except RequestException as error:
            raise _error(error) from None
        if answer.status_code == GONE:  # just after a call it may not be there yet
            raise AccountError("Twilio has no such recording (yet)")
        if answer.status_code != OK:
            raise AccountError(f"Twilio answered {answer.status_code}", answer.status_code)
        return answer.content

    def erase_recording(self, sid: str) -> None:
        """Erase what a caller recorded; erasing it twice is no error. Raises AccountError."""
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        try:
            self._client.recordings(sid).delete()
        except (TwilioException, RequestException) as error:
            if getattr(error, "status", None) != GONE:
                raise _error(error) from None

    def erase(self, number: str, before: datetime) -> int:
        """Erase every message from and to ``number`` that is older; returns how many. Raises AccountError.

        A message that is still being sent cannot be erased yet: call again later.
        """
        erased, kept = 0, None
        for address in (number, WHATSAPP + number):
            for way in ("from_", "to"):
                for message in self._listed(**{way: address}):
                    if message.date_created is None or message.date_created < before:
                        try:
                            self._erase(message.sid)
                            erased += 1
                        except AccountError as error:  # the others go all the same
                            kept = error
        if kept:
            raise kept
        return erased

    def _listed(self, **about: Any) -> list[Any]:
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        try:
            return list(self._client.messages.list(page_size=PAGE, **about))
        except (TwilioException, RequestException) as error:
            raise _error(error) from None

    def _erase(self, sid: str) -> None:
        from requests import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        try:
            self._client.messages(sid).delete()
        except (TwilioException, RequestException) as error:
            if getattr(error, "status", None) != GONE:
                raise _error(error) from None

    @property
    def _client(self) -> Any:
        if self._made is None:
            # Half a second to import; only where it is used.
            from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415
            from twilio.rest import Client  # noqa: PLC0415

            elsewhere = self._api_url

            class Http(TwilioHttpClient):  # type: ignore[misc]
                def request(self, method: str, url: str, **kwargs: Any) -> Any:
                    parts = urlsplit(url)
                    there = elsewhere + parts._replace(scheme="", netloc="").geturl() if elsewhere else url
                    return super().request(method, there, **kwargs)

            self._made = Client(self._sid, self._token, http_client=Http(timeout=TIMEOUT))
        return self._made


def _unix(moment: datetime | None) -> int:
    return int((moment or datetime.now(UTC)).timestamp())


def _error(error: Exception) -> AccountError:
    """What went wrong, without the address that was asked for, which holds a number."""
    status, code = int(getattr(error, "status", 0) or 0), int(getattr(error, "code", 0) or 0)
    said = f"Twilio answered {status}, error {code}" if status else f"Twilio was not reached ({type(error).__name__})"
    return AccountError(said, status, code)


SETTLING = timedelta(minutes=2)
"""How long our last words to somebody may take to be sent."""
