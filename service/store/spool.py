"""What must not be forgotten while Redis is away: a file, written and on the disk before anybody is answered.

One line an entry, sealed. Several processes share the file under a lock of the system's, which is free again when a
process dies. A line that was cut off by a crash was never answered; it is set aside.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import structlog

from service.conversation import Entry
from service.seal import Seal
from service.store.rows import Row, decode_row, encode_row

PURPOSE = "spool"

log = structlog.get_logger()


class Spooled(NamedTuple):
    """What one turn wanted remembered for good: whose, of which message, when (Unix seconds), and what was answered.

    ``by`` is how they can be reached, for what they asked to be sent; ``ends`` are the ids of rows that go to nobody.
    """

    contact: str
    message: str
    at: int
    effects: tuple[str, ...]
    answer: bytes
    entries: tuple[Entry, ...] = ()
    erase: bytes = b""
    rows: tuple[Row, ...] = ()
    by: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


class Spool:
    """A spool under ``folder``, made when it is first needed. Its methods raise OSError where the disk refuses."""

    def __init__(self, folder: Path, seal: Seal) -> None:
        self._path = folder / "spool"
        self._seal = seal

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be remembered; costs one look at the disk's directory."""
        try:
            return self._path.stat().st_size == 0
        except FileNotFoundError:
            return True

    def append(self, spooled: Spooled) -> None:
        """Keep ``spooled``; it is on the disk when this returns."""
        line = base64.b64encode(self._seal.seal(_encode(spooled), PURPOSE)) + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = not self._path.exists()
        with self._locked() as file:
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(line if end == 0 or self._ends_whole(file, end) else b"\n" + line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(end)
                raise
        if fresh:
            _sync_folder(self._path.parent)

    def replay(self, remember: Callable[[Spooled], None], settle: Callable[[], None]) -> int:
        """Hand every entry to ``remember``, in order, ``settle`` it all, and empty the spool; returns how many.

        Where one of them raises, everything stays: ``remember`` must know an entry again that it was handed before. A
        whole line that no key of ours opens is set aside beside the spool.
        """
        if self.is_empty:
            return 0
        with self._locked_at_once() as file:
            if file is None:  # somebody else is at it
                return 0
            file.seek(0)
            lines = file.read().splitlines()
            entries = [entry for line in lines if (entry := self._read(line))]
            for entry in entries:
                remember(entry)
            settle()
            if unread := [line for line in lines if line and self._read(line) is None]:
                self._set_aside(unread)
                log.error("spool", why=f"{len(unread)} lines were cut off, or no key opens them: see spool.unread")
            file.truncate(0)
            os.fsync(file.fileno())
        return len(entries)

    def _set_aside(self, lines: Sequence[bytes]) -> None:
        """Keep what cannot be read: a key that was taken away too early may come back."""
        with self._path.with_name("spool.unread").open("ab") as file:
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The file, for us alone."""
        with self._opened() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    @contextlib.contextmanager
    def _locked_at_once(self) -> Iterator[IO[bytes] | None]:
        """The file, for us alone; None where somebody else has it."""
        with self._opened() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield file

    def _opened(self) -> IO[bytes]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "r+b")

    def _read(self, line: bytes) -> Spooled | None:
        try:
            opened = self._seal.open(base64.b64decode(line, validate=True), PURPOSE)
        except ValueError:
            return None
        return _decode(opened) if opened else None

    @staticmethod
    def _ends_whole(file: IO[bytes], end: int) -> bool:
        file.seek(end - 1)
        return file.read(1) == b"\n"


def _encode(spooled: Spooled) -> bytes:
    fields = spooled._asdict() | {
        "answer": spooled.answer.decode(),
        "erase": base64.b64encode(spooled.erase).decode(),
        "rows": [encode_row(row).decode() for row in spooled.rows],
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def _decode(opened: bytes) -> Spooled:
    fields = json.loads(opened)
    return Spooled(
        **fields
        | {
            "effects": tuple(fields["effects"]),
            "answer": fields["answer"].encode(),
            "entries": tuple(Entry(*entry) for entry in fields["entries"]),
            "erase": base64.b64decode(fields["erase"]),
            "by": tuple(fields.get("by", ())),
            "ends": tuple(fields.get("ends", ())),
            "rows": tuple(decode_row(row.encode()) for row in fields.get("rows", ())),
        }
    )


def _sync_folder(folder: Path) -> None:
    """A new file's name must be on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
