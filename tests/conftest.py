"""What the tests share: the book as it is shipped, a real Redis, and a texter who goes through the signed webhook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app, create_sending
from service.book import Book, load_book
from service.outreach.sending import Sending
from service.settings import ROOT, Settings
from service.supervisor import embedded_redis
from tests.outgoing import OURS
from tests.texter import Texter
from tests.twilio_double import Twilio, twilio

# A first call may load a model; what is slow is shown by make bench and asserted nowhere.
hypothesis.settings.register_profile("plainline", deadline=None)
hypothesis.settings.load_profile("plainline")

TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "a secret for the tests alone, long enough"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden transcripts anew")
    parser.addoption("--strict-no-skips", action="store_true", help="fail if any test was skipped")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a test that was skipped, for a missing tool say, is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}  # a worker has none: the process that it reports to counts
    if session.config.getoption("--strict-no-skips") and stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests compile catalogues to."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="session")
def book(compiled: Path) -> Book:
    """The book as it is shipped, in all its languages."""
    return load_book(ROOT / "content", ROOT / "locales", compiled)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis, of the kind that ``plainline serve`` brings along."""
    with embedded_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    """Settings as in production, but for the reviews that no language has yet."""
    return Settings(
        port=8080,
        public_url="https://plainline.example",
        redis_url=redis_url,
        data_dir=tmp_path / "data",
        secret_key=SECRET,
        twilio_auth_token=(TOKEN,),
        twilio_number="+15558675310",
        serve_unreviewed=True,
    )


@pytest.fixture
def client(settings: Settings, book: Book) -> FlaskClient:
    """The web application, served to Werkzeug's own client."""
    return create_app(settings, book).test_client()


@pytest.fixture
def texter(client: FlaskClient) -> Callable[..., Texter]:
    """Somebody new with a phone: ``texter(number="+1...")`` texts through the signed webhook."""
    made = iter(range(10_000_000))

    def somebody(number: str | None = None, **kwargs: str) -> Texter:
        fresh = f"+1202{next(made) + Texter.first_free():07d}"
        return Texter(client, TOKEN, number if number is not None else fresh, **kwargs)

    return somebody


@pytest.fixture
def account() -> Iterator[Twilio]:
    """A double of Twilio's API."""
    with twilio() as made:
        yield made


@pytest.fixture
def there(settings: Settings, account: Twilio, tmp_path: Path) -> Iterator[Settings]:
    """Settings that can send, on a Redis of their own."""
    with embedded_redis(tmp_path / "outbox") as url:
        about = {"twilio_account_sid": "AC1", "twilio_api_url": account.url, "twilio_segments_a_second": 1000.0}
        yield settings.model_copy(update={**about, "redis_url": url})


@pytest.fixture(scope="session")
def texting(book: Book) -> Book:
    """The book of a service that can text its callers."""
    return replace(book, text_countries=("US",), number=OURS).opened()


@pytest.fixture
def now() -> list[float]:
    """What time it is; a test may move it on."""
    return [time.time()]


@pytest.fixture
def app(there: Settings, texting: Book, now: list[float]) -> Flask:
    """The web application of a service that can send, on the tests' own clock."""
    return create_app(there, texting, lambda: now[0])


@pytest.fixture
def sending(there: Settings, now: list[float], texting: Book) -> Sending:
    """What a worker sends with, which waits for no moment."""
    made = create_sending(there, lambda: now[0], texting)
    made._by = made._by._replace(wait=lambda _: None)
    return made
