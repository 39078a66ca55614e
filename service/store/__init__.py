"""What we remember: in Redis, and while it is away in a spool and in what a phone carries for us."""

from service.store.carried import NAME, Carried, mark, read_cookie, write_cookie
from service.store.spool import Spool, Spooled
from service.store.store import Commit, Expiries, Store, StoreAwayError, Stored, StoreError

__all__ = [
    "NAME",
    "Carried",
    "Commit",
    "Expiries",
    "Spool",
    "Spooled",
    "Store",
    "StoreAwayError",
    "StoreError",
    "Stored",
    "mark",
    "read_cookie",
    "write_cookie",
]
