"""Every screen, as a conversation that one can read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.book import Book
from service.conversation import Known
from service.settings import ROOT
from tests.dialogue import Dialogue, replay, transcripts

ELSEWHERE = {"withheld", "home", "off topic", "no conversation"}
"""Shown where a section is not translated, where there are several articles, and where questions are understood."""

ON_CALLS = {"put through", "came back", "goodbye", "time is over", "hung up", "texted", "nothing kept"}
ON_CALLS |= {"call me", "cannot call", "just called", "picked up", "no calls", "not answered"}
ON_CALLS |= {
    "cannot text",
    "key in a mobile",
    "invited",
    "cannot text it",
    "called back",
    "not called back",
    "record",
    "heard back",
}
ON_CALLS |= {"asked for the pin", "told"}
"""Shown in tests/calls, test_calls.py, test_sending.py and test_between_channels.py."""

FOLDER = Path(__file__).parent / "transcripts"


@pytest.mark.parametrize("path", transcripts(FOLDER), ids=lambda path: path.stem)
def test_the_conversation_is_as_it_was_agreed(path: Path, book: Book, request: pytest.FixtureRequest) -> None:
    recorded = path.read_text("utf-8")
    today = replay(Dialogue(book), recorded)
    if request.config.getoption("--regenerate"):
        path.write_text(today, "utf-8")
    assert today == path.read_text("utf-8")


def test_every_outcome_is_shown_in_some_transcript(book: Book) -> None:
    dialogue = Dialogue(book)
    for path in transcripts(FOLDER):
        dialogue.known, dialogue.somebody = Known(), "somebody"
        replay(dialogue, path.read_text("utf-8"))
    sources = [*(ROOT / "service/engine").glob("*.py"), *(ROOT / "service/flows").glob("*.py")]
    source = "".join(path.read_text("utf-8") for path in sources)
    named = set(re.findall(r'(?:\.turn\(.*, |outcome=|\), )"([a-z ]+)"\)', source))
    assert named - ELSEWHERE - ON_CALLS <= set(dialogue.outcomes)
