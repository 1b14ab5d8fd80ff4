"""Redaction: what must go, what must stay, and that the same person stays the same."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.redaction.people import IBAN_LENGTHS, iban_end, luhn
from aqe.analysis.redaction.redactor import ALL, Redactor
from aqe.core.records.bulk.logs import AccessRow, LogRow
from aqe.fleet.imports.redact_rows import redact_row

REDACTOR = Redactor(b"a key for tests")
PSEUDONYM = re.compile(r"<(\w+):[0-9a-f]{8}>")

# Assembled, so that no scanner takes this file for a leak.
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiI0MiJ9" + ".c2lnbmF0dXJlLWJ5dGVz"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp" + "_" + "a1B2c3D4e5" * 4
STRIPE = "sk" + "_live_" + "4eC39HqLyjWDarjtT1zdp7dc"

FINDS = [
    # kind, the text around it, what must be gone
    ("email", "login of {} failed", "bob.o'neil+shop@mail.example.co.uk"),
    ("email", "KeyError: '{}' -", "bob@example.com"),
    ("email", "to=<{}>;", "jürgen@müller.example"),
    ("email", "GET /users/{}/orders", "bob%40example.com"),
    ("ip", "refused by {}:5432", "203.0.113.9"),
    ("ip", "db.internal/{}:5432 timed out", "10.0.0.7"),
    ("ip", "[client {}] denied", "192.168.1.20"),
    ("ip", "from [{}]:443", "2001:db8::8a2e:370:7334"),
    ("ip", "peer {} reset", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
    ("ip", "mapped {}: no route", "::ffff:203.0.113.9"),
    ("phone", "call {} back", "+49 (0)30 901820-12"),
    ("phone", "call {} back", "+14155550132"),
    ("phone", "call {} back", "(415) 555-0132"),
    ("phone", "call {} back", "415-555-0132"),
    ("phone", "phone: {}", "030 90182012"),
    ("phone", '"mobile": "{}"', "0151 23456789"),
    ("card", "card {} declined", "4111 1111 1111 1111"),
    ("card", "card {} declined", "4111-1111-1111-1111"),
    ("card", "pan={}", "5500000000000004"),
    ("card", "2026 {} x", "3782 822463 10005"),
    ("card", "visa {} (old)", "4222222222222"),
    ("card", "12 {}", "6304000000000000"),
    ("iban", "transfer to {} failed", "DE89 3704 0044 0532 0130 00"),
    ("iban", "iban={},", "GB29NWBK60161331926819"),
    ("iban", "{} IS PAID", "NO93 8601 1117 947"),
    ("jwt", "cookie was {}", JWT),
    ("jwt", "GET /cb?id_token={}&x=1", JWT),
    ("bearer", "Authorization: Bearer {}", "a1b2c3d4e5f6"),
    ("bearer", "authorization: basic {}", "Ym9iOnNlY3JldA=="),
    ("key", "using {} in eu-1", AWS),
    ("key", "pushed with {}", GITHUB),
    ("key", "pushed with {}", "github" + "_pat_" + "11ABCDEFG0" * 3),
    ("key", "hook {}", "xox" + "b-123456789012-abcdefGHIJKL"),
    ("key", "charge by {}", STRIPE),
    ("key", "maps key {}", "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"),
    ("key", "loaded {}", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"),
    ("password", "connect postgres://shop:{}@db:5432/shop", "s3cr3t!"),
    ("password", "redis://:{}@cache:6379", "p@ss"),
    ("secret", "login password={} ok", "hunter2"),
    ("secret", "password: {}", "hunter"),
    ("secret", 'body {{"user": "bob", "password": "{}"}}', "two words, and \\\\ more"),
    ("secret", 'body "{{\\"token\\":\\"{}\\"}}"', "abc123"),
    ("secret", "GET /a?token={}&b=1", "abc123def"),
    ("secret", "db.password => '{}'", "x y"),
    ("secret", "client_secret={}", "zzz"),
    ("secret", "X-Api-Key: {}", "k-123456"),
    ("secret", "API key: {}", "k-123456"),
    ("secret", "aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG"),
    ("secret", "AccountKey={};", "abc123=="),
    ("secret", "Set-Cookie: {}", "sid=31d4d96e407aad42; Path=/; HttpOnly"),
    ("secret", '"sid": "{}"', "31d4d96e407aad42"),
    ("secret", 'password="{}', "cut off in the mid"),
]


@pytest.mark.parametrize(("kind", "text", "value"), FINDS)
def test_it_is_found_and_replaced(kind: str, text: str, value: str) -> None:
    """The value is gone, a pseudonym of its kind stands there, the words around it stay."""
    redacted = REDACTOR.text(text.format(value))
    assert value not in redacted
    assert kind in PSEUDONYM.findall(redacted)
    before, after = text.format("\0").split("\0")
    assert redacted.startswith(before[:-1])
    assert redacted.endswith(after[1:])


@pytest.mark.parametrize(
    "text",
    [
        "order 17 of 3 items, total 234.99 EUR in 12.5 ms (attempt 1/3)",
        "2026-11-22 01:55:25,123 INFO shop.orders started at 2026-11-22T01:55:25.123+00:00 (GMT+1 2026-11-22)",
        "version 10.2.14.3 of the driver",
        "upgraded from version 10.2.14.3 to 10.2.15.0",
        'client ver="10.2.14.3"',
        "v10.2.14.3",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.6099.109 Safari/537.36",
        "Chrome/120.0.0.0",
        "amd64~~6.1.1.0",
        "bound to 127.0.0.1:8080 and [::1]:8080 and 0.0.0.0",
        "netmask 255.255.255.0",
        "std::vector and Cafe::Bad",
        "at 01:55:25 it took 00:00:12",
        "MAC 00:1a:2b:3c:4d:5e",
        "took 1795312521137 ms since 1970",
        "id 1795312521137000000 and 1234567890123456",
        "block blk_2583125615128303019 and -4111111111111111",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "card 4111 1111 1111 1112 has a wrong check digit",
        "DE89 3704 0044 0532 0130 01 has a wrong check sum",
        "status 200 123 4567",
        "lodash@4.17.21 and react@18.0.0-beta.rc and logo@2x.png",
        "git@github.com:shop/app.git",
        "getty@tty1.service",
        "com.shop.Pay$1@7f31245a",
        "unexpected token: identifier",
        "Invalid token: 17",
        "max_tokens=4096, tokens: 12, token_count=5",
        "password must have 8 characters",
        "Failed password for root",
        "password: incorrect",
        "password=null secret=None token=",
        "password=********",
        "author: bob, shipping: 3, design=new, inside: 5",
        "KeyError: 'price'",
        "primary_key=42 sort_key=name",
        "bearer authentication failed",
        "basic functionality restored",
        "process(sid:1 cport:-1)",
        "AKIA is a prefix, sk- another",
        "eyJ is how tokens begin",
        "",
    ],
)
def test_what_only_looks_like_it_is_kept(text: str) -> None:
    """Versions, times, ids, sentences about passwords: redacting them would hide what the log says."""
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize(("kind", "text", "value"), FINDS)
def test_redacting_twice_changes_nothing_more(kind: str, text: str, value: str) -> None:
    """A pseudonym is no secret."""
    once = REDACTOR.text(text.format(value))
    assert REDACTOR.text(once) == once


@given(
    st.lists(st.sampled_from([text.format(value) for _, text, value in FINDS] + [" ", "<", ":", '"', "="]), max_size=6)
)
def test_redacting_any_mixture_twice_changes_nothing_more(parts: list[str]) -> None:
    """Whatever stands beside what."""
    once = REDACTOR.text(" ".join(parts))
    assert REDACTOR.text(once) == once


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    """No text breaks it; control characters and every script included."""
    REDACTOR.text(text)


@pytest.mark.parametrize(
    "text",
    ["1" * 200_000, "a" * 200_000, "a@" * 50_000, "1.1." * 50_000, ":1" * 50_000, "token=" * 30_000, 'token="' * 30_000,
     "+1 " * 50_000, "x://" * 50_000, "DE89" * 50_000, "a-b." * 50_000 + "@", "password: " * 20_000, "\\" * 200_000,
     "cookie:" * 30_000, "Bearer " * 30_000, "version 1.1.1.1 to " * 10_000],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_hostile_text_takes_no_more_than_linear_time(text: str) -> None:
    """200 kB of what patterns stumble over."""
    start = time.process_time()
    REDACTOR.text(text)
    assert time.process_time() - start < 5


def test_the_same_person_has_the_same_pseudonym() -> None:
    """However the address is written; another person has another."""
    one, two, other = (REDACTOR.text(text) for text in ("bob@example.com", "BOB@Example.com", "eve@example.com"))
    assert one == two != other
    assert REDACTOR.text("4111 1111 1111 1111") == REDACTOR.text("4111111111111111")
    assert REDACTOR.text("2001:DB8:0:0::1") == REDACTOR.text("2001:db8::1")
    assert REDACTOR.text("DE89370400440532013000") == REDACTOR.text("DE89 3704 0044 0532 0130 00")
    assert REDACTOR.text("bob%40example.com") == one


def test_the_same_value_under_another_kind_keeps_its_digest() -> None:
    """A user id that is an address can be found in messages."""
    address = REDACTOR.pseudonym("email", "bob@example.com")
    assert REDACTOR.pseudonym("user", "bob@example.com").split(":")[1] == address.split(":")[1]


def test_another_key_gives_other_pseudonyms() -> None:
    """Without the key nobody can try names out."""
    assert Redactor(b"other").text("bob@example.com") != REDACTOR.text("bob@example.com")


def test_kinds_can_be_chosen() -> None:
    """Only what was asked for is replaced."""
    only_cards = Redactor(b"k", frozenset({"card"}))
    assert only_cards.text("bob@example.com paid with 4111111111111111").startswith("bob@example.com paid with <card:")


def test_a_wrong_key_or_kind_is_refused() -> None:
    """An empty key would be no key; a kind misspelt would leak."""
    with pytest.raises(ValueError, match="the redaction key is empty"):
        Redactor(b"")
    with pytest.raises(ValueError, match=r"unknown kinds \['cards'\], known are"):
        Redactor(b"k", ALL | {"cards"})


def test_luhn_and_iban() -> None:
    """Published examples of ISO 7812 and ISO 13616."""
    assert all(luhn(number) for number in ("4242424242424242", "378282246310005", "30569309025904", "6011111111111117"))
    assert not luhn("4242424242424241")
    for iban in ("AT611904300234573201", "BE68539007547034", "CH9300762011623852957", "FR1420041010050500013M02606",
                 "MT84MALT011000012345MTLCAST001S", "SE4550000000058398257466"):  # fmt: skip
        assert iban_end(iban) == IBAN_LENGTHS[iban[:2]] == len(iban)


def test_a_log_row_names_nobody() -> None:
    """User and session always become pseudonyms; free text and query values are searched; our own words stay."""
    row = LogRow(
        at=None,  # type: ignore[arg-type]
        level="ERROR",
        message="no mail to bob@example.com",
        error_type="KeyError",
        stack_trace="KeyError: 'bob@example.com'\nat token=abc123",
        request_path="/orders?mail=bob%40example.com&cat=3&token=abc%2B123",
        user="bob@example.com",
        session="31d4",
        request="r-1",
        user_agent="curl/8.1 (bob@example.com)",
        release="2.4.2",
        status=500,
    )
    bob = REDACTOR.pseudonym("email", "bob@example.com")
    redacted = redact_row(row, REDACTOR)
    assert redacted.message == f"no mail to {bob}"
    assert redacted.stack_trace == f"KeyError: '{bob}'\nat token={REDACTOR.pseudonym('secret', 'abc123')}"
    assert redacted.request_path == f"/orders?mail={bob}&cat=3&token={REDACTOR.pseudonym('secret', 'abc+123')}"
    assert redacted.user == REDACTOR.pseudonym("user", "bob@example.com")
    assert redacted.session == REDACTOR.pseudonym("session", "31d4")
    assert redacted.user_agent == f"curl/8.1 ({bob})"
    assert (redacted.level, redacted.release, redacted.status, redacted.request) == ("ERROR", "2.4.2", 500, "r-1")
    assert redacted.error_type == "KeyError"


def test_an_access_row_names_nobody() -> None:
    """The client always becomes a pseudonym, a private or loopback address too."""
    row = AccessRow(None, "GET", "/a?q=x%20y&ip=203.0.113.9", 200, 5, 1.5, "127.0.0.1", "UA", "https://s/?t=1")  # type: ignore[arg-type]
    redacted = redact_row(row, REDACTOR)
    assert redacted.client == REDACTOR.pseudonym("ip", "127.0.0.1")
    assert redacted.path == f"/a?q=x%20y&ip={REDACTOR.pseudonym('ip', '203.0.113.9')}"
    assert (redacted.user_agent, redacted.referer, redacted.duration_ms) == ("UA", "https://s/?t=1", 1.5)


def test_what_a_row_does_not_say_stays_unsaid() -> None:
    """None is not a person."""
    row = AccessRow(None, "", "", 400, None, None, None, None, None)  # type: ignore[arg-type]
    assert redact_row(row, REDACTOR) == row
    log = LogRow(None, "INFO", "m")  # type: ignore[arg-type]
    assert redact_row(log, REDACTOR) == log


@pytest.mark.parametrize("hostile", ["::1\0", "::\ud800", "x:y"])
def test_what_stands_in_the_place_of_an_address_and_is_none_gets_a_pseudonym_too(hostile: str) -> None:
    """A client that names itself may send anything."""
    assert Redactor(b"key").pseudonym("ip", hostile).startswith("<ip:")
