"""Settings: what is refused, what is made by itself, and that each is documented."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from service.app import create_book
from service.settings import ROOT, Settings, SettingsError, read_settings

LONG = "x" * 32


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs/settings.md").read_text("utf-8")
    assert [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in documented] == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"secret_key": "short"}, "SECRET_KEY"),
        ({"secret_key": LONG, "public_url": "http://plainline.example"}, "https"),
    ],
)
def test_production_refuses_what_people_must_be_protected_from(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Settings(twilio_auth_token=("token",), **wrong).check()


def test_production_on_loopback_may_do_without_https() -> None:
    Settings(twilio_auth_token=("token",), secret_key=LONG, public_url="http://localhost:9000").check()


def test_production_refuses_to_serve_nothing_but_unreviewed_words(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="SERVE_UNREVIEWED"):
        create_book(settings.model_copy(update={"serve_unreviewed": False}))


def test_development_makes_its_secrets_once_and_for_this_user_alone(tmp_path: Path) -> None:
    first, second = Settings(data_dir=tmp_path), Settings(data_dir=tmp_path)
    assert first.contact_key == second.contact_key
    assert first.tokens == second.tokens
    assert stat.S_IMODE((tmp_path / "development.json").stat().st_mode) == 0o600
    assert first.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("MAX_SEGMENTS", "1"), ("DEFAULT_COUNTRY", "usa"), ("PROGRAM", "x" * 21)],
)
def test_a_setting_that_cannot_be_understood_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        read_settings()


def test_lists_are_separated_by_commas_and_empty_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGES", "es, en")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "new,old")
    monkeypatch.setenv("PORT", "")
    settings = read_settings()
    assert (settings.languages, settings.twilio_auth_token, settings.port) == (("es", "en"), ("new", "old"), 8080)


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = repr(Settings(twilio_auth_token=("the token",), secret_key=LONG))
    assert "the token" not in shown
    assert LONG not in shown


def test_a_language_that_is_not_described_is_told(settings: Settings) -> None:
    with pytest.raises(ValueError, match=r"LANGUAGES names tlh.*choose from en, es"):
        create_book(settings.model_copy(update={"languages": ("tlh",)}))


@pytest.mark.parametrize("name", ["OPERATOR_PHONE", "MISSED_CALL_NUMBERS"])
@pytest.mark.parametrize("value", ["2025550123", "+1", "my phone"])
def test_a_number_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"{name}: .*such as|{name}: .*write it as"):
        read_settings()


def test_how_fast_a_sender_may_send_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().segments_a_second == 1
    monkeypatch.setenv("TWILIO_SENDER_KIND", "toll-free")
    assert read_settings().segments_a_second == 3
    monkeypatch.setenv("TWILIO_SEGMENTS_A_SECOND", "4.5")
    assert read_settings().segments_a_second == 4.5
    monkeypatch.setenv("TWILIO_SENDER_KIND", "pigeon")
    with pytest.raises(SettingsError, match="TWILIO_SENDER_KIND"):
        read_settings()
