"""Counts for the operator: how many turns, how they ended, how long they took; nobody's number and nobody's word."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response

if TYPE_CHECKING:
    from service.talk import Answer

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client lets the processes of one server count together."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)


def count_together(data_dir: Path) -> None:
    """Let the processes that this one forks count together, in a folder of theirs. Before prometheus-client is loaded.

    Folders of servers that have ended are taken away.
    """
    folder = data_dir / "metrics" / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for other in folder.parent.iterdir():
        if not Path(f"/proc/{other.name}").exists():
            shutil.rmtree(other, ignore_errors=True)
    os.environ[FOLDER] = str(folder)


class Metrics:
    """What is counted; by all processes of this web server together, if ``count_together`` came before."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: PLC0415  it reads FOLDER then

        self._ours = CollectorRegistry()
        labels = ("channel", "language", "outcome")
        self._turns = Counter("plainline_turns", "Turns taken.", labels, registry=self._ours)
        self._seconds = Histogram(
            "plainline_turn_seconds", "How long turns took.", buckets=SECONDS, registry=self._ours
        )
        self._refused = Counter("plainline_unsigned", "Requests that Twilio did not sign.", registry=self._ours)

    def turn(self, channel: str, answer: Answer, seconds: float) -> None:
        """A turn was taken."""
        language = answer.turn.session.language if answer.turn else ""
        self._turns.labels(channel, language, answer.outcome).inc()
        self._seconds.observe(seconds)

    def unsigned(self) -> None:
        """A request was refused that Twilio did not sign."""
        self._refused.inc()

    def exposed(self) -> tuple[bytes, str]:
        """All counts as Prometheus reads them, and their content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # noqa: PLC0415
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        counted = self._ours
        if FOLDER in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        return generate_latest(counted), CONTENT_TYPE_LATEST


def metrics(counted: Metrics) -> Blueprint:
    """The blueprint of ``/metrics``."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def expose() -> Response:
        said, kind = counted.exposed()
        return Response(said, content_type=kind)

    return blueprint
