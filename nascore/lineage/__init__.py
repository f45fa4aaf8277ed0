"""Where results come from: which code made them."""

from nascore.lineage.fingerprint import fingerprint

__all__ = ["fingerprint"]
