"""Plainline: one phone number that leads people through a health article, in their own language."""
