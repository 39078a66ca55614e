"""Recordings, as Twilio fetches them to play them on a call."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, send_from_directory

YEAR = 365 * 24 * 60 * 60
"""Seconds. A recording never changes: another one has another name."""


def audio(folder: Path) -> Blueprint:
    """The blueprint of ``/audio``; ``folder`` holds one folder a language. Whole or in ranges."""
    blueprint = Blueprint("audio", __name__)

    @blueprint.get("/audio/<language>/<name>.mp3")
    def recording(language: str, name: str) -> Response:
        response = send_from_directory(folder, f"{language}/{name}.mp3", mimetype="audio/mpeg", max_age=YEAR)
        response.cache_control.public = True
        response.cache_control.immutable = True
        return response

    return blueprint
