"""What identifies people: e-mail addresses, numbers of phones, cards and accounts, network addresses.

References: Luhn = ISO/IEC 7812-1; prefixes of cards = the networks' issuer ranges; IBAN = ISO 13616, lengths from
SWIFT's registry (release 99).
"""

import re
from functools import cache
from socket import AF_INET6, inet_pton
from string import ascii_uppercase

from .rule import Rule, Span, first_group, whole

# From the "@" on, which is rare: what stands before it is read backwards.
_EMAIL = re.compile(
    r"(?:@|%40)"
    # pkg@1.2.3-beta.rc, logo@2x.png and Java's Item@1f3a2b4.total() are none.
    r"(?!\d+\.\d|\d+x\.|[0-9a-f]{4,8}\.\w+\()(?:[\w-]{1,63}\.){1,8}"
    r"(?!(?:service|socket|timer|target|mount|slice|scope|png|jpe?g|gif|svg|webp|js|css|map|lock)\b)"
    r"[^\W\d_]{2,24}(?![\w-])"
)
_LOCAL_BACKWARDS = re.compile(r"[\w.+'-]{0,63}\w")
_ENCODED_LOCAL_BACKWARDS = re.compile(r"(?:[\w.+'-]|[Bb]2%){0,63}\w")
# They begin with what they are made of, not with what may not stand before it: so a search leaps from digit to digit.
_PHONE = re.compile(r"[+%](?<![\w+].)(?:(?<=\+)|(?<=%)2[Bb])[1-9](?:[ ()./-]{0,2}\d){7,14}(?!\d)", re.DOTALL)
# `0049 30 901820`: the prefix of a call abroad. Without a separator it is any number with zeros in front.
_PHONE_FROM_ABROAD = re.compile(
    r"(?<![\w.,-])(?<!\d )00[1-9]\d{0,2}(?=[ ()./-])(?:[ ()./-]{0,2}\d){7,12}(?![\w-]|[.,]\d)"
)
# North America: an area code in brackets, or groups of 3-3-4 joined by "-" or ".".
_PHONE_GROUPS = re.compile(r"(?<![\w.-])(?:1[ .-]?)?(?:\(\d{3}\) ?\d{3}[ .-]|\d{3}([.-])\d{3}\1)\d{4}(?![\w-]|\.\d)")
_PHONE_NAMES = "phone|tel|mobile|msisdn|fax|whatsapp"
_PHONE_NAMED = re.compile(
    rf"(?<![<\w])(?:tele)?(?:{_PHONE_NAMES})(?:[ _-]?(?:number|no|nr))?"
    r"\\*[\"']?\.?[ :=]{1,3}\\*[\"']?((?:00|0|\()?\d(?:[ ()./-]{0,2}\d){6,14})(?![\w-]|\.\d)",
    re.IGNORECASE,
)
_CARD = re.compile(
    r"\d(?<![\w.-]\d)(?:\d{12,18}|\d{3}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{3}([ -])\d{6}\2\d{4,5})"
    r"(?![\w-]|\.\d)"
)
# Visa, Mastercard, American Express, Diners, JCB, Discover, UnionPay, Maestro, RuPay, Mir. None begins with 1, as
# times since 1970 do.
_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[0-2])\d{13}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,16}"
    r"|35\d{14,17}|(?:5[0678]|6\d)\d{10,17}|8[12]\d{14}|220[0-4]\d{12}"
)
_IBAN = re.compile(r"[A-Z](?<![A-Za-z0-9].)[A-Z]\d{2}(?:[ -]?[A-Z0-9]){11,30}")
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FK FO FI GL NL SD", "19": "MK SI", "20": "AT BA EE KZ LT LU MN XK",
        "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST", "26": "IS TR", "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HN HU LB NI PL SV", "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC",
        "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""Country -> characters of an IBAN."""
_IPV4 = re.compile(r"\d(?<![\w.~]\d)\d{0,2}(?:\.\d{1,3}){3}(?!\w|\.\d|-[A-Za-z])")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){7}"
    r"|(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?)"
    r"(?:\.\d{1,3}){0,3}(?!\w|:\w)"
)
# "version 10.2.14.3", "upgraded from version 1.2.3.4 to ", 'ver="', "Chrome/120.0.6099.109".
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:versions?|ver|v|release|build|firmware|driver|revision|rev|sdk)\.?(?: (?:is|was|to|from|of))?"
    r"[\"']?\s?[:=]?\s?[\"']?(?:[\d.]+ ?(?:->|to|and|,) ?)*"
    r"|\b(?:chrome|chromium|headlesschrome|crios|edg\w*|opr|vivaldi|yabrowser|samsungbrowser|electron|whale|ucbrowser"
    r"|version|safari|firefox|fxios)/)$",
    re.IGNORECASE,
)
_BEFORE = 40
"""Characters looked at before a match for its context."""
_MAY_END_VERSION = (
    "version", "versions", "ver", "v", "release", "build", "firmware", "driver", "revision", "rev", "sdk", "is",
    "was", "to", "from", "of", "and", ",", ">", "/", ".",
)  # fmt: skip
_LONGEST_LOCAL = 128
_DIGIT = re.compile(r"[0-9]")
_NOBODYS = (bytes(16), bytes(15) + b"\1")
"""Unspecified and loopback, `::` and `::1`."""
_DOUBLED = str.maketrans("0123456789", "0246813579")
"""Digit -> sum of the digits of its double."""
_IN_DIGITS = {ord(letter): str(ord(letter) - ord("A") + 10) for letter in ascii_uppercase}


def _check_email(match: re.Match[str]) -> Span | None:
    at = match.start()
    before = match.string[max(0, at - _LONGEST_LOCAL) : at]
    before_backwards = before[::-1]
    local = _LOCAL_BACKWARDS.match(before_backwards)
    if local is not None and before_backwards[local.end() : local.end() + 1] == "%":
        local = _ENCODED_LOCAL_BACKWARDS.match(before_backwards)
    if local is None or before[-local.end() :] == "git":
        return None
    return at - local.end(), match.end()


def _check_ipv4(match: re.Match[str]) -> Span | None:
    """Loopback, unspecified and network addresses identify nobody and are kept; private ones may be a person's."""
    address = match[0]
    if address.startswith(("127.", "255.")) or address.endswith(".0.0.0"):
        return None
    if max(map(int, address.split("."))) > 255:
        return None
    before = match.string[max(0, match.start() - _BEFORE) : match.start()].lower()
    if before.rstrip(" \"':=").endswith(_MAY_END_VERSION) and _VERSION_BEFORE.search(before):
        return None
    return match.span()


def _check_ipv6(match: re.Match[str]) -> Span | None:
    if _DIGIT.search(match[0]) is None:
        return None  # `abc::def` is a name in C++ and Ruby
    try:
        address = inet_pton(AF_INET6, match[0])
    except OSError:
        return None
    return None if address in _NOBODYS else match.span()


def luhn(digits: str) -> bool:
    """The check digit of payment cards.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    weighed = digits[-2::-2].translate(_DOUBLED) + digits[-1::-2]
    return (sum(weighed.encode()) - ord("0") * len(weighed)) % 10 == 0


def _check_card(match: re.Match[str]) -> Span | None:
    digits = match[0].replace(" ", "").replace("-", "")
    return match.span() if _ISSUER.fullmatch(digits) and luhn(digits) else None


def iban_end(text: str) -> int | None:
    """Where an IBAN at the beginning of a text ends; None when there is no valid one.

    >>> iban_end("DE89 3704 0044 0532 0130 00 IS PAID")
    27
    >>> iban_end("DE89 3704 0044 0532 0130 01") is None
    True
    """
    length = IBAN_LENGTHS.get(text[:2])
    if length is None or (found := _spaced(length).match(text)) is None:
        return None
    at = found.end()
    if text[at : at + 1].isalnum():
        return None
    letters = found[0].replace(" ", "").replace("-", "")
    number = (letters[4:] + letters[:4]).translate(_IN_DIGITS)
    return at if int(number) % 97 == 1 else None


@cache
def _spaced(length: int) -> re.Pattern[str]:
    """So many letters and digits, with blanks and hyphens between them."""
    return re.compile(rf"[A-Z0-9](?:[ -]*[A-Z0-9]){{{length - 1}}}")


def _check_iban(match: re.Match[str]) -> Span | None:
    end = iban_end(match[0])
    return None if end is None else (match.start(), match.start() + end)


# The phone hint ends at a digit or an opening bracket; what stands between the name and the number is short.
PEOPLE_RULES: tuple[Rule, ...] = (
    Rule("email", r"(?:@|%40)[^\s@]+\.", _EMAIL, _check_email),
    Rule("iban", r"[A-Z]{2}\d\d[ -]?[A-Z0-9]{2}", _IBAN, _check_iban),
    Rule("card", r"\d(?:[ -]?\d){12}", _CARD, _check_card),
    Rule("phone", r"(?:\+|%2[Bb])\d(?:[ ()./-]{0,2}\d){7}", _PHONE, whole),
    Rule("phone", r"00[1-9]\d{0,3}[ ()./-]", _PHONE_FROM_ABROAD, whole),
    Rule("phone", r"\d{3}[.-]\d{3}[.-]\d{4}|\(\d{3}\) ?\d{3}[ .-]\d{4}", _PHONE_GROUPS, whole),
    Rule("phone", rf"(?i)(?:{_PHONE_NAMES})[\w \"'\\:.=-]*[(0-9]", _PHONE_NAMED, first_group),
    Rule("ip", r"\d\.\d{1,3}\.\d{1,3}\.\d", _IPV4, _check_ipv4),
    Rule("ip", r"::[0-9A-Fa-f]|[0-9A-Fa-f]::|:[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]+:", _IPV6, _check_ipv6),
)
"""In the order they are applied: long numbers before the short ones they may contain."""
