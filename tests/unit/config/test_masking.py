"""Secrets are taken out of what people and logs see, at a pace that no text can spoil."""

import pytest

from aqe.core.masking import mask_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis+sentinel://me:geheim@a,b/name", "redis+sentinel://me:***@a,b/name"),
        ("--my-api-key=abc and DB_PASSWORD=x", "--my-api-key=*** and DB_PASSWORD=***"),
        ("Authorization=Bearer abcdefghijk", "Authorization=*** ***"),
        ("Authorization: Bearer abcdefghijk", "Authorization: Bearer ***"),
        ('{"password": "geheim", "page": "2"}', '{"password": "***", "page": "2"}'),
        ("api_key='abc' page='2'", "api_key='***' page='2'"),
        ("the token: is missing", "the token: is missing"),
    ],
)
def test_what_is_secret_is_not_shown(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize("part", ["a-", "a+", "a://", "a://b:", "token", "bearer "])
def test_a_word_of_any_length_is_read_once(part: str) -> None:
    """What a program prints without end must not hold up the process that shows it: a run tried from each of its
    letters would take hours here."""
    text = part * 100_000
    assert mask_text(text) == text
