"""Every environment variable, typed, with its help text. Only ``app`` and ``cli`` read it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tomllib
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder, which holds ``content`` and ``locales``."""

SHORTEST_SECRET = 32

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SettingsError(ValueError):
    """Settings that must not be served with; the message says which, and what to do."""


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a country's two letters in capitals, such as US")
    return value


def _telephone(value: str) -> str:
    if value and not value.startswith("+"):
        raise ValueError("must be a telephone number with its country, such as +12025550123")
    try:
        is_possible = not value or phonenumbers.is_possible_number(phonenumbers.parse(value))
    except phonenumbers.NumberParseException:
        is_possible = False
    if not is_possible:
        raise ValueError("is no telephone number: write it as +12025550123")
    return value


def _telephones(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_telephone, values))


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """What an operator can set. Without a Twilio token the service runs in development, on loopback alone."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    port: int = Field(8080, ge=1, le=65535, description="The port that the web server listens on.")
    public_url: str = Field(
        "", description="What Twilio calls, as an https address without a path. Default: http://localhost:PORT."
    )
    redis_url: str = Field(
        "", description="The Redis to use (7.0 or later). Default: one of its own, embedded, under DATA_DIR."
    )
    data_dir: Path = Field(ROOT / ".data", description="Where the embedded Redis and development's secrets are kept.")
    secret_key: str = Field(
        "",
        description="32 characters or more, from which the index of contacts derives. Never change it: without it "
        "nobody knows who said STOP. Write it down.",
        repr=False,
    )
    encryption_keys: Listed = Field(
        (),
        description="Secrets of 32 characters or more that seal numbers and cookies, the newest first, so that they "
        "can be rotated. Default: one that derives from SECRET_KEY.",
        repr=False,
    )
    twilio_account_sid: str = Field(
        "",
        description="The account, to erase messages there when somebody asks to be forgotten, and to look for "
        "messages that came while nothing ran.",
    )
    twilio_api_url: str = Field(
        "", description="Where Twilio's REST API is, for a double of it on this machine. Default: Twilio's own."
    )
    twilio_auth_token: Listed = Field(
        (), description="The account's auth token; two, separated by a comma, during a rotation.", repr=False
    )
    twilio_number: str = Field("", description="The number people text, such as +15558675310; shown to you at start.")
    twilio_messaging_service_sid: str = Field(
        "", description="The messaging service that sends what is not an answer. Default: TWILIO_NUMBER itself."
    )
    twilio_sender_kind: Literal["long-code", "toll-free", "short-code", "international"] = Field(
        "long-code",
        description="What TWILIO_NUMBER is: long-code, toll-free, short-code or international; it says how many "
        "segments a second it may send (1, 3, 100 or 10).",
    )
    twilio_segments_a_second: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="How many segments a second we may send, where your campaign is allowed something else. Default: "
        "as TWILIO_SENDER_KIND may.",
    )
    daily_budget: int = Field(
        2000,
        ge=0,
        description="The most segments in a day that are sent without somebody asking for them a moment before: posts "
        "of groups, series, campaigns, reminders. 0 for no limit. Answers and crisis texts are never held back.",
    )
    segment_price: float = Field(
        0.0083, ge=0, description="What one segment costs you, in US dollars; leaders and campaigns are told a cost."
    )
    operator_phone: Annotated[str, AfterValidator(_telephone)] = Field(
        "",
        description="Your own phone, such as +12025550123: told of a stopped worker, a spent budget, a sender that is "
        "not registered, and of reports. The log is told in any case.",
    )
    missed_call_numbers: Annotated[Listed, AfterValidator(_telephones)] = Field(
        (), description="Numbers of ours on which a call is not answered but called back, such as +15558675311."
    )
    daily_calls: int = Field(
        200, ge=0, description="The most calls in a day that we make to people who called a MISSED_CALL_NUMBERS."
    )
    call_countries: Listed = Field(
        (), description="Countries whose numbers we may call, or text because a caller asked. Default: DEFAULT_COUNTRY."
    )
    languages: Listed = Field(
        (), description="Which languages to serve, in menu order, such as en,es. Default: all of them."
    )
    serve_unreviewed: bool = Field(
        False, description="1 serves languages that no clinician has reviewed yet; people are told so."
    )
    default_country: Annotated[str, AfterValidator(_country)] = Field(
        "US", description="The country assumed where a number tells none."
    )
    program: str = Field("Plainline", min_length=1, max_length=20, description="The neutral name that people see.")
    max_segments: int = Field(3, ge=2, le=10, description="The most segments that one text of a section may have.")
    session_days: int = Field(
        90, ge=1, le=3650, description="Days after which a conversation is forgotten in which nobody wrote."
    )
    place_days: int = Field(
        30, ge=1, le=3650, description="Days after which a place in an article is forgotten: a phone may change hands."
    )
    call_minutes: int = Field(
        30, ge=3, le=240, description="Minutes after which a call is ended kindly; it is warned a minute before."
    )
    synthetic_recordings: bool = Field(
        False,
        description="1 plays recordings that a machine made, of languages the carrier has no voice for. Without it "
        "such a language is by text message only, until a person has recorded it.",
    )
    answer_hours: int = Field(
        24,
        ge=1,
        le=168,
        description="Hours for which an answer is kept, so that a message sent twice is answered once.",
    )
    web_concurrency: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, description="Processes of the web server."
    )

    @property
    def in_development(self) -> bool:
        """Without a Twilio token: the service listens on loopback, and makes its secrets itself."""
        return not self.twilio_auth_token

    @property
    def url(self) -> str:
        """What Twilio calls, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def host(self) -> str:
        """The address to listen on."""
        return "127.0.0.1" if self.in_development else "0.0.0.0"  # noqa: S104  behind the operator's proxy

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The tokens that sign webhooks; in development one of our own."""
        return self.twilio_auth_token or (self._development["twilio_auth_token"],)

    @cached_property
    def _secret(self) -> str:
        return self.secret_key or self._development["secret_key"]

    @cached_property
    def contact_key(self) -> bytes:
        """The key of the index of contacts."""
        return hmac.digest(self._secret.encode(), b"plainline contacts v1", hashlib.sha256)

    @cached_property
    def seal_keys(self) -> tuple[str, ...]:
        """The secrets that seal, the newest first; the one behind all of them derives from SECRET_KEY."""
        derived = hmac.digest(self._secret.encode(), b"plainline encryption v1", hashlib.sha256).hex()
        return (*self.encryption_keys, derived)

    @property
    def segments_a_second(self) -> float:
        """How many segments a second may be sent."""
        return self.twilio_segments_a_second or limits()["segments_a_second"][self.twilio_sender_kind]

    @property
    def sender(self) -> str:
        """What sends what is not an answer; nothing where nothing can be sent."""
        return (self.twilio_messaging_service_sid or self.twilio_number) if self.twilio_account_sid else ""

    @property
    def text_countries(self) -> tuple[str, ...]:
        """Where we may text somebody who calls and asks for it."""
        return (self.call_countries or (self.default_country,)) if self.sender else ()

    @property
    def compiled(self) -> Path:
        """Where catalogues are compiled to, and the vectors of the samples lie."""
        return self.data_dir / "built"

    @property
    def content(self) -> Path:
        """Where the articles lie."""
        return ROOT / "content"

    @property
    def locales(self) -> Path:
        """Where the catalogues lie."""
        return ROOT / "locales"

    @cached_property
    def _development(self) -> dict[str, str]:
        """Secrets for development, made at first need and kept for this user alone."""
        path = self.data_dir / "development.json"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            made = {"secret_key": secrets.token_urlsafe(48), "twilio_auth_token": secrets.token_hex(16)}
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(made, indent=1) + "\n")
            fresh.replace(path)
        read: dict[str, str] = json.loads(path.read_text("utf-8"))
        return read

    def check(self) -> None:
        """Raise SettingsError for what people must be protected from; in development anything goes."""
        if problems := list(self.problems()):
            raise SettingsError("\n".join(problems))

    def problems(self) -> list[str]:
        """What is wrong for production, each with what to do; nothing in development."""
        if self.in_development:
            return []
        found = []
        if len(self.secret_key) < SHORTEST_SECRET:
            found.append(
                f"SECRET_KEY must have {SHORTEST_SECRET} characters or more: without it nobody knows who said STOP. "
                "Make one with 'python3 -c \"import secrets; print(secrets.token_urlsafe(48))\"', and write it down."
            )
        if any(len(key) < SHORTEST_SECRET for key in self.encryption_keys):
            found.append(
                f"ENCRYPTION_KEYS: each must have {SHORTEST_SECRET} characters or more; make them as SECRET_KEY."
            )
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            found.append(f"PUBLIC_URL is {self.url}: it must begin with https://, or what people write can be read.")
        return found


@cache
def limits() -> dict[str, dict[str, float]]:
    """How fast each kind of sender may send (``limits.toml``)."""
    return tomllib.loads((Path(__file__).with_name("limits.toml")).read_text("utf-8"))


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError naming each variable that cannot be understood."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{str(one['loc'][0]).upper()}: {one['msg']} (it is {one['input']!r})" for one in error.errors()]
        raise SettingsError("\n".join(lines)) from None
