"""Whatever is posted, it is answered or refused, and never an error of ours."""

from __future__ import annotations

from service.app import create_app
from service.book import Book
from service.settings import Settings
from tests.conftest import TOKEN
from tests.malformed import torment

A_FEW = 3000
"""``make proof`` sends 100,000."""


def test_malformed_webhooks_are_answered_or_refused(settings: Settings, book: Book) -> None:
    outcome = torment(create_app(settings, book), TOKEN, A_FEW)
    assert outcome.failures == 0, outcome.statuses
    assert outcome.statuses[200] > A_FEW / 2, "most of them should have come through the door"
