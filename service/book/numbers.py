"""Telephone numbers as people key them in."""

from __future__ import annotations

from collections.abc import Sequence

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
"""What can get a text; in the United States and Canada the two kinds look alike."""


def mobile(digits: str, country: str, allowed: Sequence[str]) -> str:
    """The number (E.164) that somebody in ``country`` keyed in; empty unless it is a mobile of an allowed country.

    Numbers that cost those who are texted, or us, more than usual are no mobiles.
    """
    for written in (digits, f"+{digits}"):
        try:
            parsed = phonenumbers.parse(written, country)
        except phonenumbers.NumberParseException:
            continue
        is_mobile = phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) in MOBILE
        if is_mobile and phonenumbers.region_code_for_number(parsed) in allowed:
            return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return ""
