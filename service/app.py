"""The one place where the parts meet."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from functools import cache

import structlog
from flask import Flask, Response

from service.book import Book, load_book
from service.book.languages import Languages
from service.channels.twilio import Contacts, Signatures
from service.engine import check_screens
from service.settings import Settings, SettingsError
from service.store import Store
from service.talk import Talk
from service.web.health import health
from service.web.hooks import hooks

LARGEST_REQUEST = 256 * 1024
"""Bytes. Twilio's webhooks have a few thousand."""


def create_book(settings: Settings) -> Book:
    """The book that these settings serve: with a Twilio token, only languages that a clinician has reviewed.

    Raises SettingsError where that leaves none, and the book's own errors.
    """
    book = load_book(
        settings.content,
        settings.locales,
        settings.compiled,
        only=settings.languages,
        program=settings.program,
        country=settings.default_country,
        max_segments=settings.max_segments,
    )
    if settings.in_development or settings.serve_unreviewed:
        return book
    reviewed = Languages(language for language in book.languages.values() if language.review)
    if not reviewed:
        raise SettingsError(
            "no language has been reviewed by a clinician: set SERVE_UNREVIEWED=1 to serve them all the same (people "
            "are told so), or record a review with 'plainline review'"
        )
    return replace(book, languages=reviewed)


def create_app(settings: Settings, book: Book | None = None) -> Flask:
    """The web application. Opens no connection: each process opens its own, after the fork.

    Raises SettingsError and the book's errors, which say what to do.
    """
    settings.check()
    check_screens()
    book = book or create_book(settings)
    store = Store(settings.redis_url)

    @cache
    def talk() -> Talk:
        return Talk(book, store)

    app = Flask("plainline", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.register_blueprint(hooks(talk, Signatures(settings.tokens), Contacts(settings.contact_key), settings.url))
    app.register_blueprint(health(store.ready))

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def set_up_logging() -> None:
    """One JSON line a turn, on standard output; other libraries only speak up when something is wrong."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
