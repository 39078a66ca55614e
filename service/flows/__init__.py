"""The conversations, one file each, written so that a nurse could follow them."""
