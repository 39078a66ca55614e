"""A thread's own line to Redis: commands out, answers back, and nothing between.

A turn asks twice, so what stands between it and the socket counts: taking a connection from a pool and giving it back
costs redis-py about as much as the answer itself. Each thread keeps one of the pool's connections instead.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any

from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as NoAnswerInTimeError


class Line:
    """A connection for each thread, made when it is first needed and closed once its thread has ended."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._mine = threading.local()
        self._made: dict[threading.Thread, Any] = {}
        # A line that nobody holds any more closes its connections; a socket must not be left to the collector.
        self.close = weakref.finalize(self, _disconnect, self._made, pool)
        """Close every connection, those of the pool too. The line is not used after."""

    def ask(self, *commands: Sequence[Any]) -> list[Any]:
        """Send ``commands`` together and return what each is answered.

        A connection that turns out to be dead is made anew, once: what we send may be sent twice. Raises RedisError.
        """
        try:
            return self._ask(commands)
        except NoConnectionError:
            return self._ask(commands)

    def _ask(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        connection = getattr(self._mine, "connection", None) or self._connection()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            answers = [_answer(connection) for _ in commands]
        except (NoConnectionError, NoAnswerInTimeError):
            connection.disconnect()
            raise
        for answer in answers:
            if isinstance(answer, ReadOnlyError | MasterDownError):  # it was demoted: another server is the master now
                connection.disconnect()
            if isinstance(answer, ResponseError):
                raise answer
        return answers

    def _connection(self) -> Any:
        for thread in list(self._made):
            if not thread.is_alive() and (ended := self._made.pop(thread, None)):
                ended.disconnect()
        made = self._mine.connection = self._made[threading.current_thread()] = self._pool.make_connection()
        return made


def _disconnect(made: dict[threading.Thread, Any], pool: ConnectionPool) -> None:
    for connection in list(made.values()):
        connection.disconnect()
    made.clear()
    pool.disconnect()


def _answer(connection: Any) -> Any:
    """One answer, an error among them as a value: those behind it must be read too."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
