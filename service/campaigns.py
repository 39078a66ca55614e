"""A campaign: whom the operator writes to, in which words, and when; a value that travels in the store."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import NamedTuple

from service.subscriptions import Subscriptions


class Stage(StrEnum):
    """How far a campaign is."""

    DRAFT = "draft"  # nothing happens before it is started
    STARTED = "started"  # it is planned for its hour
    PLANNED = "planned"  # every row of it is in the outbox
    PAUSED = "paused"  # its rows wait
    CANCELLED = "cancelled"  # its rows go to nobody


class Campaign(NamedTuple):
    """``words`` by language, ``group``, ``languages`` and ``countries`` as far as they narrow whom it goes to (empty
    for all), ``series`` for those alone who read the article day by day; ``starts`` is its hour (Unix seconds).
    ``planned`` counts the people it was planned for.
    """

    id: str
    words: dict[str, str]
    group: str = ""
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    series: bool = False
    starts: int = 0
    stage: Stage = Stage.DRAFT
    planned: int = 0
    before: Stage = Stage.DRAFT

    def is_for(self, person: Subscriptions) -> bool:
        """Whether it goes to them, if there is a version in their language."""
        return (
            (not self.group or person.member(self.group) is not None)
            and (not self.languages or person.language in self.languages)
            and (not self.countries or person.country in self.countries)
            and (not self.series or person.series is not None)
        )

    def at(self, stage: Stage) -> Campaign:
        """The same campaign, at another stage."""
        return self._replace(stage=stage, before=self.stage)


def encode_campaign(campaign: Campaign) -> str:
    """As JSON."""
    return json.dumps(campaign._asdict(), ensure_ascii=False)


def decode_campaign(stored: str | bytes) -> Campaign:
    """What ``encode_campaign`` wrote."""
    read = Campaign(**json.loads(stored))
    return read._replace(
        languages=tuple(read.languages), countries=tuple(read.countries), stage=Stage(read.stage),
        before=Stage(read.before),
    )  # fmt: skip
