"""``plainline serve`` as an operator runs it: real processes, a real Redis, real signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLAINLINE = [sys.executable, "-m", "service"]
PATIENCE = 30.0


@contextmanager
def free_port() -> Iterator[int]:
    """A port that nothing else will be given while it is held."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A folder and a port of its own."""
    with free_port() as port:
        pass
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PORT": str(port), "DATA_DIR": str(tmp_path / "data"), "WEB_CONCURRENCY": "1"}


Serve = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    """Starts the service, and ends it by its own pid whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen([*PLAINLINE, "serve"], env=environment, stdout=log, stderr=log, text=True)
        started.append(process)
        _until(lambda: process.poll() is not None or _status(environment, "/readyz") == 200, tmp_path / "log")
        assert process.poll() is None, (tmp_path / "log").read_text()
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()  # a kill would leave its Redis behind
            process.wait(PATIENCE)


def _until(holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, log.read_text()
        with socket.socket() as pause:  # waits for a moment without a sleep that hides what it waits for
            pause.settimeout(0.05)
            pause.connect_ex(("127.0.0.1", 1))


def _status(environment: dict[str, str], path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{environment['PORT']}{path}", timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _phone(environment: dict[str, str], *arguments: str) -> str:
    wide = {**environment, "COLUMNS": "120"}
    done = subprocess.run([*PLAINLINE, "phone", *arguments], env=wide, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _call(environment: dict[str, str], *arguments: str) -> str:
    wide = {**environment, "COLUMNS": "200"}
    done = subprocess.run([*PLAINLINE, "call", *arguments], env=wide, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _children(pid: int) -> set[int]:
    """Every process below ``pid``."""
    below: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            below |= {int(child), *_children(int(child))}
    return below


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_says_how_to_begin_and_ends_with_all_that_it_started(
    serve: Serve, environment: dict[str, str], tmp_path: Path, how: signal.Signals
) -> None:
    process = serve()
    said = _phone(environment, "--language", "es", "SINTOMAS", "MAS")
    assert "Muchas personas no tienen" in said
    assert "GSM-7" in said
    first, second, third = (tmp_path / "log").read_text().splitlines()[:3]
    assert f"http://127.0.0.1:{environment['PORT']}" in first
    assert "phone" in second
    assert "/sms" in third
    children = _children(process.pid)
    assert len(children) >= 3
    process.send_signal(how)
    assert process.wait(PATIENCE) == 0
    assert not any(map(_alive, children))


def test_a_call_from_the_terminal_is_led_by_keys_words_and_silence(serve: Serve, environment: dict[str, str]) -> None:
    serve()
    listening = _call(environment, "2", "síntomas", "#")
    assert "es-US  Para Español, oprima 2." in listening
    assert "es-US  Muchas personas no tienen señales claras" in listening
    assert "en-US" not in listening.split("> 2")[1]
    asking = _call(environment, "--from", "+12025550144", "1", "", "0", "busy")
    assert "en-US  Are you still there?" in asking
    assert "(calls +1" in asking
    assert "That line is busy now." in asking
    creole = _call(environment, "--from", "+12025550155", "#", "5")
    assert "ht, recorded  Pou Kreyòl, peze 5." in creole
    assert "(the call has ended)" in _call(environment, "--from", "+12025550166", "1", *[""] * 9)


def test_a_conversation_survives_a_restart_and_a_kill(
    serve: Serve, environment: dict[str, str], tmp_path: Path
) -> None:
    process = serve()
    assert "Fear of metastasis (" in _phone(environment, "FEAR")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process = serve()
    assert "Some feel that they do not want" in _phone(environment, "MORE").replace("│", "")
    _phone(environment, "STOP")  # which waits for the disk
    children = _children(process.pid)
    process.kill()
    process.wait()
    _until(lambda: _status(environment, "/healthz") == 0, tmp_path / "log")
    process = serve()
    assert "You can get texts from us again" in _phone(environment, "START").replace("│", "")
    assert not any(map(_alive, children))


def test_two_of_them_do_not_share_a_folder(serve: Serve, environment: dict[str, str]) -> None:
    serve()
    second = subprocess.run([*PLAINLINE, "serve"], env=environment, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "another Plainline runs on" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_redis_that_is_away_at_start_is_told_with_what_to_do(environment: dict[str, str]) -> None:
    for command in ("serve", "web"):
        done = subprocess.run(
            [*PLAINLINE, command],
            env={**environment, "REDIS_URL": "redis://127.0.0.1:1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "check REDIS_URL" in done.stderr
        assert "Traceback" not in done.stderr


def test_nothing_that_a_busy_run_leaves_behind_holds_a_number_or_a_word(
    serve: Serve, environment: dict[str, str], tmp_path: Path
) -> None:
    process = serve()
    number, secret = "+12025550177", "zanzibar"
    said = [f"my {secret} words about symptoms", "MORE", f"please stop texting me {secret}", "START", f"{secret} RISKS"]
    _phone(environment, "--from", number, *said, f"i want to kill myself {secret}", secret * 40, "FORGET ME", "1")
    _phone(environment, "--from", number, "--whatsapp", f"{secret}", "STOP")
    unsigned = urllib.request.Request(
        f"http://127.0.0.1:{environment['PORT']}/sms?From={number}", f"Body=my+{secret}+words".encode()
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(unsigned, timeout=5)
    children = {process.pid, *_children(process.pid)}
    redis = next(pid for pid in children if b"valkey" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(redis, signal.SIGSTOP)
    try:
        _phone(environment, "--from", number, f"{secret} goes to the spool", "STOP")
    finally:
        os.kill(redis, signal.SIGCONT)
    left = {f"process {pid}": Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    left |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with urllib.request.urlopen(f"http://127.0.0.1:{environment['PORT']}/metrics", timeout=5) as response:
        left["metrics"] = response.read()
    assert b'outcome="danger"' in left["metrics"]
    assert b"plainline_unsigned_total 1.0" in left["metrics"]
    assert b'"outcome": "page"' in left[str(tmp_path / "log")]
    assert b"without redis" in left[str(tmp_path / "log")]
    assert left[str(tmp_path / "data/spool")]
    held = [name for name, found in left.items() for word in (secret, number[1:]) if word.encode() in found]
    assert held == []


@pytest.mark.parametrize("arguments", [["--language", "tlh"], []])
def test_the_phone_says_what_to_do_when_it_cannot(environment: dict[str, str], arguments: list[str]) -> None:
    said = _phone(environment, *arguments, "hi")
    assert ("choose from en, es" in said) if arguments else ("make run" in said)
    assert "Traceback" not in said
    called = _call(environment, "1")
    assert "make run" in called
    assert "Traceback" not in called
