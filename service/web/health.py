"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify


def health(unready: Callable[[], str], warnings: Callable[[], list[str]] = list) -> Blueprint:
    """The blueprint of the health checks.

    ``unready`` says why the service cannot serve, or nothing; ``warnings`` what the operator should see to while people
    are answered all the same.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        if why := unready():
            return jsonify(status="not ready", why=why), 503
        found = warnings()
        return (jsonify(status="ready", warnings=found) if found else jsonify(status="ready")), 200

    return blueprint
