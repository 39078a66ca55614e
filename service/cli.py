"""The ``plainline`` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from service.settings import ROOT, Settings, SettingsError, read_settings

err = Console(stderr=True)
THREADS = 8


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that we know are told in a line, without a traceback."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        from service.book.articles import ArticleError  # noqa: PLC0415
        from service.book.languages import LanguagesError  # noqa: PLC0415

        try:
            return command(*args, **kwargs)
        except (SettingsError, ArticleError, LanguagesError) as error:
            raise click.ClickException(str(error)) from None

    return told


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """One phone number that leads people through a health article, in their own language."""


@main.command()
@plainly
def serve() -> None:
    """Start everything on this machine: Redis, if REDIS_URL names none, and the web server."""
    settings = read_settings()
    settings.check()
    _refuse_errors(settings)
    if settings.redis_url:
        _check_redis(settings)
        sys.exit(_serve_web(settings, settings.redis_url))
    from service.supervisor import InUseError, embedded_redis, owned  # noqa: PLC0415

    try:
        with owned(settings.data_dir), embedded_redis(settings.data_dir) as redis_url:
            status = _serve_web(settings, redis_url)
    except InUseError as error:
        raise click.ClickException(str(error)) from None
    sys.exit(status)


@main.command()
@plainly
def web() -> None:
    """Start the web server alone, on the Redis that REDIS_URL names."""
    settings = read_settings()
    if not settings.redis_url:
        raise click.ClickException(
            "REDIS_URL is not set: name a Redis, or start 'plainline serve', which brings its own"
        )
    if "PLAINLINE_SUPERVISED" not in os.environ:
        settings.check()
        _refuse_errors(settings)
        _check_redis(settings)
    from service.web.server import run  # noqa: PLC0415

    run(settings.host, settings.port, settings.web_concurrency, THREADS, lambda: _application(settings))


@main.command()
@click.argument("texts", nargs=-1)
@click.option("--from", "number", default="+12025550123", show_default=True, help="The number you text from.")
@click.option("--language", help="Begin in this language, such as es.")
@click.option("--whatsapp", is_flag=True, help="Use WhatsApp instead of SMS.")
@plainly
def phone(texts: tuple[str, ...], number: str, language: str | None, whatsapp: bool) -> None:
    """A telephone in the terminal: text the service that runs here. TEXTS are sent one after another, else you type."""
    from service.book.languages import describe  # noqa: PLC0415
    from service.phone import NoAnswerError, Phone, show_received, show_sent  # noqa: PLC0415

    settings = read_settings()
    console = Console()
    telephone = Phone(
        settings.url, settings.port, settings.tokens[0], number, settings.twilio_number or "+15550100", whatsapp
    )
    languages = describe(settings.locales)
    if language and language not in languages:
        raise click.ClickException(f"there is no language {language!r}: choose from {', '.join(languages)}")
    first = [languages[language]["name"]] if language else []
    try:
        for body in [*first, *texts] if texts or first else []:
            show_sent(console, body)
            show_received(console, telephone.text(body))
        while not texts:
            body = console.input("[bold green]Text:[/] ")
            show_received(console, telephone.text(body))
    except NoAnswerError as error:
        raise click.ClickException(str(error)) from None
    except (EOFError, KeyboardInterrupt):
        console.print()


@main.command()
@plainly
def check() -> None:
    """Find everything that is wrong with content, catalogues, flows and settings."""
    from service.check import Level, everything  # noqa: PLC0415

    settings = read_settings()
    with err.status("Checking..."):
        findings = everything(settings)
    console = Console(soft_wrap=True, highlight=False)
    colours = {Level.ERROR: "red", Level.GAP: "yellow", Level.NOTE: "dim"}
    width = max((len(finding.place) for finding in findings), default=0)
    for finding in findings:
        line = f"{finding.level:<6} {finding.place:<{width}}  {finding.problem}: {finding.remedy}"
        console.print(escape(line), style=colours[finding.level])
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    console.print(f"{counts[Level.ERROR]} errors, {counts[Level.GAP]} gaps, {counts[Level.NOTE]} notes")
    sys.exit(1 if counts[Level.ERROR] or counts[Level.GAP] else 0)


@main.command()
@plainly
def messages() -> None:
    """Bring the template and every catalogue up to the sources."""
    from service.messages import update  # noqa: PLC0415

    settings = read_settings()
    changed = update(ROOT / "service", settings.content, settings.locales)
    for path in changed:
        click.echo(f"updated {path.relative_to(settings.locales.parent)}")
    if not changed:
        click.echo("nothing to update")


@main.command()
@click.argument("old")
@click.argument("new")
@plainly
def rename(old: str, new: str) -> None:
    """Move the translations of a section (article/section) or an article from its OLD slug to its NEW one."""
    from service.messages import rename as move  # noqa: PLC0415

    moved = move(read_settings().locales, old, new)
    if not moved:
        raise click.ClickException(f"no catalogue knows {old!r}: write it as article/section")
    click.echo(f"moved {moved} entries; write the new slug into the article, then run 'make messages'")


@main.command()
@click.argument("language")
@click.option("--by", required=True, help="Who has reviewed it: a clinician's name.")
@click.option("--revision", required=True, help="The revision that was read; 'plainline check' names it.")
@click.option("--on", "day", default=lambda: f"{datetime.now(UTC):%Y-%m-%d}", help="The day; today if left out.")
@click.option("--safety", is_flag=True, help="The words of danger and of leaving were reviewed, not the rest.")
@plainly
def review(language: str, by: str, revision: str, day: str, safety: bool) -> None:
    """Record that a clinician has reviewed a LANGUAGE, in the header of its catalogue."""
    from service.book.languages import Review, compile_catalogues, load_languages  # noqa: PLC0415
    from service.messages import record_review  # noqa: PLC0415

    settings = read_settings()
    compile_catalogues(settings.locales, settings.compiled)
    current = load_languages(settings.locales, settings.compiled, [language])[language].revision
    if revision != current:
        raise click.ClickException(f"the revision of {language} is now {current}: what was read is no longer served")
    record_review(settings.locales, language, Review(by, date.fromisoformat(day).isoformat(), revision), safety=safety)
    click.echo(f"recorded: {language} {revision} was reviewed by {by}. Any change of its words ends this.")


@main.command()
@click.option("--price", type=float, default=0.0083, show_default=True, help="Price of one segment, in your currency.")
@click.option("--language", help="Only this language.")
@plainly
def cost(price: float, language: str | None) -> None:
    """What every section costs in every language: characters, texts, segments, the lower bound and the price."""
    from rich.table import Table  # noqa: PLC0415

    from service.app import create_book  # noqa: PLC0415
    from service.cost import costs  # noqa: PLC0415

    settings = read_settings()
    book = create_book(settings)
    table = Table("language", "section", "encoding", box=None, pad_edge=False)
    for heading in ("characters", "texts", "segments", "bound", "price", "cut in a sentence"):
        table.add_column(heading, justify="right")
    table.add_column("forced by")
    for one in costs(book):
        if language in {None, one.language}:
            figures = (
                one.characters,
                len(one.texts),
                one.segments,
                one.bound,
                f"{one.segments * price:.3f}",
                one.cuts or "",
            )
            forcing = one.forcing if len(one.forcing) <= 12 else f"{one.forcing[:12]}... ({len(one.forcing)})"
            table.add_row(one.language, one.section.partition("/")[2], one.encodings, *map(str, figures), forcing)
    Console(width=None if sys.stdout.isatty() else 140).print(table)


@main.command()
@plainly
def build() -> None:
    """Compile the catalogues, and make the vectors by which questions are understood."""
    from rich.progress import Progress  # noqa: PLC0415

    from service.book.languages import compile_catalogues  # noqa: PLC0415
    from service.book.meaning import build_meaning  # noqa: PLC0415

    settings = read_settings()
    compile_catalogues(settings.locales, settings.compiled)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Learning the sample phrases (once)", total=None)
        build_meaning(
            settings.content, settings.compiled, lambda done, of: progress.update(task, completed=done, total=of)
        )


def _application(settings: Settings) -> Any:
    from service.app import create_app, set_up_logging  # noqa: PLC0415

    set_up_logging()
    return create_app(settings)


def _refuse_errors(settings: Settings) -> None:
    """Fail before the first caller."""
    from service.check import Level, at_start  # noqa: PLC0415

    _, findings = at_start(settings)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if errors:
        lines = "\n".join(f"{one.place}: {one.problem}. {one.remedy}" for one in errors[:10])
        raise click.ClickException(f"this must be mended first ('plainline check' tells all):\n{lines}")


def _check_redis(settings: Settings) -> None:
    from service.store import Store  # noqa: PLC0415

    store = Store(settings.redis_url)
    try:
        if why := store.ready():
            raise click.ClickException(why)
    finally:
        store.close()


def _check_port(settings: Settings) -> None:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = f"port {settings.port} cannot be listened on ({error.strerror}): set PORT to another one"
            raise click.ClickException(reason) from None


def _serve_web(settings: Settings, redis_url: str) -> int:
    _check_port(settings)
    from service.supervisor import run  # noqa: PLC0415

    number = settings.twilio_number or "your number"
    click.echo(
        f"Plainline listens on http://{settings.host}:{settings.port}{' (development)' * settings.in_development}"
    )
    click.echo(f"Try it:      {_command()} phone")
    click.echo(f"Connect it:  set {number}'s webhook at Twilio to {settings.url}/sms, see docs/connect.md")
    sys.stdout.flush()
    return run([sys.executable, "-m", "service", "web"], {"REDIS_URL": redis_url, "PLAINLINE_SUPERVISED": "1"})


def _command() -> str:
    path = Path(sys.argv[0]).absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name
