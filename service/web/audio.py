"""Recordings, as Twilio fetches them to play them on a call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

YEAR = 365 * 24 * 60 * 60
"""Seconds. A recording never changes: another one has another name."""


def audio(folder: Path, notice: Callable[[str], bytes | None] = lambda _: None) -> Blueprint:
    """The blueprint of ``/audio``; ``folder`` holds one folder a language, ``notice`` what leaders recorded."""
    blueprint = Blueprint("audio", __name__)

    @blueprint.get("/audio/<language>/<name>.mp3")
    def recording(language: str, name: str) -> Response:
        response = send_from_directory(folder, f"{language}/{name}.mp3", mimetype="audio/mpeg", max_age=YEAR)
        response.cache_control.public = True
        response.cache_control.immutable = True
        return response

    @blueprint.get("/audio/notice/<name>.mp3")
    def spoken(name: str) -> Response:
        found = notice(name) if name.isalnum() else None
        return Response(found, mimetype="audio/mpeg") if found else abort(404)

    return blueprint
