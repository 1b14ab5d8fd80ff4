"""Held-out lines for redaction: written apart from the tuning lines, in other formats, with other seeds.

Nothing is tuned on these. Values keep to what the standards say (Luhn, ISO 13616, RFC 4291, RFC 7519, E.164) and what
providers document of their keys; they stand in the surroundings that this module makes up. Every key is assembled, so
that no scanner takes this file for a leak.
"""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

SEEDS = (90_210, 77_431, 5_551_212)
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


class Line(NamedTuple):
    """A line and what must go of it; None = nothing."""

    kind: str
    text: str
    value: str | None


def lines(count: int, seed: int) -> Iterator[Line]:
    """So many lines that hold something, each kind equally often."""
    chance = random.Random(seed)
    kinds = list(_SENSITIVE)
    for n in range(count):
        kind = kinds[n % len(kinds)]
        makers, places = _SENSITIVE[kind]
        value = chance.choice(makers)(chance)
        place = chance.choice(places)
        yield Line(kind, place(value) if callable(place) else place.replace("@@", value), value)


def harmless(count: int, seed: int) -> Iterator[Line]:
    """So many lines that hold nothing, though they look like it."""
    chance = random.Random(seed)
    kinds = list(_HARMLESS)
    for n in range(count):
        kind = kinds[n % len(kinds)]
        yield Line(kind, chance.choice(_HARMLESS[kind])(chance), None)


# Values --------------------------------------------------------------------------------------------------------------

Chance = random.Random
_GIVEN = (
    "Amina",
    "Björn",
    "Chloé",
    "Dmitri",
    "Eun-ji",
    "Fatoumata",
    "Giovanni",
    "Håkon",
    "Ines",
    "Joaquín",
    "Mei",
    "Olu",
)
_FAMILY = (
    "Abernathy",
    "Bianchi",
    "Castellanos",
    "Dubois",
    "Eriksson",
    "Fitzgerald",
    "Górska",
    "Haddad",
    "Ito",
    "Nakamura",
    "O'Connell",
    "van den Berg",
)
_HOSTS = (
    "gmail.com",
    "outlook.com",
    "proton.me",
    "web.de",
    "yahoo.co.jp",
    "uni-muenster.de",
    "corp.example.io",
    "mail.gov.uk",
    "студия.рф",
    "xn--mnchen-3ya.de",
    "laposte.net",
    "bigpond.net.au",
)


def _some(chance: Chance, letters: str, count: int) -> str:
    return "".join(chance.choices(letters, k=count))


def _email(chance: Chance) -> str:
    user = chance.choice(
        (
            f"{chance.choice(_GIVEN[:3])}.{chance.choice(_FAMILY[:4])}".lower(),
            _some(chance, string.ascii_lowercase, 7) + str(chance.randrange(1990, 2012)),
            f"{_some(chance, string.ascii_lowercase, 5)}+{chance.choice(('news', 'bank', 'x1'))}",
            f"{chance.choice(string.ascii_lowercase)}_{_some(chance, string.ascii_lowercase, 8)}",
            _some(chance, string.ascii_uppercase, 6),
            f"{_some(chance, string.ascii_lowercase, 4)}-{_some(chance, string.ascii_lowercase, 4)}",
        )
    )
    return f"{user}@{chance.choice(_HOSTS)}"


def _phone(chance: Chance) -> str:
    def digits(count: int) -> str:
        return _some(chance, string.digits, count)

    first = str(chance.randrange(2, 10))
    return chance.choice(
        (
            f"+44 7{digits(3)} {digits(6)}",
            f"+353 8{chance.randrange(3, 10)} {digits(3)} {digits(4)}",
            f"+81-{first}0-{digits(4)}-{digits(4)}",
            f"+91 {first}{digits(4)} {digits(5)}",
            f"+1 ({first}{digits(2)}) {first}{digits(2)}-{digits(4)}",
            f"+1{first}{digits(2)}{first}{digits(6)}",
            f"+55 11 9{digits(4)}-{digits(4)}",
            f"+33 6 {digits(2)} {digits(2)} {digits(2)} {digits(2)}",
            f"+4915{digits(9)}",
            f"+49 (0) 89 {digits(7)}",
            f"+61 4{digits(2)} {digits(3)} {digits(3)}",
            f"+86 13{first} {digits(4)} {digits(4)}",
            f"+46-8-{digits(3)} {digits(2)} {digits(2)}",
            f"+971.50.{digits(3)}.{digits(4)}",
            f"0044 20 {digits(4)} {digits(4)}",
            f"({first}{digits(2)}) {first}{digits(2)}-{digits(4)}",
            f"{first}{digits(2)}.{first}{digits(2)}.{digits(4)}",
        )
    )


def _check_digit(body: str) -> str:
    total = 0
    for at, digit in enumerate(reversed(body)):
        worth = int(digit) * (2 if at % 2 == 0 else 1)
        total += worth - 9 if worth > 9 else worth
    return str(-total % 10)


def _card(chance: Chance) -> str:
    start, length = chance.choice(
        (
            ("4", 16),
            ("51", 16),
            ("55", 16),
            ("2221", 16),
            ("2720", 16),
            ("34", 15),
            ("37", 15),
            ("6011", 16),
            ("65", 16),
            ("3528", 16),
            ("36", 14),
            ("62", 16),
            ("5018", 16),
        )
    )
    body = start + _some(chance, string.digits, length - len(start) - 1)
    number = body + _check_digit(body)
    if length == 16 and chance.random() < 0.6:
        return chance.choice((" ", "-")).join(number[at : at + 4] for at in range(0, 16, 4))
    if length == 15 and chance.random() < 0.5:
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return number


def _iban(chance: Chance) -> str:
    country, shape = chance.choice(
        (
            ("DE", "9" * 18),
            ("FR", "9" * 10 + "A" * 11 + "99"),
            ("GB", "A" * 4 + "9" * 14),
            ("NL", "A" * 4 + "9" * 10),
            ("ES", "9" * 20),
            ("IT", "A" + "9" * 10 + "A" * 12),
            ("CH", "9" * 5 + "A" * 12),
            ("PL", "9" * 24),
            ("BE", "9" * 12),
            ("SE", "9" * 20),
            ("PT", "9" * 21),
            ("AT", "9" * 16),
            ("LU", "9" * 3 + "A" * 13),
            ("SA", "9" * 2 + "A" * 18),
            ("BR", "9" * 23 + "AA"),
            ("NO", "9" * 11),
        )
    )
    body = "".join(chance.choice(string.digits if c == "9" else string.ascii_uppercase) for c in shape)
    remainder = int("".join(str(int(c, 36)) for c in f"{body}{country}00")) % 97
    number = f"{country}{98 - remainder:02d}{body}"
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4)) if chance.random() < 0.5 else number


def _ipv4(chance: Chance) -> str:
    first = chance.choice((8, 17, 23, 31, 45, 52, 66, 78, 81, 93, 104, 142, 151, 172, 185, 193, 203, 212))
    return ".".join(map(str, (first, *(chance.randrange(1, 255) for _ in range(3)))))


def _ipv6(chance: Chance) -> str:
    groups = [f"{chance.randrange(0x10000):x}" for _ in range(8)]
    groups[0] = chance.choice(("2a01", "2001", "2607", "2a00", "fd12", "fe80"))
    style = chance.randrange(4)
    if style == 0:
        return ":".join(groups)
    if style == 1:
        return f"{':'.join(groups[:3])}::{groups[7]}"
    if style == 2:
        return ":".join(groups).upper()
    return f"{groups[0]}:{groups[1]}::{chance.randrange(1, 0xFFFF):x}"


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _jwt(chance: Chance) -> str:
    head = {"typ": "JWT", "alg": chance.choice(("RS256", "ES384", "HS512")), "kid": _some(chance, HEX, 8)}
    body = {
        "iss": "https://idp.example",
        "sub": str(chance.randrange(10**8)),
        "exp": chance.randrange(10**9, 2 * 10**9),
    }
    parts = (json.dumps(head).encode(), json.dumps(body).encode(), chance.randbytes(chance.choice((32, 48, 64, 256))))
    return ".".join(map(_b64url, parts))


def _key(*starts: str, letters: str = ALNUM, count: int) -> Callable[[Chance], str]:
    return lambda chance: chance.choice(starts) + _some(chance, letters, count)


_UPPER = string.ascii_uppercase + string.digits
_KEYS: list[Callable[[Chance], str]] = [
    _key("AK" + "IA", "AS" + "IA", letters="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count=16),
    _key("gh" + "p_", "gh" + "o_", "gh" + "s_", "gh" + "u_", count=36),
    _key("github" + "_pat_", letters=ALNUM + "_", count=82),
    _key("gl" + "pat-", count=20),
    lambda c: "xox" + f"b-{c.randrange(10**11)}-{c.randrange(10**12)}-{_some(c, ALNUM, 24)}",
    lambda c: (
        "https://hooks.slack" + f".com/services/T{_some(c, _UPPER, 8)}/B{_some(c, _UPPER, 10)}/{_some(c, ALNUM, 24)}"
    ),
    _key("sk" + "_live_", "rk" + "_live_", "sk" + "_test_", count=32),
    _key("AI" + "za", letters=ALNUM + "_-", count=35),
    _key("GOC" + "SPX-", letters=ALNUM + "_-", count=28),
    lambda c: "SG" + f".{_some(c, ALNUM + '_-', 22)}.{_some(c, ALNUM + '_-', 43)}",
    _key("SK", letters=HEX, count=32),
    _key("npm" + "_", count=36),
    _key("pypi-" + "AgEIcHlwaS5vcmc", letters=ALNUM + "_-", count=120),
    _key("dop" + "_v1_", letters=HEX, count=64),
    _key("shp" + "at_", "shp" + "ss_", letters=HEX, count=32),
    _key("sk-" + "proj-", letters=ALNUM + "_-", count=74),
    _key("sk-" + "ant-api03-", letters=ALNUM + "_-", count=93),
    _key("h" + "f_", count=34),
    _key("da" + "pi", letters=HEX, count=32),
    _key("dckr" + "_pat_", letters=ALNUM + "_-", count=27),
    _key("hv" + "s.", letters=ALNUM + "_-", count=90),
    _key("gl" + "sa_", count=32),
    _key("NR" + "AK-", letters=_UPPER, count=27),
    _key("PM" + "AK-", letters=HEX, count=24),
    _key("AT" + "ATT3xFfGF0", letters=ALNUM + "_-", count=150),
    _key("lin" + "_api_", count=40),
    lambda c: f"{c.randrange(10**8, 10**10)}:AA{_some(c, ALNUM + '_-', 33)}",
    _key("sq0" + "atp-", letters=ALNUM + "_-", count=22),
]


def _password(chance: Chance) -> str:
    return chance.choice(
        (
            _some(chance, ALNUM, 12),
            f"{chance.choice(('Winter', 'Summer', 'Dragon', 'Qwerty'))}{chance.randrange(2000, 2030)}!",
            _some(chance, ALNUM + "!$%^*_-~.", 18),
            "-".join(_some(chance, string.ascii_lowercase, 5) for _ in range(4)),
        )
    )


def _opaque(chance: Chance) -> str:
    return chance.choice(
        (
            _some(chance, ALNUM, 40),
            _some(chance, HEX, 64),
            _b64url(chance.randbytes(32)),
            str(uuid.UUID(int=chance.getrandbits(128))),
        )
    )


def _name(chance: Chance) -> str:
    return f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"


def _given(chance: Chance) -> str:
    return chance.choice(_GIVEN)


_Place = str | Callable[[str], str]
_PLACES: list[_Place] = [
    "Row 17: @@ rejected (constraint uq_contact)",
    "<contact type='primary'>@@</contact>",
    "INSERT INTO t VALUES (12, '@@', NULL)",
    "{'who': '@@', 'retry': True}",
    "Customer(id=81, contact=@@, tier=GOLD)",
    "| 42 | @@ | open |",
    "Nov 20 09:14:02 mx1 postfix/smtpd[3121]: warning: @@: reject",
    "  - value: @@",
    "2;@@;DE;active",
    'panic: bad input "@@"\n\tgoroutine 12 [running]',
    "[worker-3] <- @@ -> queue=dead",
    "error: could not reach @@!",
    "lookup(@@) = null",
    "curl: (28) @@ timed out",
    "Caused by: java.lang.IllegalStateException: duplicate @@",
]
_TOKEN_PLACES: list[_Place] = [
    "leaked in build log: @@",
    "+ export THING=@@",
    '{"cmd": "deploy --with @@"}',
    "config.yml:12:   value: '@@'",
    "curl -H 'X-Thing: @@' https://api.example/v1",
    'env THING="@@" ./run.sh',
    "matched rule generic in @@",
    "init(@@)",
    "Sent: @@\r\n",
    "<entry>@@</entry>",
    "POST /hook body=@@",
]

_SENSITIVE: dict[str, tuple[list[Callable[[Chance], str]], list[_Place]]] = {
    "email": ([_email], [*_PLACES, "mailto:@@?subject=hi", "RCPT TO:<@@>: 550 no such user", "sub=@@ aud=web"]),
    "phone": (
        [_phone],
        [p for p in _PLACES if p not in ("2;@@;DE;active",)] + ["tel:@@", "SMS to @@ failed: code 30003"],
    ),
    "card": ([_card], [*_PLACES, "PAN @@ exp 12/29", "authorize(@@, 12.50)"]),
    "iban": ([_iban], [*_PLACES, "SEPA debit from @@ returned", "to:@@"]),
    "ipv4": (
        [_ipv4],
        [
            *_PLACES,
            "sshd[991]: Failed password for root from @@ port 50222 ssh2",
            "X-Forwarded-For: @@, 127.0.0.1",
            "http://@@:8080/health",
            "UFW BLOCK SRC=@@ DST=127.0.0.1",
        ],
    ),
    "ipv6": ([_ipv6], [*_PLACES, "listen tcp [@@]:443: bind", "X-Real-IP: @@"]),
    "jwt": ([_jwt], [*_TOKEN_PLACES, "wss://x.example/live?jwt=@@", "cookie jar: sess=@@; Path=/"]),
    "bearer": (
        [_opaque],
        [
            "> Authorization: Bearer @@",
            "headers={'Authorization': 'Bearer @@'}",
            '-H "authorization: bearer @@"',
            '"Authorization":["Bearer @@"]',
            "Proxy-Authorization: Bearer @@",
        ],
    ),
    "cloud key": (_KEYS, _TOKEN_PLACES),
    "url password": (
        [_password],
        [
            "dial amqp://svc-user:@@@mq-1.internal:5672/vhost: refused",
            "DATABASE_URL=mysql://root:@@@10-0-0-5.db.local/shop",
            "cloning https://oauth2:@@@git.example.io/team/app.git",
            "mongodb+srv://admin:@@@cluster0.mongodb.example/?w=majority",
            "sftp://batch:@@@files.example:22/in",
            "redis://default:@@@cache-7:6380/0 (timeout)",
        ],
    ),
    "named secret": (
        [_opaque],
        [
            '{"client_secret": "@@", "grant_type": "client_credentials"}',
            "spring.datasource.password=@@",
            "API_KEY=@@ make deploy",
            "x-api-key: @@",
            "<password>@@</password>",
            "refresh_token=@@&scope=all",
            "--password @@ --host db1",
            'secretAccessKey: "@@"',
            "Login{user=7, password='@@'}",
            "'auth_token' => '@@',",
            "AccountKey=@@;EndpointSuffix=core.example",
            '\\"access_token\\":\\"@@\\"',
            "private_key=@@",
            "session_id=@@",
        ],
    ),
    "name": (
        [_name],
        [
            '{"full_name": "@@", "plan": "pro"}',
            "Patient(patientName='@@', ward=3)",
            "<customerName>@@</customerName>",
            'cardholder_name: "@@"',
            '"recipient_name":"@@","qty":2',
            "'display_name': '@@'",
            'accountHolder="@@"',
        ],
    ),
    "given name": (
        [_given],
        ["firstName=@@ step=2", '{"given_name":"@@"}', "first_name: '@@'", "<FirstName>@@</FirstName>"],
    ),
}


# What only looks like it ---------------------------------------------------------------------------------------------


def _digits(chance: Chance, count: int) -> str:
    return _some(chance, string.digits, count)


def _semver(chance: Chance) -> str:
    return f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(30)}"


def _time(chance: Chance) -> str:
    return f"0{chance.randrange(10)}:3{chance.randrange(10)}:2{chance.randrange(10)}.{_digits(chance, 6)}"


def _hex(chance: Chance, count: int) -> str:
    return _some(chance, HEX, count)


_Make = Callable[[Chance], str]
_HARMLESS: dict[str, list[_Make]] = {
    "version": [
        lambda c: f"Bumped pkg from {_semver(c)} to {_semver(c)}-rc.1",
        lambda c: f"nginx/{_semver(c)} (Ubuntu) built with OpenSSL 3.0.{c.randrange(20)}",
        lambda c: f"driver version: {c.randrange(400, 600)}.{c.randrange(99)}.{c.randrange(9)}.{c.randrange(9)}",
        lambda c: f"com.example:lib:{c.randrange(9)}.{c.randrange(9)}.{c.randrange(9)}.Final resolved",
    ],
    "hash": [
        lambda c: f"sha256:{_hex(c, 64)} pulled",
        lambda c: f"md5 {_hex(c, 32)}  dist.tar",
        lambda c: f'etag W/"{_hex(c, 40)}"',
        lambda c: f"integrity sha512-{base64.b64encode(c.randbytes(64)).decode()}",
    ],
    "uuid": [
        lambda c: f"job {uuid.UUID(int=c.getrandbits(128), version=4)} done",
        lambda c: f"traceparent 00-{_hex(c, 32)}-{_hex(c, 16)}-01",
        lambda c: f"guid={{{str(uuid.UUID(int=c.getrandbits(128))).upper()}}}",
    ],
    "order number": [
        lambda c: f"order {c.randrange(100, 999)}-{_digits(c, 7)}-{_digits(c, 7)} shipped",
        lambda c: f"invoice INV-{c.randrange(2020, 2027)}-{_digits(c, 6)}",
        lambda c: f"SO{_digits(c, 10)} picked",
        lambda c: f"ticket #{_digits(c, 8)} closed",
        lambda c: f"ref 1Z{_some(c, _UPPER, 16)}",
    ],
    "timestamp": [
        lambda c: f"at {c.randrange(16 * 10**8, 19 * 10**8)} and {c.randrange(16 * 10**11, 19 * 10**11)}",
        lambda c: f"20{c.randrange(20, 30)}-0{c.randrange(1, 10)}-1{c.randrange(10)}T{_time(c)}+02:00 tick",
        lambda c: f"backup-20{c.randrange(20, 30)}0{c.randrange(1, 10)}1{c.randrange(10)}-{_digits(c, 6)}.sql.gz",
        lambda c: f"Fri, 2{c.randrange(9)} Nov 2026 1{c.randrange(9)}:0{c.randrange(9)}:00 GMT",
    ],
    "metric": [
        lambda c: f"http.server.request.duration.p99 {c.random():.4f}",
        lambda c: f'jvm_gc_pause_seconds_sum{{gc="G1"}} {c.random() * 9:.6f}',
        lambda c: f"heap {c.randrange(10**10)}/{c.randrange(10**10)} bytes, {c.randrange(10**6)} objects",
        lambda c: f"p95={c.random() * 900:.3f}ms n={c.randrange(10**7)}",
        lambda c: (
            f"load.1m {c.random():.2f} {c.random():.2f} {c.random():.2f} 3/{c.randrange(999)} {c.randrange(99999)}"
        ),
    ],
    "git": [
        lambda c: f"merge {_hex(c, 40)} into main",
        lambda c: f"HEAD is now at {_hex(c, 8)} fix rounding",
        lambda c: f"v2.4.1-{c.randrange(99)}-g{_hex(c, 7)}",
    ],
    "isbn": [
        lambda c: f"ISBN 978-{c.randrange(10)}-{_digits(c, 2)}-{_digits(c, 6)}-{c.randrange(10)}",
        lambda c: f"isbn 979{_digits(c, 10)}",
        lambda c: f"EAN 40{_digits(c, 11)}",
        lambda c: f"ISSN {_digits(c, 4)}-{_digits(c, 4)}",
    ],
    "code": [
        lambda c: f"at com.shop.Cart$Item@{_hex(c, 7)}.total(Cart.java:{c.randrange(999)})",
        lambda c: f"std::vector<{c.choice(('int', 'Foo'))}>::at: {c.randrange(99)} >= 3",
        lambda c: f"segfault at {_hex(c, 16)} ip {_hex(c, 16)} sp 00007ff{_hex(c, 9)} error 4",
        lambda c: f"Symbol(@@iterator) of app@{c.randrange(9)}.0.{c.randrange(9)}",
        lambda c: f"token count {c.randrange(9999)}, key '{c.choice(('price', 'qty'))}' missing",
        lambda c: f"MAC {':'.join(_hex(c, 2) for _ in range(6))} up",
    ],
    "place": [
        lambda c: f"lat={c.random() * 90:.6f} lon={c.random() * 180:.6f}",
        lambda c: f"page {c.randrange(900)} of {c.randrange(1000)} in 12.5 s",
        lambda c: f"/srv/data/{_digits(c, 4)}/{_digits(c, 2)}/{_hex(c, 2)}/blob",
        lambda c: f"127.0.0.1 - status 200 in {c.randrange(999)}.{c.randrange(99)}.",
        lambda c: f"oid 1.3.6.1.4.1.{c.randrange(99999)}.{c.randrange(9)}.{c.randrange(9)}",
    ],
    "sentence": [
        lambda c: f"password reset mail queued for account {c.randrange(9999)}",
        lambda c: "token expired, please log in again",
        lambda c: f"secret rotation took {c.randrange(99)} s",
        lambda c: f"author: none, keys: {c.randrange(99)}, pins: {c.randrange(99)}",
        lambda c: f"name resolution failed for {c.choice(('db', 'mq'))}-{c.randrange(9)}.internal",
        lambda c: f"file name: report-{c.randrange(99)}.csv",
        lambda c: "basic auth is disabled; bearer tokens are accepted",
    ],
}
