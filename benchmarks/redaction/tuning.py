"""Lines that the redaction rules are tuned on: application logs, key=value pairs, headers, queries.

What they reach on lines they were not tuned on is told by heldout.py.
"""

import random
import string
from collections.abc import Callable, Iterator

from .heldout import Line

SEEDS = (1, 2, 3)
_WORDS = string.ascii_letters + string.digits
_Chance = random.Random


def lines(count: int, seed: int) -> Iterator[Line]:
    """So many lines that hold something."""
    chance = random.Random(seed)
    kinds = list(_VALUES)
    for n in range(count):
        kind = kinds[n % len(kinds)]
        value = _VALUES[kind](chance)
        yield Line(kind, chance.choice(_PLACES.get(kind, _ANYWHERE)).replace("@@", value), value)


def harmless(count: int, seed: int) -> Iterator[Line]:
    """So many lines that hold nothing, though they look like it."""
    chance = random.Random(seed)
    for n in range(count):
        yield Line("harmless", _HARMLESS[n % len(_HARMLESS)](chance), None)


def _of(letters: str, count: int) -> Callable[[_Chance], str]:
    return lambda chance: "".join(chance.choices(letters, k=count))


def _shaped(*shapes: str) -> Callable[[_Chance], str]:
    """9 = a digit, a = a small letter, A = a capital, f = a hexadecimal digit."""
    letters = {"9": string.digits, "a": string.ascii_lowercase, "A": string.ascii_uppercase, "f": "0123456789abcdef"}
    return lambda chance: "".join(chance.choice(letters.get(c, c)) for c in chance.choice(shapes))


def _card(chance: _Chance) -> str:
    body = chance.choice(("411", "542", "372", "601")) + "".join(chance.choices(string.digits, k=12))
    body = body[:14] if body[0] == "3" else body
    doubled = sum(sum(divmod(int(digit) * (2 - at % 2), 10)) for at, digit in enumerate(reversed(body)))
    number = f"{body}{-doubled % 10}"
    return number if chance.random() < 0.5 or len(number) == 15 else " ".join(number[i : i + 4] for i in (0, 4, 8, 12))


def _iban(chance: _Chance) -> str:
    body = "".join(chance.choices(string.digits, k=18))
    number = f"DE{98 - int(f'{body}131400') % 97:02d}{body}"
    return number if chance.random() < 0.5 else " ".join(number[i : i + 4] for i in range(0, 22, 4))


def _token(start: str, count: int) -> Callable[[_Chance], str]:
    return lambda chance: start + "".join(chance.choices(_WORDS, k=count))


_TOKENS = (
    _token("AKI" + "A", 0),
    _token("gho" + "_", 36),
    _token("sk" + "_live_", 24),
    _token("npm" + "_", 36),
    _token("glpat" + "-", 20),
    _token("xoxp" + "-1234567890-", 24),
    _token("dckr" + "_pat_", 27),
    _token("hf" + "_", 34),
    _token("shppa" + "_", 32),
    _token("dop" + "_v1_", 64),
    _token("gsk" + "_", 52),
)

_VALUES: dict[str, Callable[[_Chance], str]] = {
    "email": _shaped("aaaa.aaaaa@example.com", "aaa99@mail.example.co.uk", "a-aa+aa@aaaa.example"),
    "phone": _shaped(
        "+49 30 9999999", "+14155559999", "(415) 555-9999", "+44 20 9999 9999", "+33 1 99 99 99 99", "0049 30 9999999"
    ),
    "card": _card,
    "iban": _iban,
    "ip": _shaped(
        "203.0.113.9", "198.51.100.99", "10.8.9.9", "2001:db8:ffff::ffff", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"
    ),
    "jwt": lambda c: f"eyJhbGciOiJIUzI1NiJ9.eyJ{_of(_WORDS, 40)(c)}.{_of(_WORDS + '-_', 43)(c)}",
    "bearer": _of(_WORDS, 32),
    "key": lambda c: "AKI" + "A" + _of(string.ascii_uppercase, 16)(c) if c.random() < 0.3 else c.choice(_TOKENS[1:])(c),
    "url": _of(_WORDS + "!@$", 12),
    "named": _of(_WORDS, 20),
    "person": _shaped("Aaaa Aaaaaa", "Aaaaa", "Aaa A. Aaaaaaa"),
}
_ANYWHERE = (
    "login of @@ failed",
    '{"level":"info","msg":"seen @@ again"}',
    "level=info who=@@ took=12ms",
    "GET /u/@@/orders 404",
    "KeyError: '@@'",
    "to=<@@>; retry in 5 s",
    "(@@)",
    "@@",
    "who: @@, since 12:00:01",
    '"who": "@@",',
    "last=@@;next=1",
)
_PLACES: dict[str, tuple[str, ...]] = {
    "bearer": ("Authorization: Bearer @@", '"Authorization": "Bearer @@"', "authorization=bearer @@"),
    "url": (
        "postgres://shop:@@@db:5432/shop",
        "pull from https://bot:@@@git.example/x.git failed",
        "redis://:@@@cache:6379",
    ),
    "named": (
        "password=@@ ok",
        '"api_key": "@@"',
        "X-Api-Key: @@",
        "GET /a?token=@@&b=1",
        "client_secret: '@@'",
        "--token @@",
        "<secret>@@</secret>",
        "Authorization: ApiKey @@",
        "curl -u bot:@@ https://x.example",
    ),
    "person": ('"lastName": "@@"', "customer_name='@@'", "<fullName>@@</fullName>", '"first_name":"@@"'),
}
_HARMLESS: tuple[Callable[[_Chance], str], ...] = (
    _shaped("order 99999999 of 9 items, 99.99 EUR in 99.9 ms"),
    _shaped("2026-11-22 01:55:25,999 INFO shop.orders took 999 ms, 999/9999 left"),
    _shaped("upgraded from version 99.9.99.9 to 99.9.99.9"),
    _shaped("commit ffffffffffffffffffffffffffffffffffffffff"),
    _shaped("uuid ffffffff-ffff-4fff-8fff-ffffffffffff"),
    _shaped("image@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    _shaped("Chrome/199.9.9999.99 Safari/537.36"),
    _shaped("took 179999999999 ms, id 1799999999999"),
    _shaped("ISBN 978-9-99-999999-9, order 9999-99-9999"),
    _shaped("password must have 9 characters; token: 99; key 9 of 99"),
    _shaped("hostname=shop-99, filename: a99.csv, name=checkout"),
    _shaped("thread-9 pool-99 0x00ffffffffffffff com.shop.Pay@ffffff"),
    _shaped("metric shop.orders.p99 9.9999, window 99:99:99 rate=99.9/s"),
)
