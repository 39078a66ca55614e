"""Golden calls: what somebody does on a telephone, and what they hear.

A call is a text file. ``> 2`` presses a key, ``> "..."`` says something, ``> ...`` waits in silence; ``@ `` lines
change the scene (``@ calls``, ``@ hangs up``, ``@ the line is busy``, ``@ texts MORE``); everything else is what is
heard, written by ``pytest --regenerate``. It goes through the signed webhook, on a real Redis.
"""

from __future__ import annotations

from tests.telephone import Telephone
from tests.texter import Texter


def replay(telephone: Telephone, texter: Texter, script: str) -> str:
    """The call as it would go today."""
    written: list[str] = []
    for line in script.splitlines():
        if line.startswith("#"):
            written.append(line)
        elif line.startswith("@ "):
            written += ["", line, *_shown(_directed(telephone, texter, line.removeprefix("@ ")))]
        elif line.startswith("> "):
            written += ["", line, *_shown(_done(telephone, line.removeprefix("> ")))]
    return "\n".join(written).strip() + "\n"


def _done(telephone: Telephone, what: str) -> list[str]:
    if what == "...":
        return telephone.waits()
    return telephone.says(what.strip('"')) if what.startswith('"') else telephone.presses(what)


def _directed(telephone: Telephone, texter: Texter, direction: str) -> list[str]:
    match direction.split():
        case ["calls"]:
            return telephone.calls()
        case ["hangs", "up"]:
            telephone.hangs_up()
        case ["the", "line", "is", status]:
            return telephone.comes_back(status)
        case ["texts", *words]:
            return [f"text: {line}" for message in texter.text(" ".join(words)) for line in message.split("\n") if line]
        case _:
            raise ValueError(f"nobody knows how to do {direction!r}")
    return []


def _shown(heard: list[str]) -> list[str]:
    return [f"  | {line}" for line in heard]
