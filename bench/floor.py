"""The floor: the application of Twilio's tutorials, which remembers the last text and always says the same.

It does what no service can go without (verify the signature, ask Redis once, answer in TwiML) and nothing else, on the
server that the service runs on. What the service takes beyond it is what its conversations cost.
"""

from __future__ import annotations

import os

import redis
from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from service.cli import THREADS
from service.web.server import run


def create_floor(redis_url: str, token: str) -> Flask:
    """The tutorial's application, which believes ``token``."""
    app = Flask("floor", static_folder=None)
    validator = RequestValidator(token)
    remembered = redis.Redis.from_url(redis_url)

    @app.post("/sms")
    def sms() -> Response:
        if not validator.validate(request.url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        sender = request.form["From"]
        pipeline = remembered.pipeline(transaction=False)
        pipeline.get(sender)
        pipeline.set(sender, request.form["Body"])
        pipeline.execute()
        answer = MessagingResponse()
        answer.message("Thank you for your text. We will be in touch soon.")
        return Response(str(answer), mimetype="text/xml")

    return app


if __name__ == "__main__":
    env = os.environ
    floor = create_floor(env["REDIS_URL"], env["TWILIO_AUTH_TOKEN"])
    run("127.0.0.1", int(env["PORT"]), int(env["WEB_CONCURRENCY"]), THREADS, lambda: floor)
