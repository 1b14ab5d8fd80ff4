"""The fixed parts of generated flow tests: a client that keeps cookies, an answer that can be asked, test data."""

TARGET = '''

@pytest.fixture(scope="module")
def target() -> str:
    """Base URL of the service under test."""
    url = os.environ.get("AQE_TARGET_URL", "")
    if not url.startswith(("http://", "https://")):
        pytest.fail(
            f"AQE_TARGET_URL is {url!r}, expected the base URL of the service to test,"
            " such as http://127.0.0.1:8000"
        )
    return url.rstrip("/")
'''
GIVEN = '''

def given(name: str) -> str:
    """What the service must know of a test user, such as AQE_TEST_PASSWORD."""
    variable = f"AQE_TEST_{name.upper()}"
    if variable not in os.environ:
        pytest.fail(f"{variable} is not set, expected the {name} of a test user")
    return os.environ[variable]
'''
MADE_UP = '''

# What payment providers publish for tests, and refuse outside of them.
CARD = {"card": "4242" * 4, "card_code": "123"}


def made_up(kind: str) -> str:
    """Data of nobody, other ones in each run."""
    word = uuid4().hex[:12]
    if kind == "email":
        return f"{word}@example.test"
    if kind in CARD:
        return CARD[kind]
    return str(uuid4().int)[:10] if kind == "phone" else f"test-{word}"
'''
ANSWER = '''

class Answer:
    """What came back, and what can be asked of it. Paths are dotted, `*` is each item."""

    def __init__(self, status: int, headers: Message, text: str) -> None:
        self.status, self.headers, self.text = status, headers, text

    def json(self) -> Any:
        """All of it."""
        return json.loads(self.text)
'''
_EACH = '''
    def each(self, path: str) -> list[Any]:
        """What stands at a path."""
        found = [self.json()]
        for part in path.split(".") if path else []:
            if part == "*":
                found = [item for many in found for item in many]
            elif part.isdigit():
                found = [one[int(part)] for one in found if int(part) < len(one)]
            else:
                found = [one[part] for one in found if part in one]
        return found
'''
_AT = '''
    def at(self, path: str) -> Any:
        """One value, or with `*` the list of all."""
        found = self.each(path)
        assert found, f"{path} is not in {self.text}"
        return found if "*" in path.split(".") else found[0]
'''
_HOLDS = '''
    def holds(self, expected: Any) -> None:
        """All of this is in it; it may have more keys."""
        assert not differences(expected, self.json(), "answer")
'''
_HAS_SHAPE = '''
    def has_shape(self, shape: Any) -> None:
        """Its keys and types; `?` marks keys that may be missing."""
        assert not misshapen(shape, self.json(), "answer")
'''
_KEYS = '''
    def keys(self) -> set[str]:
        """All keys in it, at any depth."""

        def inside(value: Any) -> set[str]:
            if isinstance(value, dict):
                return set(value).union(*map(inside, value.values()))
            return set().union(*map(inside, value)) if isinstance(value, list) else set()

        return inside(self.json())
'''
_IS_ONE_OF = '''
    def is_one_of(self, path: str, allowed: list[Any]) -> None:
        """Each value there is one of these."""
        others = [value for value in self.each(path) if value not in allowed]
        assert not others, f"{path}: expected one of {allowed}"
'''
_MATCHES = '''
    def matches(self, path: str, pattern: str) -> None:
        """Each text there has this form."""
        others = [v for v in self.each(path) if not re.fullmatch(pattern, v)]
        assert not others, f"{path}: expected the form {pattern}"
'''
_IS_AT_LEAST = '''
    def is_at_least(self, path: str, least: float) -> None:
        """No number there is smaller."""
        assert all(value >= least for value in self.each(path)), self.each(path)
'''
_IS_AT_MOST = '''
    def is_at_most(self, path: str, most: float) -> None:
        """No number there is greater."""
        assert all(value <= most for value in self.each(path)), self.each(path)
'''
_COUNTS = '''
    def counts(self, number: str, items: str) -> None:
        """The number is that of the items."""
        assert self.at(number) == len(self.at(items))
'''
_IS_SAME = '''
    def is_same(self, one: str, other: str) -> None:
        """Two parts are equal."""
        assert self.at(one) == self.at(other)
'''
_SUMS_UP = '''
    def sums_up(self, total: str, items: str, *fields: str) -> None:
        """The total is the sum over the items of the product of these fields."""
        parts = [math.prod(item[f] for f in fields) for item in self.at(items)]
        assert self.at(total) == pytest.approx(sum(parts), abs=0.005)
'''
_MULTIPLIES = '''
    def multiplies(self, result: str, one: str, other: str) -> None:
        """Each result is the product of the other two."""
        pairs = zip(self.each(one), self.each(other), strict=True)
        assert self.each(result) == pytest.approx([a * b for a, b in pairs], abs=0.005)
'''
_IS_SORTED = '''
    def is_sorted(self, items: str, field: str) -> None:
        """By this field of the items; `-` in front of it: falling."""
        found = [item[field.lstrip("-")] for item in self.at(items)]
        assert found == sorted(found, reverse=field.startswith("-"))
'''
_INCLUDES = '''
    def includes(self, path: str, value: Any) -> None:
        """It is among those there."""
        assert value in self.each(path), f"{path}: {value} is missing"
'''
_EXCLUDES = '''
    def excludes(self, path: str, value: Any) -> None:
        """It is not among those there."""
        assert value not in self.each(path), f"{path}: {value} should not be there"
'''
_FELL = '''
    def fell(self, path: str, before: float, amount: float) -> None:
        """The number there is less than before, by as much at least."""
        assert self.at(path) <= before - amount
'''
_ROSE = '''
    def rose(self, path: str, before: float, amount: float) -> None:
        """The number there is more than before, by as much at least."""
        assert self.at(path) >= before + amount
'''
# In the order of the file: those that others use come first.
PARTS = (
    ("each", _EACH), ("at", _AT), ("keys", _KEYS), ("holds", _HOLDS), ("has_shape", _HAS_SHAPE),
    ("is_one_of", _IS_ONE_OF), ("matches", _MATCHES), ("is_at_least", _IS_AT_LEAST), ("is_at_most", _IS_AT_MOST),
    ("counts", _COUNTS), ("is_same", _IS_SAME), ("sums_up", _SUMS_UP), ("multiplies", _MULTIPLIES),
    ("is_sorted", _IS_SORTED), ("includes", _INCLUDES), ("excludes", _EXCLUDES), ("fell", _FELL), ("rose", _ROSE),
)  # fmt: skip
"""Method of Answer -> its text."""
DIFFERENCES = '''

def differences(expected: Any, found: Any, where: str) -> list[str]:
    """Where it is not as expected; an object may have more keys."""
    inside: list[tuple[Any, Any, str]] = []
    if isinstance(expected, dict) and isinstance(found, dict):
        items = expected.items()
        inside = [(v, found.get(k, "missing"), f"{where}.{k}") for k, v in items]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{where}: got {len(found)} items, expected {len(expected)}"]
        inside = [(v, found[n], f"{where}.{n}") for n, v in enumerate(expected)]
    elif expected != found or type(expected) is not type(found):
        return [f"{where}: got {found!r}, expected {expected!r}"]
    return [line for parts in inside for line in differences(*parts)]
'''
MISSHAPEN = '''

KINDS = {"NoneType": "null", "bool": "boolean", "str": "string", "int": "integer"}
KINDS |= {"float": "number", "dict": "object", "list": "array"}


def misshapen(shape: Any, value: Any, where: str) -> list[str]:
    """Where it has another shape: a key is missing, a type is wrong."""
    inside: list[tuple[Any, Any, str]] = []
    if isinstance(shape, dict) and isinstance(value, dict):
        keys = {key.removesuffix("?"): key for key in shape}
        if missing := [k for k, key in keys.items() if k == key and k not in value]:
            return [f"{where}: {missing} missing"]
        known = keys.keys() & value.keys()
        inside = [(shape[keys[k]], value[k], f"{where}.{k}") for k in sorted(known)]
    elif isinstance(shape, list) and isinstance(value, list):
        inside = [(shape[0], v, f"{where}.{n}") for n, v in enumerate(value)]
    else:
        kind = KINDS[type(value).__name__]
        allowed = shape.split("|") if isinstance(shape, str) else []
        if not {kind, "any", "number" if kind == "integer" else kind} & set(allowed):
            return [f"{where} is {value!r}, expected {shape}"]
    return [line for parts in inside for line in misshapen(*parts)]
'''
CLIENT = '''

class NoRedirect(HTTPRedirectHandler):
    """A redirect is an answer, too."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        """Not followed."""


class Client:
    """One customer, with cookies of their own."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.opener = build_opener(HTTPCookieProcessor(), NoRedirect)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask, and wait for the answer; a body is sent as JSON unless it is a form."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= headers or {}
        if isinstance(body, dict) and "form" in sent["Content-Type"]:
            body = urlencode(body)
        elif body is not None and not isinstance(body, str):
            body = json.dumps(body)
        url = self.target + quote(path, safe="/?:@!$&'()*+,;=-._~%[]")
        data = None if body is None else body.encode()
        try:
            response = self.opener.open(
                Request(url, data, sent, method=method), timeout=TIMEOUT_S
            )
        except HTTPError as error:
            response = error
        except (OSError, HTTPException) as error:
            pytest.fail(f"{method} {path}: no answer from {self.target}: {error}")
        with response:
            return Answer(response.status, response.headers, response.read().decode())
'''


def without_cookies(client: str) -> str:
    """The client for flows in which no request had a cookie: who asks says so in a header."""
    said = ("One customer, with cookies of their own.", "Sends what it is told, and keeps no cookies.")
    return client.replace("build_opener(HTTPCookieProcessor(), NoRedirect)", "build_opener(NoRedirect)").replace(*said)


WITHIN = '''
    def answers_within(self, limit_ms: float, path: str) -> bool:
        """Once in ten seconds at least: what slows one down may not be the service."""
        end = time.perf_counter() + 10
        while (started := time.perf_counter()) < end:
            self.send("GET", path)
            if (time.perf_counter() - started) * 1000 < limit_ms:
                return True
        return False
'''
AT_ONCE = '''

def test_NAME_by_CUSTOMERS_at_once(target: str) -> None:
    """As it was recorded: several customers do the same at the same time."""
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        for done in [pool.submit(flow, Client(target)) for _ in range(CUSTOMERS)]:
            done.result()
'''
IMPORTS = (
    ("import json", "json\\."),
    ("import math", "math\\."),
    ("import os", "os\\."),
    ("import re", "re\\."),
    ("import time", "time\\.perf"),
    ("from concurrent.futures import ThreadPoolExecutor", "ThreadPoolExecutor"),
    ("from email.message import Message", "Message"),
    ("from http.client import HTTPException", "HTTPException"),
    ("from typing import Any", "Any"),
    ("from urllib.error import HTTPError", "HTTPError"),
    ("from urllib.parse import quote, urlencode", "quote"),
    (
        "from urllib.request import (\n"
        "    HTTPCookieProcessor,\n    HTTPRedirectHandler,\n    Request,\n    build_opener,\n)",
        "HTTPCookieProcessor",
    ),
    ("from urllib.request import HTTPRedirectHandler, Request, build_opener", "build_opener\\(NoRedirect"),
    ("from uuid import uuid4", "uuid4"),
)
"""Import -> what in the fixed parts needs it, as a regular expression."""
