"""``plainline campaign``: writing to many who have asked to be written to, in their own languages."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.app import create_operator, create_planning
from service.book.keywords import plain
from service.book.languages import Language
from service.book.segments import encoding, segments
from service.campaigns import Campaign, Stage
from service.channels.twilio import NUMBER
from service.conversation import Text
from service.group_commands import Desk, desk, known
from service.groups import GroupError
from service.outreach.daytime import next_day, zones_of
from service.outreach.planning import Planning
from service.store import State
from service.subscriptions import Subscriptions

FIRST_WORDS = 30
"""Characters that a locked screen may show to anybody: they say nothing of an illness."""

LONGEST = 1600
"""Characters; Twilio's own limit."""

STOPPED = {Stage.CANCELLED, Stage.DRAFT}

SETTLED = (State.DELIVERED, State.FAILED, State.DEAD, State.DROPPED)


class Version(NamedTuple):
    """A campaign in one language: its words as they are sent, and for how many people."""

    language: str
    words: str
    people: int

    @property
    def segments(self) -> int:
        """Segments of all its texts."""
        return self.people * segments(self.words)


@click.group("campaign")
def campaign() -> None:
    """Write to many who have asked to be written to, each in their language."""


@campaign.command()
@click.argument("name")
@click.option(
    "--text", "texts", multiple=True, help="One language's words, such as 'en=We have a new part.'. Again for each."
)
@click.option("--sentence", help="A sentence of the catalogues, as the English has it, in every language that has it.")
@click.option("--group", "code", help="Only members of this group.")
@click.option("--language", "languages", multiple=True, help="Only people with this language. Again for more.")
@click.option("--country", "countries", multiple=True, help="Only numbers of this country, such as US. Again for more.")
@click.option("--series", is_flag=True, help="Only those who get one part a day.")
@click.option("--at", "when", help="When, such as '2027-01-05 10:00'. Default: as soon as it is started.")
@click.option("--zone", default="UTC", show_default=True, help="The time zone of --at.")
def new(name: str, texts: tuple[str, ...], sentence: str | None, when: str | None, zone: str, **about: Any) -> None:
    """Make the campaign NAME. Nothing is sent before 'plainline campaign start'."""
    with desk() as at:
        words = _words(at, texts, sentence)
        starts = int(datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone)).timestamp()) if when else 0
        if code := about.pop("code"):
            about["group"] = known(at.register, code).code
        old = at.register.campaign(name)
        if old and old.stage is not Stage.DRAFT:
            raise GroupError(f"there is a campaign {name!r} that was started: choose another name")
        made = Campaign(name, words, starts=starts, **about)
        _check(at, made)
        at.register.write_campaign(made)
        _show(at, made)
    click.echo(f"\nnothing is sent yet: 'plainline campaign test {name}', then 'plainline campaign start {name}'")


def _words(at: Desk, texts: tuple[str, ...], sentence: str | None) -> dict[str, str]:
    words: dict[str, str] = {}
    if sentence:
        found = Text(sentence)
        words |= {code: each.say(found) for code, each in at.book.languages.items() if each.has(found)}
    for one in texts:
        code, _, said = one.partition("=")
        if code not in at.book.languages or not said.strip():
            raise GroupError(f"{one[:20]!r} is no --text: write en=..., with one of {', '.join(at.book.languages)}")
        words[code] = said.strip()
    if not words:
        raise GroupError("a campaign needs words: give --text en=... for each language, or --sentence")
    return words


def _check(at: Desk, made: Campaign) -> None:
    """Refuse what must not be sent. Raises GroupError, with the reason."""
    planning = create_planning(at.settings, at.register, time.time, at.book)
    for code in made.words:
        said = planning.words(made, code)
        if len(said) > LONGEST:
            raise GroupError(f"the words in {code} are {len(said) - LONGEST} characters too long for Twilio")
        if told := _tells(at, at.book.languages[code], made.words[code]):
            raise GroupError(f"the first words in {code} say {told!r}: a locked phone shows them to anybody")
    if lacking := [code for code in made.languages if code not in made.words]:
        raise GroupError(f"there are no words in {', '.join(lacking)}: give --text {lacking[0]}=...")
    audience = list(_audience(at, made))
    if not audience:
        raise GroupError("nobody fits this audience: campaigns go to those who are in a group or get a series")
    if not any(person.language in made.words for person in audience):
        spoken = ", ".join(sorted({person.language for person in audience}))
        raise GroupError(f"nobody of this audience has a language of these words: they speak {spoken}")
    _refuse_night(at, made, audience)


def _tells(at: Desk, language: Language, words: str) -> str:
    """What the first words tell of an illness, if they do: the words by which articles are asked for."""
    first = f" {plain(words[:FIRST_WORDS])} "
    names = [plain(word) for article in at.book.articles for word in language.variants(article.keyword)]
    return next((each for each in names if len(each) > 2 and f" {each} " in first), "")


def _refuse_night(at: Desk, made: Campaign, audience: list[Subscriptions]) -> None:
    if not made.starts:
        return
    zones = {zones_of(number, each.zone, at.settings.default_country) for each, number in _numbers(at, audience)}
    if all(next_day(made.starts, each) != made.starts for each in zones):
        opens = min((moment for each in zones if (moment := next_day(made.starts, each))), default=0)
        when = f"{datetime.fromtimestamp(opens, UTC):%Y-%m-%d %H:%M} UTC" if opens else "never"
        raise GroupError(f"at that hour it is quiet everywhere: the first may be written to at {when}")


def _numbers(at: Desk, audience: list[Subscriptions]) -> Iterator[tuple[Subscriptions, str]]:
    for each in audience:
        opened = at.seal.open(base64.b64decode(each.address), NUMBER)
        if opened:
            yield each, opened.decode()


def _audience(at: Desk, made: Campaign) -> Iterator[Subscriptions]:
    return (person for _, person in at.register.subscribers() if made.is_for(person))


def _versions(at: Desk, made: Campaign) -> tuple[list[Version], Counter[str]]:
    """The versions of a campaign, and how many people have none, by their language."""
    planning = create_planning(at.settings, at.register, time.time, at.book)
    spoken = Counter(person.language for person in _audience(at, made))
    versions = [Version(code, planning.words(made, code), spoken.pop(code, 0)) for code in made.words]
    return versions, spoken


def _show(at: Desk, made: Campaign) -> int:
    """Print a campaign whole; returns for how many people it is."""
    versions, lacking = _versions(at, made)
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("language", "people", "characters", "segments each", "encoding", "segments", "USD"):
        table.add_column(name, justify="left" if name in {"language", "encoding"} else "right")
    for each in versions:
        price = f"{each.segments * at.settings.segment_price:.2f}"
        shape = (str(len(each.words)), str(segments(each.words)), encoding(each.words))
        table.add_row(each.language, str(each.people), *shape, str(each.segments), price)
    console.print(table)
    for each in versions:
        console.print(f"\n{each.language}:", style="bold")
        console.print(each.words, markup=False)
    for code, people in sorted(lacking.items()):
        console.print(f"{people} people have no version in their language ({code}): nothing is sent to them")
    when = (
        f"{datetime.fromtimestamp(made.starts, UTC):%Y-%m-%d %H:%M} UTC" if made.starts else "as soon as it is started"
    )
    console.print(f"\n{made.id} ({made.stage}) goes {when}, by day alone wherever each person is")
    return sum(each.people for each in versions)


def _known(at: Desk, name: str) -> Campaign:
    found = at.register.campaign(name)
    if found is None:
        every = ", ".join(each.id for each in at.register.campaigns()) or "none yet"
        raise GroupError(f"there is no campaign {name!r}; there are: {every}")
    return found


@campaign.command()
@click.argument("name")
def show(name: str) -> None:
    """Everything about the campaign NAME: its words, its people, its cost, and who has no version."""
    with desk() as at:
        _show(at, _known(at, name))


@campaign.command("list")
def list_() -> None:
    """All campaigns."""
    with desk() as at:
        every = at.register.campaigns()
    for each in every:
        click.echo(f"{each.id:<20} {each.stage:<10} {each.planned:>7} people")
    if not every:
        click.echo("no campaigns yet: 'plainline campaign new spring --text en=\"...\"'")


@campaign.command()
@click.argument("name")
def test(name: str) -> None:
    """Send every version of NAME to OPERATOR_PHONE, and to nobody else."""
    with desk() as at:
        if not at.settings.operator_phone:
            raise GroupError("OPERATOR_PHONE is not set: that is where a test goes")
        made = _known(at, name)
        operator, planning = (
            create_operator(at.settings, at.register, time.time),
            create_planning(at.settings, at.register, time.time, at.book),
        )
        for code in made.words:
            operator.text(f"test.{name}.{code}.{time.time_ns()}", planning.words(made, code))
    click.echo(f"{len(made.words)} texts are on their way to OPERATOR_PHONE")


@campaign.command()
@click.argument("name")
@click.option("--people", type=int, help="How many people you know it goes to; else you are asked.")
def start(name: str, people: int | None) -> None:
    """Start NAME, once you have named the number of people that it goes to."""
    with desk() as at:
        made = _known(at, name)
        if made.stage is not Stage.DRAFT:
            raise GroupError(f"{name} is {made.stage} already")
        _check(at, made)
        count = _show(at, made)
        said = (
            people
            if people is not None
            else click.prompt(f"It goes to {count} people. To start it, type that number", type=int)
        )
        if said != count:
            raise GroupError(f"it goes to {count} people, not {said}: nothing was started")
        at.register.change_campaign(name, lambda now: now.at(Stage.STARTED))
    click.echo(f"started. 'plainline campaign watch {name}' shows how far it is; pause and cancel stop it")


@campaign.command()
@click.argument("name")
def pause(name: str) -> None:
    """What is left of NAME waits."""
    _stage(name, Stage.PAUSED, {Stage.STARTED, Stage.PLANNED})


@campaign.command()
@click.argument("name")
def resume(name: str) -> None:
    """NAME goes on."""
    with desk() as at:
        made = _known(at, name)
        if made.stage is not Stage.PAUSED:
            raise GroupError(f"{name} is {made.stage}: only what is paused can go on")
        at.register.change_campaign(name, lambda now: now.at(now.before))
    click.echo("goes on")


@campaign.command()
@click.argument("name")
def cancel(name: str) -> None:
    """What is left of NAME goes to nobody."""
    _stage(name, Stage.CANCELLED, {Stage.DRAFT, Stage.STARTED, Stage.PLANNED, Stage.PAUSED})


def _stage(name: str, stage: Stage, allowed: set[Stage]) -> None:
    with desk() as at:
        made = _known(at, name)
        if made.stage not in allowed:
            raise GroupError(f"{name} is {made.stage}: it cannot be {stage}")
        at.register.change_campaign(name, lambda now: now.at(stage))
    click.echo(stage)


@campaign.command()
@click.argument("name")
@click.option("--once", is_flag=True, help="Show how far it is now, and end.")
def watch(name: str, once: bool) -> None:
    """How far NAME is, until nothing of it waits any more."""
    with desk() as at:
        planning = create_planning(at.settings, at.register, time.time, at.book)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console()) as bar:
            task = bar.add_task(name, total=None)
            while _progress(at, planning, name, bar, task) and not once:
                time.sleep(1)


def _progress(at: Desk, planning: Planning, name: str, bar: Progress, task: Any) -> bool:
    """Show how far a campaign is; whether there is more to come."""
    made = _known(at, name)
    counts = planning.states(name)
    total = sum(counts.values())
    handed = total - counts[State.WAITING] - counts[State.SENDING]
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "not planned yet"
    bar.update(task, description=f"{name} ({made.stage}): {told}", total=total or None, completed=handed)
    planned = made.stage not in STOPPED and made.stage is not Stage.STARTED
    return made.stage not in STOPPED and not (planned and handed == total)
