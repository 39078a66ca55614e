"""Recordings: sentences that somebody, or for now a machine, has spoken: ``content/audio/<language>/``.

Beside the files lies ``manifest.json``: of each the very text it was made from, who spoke it and how long it takes. A
recording is found by its text; where the text has changed since, there is none, and nothing false is ever played.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

MACHINE = "espeak-ng"
"""Who spoke a stand-in: Debian's synthesiser, whose voice is not fit for somebody who is frightened."""


class RecordingsError(ValueError):
    """A manifest is not as it must be; the message names the file."""


class Recording(NamedTuple):
    """One file, the text that it says, who speaks (MACHINE for a stand-in), and for how many seconds."""

    file: str
    text: str
    by: str
    seconds: float


@dataclass(frozen=True)
class Recordings:
    """The recordings of one language, by their text."""

    by_text: Mapping[str, Recording] = field(default_factory=dict, repr=False)

    def find(self, said: str) -> Recording | None:
        """The recording of these very words, or None."""
        return self.by_text.get(said)

    @property
    def by_people(self) -> bool:
        """Whether a person spoke all of them."""
        return bool(self.by_text) and all(each.by != MACHINE for each in self.by_text.values())


def folder(content: Path, language: str) -> Path:
    """Where the recordings of a language lie."""
    return content / "audio" / language


def manifest(content: Path, language: str) -> Path:
    """Where it is told what they say."""
    return folder(content, language) / "manifest.json"


def load_recordings(content: Path, *, synthetic: bool) -> dict[str, Recordings]:
    """The recordings of every language that has any; without stand-ins unless ``synthetic``. Raises RecordingsError."""
    found = {}
    for path in sorted((content / "audio").glob("*/manifest.json")):
        spoken = read_manifest(path)
        found[path.parent.name] = _by_text(each for each in spoken if synthetic or each.by != MACHINE)
    return found


def read_manifest(path: Path) -> list[Recording]:
    """What a manifest tells. Raises RecordingsError."""
    try:
        return [Recording(**about) for about in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError) as error:
        raise RecordingsError(f"{path}: {error}: see docs/recording.md") from None


def write_manifest(path: Path, spoken: Iterable[Recording]) -> None:
    """Write a manifest, one recording a line, in the order of their files."""
    lines = [json.dumps(each._asdict(), ensure_ascii=False) for each in sorted(spoken)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


def _by_text(spoken: Iterable[Recording]) -> Recordings:
    """A person's recording counts more than a stand-in of the same words."""
    ordered = sorted(spoken, key=lambda each: each.by != MACHINE)
    return Recordings({each.text: each for each in ordered})
