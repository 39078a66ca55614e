"""Sealing: what must be kept or handed out, and be read by nobody but us.

AES-SIV (RFC 5297, from the ``cryptography`` package): 16 bytes longer than what it holds, no nonce to get wrong, and
what was sealed for one purpose or person cannot be opened for another. The newest key seals; every key opens, so keys
can be rotated: put a new one in front, and take the old one away once nothing it sealed is needed any more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV


class Seal:
    """Seals and opens with ``keys``, secrets of any length, the newest first. Raises ValueError without any."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a seal needs a key")
        derived = (hmac.digest(key.encode(), b"plainline seal v1", hashlib.sha512) for key in keys)
        self._ciphers = [AESSIV(key) for key in derived]

    def seal(self, secret: bytes, *bound: str) -> bytes:
        """``secret`` sealed for a purpose and whatever else it is ``bound`` to, a contact say."""
        return self._ciphers[0].encrypt(secret or b"\0", [each.encode() for each in bound])

    def open(self, sealed: bytes, *bound: str) -> bytes | None:
        """What was sealed; None where it was sealed with no key of ours, for something else, or is spoilt."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed, [each.encode() for each in bound])
            except (InvalidTag, ValueError):
                continue
        return None
