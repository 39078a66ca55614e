"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify


def health(unready: Callable[[], str]) -> Blueprint:
    """The blueprint of the health checks; ``unready`` says why the service cannot serve, or nothing."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        why = unready()
        return (jsonify(status="not ready", why=why), 503) if why else (jsonify(status="ready"), 200)

    return blueprint
