"""The web server: gunicorn, its processes forked from one that has read the book already."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from service.web.overload import Worker

CONNECTIONS = 4000
"""Connections that a process holds, waiting or kept alive; more wait unseen before its door."""


class _Server(BaseApplication):
    def __init__(self, options: dict[str, Any], application: Callable[[], Flask]) -> None:
        self._options = options
        self._application = application
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        application = self._application()
        settle()
        return application


def settle() -> None:
    """Set what was read so far apart from Python's collector: none of it is ever garbage.

    A full collection would look through the whole book for it, 170 ms in the midst of somebody's turn, and would
    copy the pages of memory that the processes share.
    """
    gc.collect()
    gc.freeze()


def run(host: str, port: int, processes: int, threads: int, application: Callable[[], Flask]) -> None:
    """Serve until told to stop. ``application`` is made once, before the fork. No access log: it holds numbers."""
    options = {
        "bind": f"{host}:{port}",
        "workers": processes,
        "threads": threads,
        "worker_class": Worker,
        "worker_connections": CONNECTIONS,
        "preload_app": True,
        "keepalive": 75,
        "timeout": 30,
        "graceful_timeout": 15,
        "accesslog": None,
        "loglevel": "warning",
        "proc_name": "plainline",
    }
    _Server(options, application).run()
