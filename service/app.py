"""The one place where the parts meet."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import TextIO, cast

import structlog
from flask import Flask, Response, request

from service.book import Book, load_book
from service.book.languages import Languages
from service.channels.rest import Account
from service.channels.templates import load_templates
from service.channels.twilio import Contacts, Signatures
from service.engine import check_screens, is_urgent
from service.outreach.clock import Clock
from service.outreach.operator import Operator, Watch
from service.outreach.permission import Permission, Rules
from service.outreach.planning import Planning
from service.outreach.sending import Means, Sending
from service.outreach.upkeep import Upkeep
from service.outreach.worker import Duties
from service.seal import Seal
from service.settings import Settings, SettingsError, limits
from service.store import Expiries, Fresh, Outbox, Register, Spool, Store
from service.talk import Talk
from service.web.audio import audio
from service.web.health import health
from service.web.hooks import hooks
from service.web.metrics import Metrics, metrics
from service.web.overload import URGENT

ANSWERING = 0.9
"""Seconds to wait for the groups while somebody waits for an answer."""

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
        number=settings.twilio_number,
        country=settings.default_country,
        max_segments=settings.max_segments,
        place_days=settings.place_days,
        call_minutes=settings.call_minutes,
        text_countries=settings.text_countries,
        segment_price=settings.segment_price,
        synthetic=settings.in_development or settings.synthetic_recordings,
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


def create_store(settings: Settings) -> Store:
    """The store that these settings name. Opens no connection."""
    return Store(settings.redis_url, Expiries(settings.session_days, settings.answer_hours))


def create_sending(settings: Settings, clock: Callable[[], float] = time.time, book: Book | None = None) -> Sending:
    """What sends what is not an answer. Opens no connection. Raises the book's errors."""
    account = create_account(settings)
    outbox, store, seal = Outbox(settings.redis_url), create_store(settings), Seal(settings.seal_keys)
    register = Register(settings.redis_url)
    operator = create_operator(settings, register, clock)
    rules = Rules(settings.text_countries, settings.default_country, settings.daily_budget, settings.daily_calls)
    permission = Permission(store, register, rules, operator.told, clock)
    planning = create_planning(settings, register, clock, book)
    by = Means(
        account,
        seal,
        settings.sender,
        settings.segments_a_second,
        settings.twilio_number,
        settings.url,
        whatsapp_rate=limits()["messages_a_second"]["whatsapp"],
        templates=load_templates(settings.content),
        clock=clock,
    )
    return Sending(outbox, store, permission, planning, operator, by)


def create_planning(
    settings: Settings, register: Register, clock: Callable[[], float] = time.time, book: Book | None = None
) -> Planning:
    """What makes rows for many. Raises the book's errors."""
    seal, outbox = Seal(settings.seal_keys), Outbox(settings.redis_url)
    operator, contacts = create_operator(settings, register, clock), Contacts(settings.contact_key, seal)
    account = create_account(settings)
    return Planning(book or create_book(settings), register, outbox, seal, operator, contacts, account, clock)


def create_operator(settings: Settings, register: Register, clock: Callable[[], float] = time.time) -> Operator:
    """What tells the operator."""
    seal = Seal(settings.seal_keys)
    return Operator(register, Contacts(settings.contact_key, seal), seal, settings.operator_phone, clock)


def create_duties(settings: Settings, clock: Callable[[], float] = time.time) -> Duties:
    """What the worker does. Raises the book's errors."""
    book = create_book(settings)
    seal, register, store = Seal(settings.seal_keys), Register(settings.redis_url), create_store(settings)
    groups = Fresh(register.groups, clock)
    talk = Talk(book, store, Spool(settings.data_dir, seal), seal, clock=clock, groups=groups)
    sid, url = settings.twilio_account_sid, settings.twilio_api_url
    account = Account(sid, settings.tokens[0], url) if sid else None
    upkeep = Upkeep(book, talk, store, Contacts(settings.contact_key, seal), account, clock)
    sending = create_sending(settings, clock, book)
    return Duties(
        sending, sending.planning, Clock(book, talk, register, clock), upkeep, register, settings.twilio_number
    )


def _watch(settings: Settings, clock: Callable[[], float]) -> Watch:
    register = Register(settings.redis_url, ANSWERING)
    return Watch(register, create_account(settings), settings.sender, settings.operator_phone, clock)


def create_account(settings: Settings) -> Account | None:
    """Twilio's account, if something can be sent by it."""
    sid, url = settings.twilio_account_sid, settings.twilio_api_url
    return Account(sid, settings.tokens[0], url) if settings.sender else None


def recordings_of(settings: Settings) -> str:
    """Where Twilio keeps what callers recorded."""
    api = settings.twilio_api_url or "https://api.twilio.com"
    return f"{api}/2010-04-01/Accounts/{settings.twilio_account_sid}/Recordings"


def create_app(settings: Settings, book: Book | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The web application. Opens no connection: each process opens its own, after the fork.

    Raises SettingsError and the book's errors, which say what to do.
    """
    settings.check()
    check_screens()
    book = (book or create_book(settings)).opened()
    seal = Seal(settings.seal_keys)
    contacts = Contacts(settings.contact_key, seal)
    store = create_store(settings)
    spool = Spool(settings.data_dir, seal)

    @cache
    def talk() -> Talk:
        erases = bool(settings.twilio_account_sid)
        register = Register(settings.redis_url, ANSWERING)
        groups = Fresh(register.groups, clock)
        return Talk(
            book,
            store,
            spool,
            seal,
            settings.url,
            settings.twilio_number,
            erases,
            clock,
            groups,
            recordings_of(settings),
            partial(register.enqueue, "invitation"),
        )

    app = Flask("plainline", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    counted = Metrics()
    sending = cache(lambda: create_sending(settings, clock, book))

    def told(name: str, status: str, error: int) -> None:
        sending().told(name, status, error)

    signatures = Signatures(settings.tokens)
    app.register_blueprint(hooks(talk, told, signatures, contacts, settings.url, counted, settings.missed_call_numbers))
    watched = cache(lambda: _watch(settings, clock))
    app.register_blueprint(health(store.ready, lambda: watched().warnings() if settings.sender else []))
    app.register_blueprint(metrics(counted))
    notices = cache(lambda: Register(settings.redis_url, ANSWERING))
    app.register_blueprint(audio(settings.content / "audio", lambda name: notices().notice(name)))

    app.extensions[URGENT] = partial(is_urgent, book)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.blueprint != "audio":
            response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return app


class _Unfailing:
    """A stream that loses lines rather than an answer, where the disk behind it is full or nobody reads it any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def set_up_logging() -> None:
    """One JSON line a turn, on standard output; other libraries only speak up when something is wrong."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Unfailing(sys.stdout))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
