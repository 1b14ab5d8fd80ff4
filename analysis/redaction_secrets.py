"""What opens doors: passwords, tokens, keys.

Shapes of keys are those the providers document for their tokens (AWS, GitHub, GitLab, Slack, Stripe, Google, SendGrid,
npm, OpenAI). What has no shape of its own is told by its name: `password=`, `"api_key": `, `X-Auth-Token: `.
"""

import base64
import binascii
import re

from .redaction_rule import Rule, Span, first_group, whole

_URL_PASSWORD = re.compile(r"[A-Za-z][\w+.-]{0,20}://[^\s/:@\"'<>]{0,100}:([^\s/\"'<>]{1,200})@")
# A header that is JSON in base64url begins with eyJ; JWE has five parts.
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*){1,3}")
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}|gh[opusr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}"
    r"|xox[abeoprs]-[\w-]{10,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{16,}|AIza[\w-]{35}"
    r"|ya29\.[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|npm_[A-Za-z0-9]{36}|sk-[\w-]{20,})"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_BEARER = re.compile(r"\b(bearer|basic)\s{1,3}([A-Za-z0-9._~+/-]{8,}=*)", re.IGNORECASE)
_COOKIE = re.compile(r"(?<![<\w])(?:set-)?cookie\\*[\"']?\s{0,3}[:=]\s{0,3}\\*[\"']?([^\"'\\\r\n]+)", re.IGNORECASE)
# A name and what separates it from its value: `db.password=`, `"api_key": `, `X-Api-Key: `, `\"token\":\"`.
_NAME = re.compile(
    r"(?<![\w.<-])((?:(?:[Aa][Pp][Ii]|[Aa]ccess|[Ss]ecret|[Pp]rivate) )?[\w.-]{2,100}+)\\*([\"'])?"
    r"\s{0,3}(=>|:=|[:=])\s{0,3}"
)
_SECRET_NAME = re.compile(
    r"(?:(passw(?:or)?d|passphrase)|secret|token|credentials?|authorization|signature|session[_-]?(?:id|key)"
    r"|(?:api|access|secret|private|account|signing|encryption)[_ -]?key"
    r"|(?:^|[^a-z])(pwd|auth|sig|sid|otp|pin|cvv|cvc))"
    r"(?:[_-]?(?:value|hash))?$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\\*(?P<open>[\"'])(?P<quoted>.*?)(?:\\*(?P=open)|\Z)|(?P<plain>[^\s\"'\\,;&<>(){}\[\]]+)", re.DOTALL
)
# What stands after "password:" in a sentence, and what is no secret any more.
_NO_SECRET = re.compile(
    r"|null|none|nil|undefined|true|false|yes|no|is|was|not|must|too|has|for|of|the|a|an|and|or|required|missing"
    r"|invalid|expired|incorrect|wrong|empty|unknown|bearer|basic|digest|\[?(?:redacted|filtered|masked|hidden)\]?"
    r"|[*x•.#-]+|<\w+:[0-9a-f]{8}>",
    re.IGNORECASE,
)


# "token: 17" is a position, no token.
_SHORTEST_TOKEN = 4


def _check_bearer(match: re.Match[str]) -> Span | None:
    token = match[2]
    if match[1].lower() == "bearer":
        # "bearer authentication" is no token.
        return match.span(2) if len(token) >= 20 or any(c.isdigit() for c in token) else None
    try:
        return match.span(2) if b":" in base64.b64decode(token, validate=True) else None
    except (binascii.Error, ValueError):
        return None


def _check_cookie(match: re.Match[str]) -> Span | None:
    return None if _NO_SECRET.fullmatch(match[1].strip()) else match.span(1)


def _check_named(match: re.Match[str]) -> Span | None:
    name = _SECRET_NAME.search(match[1])
    value = _VALUE.match(match.string, match.end()) if name else None
    if name is None or value is None:
        return None
    group = "quoted" if value["open"] else "plain"
    secret, is_password = value[group], name[1] or name[2] == "pwd"
    if _NO_SECRET.fullmatch(secret):
        return None
    # A colon may stand in a sentence ("unexpected token: identifier", "sid:1"); `token: "x"`, token=x do not.
    in_sentence = match[3] == ":" and not match[2] and group == "plain"
    if in_sentence and not is_password and (name[2] or secret.isalpha() or len(secret) < _SHORTEST_TOKEN):
        return None
    return value.span(group)


_CLOUD_KEY_HINT = re.compile("A(?:KIA|SIA|IDA|ROA|Iza)").search
# Hints are chains of `in`: several times faster than a regular expression with as many branches.


def _hint_key(text: str, lower: str, shape: bytes) -> bool:
    return (
        _CLOUD_KEY_HINT(text) is not None or "xox" in text or "sk-" in text or "SG." in text or "PRIVATE KEY" in text
        or "ya29." in text or "glpat-" in text
        or ("_" in text and ("gh" in text or "github_pat" in text or "k_live_" in text or "k_test_" in text
                             or "whsec_" in text or "npm_" in text))
    )  # fmt: skip


def _hint_named(text: str, lower: str, shape: bytes) -> bool:
    return (
        ("ss" in lower and ("passw" in lower or "passph" in lower or "session" in lower or "access" in lower))
        or ("ke" in lower and ("token" in lower or "ikey" in lower or "tkey" in lower or "ekey" in lower
                               or "gkey" in lower or "nkey" in lower or "_key" in lower or "-key" in lower
                               or " key" in lower))
        or "secret" in lower or "pwd" in lower or "credential" in lower or "auth" in lower
        or ("si" in lower and ("sid" in lower or "sig" in lower))
        or "otp" in lower or "pin" in lower or "cvv" in lower or "cvc" in lower
    )  # fmt: skip


SECRET_RULES: tuple[Rule, ...] = (
    Rule("password", lambda text, lower, shape: "@" in text and "://" in text, _URL_PASSWORD, first_group),
    Rule("jwt", lambda text, lower, shape: "eyJ" in text, _JWT, whole),
    Rule("key", _hint_key, _KEYS, whole),
    Rule("bearer", lambda text, lower, shape: "bearer" in lower or "basic" in lower, _BEARER, _check_bearer),
    Rule("secret", lambda text, lower, shape: "cookie" in lower, _COOKIE, _check_cookie),
    Rule("secret", _hint_named, _NAME, _check_named),
)
"""In the order they are applied: a secret inside a URL or a header before the names around it."""
