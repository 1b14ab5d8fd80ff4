"""What opens doors: passwords in URLs, tokens, keys.

Shapes of keys are those the providers document for their tokens. What has no shape of its own is told by its name:
redaction_fields.py.
"""

import base64
import binascii
import re

from .fields import is_no_secret
from .rule import Rule, Span, first_group, whole

_URL_PASSWORD = re.compile(r"[A-Za-z][\w+.-]{0,20}://[^\s/:@\"'<>]{0,100}:([^\s/\"'<>]{1,200})@")
# A header that is JSON in base64url begins with eyJ; JWE has five parts.
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*){1,3}")
_SHAPES: dict[str, str] = {
    r"(?:AKIA|ASIA|AIDA|AROA)": r"[A-Z0-9]{16}",  # AWS
    r"gh[opusr]_": r"[A-Za-z0-9]{30,}", r"github_pat_": r"\w{22,}",
    r"gl(?:pat|dt|rt|cbt|ptt|soat)-": r"[\w-]{20,}",  # GitLab
    r"(?:xox[abeoprs]|xapp)-": r"[\w-]{10,}", r"hooks\.slack\.com/(?:services|workflows)/": r"[\w/]{20,}",
    r"[srp]k_(?:live|test)_": r"[A-Za-z0-9]{10,}", r"whsec_": r"[A-Za-z0-9+/]{16,}",  # Stripe
    r"sq0(?:atp|csp|idp)-": r"[\w-]{20,}",  # Square
    r"AIza": r"[\w-]{35}", r"ya29\.": r"[\w-]{20,}", r"GOCSPX-": r"[\w-]{20,}",  # Google
    r"SG\.": r"[\w-]{16,}\.[\w-]{16,}", r"SK[0-9a-f]{4}": r"[0-9a-f]{28}", r"key-[0-9a-f]{4}": r"[0-9a-f]{28}",
    r"npm_": r"[A-Za-z0-9]{36}", r"pypi-": r"[\w-]{50,}", r"rubygems_": r"[0-9a-f]{40,}",
    r"dckr_(?:pat|oat)_": r"[\w-]{20,}",  # Docker Hub
    r"sk-": r"[\w-]{20,}", r"hf_": r"[A-Za-z0-9]{30,}", r"gsk_": r"[A-Za-z0-9]{40,}", r"r8_": r"[A-Za-z0-9]{30,}",
    r"do[opr]_v1_": r"[A-Za-z0-9]{40,}", r"shp(?:at|ca|pa|ss)_": r"[A-Za-z0-9]{30,}",
    r"dapi[0-9a-f]{4}": r"[0-9a-f]{28}", r"hv[bsr]\.": r"[\w-]{20,}",  # Databricks, Vault
    r"glsa_": r"\w{30,}", r"NRA[KA]-": r"[A-Z0-9]{20,}", r"PMAK-": r"[0-9a-f-]{24,}",
    r"AT[AC]TT3": r"[\w=-]{50,}", r"sntry[su]_": r"[\w=-]{40,}", r"lin_api_": r"[A-Za-z0-9]{30,}",
    r"figd_": r"[\w-]{30,}", r"ntn_": r"[A-Za-z0-9]{40,}", r"pscale_": r"\w{3,8}_[\w.-]{30,}", r"sbp_": r"[0-9a-f]{40}",
    r"\d{8,10}:AA": r"[\w-]{33}", r"dt0c01\.": r"[A-Z0-9]{24}\.[A-Z0-9]{60,}",  # Telegram, Dynatrace
    r"AGE-SECRET-KEY-1": r"[0-9A-Z]{58}", r"LTAI": r"[A-Za-z0-9]{16,24}", r"AKID": r"[A-Za-z0-9]{32}",
    r"EAA[A-Za-z0-9]{4}": r"[A-Za-z0-9]{60,}",
}  # fmt: skip
"""How keys begin -> how they go on."""
_KEYS = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(start + rest for start, rest in _SHAPES.items())})"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_BEARER = re.compile(r"\b(bearer|basic)\s{1,3}([A-Za-z0-9._~+/-]{8,}=*)", re.IGNORECASE)
_COOKIE = re.compile(r"(?<![<\w])(?:set-)?cookie\\*[\"']?\s{0,3}[:=]\s{0,3}\\*[\"']?([^\"'\\\r\n]+)", re.IGNORECASE)
# `curl -u user:password`
_USER_OPTION = re.compile(r"(?<![\w-])(?:-u|--user|--proxy-user)[ =][\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})")


def _check_bearer(match: re.Match[str]) -> Span | None:
    token = match[2]
    if match[1].lower() == "bearer":
        # "bearer authentication" is no token.
        return match.span(2) if len(token) >= 20 or any(c.isdigit() for c in token) else None
    try:
        return match.span(2) if b":" in base64.b64decode(token, validate=True) else None
    except (binascii.Error, ValueError):
        return None


def _check_user_option(match: re.Match[str]) -> Span | None:
    return None if is_no_secret(match[1]) else match.span(1)


def _check_cookie(match: re.Match[str]) -> Span | None:
    return None if is_no_secret(match[1].strip()) else match.span(1)


SECRET_RULES: tuple[Rule, ...] = (
    Rule("password", r"://[^\s/]*:[^\s/]*@", _URL_PASSWORD, first_group),
    Rule("password", r"(?:-u|-user)[ =][\"']?[^\s:]+:", _USER_OPTION, _check_user_option),
    Rule("jwt", r"eyJ[\w-]", _JWT, whole),
    Rule("key", rf"{'|'.join(_SHAPES)}|PRIVATE KEY-----", _KEYS, whole),
    Rule("bearer", r"(?i)(?:bearer|basic)\s", _BEARER, _check_bearer),
    Rule("secret", "(?i)cookie", _COOKIE, _check_cookie),
)
"""In the order they are applied: a secret inside a URL or a header before the names around it."""
