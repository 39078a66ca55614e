"""A Lua script of this folder, which Redis names by its digest."""

from __future__ import annotations

import hashlib
from importlib.resources import files


class Script:
    """The script ``<name>.lua``."""

    def __init__(self, name: str) -> None:
        self.source = files(__package__).joinpath(f"{name}.lua").read_text("utf-8")
        self.digest = hashlib.sha1(self.source.encode()).hexdigest()  # noqa: S324  Redis names scripts by it
