"""Twilio's webhooks. Nothing gets past the door of this blueprint that Twilio did not sign."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from service.channels.twilio import Contacts, Signatures, call_event, called_event, message_event
from service.conversation import Event
from service.store import NAME, StoreError
from service.talk import Answer, Talk
from service.web.metrics import Metrics

COOKIE_SECONDS = 4 * 60 * 60
"""How long Twilio keeps a cookie."""

RETRY_AFTER = "1"
"""Seconds. Twilio itself retries at once, if its webhook URL asks for it; see docs/connect.md."""

log = structlog.get_logger()


def hooks(  # noqa: PLR0913, PLR0917  all that a webhook may need
    talk: Callable[[], Talk],
    told: Callable[[str, str, int], None],
    signatures: Signatures,
    contacts: Contacts,
    url: str,
    metrics: Metrics,
    returned: Sequence[str] = (),
) -> Blueprint:
    """The blueprint of the webhooks; ``url`` is what Twilio calls, ``talk`` what answers in this process.

    On the numbers ``returned`` a call is not answered but returned. ``told`` hears of every status of what we sent: the
    name of its row, the status, and Twilio's error.
    """
    blueprint = Blueprint("hooks", __name__)

    @blueprint.before_request
    def verify() -> None:
        called = url + request.full_path.removesuffix("?")
        if not signatures.accepts(called, request.form, request.headers.get("X-Twilio-Signature", "")):
            log.warning("refused", why="not signed by Twilio", path=request.path)
            metrics.unsigned()
            abort(403)

    @blueprint.post("/sms")
    def sms() -> Response:
        answer = answered(message_event(request.form, contacts), request.cookies.get(NAME, ""))
        response = Response(answer.body, mimetype="text/xml")
        if answer.cookie:
            response.set_cookie(NAME, answer.cookie, max_age=COOKIE_SECONDS, secure=True, httponly=True)
        return response

    @blueprint.post("/voice", defaults={"step": 0})
    @blueprint.post("/voice/<int:step>")
    def voice(step: int) -> Response:
        answer = answered(call_event(request.form, contacts, step, returned), request.args.get("s", ""))
        return Response(answer.body, mimetype="text/xml")

    @blueprint.post("/voice/picked-up")
    def picked_up() -> Response:
        answer = answered(called_event(request.form, contacts), "")
        return Response(answer.body, mimetype="text/xml")

    @blueprint.post("/status/message", defaults={"field": "MessageStatus"})
    @blueprint.post("/status/call", defaults={"field": "CallStatus"})
    def status(field: str) -> Response:
        error = request.form.get("ErrorCode", "")
        number = int(error) if error.isascii() and error.isdecimal() else 0
        told(request.args.get("r", ""), request.form.get(field, ""), number)
        return Response(status=204)

    def answered(event: Event, carried: str) -> Answer:
        began = time.perf_counter()
        answer = talk().answer(event, carried)
        took = time.perf_counter() - began
        _log_turn(event, answer, took)
        metrics.turn(event.channel, answer, took)
        return answer

    @blueprint.errorhandler(StoreError)
    def away(error: StoreError) -> Response:
        log.error("not remembered", why=str(error))
        return _later()

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response | HTTPException:
        if isinstance(error, HTTPException):
            return error
        # Where it happened, and never what was said: a message of an exception may hold somebody's words.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        log.error("failed", error=type(error).__name__, where=f"{frame.filename}:{frame.lineno}")
        return _later()

    return blueprint


def _later() -> Response:
    return Response("Try again.", 503, {"Retry-After": RETRY_AFTER}, mimetype="text/plain")


def _log_turn(event: Event, answer: Answer, took: float) -> None:
    session = answer.turn.session if answer.turn else None
    log.info(
        "turn",
        channel=event.channel,
        language=session.language if session else "",
        screen=session.screen if session else "",
        outcome=answer.outcome,
        ms=round(took * 1000, 1),
    )
