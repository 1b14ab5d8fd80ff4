"""One file a format: bytes in, records out; opens no file, knows no key. table.py has them all."""
