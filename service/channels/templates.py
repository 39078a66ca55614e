"""WhatsApp's approved templates (``content/templates.toml``): what may go to somebody who has not written for a day.

WhatsApp approves each wording by itself, and Twilio names it by a ContentSid. Ours have one variable, the words.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

_SID = re.compile(r"HX[0-9a-f]{32}")


class TemplatesError(ValueError):
    """Templates that cannot be read; the message says where, and what to do."""


class Templates(NamedTuple):
    """ContentSids, by why something is sent and in which language."""

    by_kind: tuple[tuple[str, str, str], ...] = ()

    def find(self, kind: str, language: str) -> str:
        """The template for that, empty where none is approved."""
        return next((sid for of, code, sid in self.by_kind if of == kind and code == language), "")


def load_templates(content: Path) -> Templates:
    """Read the templates, none where there is no file. Raises TemplatesError."""
    path = content / "templates.toml"
    if not path.exists():
        return Templates()
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TemplatesError(f"{path}: {error}") from None
    found = [(kind, code, sid) for kind, by_language in read.items() for code, sid in by_language.items()]
    for kind, code, sid in found:
        if not _SID.fullmatch(str(sid)):
            raise TemplatesError(f"{path}: [{kind}] {code} is no ContentSid: HX and 32 digits, as Twilio shows it")
    return Templates(tuple(found))
