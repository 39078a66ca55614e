"""What we remember, in Redis."""

from service.store.store import Commit, Store, StoreAwayError, Stored, StoreError

__all__ = ["Commit", "Store", "StoreAwayError", "StoreError", "Stored"]
