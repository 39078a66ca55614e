"""A thread's own line to Redis: commands out, answers back, and nothing between.

A turn asks twice, so what stands between it and the socket counts: taking a connection from a pool and giving it back
costs redis-py about as much as the answer itself. Each thread keeps one of the pool's connections instead.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NoAnswerInTimeError


class Line(threading.local):
    """A connection for each thread, made when it is first needed."""

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__()
        self._connection: Any = pool.make_connection()

    def ask(self, *commands: Sequence[Any]) -> list[Any]:
        """Send ``commands`` together and return what each is answered.

        A connection that turns out to be dead is made anew, once: what we send may be sent twice. Raises RedisError.
        """
        try:
            return self._ask(commands)
        except NoConnectionError:
            return self._ask(commands)

    def _ask(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        connection = self._connection
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            answers = [_answer(connection) for _ in commands]
        except (NoConnectionError, NoAnswerInTimeError):
            connection.disconnect()
            raise
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise answer
        return answers


def _answer(connection: Any) -> Any:
    """One answer, an error among them as a value: those behind it must be read too."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
