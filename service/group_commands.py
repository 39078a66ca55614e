"""``plainline group``: making groups, who leads them, and keeping them safe. Numbers are read from standard input."""

from __future__ import annotations

import base64
import contextlib
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table

from service.app import create_book, create_store
from service.behalf import NumberError, read_number
from service.book import Book
from service.book.keywords import JOIN
from service.channels.sms import Texts
from service.channels.twilio import Contacts
from service.conversation import Change, Channel, Entry, Reply, Text
from service.effects import write_effect
from service.flows.leading import LEADS_NO_MORE, LEADS_NOW
from service.groups import (
    FEWEST_LEADERS,
    Group,
    GroupError,
    Leader,
    checked,
    decode_group,
    encode_group,
    pin_mark,
)
from service.seal import Seal
from service.settings import Settings, read_settings
from service.store import Register, Row, RowKind, Spooled, Store, StoreError, write_row
from service.supervisor import running_redis
from service.talk import remember

A_DAY = 24 * 60 * 60


class Desk(NamedTuple):
    """What the operator works with."""

    settings: Settings
    register: Register
    store: Store
    contacts: Contacts
    seal: Seal
    book: Book


def with_redis(settings: Settings) -> Settings:
    """The settings, with the Redis that runs on this machine where they name none. Raises ClickException."""
    url = settings.redis_url or running_redis(settings.data_dir)
    if not url:
        raise click.ClickException("no Redis runs: start the service, or name its Redis in REDIS_URL")
    return settings.model_copy(update={"redis_url": url})


@contextlib.contextmanager
def desk() -> Iterator[Desk]:
    """The operator's desk; errors that we know are told in a line."""
    settings = with_redis(read_settings())
    settings.check()
    seal = Seal(settings.seal_keys)
    register, store = Register(settings.redis_url), create_store(settings)
    try:
        yield Desk(settings, register, store, Contacts(settings.contact_key, seal), seal, create_book(settings))
    except (GroupError, NumberError, StoreError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        register.close()
        store.close()


def known(register: Register, code: str) -> Group:
    """The group of that code. Raises GroupError."""
    group = register.group(code.upper())
    if group is None:
        every = ", ".join(each.code for each in register.groups()) or "none yet"
        raise GroupError(f"there is no group {code.upper()!r}; there are: {every}")
    return group


@click.group("group")
def group() -> None:
    """Support groups: make them, say who leads them, and keep them safe."""


def described(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that describe a group; what is left out stays as it is."""
    options = [
        click.option("--name", help="What members read, such as 'Hope Circle'. It says nothing of an illness."),
        click.option("--language", help="The one language of the group, such as en."),
        click.option("--number", type=int, help="What is keyed in on a call to join, 1 to 999."),
        click.option("--where", help="Where it meets."),
        click.option("--meets", help="When it meets: a rule such as 'FREQ=MONTHLY;BYDAY=1TU' (RFC 5545)."),
        click.option("--starts", help="The first meeting, in local time, such as 2027-01-05T18:00."),
        click.option("--zone", help="Its time zone, such as America/New_York."),
        click.option("--welcome", help="What new members read behind the welcome of the law."),
        click.option("--monthly", type=int, help="The most texts that it sends in 30 days."),
        click.option("--says/--no-says", default=None, help="Whether members may write to all, through the leaders."),
    ]

    @wraps(command)
    def told(**kwargs: Any) -> Any:
        return command(kwargs.pop("code"), {name: value for name, value in kwargs.items() if value is not None})

    for option in reversed(options):
        told = option(told)
    return told


@group.command()
@click.argument("code")
@described
def add(code: str, about: dict[str, Any]) -> None:
    """Make the group CODE, such as HOPE. It opens once it has two leaders."""
    with desk() as at:
        if at.register.group(code.upper()):
            raise GroupError(f"there is a group {code.upper()} already: 'plainline group change' changes it")
        if missing := [f"--{name}" for name in ("name", "language") if name not in about]:
            raise GroupError(f"a group needs {' and '.join(missing)}")
        taken = {each.number for each in at.register.groups()}
        first = {"number": next(number for number in range(1, 1000) if number not in taken)}
        _keep(at, Group(code=code.upper(), **(first | about)))
    click.echo(f"made: now name two leaders, each with 'plainline group leader {code.upper()}' and a number")


@group.command()
@click.argument("code")
@described
def change(code: str, about: dict[str, Any]) -> None:
    """Change the group CODE."""
    with desk() as at:
        _keep(at, known(at.register, code)._replace(**about))
    click.echo("changed")


def _keep(at: Desk, made: Group) -> None:
    now = int(time.time())
    at.register.write_group(checked(made, at.register.groups(), at.book.languages, now))
    meeting = made.next_meeting(now)
    if meeting:
        when = datetime.fromtimestamp(meeting, UTC)
        click.echo(f"{made.name} meets next on {when:%A, %Y-%m-%d at %H:%M} UTC")


@group.command("list")
def list_() -> None:
    """All groups: their people, leaders, next meetings, and how much they have sent."""
    with desk() as at:
        at.register.count()
        every, now = at.register.groups(), int(time.time())
    table = Table(box=None, pad_edge=False)
    for name in ("code", "number", "name", "language", "people", "leaders", "next meeting (UTC)", "sent", ""):
        table.add_column(name)
    for each in every:
        meeting = each.next_meeting(now)
        when = f"{datetime.fromtimestamp(meeting, UTC):%Y-%m-%d %H:%M}" if meeting else "never"
        state = "frozen" if each.frozen else "needs leaders" if each.is_closed else ""
        sent = f"{len(each.sent_lately(now))} of {each.monthly}"
        counts = (str(each.number), each.name, each.language, str(each.people), str(len(each.leaders)))
        table.add_row(each.code, *counts, when, sent, state)
    Console().print(
        table if every else "no groups yet: 'plainline group add HOPE --name \"Hope Circle\" --language en'"
    )


@group.command()
@click.argument("code")
@click.option("--remove", is_flag=True, help="They lead it no more; they are told so on that phone.")
def leader(code: str, remove: bool) -> None:
    """Make the number on standard input a leader of CODE, and show the PIN once: it stands nowhere else."""
    with desk() as at:
        number = _number(at)
        if remove:
            _removed(at, known(at.register, code), number)
            click.echo("removed, and told on that phone")
            return
        pin = _led(at, known(at.register, code), number)
    click.echo(f"the PIN of this leader is {pin}: tell it to them by voice. It is not shown again.")


@group.command()
@click.argument("code")
def move(code: str) -> None:
    """Move leadership of CODE: the old number, then the new one, each on a line of standard input."""
    with desk() as at:
        old, new = _number(at), _number(at)
        moved = known(at.register, code)
        if moved.leader(at.contacts.contact(old)) is None:
            raise GroupError("the first number leads this group not")
        pin = _led(at, moved, new)
        _removed(at, known(at.register, code), old)
    click.echo(f"moved. The PIN of the new leader is {pin}: tell it to them by voice. It is not shown again.")


def _number(at: Desk) -> str:
    return read_number(sys.stdin.readline(), at.settings.default_country)


def _led(at: Desk, led: Group, number: str) -> str:
    sender = at.contacts.sender(number)
    pin = f"{secrets.randbelow(10**6):06}"
    address = base64.b64encode(sender.address).decode()
    added = Leader(sender.contact, address, pin_mark(led.code, sender.contact, pin), int(time.time()))

    def step(now: Group) -> Group:
        others = tuple(each for each in now.leaders if each.contact != sender.contact)
        return now._replace(leaders=(*others, added))

    at.register.change_group(led.code, step)
    _tell(at, led, number, LEADS_NOW.saying(group=led.name))
    return pin


def _removed(at: Desk, led: Group, number: str) -> None:
    contact = at.contacts.contact(number)
    left = tuple(each for each in led.leaders if each.contact != contact)
    if len(left) == len(led.leaders):
        raise GroupError("that number leads this group not")
    if len(left) < FEWEST_LEADERS and not led.frozen:
        raise GroupError(
            f"a group has {FEWEST_LEADERS} leaders or more: name another first, or 'plainline group freeze {led.code}'"
        )
    at.register.change_group(led.code, lambda now: now._replace(leaders=left))
    asked = at.settings.operator_phone or at.settings.twilio_number
    _tell(at, led, number, LEADS_NO_MORE.saying(group=led.name, number=asked))


def _tell(at: Desk, led: Group, number: str, sentence: Text) -> None:
    """One text to a leader, in the group's language."""
    now = int(time.time())
    language = led.language if led.language in at.book.languages else next(iter(at.book.languages))
    body = "\n".join(Texts(at.book).render(Reply(opening=(sentence,)), language, Channel.SMS))
    row = Row(f"leader.{led.code}.{time.time_ns()}", at.contacts.contact(number), b"", now, kind=RowKind.LEADER)
    row = row._replace(about=led.code, language=language, until=now + A_DAY)
    at.register.enqueue(row.id, [write_row(number, body, row, at.seal)])


def _who(at: Desk, led: Group, name: str | None) -> str:
    """The contact of a member, by the first name that they chose, or by the number on standard input."""
    if name is None:
        return at.contacts.contact(_number(at))
    found = [
        contact
        for contact, each in at.register.subscribers()
        if (member := each.member(led.code)) and member.name.casefold() == name.casefold()
    ]
    if len(found) != 1:
        raise GroupError(f"{len(found)} members are called {name!r}: give the number on standard input instead")
    return found[0]


@group.command()
@click.argument("code")
@click.option("--name", help="The member's first name; else their number is read from standard input.")
@click.option("--undo", is_flag=True, help="They may write again.")
def mute(code: str, name: str | None, undo: bool) -> None:
    """Let a member of CODE write to the group no more."""
    with desk() as at:
        led = known(at.register, code)
        contact = _who(at, led, name)

        def step(now: Group) -> Group:
            others = tuple(each for each in now.muted if each != contact)
            return now._replace(muted=others if undo else (*others, contact))

        at.register.change_group(led.code, step)
    click.echo("they may write again" if undo else "muted")


@group.command()
@click.argument("code")
@click.option("--name", help="The member's first name; else their number is read from standard input.")
def expel(code: str, name: str | None) -> None:
    """End a membership of CODE for good."""
    with desk() as at:
        led = known(at.register, code)
        contact = _who(at, led, name)
        at.register.change_group(led.code, lambda now: now._replace(expelled=(*now.expelled, contact)))
        now = int(time.time())
        left = write_effect(Change("left", (led.code,)))
        entry = Entry(f"left {led.code}", now, "operator")
        remember(at.store, Spooled(contact, f"expelled.{led.code}.{now}", now, (left,), b"", (entry,)))
    click.echo("expelled: they get nothing more from this group, and cannot join it again")


@group.command()
@click.argument("code")
@click.option("--undo", is_flag=True, help="Open it again.")
def freeze(code: str, undo: bool) -> None:
    """Stop everything in CODE: nobody joins, nothing is sent, what waits is not sent either."""
    with desk() as at:
        at.register.change_group(known(at.register, code).code, lambda now: now._replace(frozen=not undo))
    click.echo("open again" if undo else "frozen")


@group.command()
@click.argument("code")
@click.option("--yes", is_flag=True, required=True, help="Yes: its members are in no group then.")
def remove(code: str, yes: bool) -> None:  # noqa: ARG001  says that it is meant
    """Take the group CODE away; its members are told nothing."""
    with desk() as at:
        at.register.remove_group(known(at.register, code).code)
    click.echo("removed")


@group.command()
@click.argument("code")
@click.option("--out", type=click.Path(path_type=Path), help="The file, an .svg or .png. Default: CODE.svg.")
def qr(code: str, out: Path | None) -> None:
    """Write a QR code: whoever photographs it has the text that joins CODE ready to send."""
    import segno  # noqa: PLC0415

    with desk() as at:
        led = known(at.register, code)
        number = at.settings.twilio_number
        if not number:
            raise GroupError("TWILIO_NUMBER is not set: it is what the code is to text")
        language = at.book.languages.get(led.language) or next(iter(at.book.languages.values()))
        word = language.variants(JOIN)[0].lstrip("=")
    path = out or Path(f"{led.code}.svg")
    segno.make(f"SMSTO:{number}:{word} {led.code}", error="m").save(str(path), scale=8, border=4)
    click.echo(f"wrote {path}: it texts '{word} {led.code}' to {number}")


@group.command("export")
@click.argument("code")
def export_(code: str) -> None:
    """Write CODE to standard output, with its leaders, without its members; numbers stay sealed."""
    with desk() as at:
        click.echo(encode_group(known(at.register, code)))


@group.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
def import_(file: Any) -> None:
    """Read a group that 'plainline group export' wrote, in place of the one with its code."""
    with desk() as at:
        read = decode_group(file.read())
        _keep(at, read)
    click.echo(f"imported {read.code}")


@group.command()
@click.option("--done", help="This one is dealt with: its name, as it is shown.")
def reports(done: str | None) -> None:
    """What members reported; only you can read it."""
    with desk() as at:
        if done:
            at.register.drop_report(done)
            click.echo("done")
            return
        found = {name: at.seal.open(sealed, "report") for name, sealed in at.register.reports().items()}
    for name, words in found.items():
        click.echo(f"{name}  {words.decode() if words else 'no key of ENCRYPTION_KEYS opens it'}")
    if not found:
        click.echo("nothing was reported")
