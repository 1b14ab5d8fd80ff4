"""One file a format: bytes in, records out; opens no file, knows no key."""

from .table import IMPORTERS, recognise

__all__ = ["IMPORTERS", "recognise"]
