"""What we remember: in Redis, and while it is away in a spool and in what a phone carries for us."""

from service.store.carried import NAME, Carried, mark, read_cookie, write_cookie
from service.store.keys import name_of_row
from service.store.outbox import Outbox
from service.store.register import Fresh, Register
from service.store.rows import PLANNED, UNASKED, Row, RowKind, State, read_draft, read_row, write_draft, write_row
from service.store.spool import Spool, Spooled
from service.store.store import Commit, Expiries, Store, StoreAwayError, Stored, StoreError

__all__ = [
    "NAME",
    "PLANNED",
    "UNASKED",
    "Carried",
    "Commit",
    "Expiries",
    "Fresh",
    "Outbox",
    "Register",
    "Row",
    "RowKind",
    "Spool",
    "Spooled",
    "State",
    "Store",
    "StoreAwayError",
    "StoreError",
    "Stored",
    "mark",
    "name_of_row",
    "read_cookie",
    "read_draft",
    "read_row",
    "write_cookie",
    "write_draft",
    "write_row",
]
