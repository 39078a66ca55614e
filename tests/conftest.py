"""What the tests share: the book as it is shipped, a real Redis, and a texter who goes through the signed webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.book import Book, load_book
from service.settings import ROOT, Settings
from service.supervisor import embedded_redis
from tests.texter import Texter

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
