"""The ``plainline`` command."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text as Styled

from service.settings import ROOT, Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from service.book import Book
    from service.channels.twilio import Contacts
    from service.store import Store

err = Console(stderr=True)
THREADS = 24
"""In a process; whoever leaves waits for the disk, half a second or so, and must not keep others waiting."""


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that we know are told in a line, without a traceback."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        from service.book.articles import ArticleError  # noqa: PLC0415
        from service.book.languages import LanguagesError  # noqa: PLC0415
        from service.channels.templates import TemplatesError  # noqa: PLC0415

        try:
            return command(*args, **kwargs)
        except (SettingsError, ArticleError, LanguagesError, TemplatesError) as error:
            raise click.ClickException(str(error)) from None

    return told


class Later(click.Group):
    """Commands of which some are imported when they are asked for: those bring the whole application along."""

    LATER: ClassVar[dict[str, str]] = {
        "group": "service.group_commands:group",
        "campaign": "service.campaign_commands:campaign",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.LATER])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.LATER:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.LATER[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found


@click.group(cls=Later, context_settings={"help_option_names": ["-h", "--help"]})
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
    from service.web.metrics import count_together  # noqa: PLC0415
    from service.web.server import run  # noqa: PLC0415

    count_together(settings.data_dir)
    run(settings.host, settings.port, settings.web_concurrency, THREADS, lambda: _application(settings))


@main.command()
@plainly
def worker() -> None:
    """Do what needs nobody to text: send, plan, remind, erase at Twilio, and look for texts nobody answered."""
    settings = read_settings()
    if not settings.redis_url:
        raise click.ClickException("REDIS_URL is not set: name a Redis, or start 'plainline serve'")
    from service.app import create_duties, set_up_logging  # noqa: PLC0415
    from service.outreach.worker import run  # noqa: PLC0415

    set_up_logging()
    run(settings.redis_url, create_duties(settings))


@main.command()
@click.option("--retry", is_flag=True, help="Try once more what failed too often.")
@plainly
def outbox(retry: bool) -> None:
    """What waits to be sent, what Twilio has, and what failed too often."""
    from service.app import create_sending  # noqa: PLC0415
    from service.store import Outbox, StoreError  # noqa: PLC0415
    from service.supervisor import running_redis  # noqa: PLC0415

    settings = read_settings()
    url = settings.redis_url or running_redis(settings.data_dir)
    if not url:
        raise click.ClickException("no Redis runs: start the service, or name its Redis in REDIS_URL")
    there = settings.model_copy(update={"redis_url": url})
    rows = Outbox(url)
    try:
        if retry:
            click.echo(f"{create_sending(there).try_again()} will be tried once more")
        waiting, unsettled, dead = rows.waits(), rows.unsettled(int(time.time())), list(rows.dead())
        errors = sorted({row.error for name in dead if (row := rows.read(name))})
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    finally:
        rows.close()
    click.echo(f"{waiting} wait, {len(unsettled)} are with Twilio, {len(dead)} failed too often")
    if dead:
        told = ", ".join(f"https://www.twilio.com/docs/api/errors/{error}" for error in errors if error > 0)
        click.echo(f"why: {told or 'no answer'}; then 'plainline outbox --retry'")


@main.command()
@plainly
def optout() -> None:
    """End all texts to a number, for somebody who asks by voice. Reads the number from standard input."""
    from service.behalf import opt_out  # noqa: PLC0415

    with _on_behalf() as (store, contacts, number):
        opt_out(store, contacts, number, int(time.time()))
    click.echo("recorded: nothing is sent to this number any more, until somebody texts START from it")


@main.command()
@click.option("--contact", is_flag=True, required=True, help="Everything about one contact, as JSON.")
@plainly
def export(contact: bool) -> None:  # noqa: ARG001  says what is exported
    """Write what is remembered about a number, for its owner. Reads the number from standard input."""
    from service.behalf import export as known  # noqa: PLC0415

    with _on_behalf() as (store, contacts, number):
        click.echo(json.dumps(known(store, contacts, number), ensure_ascii=False, indent=2))


@main.command()
@click.option("--yes", is_flag=True, required=True, help="Yes, erase everything: it cannot be brought back.")
@plainly
def forget(yes: bool) -> None:  # noqa: ARG001  says that it is meant
    """Erase everything about a number, as FORGET ME does. Reads the number from standard input."""
    from service.behalf import forget as erase  # noqa: PLC0415

    with _on_behalf() as (store, contacts, number):
        erase(store, contacts, number, int(time.time()), at_twilio=bool(read_settings().twilio_account_sid))
    click.echo("erased: only that they left, and when they had agreed, is kept")


@contextlib.contextmanager
def _on_behalf() -> Iterator[tuple[Store, Contacts, str]]:
    """The store, the index of contacts and the number on standard input; never in the process list."""
    from service.app import create_store  # noqa: PLC0415
    from service.behalf import NumberError, read_number  # noqa: PLC0415
    from service.channels.twilio import Contacts  # noqa: PLC0415
    from service.seal import Seal  # noqa: PLC0415
    from service.store import StoreError  # noqa: PLC0415
    from service.supervisor import running_redis  # noqa: PLC0415

    settings = read_settings()
    settings.check()
    url = settings.redis_url or running_redis(settings.data_dir)
    if not url:
        raise click.ClickException("no Redis runs: start the service, or name its Redis in REDIS_URL")
    store = create_store(settings.model_copy(update={"redis_url": url}))
    try:
        number = read_number(sys.stdin.readline(), settings.default_country)
        yield store, Contacts(settings.contact_key, Seal(settings.seal_keys)), number
    except (NumberError, StoreError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


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
@click.argument("keys", nargs=-1)
@click.option("--from", "number", default="+12025550123", show_default=True, help="The number you call from.")
@plainly
def call(keys: tuple[str, ...], number: str) -> None:
    """A telephone in the terminal: call the service that runs here. KEYS are pressed one after another, else you type.

    Words are said aloud, and "" waits in silence; while a helpline is called: completed, busy or no-answer.
    """
    from service.book.recordings import RecordingsError  # noqa: PLC0415
    from service.caller import Caller, show_heard  # noqa: PLC0415
    from service.phone import NoAnswerError  # noqa: PLC0415

    settings = read_settings()
    console = Console(highlight=False)
    caller = Caller(
        settings.url,
        settings.port,
        settings.tokens[0],
        number,
        settings.twilio_number or "+15550100",
        settings.content / "audio",
    )
    todo = list(keys)
    try:
        show_heard(console, caller, caller.calls())
        while not caller.is_over and (todo or not keys):
            what = todo.pop(0) if keys else console.input("[bold green]Key, words, or Enter to wait:[/] ").strip()
            if keys:
                console.print(Styled(f"> {what or '...'}", style="bold green"))
            show_heard(console, caller, caller.does(what))
    except (NoAnswerError, RecordingsError) as error:
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
    now = load_languages(settings.locales, settings.compiled, [language])[language]
    current = now.safety_revision if safety else now.revision
    if revision != current:
        raise click.ClickException(f"the revision of {language} is now {current}: what was read is no longer served")
    record_review(settings.locales, language, Review(by, date.fromisoformat(day).isoformat(), revision), safety=safety)
    click.echo(f"recorded: {language} {revision} was reviewed by {by}. Any change of its words ends this.")


@main.command()
@click.option("--price", type=float, default=0.0083, show_default=True, help="Price of one segment, in your currency.")
@click.option("--language", help="Only this language.")
@click.option("--voice", is_flag=True, help="What it takes to hear everything on a call instead, in seconds.")
@plainly
def cost(price: float, language: str | None, voice: bool) -> None:
    """What every section costs in every language: characters, texts, segments, the lower bound and the price."""
    from rich.table import Table  # noqa: PLC0415

    from service.app import create_book  # noqa: PLC0415
    from service.cost import costs  # noqa: PLC0415

    settings = read_settings()
    book = create_book(settings)
    if voice:
        _show_listening(book, language)
        return
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


def _show_listening(book: Book, code: str | None) -> None:
    """Seconds per section and part, and from answer to the first sentence of an article."""
    import shutil  # noqa: PLC0415

    from rich.table import Table  # noqa: PLC0415

    from service.listening import firsts, heard, reckoned, synthesised  # noqa: PLC0415

    measured = shutil.which("espeak-ng") is not None
    seconds = synthesised(book) if measured else reckoned(book)
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table("language", "section", box=None, pad_edge=False)
    for heading in ("parts", "seconds", "longest part"):
        table.add_column(heading, justify="right")
    with err.status("Listening..."):
        for one in heard(book, seconds):
            if code in {None, one.language}:
                parts = one.parts
                figures = (str(len(parts)), f"{sum(parts):.0f}", f"{max(parts):.1f}")
                table.add_row(one.language, one.section.partition("/")[2], *figures)
        soon = Table("language", box=None, pad_edge=False)
        soon.add_column("a stranger", justify="right")
        soon.add_column("a known caller", justify="right")
        for first in firsts(book, seconds, book.country):
            if code in {None, first.language}:
                soon.add_row(first.language, f"{first.stranger:.1f}", f"{first.known:.1f}")
    console.print(table)
    console.print()
    console.print("Seconds from answer to the first sentence of an article, pressing as soon as a choice is named:")
    console.print(soon)
    how = "as espeak-ng says them" if measured else "by letters a second (espeak-ng is not installed)"
    console.print(f"Sentences {how}, recordings as they are.", style="dim")


@main.command()
@click.option("--language", help="The language of the conversation, such as es; any, if left out.")
@plainly
def hear(language: str | None) -> None:
    """Tell what is heard of danger and of leaving in a text, which is read from standard input."""
    from service.app import create_book  # noqa: PLC0415
    from service.engine import leaves, listen  # noqa: PLC0415

    book = create_book(read_settings())
    said = sys.stdin.read()
    spoken = (language, "en") if language else tuple(book.languages)
    for heard in listen(book, said, spoken):
        click.echo(f"{heard.sense} ({heard.language})")
    click.echo("ends all texts" if leaves(book, said) else "ends nothing")


@main.command()
@plainly
def build() -> None:
    """Compile the catalogues, and make the vectors by which questions are understood."""
    from rich.progress import Progress  # noqa: PLC0415

    from service.book import all_samples  # noqa: PLC0415
    from service.book.languages import compile_catalogues  # noqa: PLC0415
    from service.book.meaning import build_vectors  # noqa: PLC0415

    settings = read_settings()
    compile_catalogues(settings.locales, settings.compiled)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Learning the sample phrases (once)", total=None)
        for name, samples in all_samples(settings.content, settings.locales):
            progress.update(task, completed=0, total=len(samples))
            build_vectors(samples, settings.compiled, name, lambda done: progress.update(task, completed=done))


@main.command()
@click.argument("language")
@click.option("--script", is_flag=True, help="Print what is to be recorded, each with the name of its file.")
@click.option("--take", "source", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Recordings.")
@click.option("--by", default="", help="Who spoke them; goes with --take.")
@plainly
def record(language: str, script: bool, source: Path | None, by: str) -> None:
    """Make stand-ins for what a LANGUAGE says on calls, print its script, or take a person's recordings."""
    from rich.progress import Progress  # noqa: PLC0415

    from service import recording  # noqa: PLC0415
    from service.app import create_book  # noqa: PLC0415

    settings = read_settings()
    book = create_book(settings)
    if language not in book.languages:
        raise click.ClickException(f"there is no language {language!r}: choose from {', '.join(book.languages)}")
    if source and not by:
        raise click.ClickException('say who spoke: --by "Name"')
    try:
        if source:
            click.echo(f"taken: {recording.take(settings.content, language, source, by)} recordings by {by}")
            return
        with err.status("Finding everything that is said on calls..."):
            said = recording.sentences(book, language)
        if script:
            for sentence in said:
                click.echo(f"{recording.name_of(sentence)}.wav\t{sentence}")
            return
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("Making stand-ins", total=len(said))
            made, size = recording.refresh(
                settings.content, language, said, lambda done: progress.update(task, completed=done)
            )
    except recording.RecordingError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{len(said)} sentences, {made} made anew, {size / 1_000_000:.2f} MB")
    if size > recording.LARGEST:
        raise click.ClickException(f"more than {recording.LARGEST / 1_000_000:.0f} MB: record fewer sentences")


@main.command()
@click.option("--language", "codes", multiple=True, help="Only this language; may be given several times.")
@click.option("--channel", type=click.Choice(["sms", "whatsapp", "voice"]), help="Only this channel.")
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes; one for each core if left out.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the map of what leads where.")
@plainly
def explore(codes: tuple[str, ...], channel: str | None, jobs: int, svg: Path | None) -> None:
    """Walk every conversation that anybody can have, and prove what must hold of every turn."""
    from service.app import create_book  # noqa: PLC0415
    from service.conversation import Channel  # noqa: PLC0415
    from service.explore.show import explored, show  # noqa: PLC0415

    book = create_book(read_settings())
    if unknown := [code for code in codes if code not in book.languages]:
        raise click.ClickException(f"there is no language {unknown[0]!r}: choose from {', '.join(book.languages)}")
    report = explored(book, codes, [Channel(channel)] if channel else list(Channel), jobs, err)
    show(Console(width=None if sys.stdout.isatty() else 140), report)
    if svg:
        from service.explore.picture import draw  # noqa: PLC0415

        svg.write_text(draw(report.steps), "utf-8")
    sys.exit(1 if report.violations else 0)


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
    ours = [sys.executable, "-m", "service"]
    worker = [*ours, "worker"] if settings.twilio_account_sid else []
    return run([*ours, "web"], worker, {"REDIS_URL": redis_url, "PLAINLINE_SUPERVISED": "1"})


def _command() -> str:
    path = Path(sys.argv[0]).absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name
