"""Flows of recorded exchanges: what one customer did, and which values went from an answer into a later request.

Exchanges belong together when they share a session, or when one uses a name that another's answer gave. Inside a flow
every name of its own (an order's id, a token) is replaced by a placeholder, so that two flows that did the same thing
are equal, whatever their ids were. What redaction took out becomes test data of our own.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import orjson

from ....analysis.texts.json_shape import Path, dotted
from ....core.records.production.scenarios import Capture
from .data import Role, roles
from .exchanges import MISSING, REDACTED, Exchange, Name, given, name_of, used

MAX_STEPS = 30
"""Of one flow; what comes later is left out."""
MIN_FAILURES = 3
"""Answers of one kind before a failure that is told in words (504 with JSON) is what the service means to answer."""
_ORDINALS = ("", "other_", "third_", "fourth_", "fifth_")
"""Before the names of data, by the order in which a flow brings them in."""
_FORM = "application/x-www-form-urlencoded"


@dataclass
class FlowStep:
    """One exchange of a flow, without the values that are its own.

    Args:
        exchange: as recorded.
        path: with placeholders.
        body: with placeholders; MISSING without one. A form is a dict.
        authorization: with a placeholder; None without one.
        needs: placeholders that the request has.
        captures: that later steps need of its answer.
        known: placeholder of every own value that was given before this step.
    """

    exchange: Exchange
    path: str
    body: Any
    authorization: str | None
    needs: frozenset[str]
    captures: list[Capture] = field(default_factory=list)
    known: Mapping[Any, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The request, equal for all flows that ask the same."""
        body = "" if self.body is MISSING else orjson.dumps(self.body, option=orjson.OPT_SORT_KEYS).decode()
        who = self.authorization or ("session" if self.exchange.session else "")
        return f"{self.exchange.method} {self.path} {body} {who}"

    def templated(self, value: Any) -> Any:
        """A part of the answer with own values of earlier steps as placeholders."""
        if isinstance(value, dict):
            return {key: self.templated(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.templated(item) for item in value]
        if isinstance(value, str) and (name := name_of("", value)) and name[1] in self.known:
            return f"{{{{{self.known[name[1]]}}}}}"
        return value


@dataclass(frozen=True)
class Flow:
    """What one customer did, in order.

    Args:
        steps: at least one.
        data: placeholder -> role of a personal or secret value that a test has to bring along.
        makers: placeholder -> the step whose answer gives it, and where in it.
    """

    steps: tuple[FlowStep, ...]
    data: Mapping[str, Role]
    makers: Mapping[str, tuple[FlowStep, Path]]

    def history(self, place: int) -> tuple[str, ...]:
        """The steps before `place` that may have changed something."""
        return tuple(step.key for step in self.steps[:place] if not step.exchange.safe)


def flows(recorded: Sequence[Exchange]) -> tuple[Flow, ...]:
    """The flows of exchanges that are in order of time; by the time of their first step."""
    groups = _groups(recorded)
    own = _own(groups)
    told, failures = roles(recorded), Counter(exchange.kind for exchange in recorded if exchange.in_words)
    repeated = {kind for kind, times in failures.items() if times >= MIN_FAILURES}
    found = (_flow(group, names, told, repeated) for group, names in zip(groups, own, strict=True))
    return tuple(flow for flow in found if flow.steps)


def _own(groups: Sequence[Sequence[Exchange]]) -> list[set[Name]]:
    """Of each group the names that it alone gives, or that a change of its made: others may list those, too."""
    makers: dict[Name, int] = {}
    givers: dict[Name, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        for exchange in group:
            told = {name for name, _ in given(exchange)}
            for name in told:
                givers[name].add(number)
            for name in told - set(used(exchange)) if exchange.changes else ():
                makers.setdefault(name, number)
    own: list[set[Name]] = [set() for _ in groups]
    for name, numbers in givers.items():
        if name in makers or len(numbers) == 1:
            own[makers.get(name, min(numbers))].add(name)
    return own


def _groups(recorded: Sequence[Exchange]) -> list[list[Exchange]]:
    """Union-find over sessions, and over names at their first sight in the answer to something that changes."""
    parents: dict[Any, Any] = {}

    def root(key: Any) -> Any:
        parents.setdefault(key, key)
        while parents[key] != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    seen: set[Name] = set()
    created: set[Name] = set()
    for number, exchange in enumerate(recorded):
        asked, told = set(used(exchange)), {name for name, _ in given(exchange)}
        if exchange.changes:
            created |= told - seen - asked
        seen |= asked | told
        keys: list[Any] = [("session", s) for s in (exchange.session, exchange.session_given) if s]
        # A list that somebody reads shows what others, or they themselves in earlier visits, have made.
        joins = asked if exchange.session and exchange.safe else asked | told
        keys += [("name", name) for name in joins & created]
        for key in keys:
            parents[root(key)] = root(number)
    groups: dict[Any, list[Exchange]] = defaultdict(list)
    for number, exchange in enumerate(recorded):
        groups[root(number)].append(exchange)
    return sorted(groups.values(), key=lambda group: group[0].at)


def _flow(group: Sequence[Exchange], own: set[Name], told: Mapping[str, Role], repeated: set[Any]) -> Flow:
    """The steps with placeholders; it ends before a change that cannot be repeated."""
    known: dict[Name, str] = {}
    makers: dict[str, tuple[FlowStep, Path]] = {}
    data: dict[str, Role] = {}
    steps: list[FlowStep] = []
    for exchange in group:
        if (exchange.status >= 500 and exchange.kind not in repeated) or len(steps) == MAX_STEPS:
            break
        step = _step(exchange, known, told, data)
        if REDACTED.search(step.path) or REDACTED.search(str(step.body)):
            if exchange.safe:
                continue
            break
        step.known = {value: placeholder for (_, value), placeholder in known.items()}
        for placeholder in sorted(step.needs & makers.keys()):
            maker, path = makers[placeholder]
            if placeholder not in {capture.name for capture in maker.captures}:
                maker.captures.append(Capture(name=placeholder, path=dotted(path)))
        steps.append(step)
        for name, path in given(exchange):
            if name in own and name not in known and name not in set(used(exchange)):
                placeholder = _placeholder(name, path, exchange, {*makers, *data})
                known[name] = placeholder
                makers[placeholder] = step, path
    return Flow(tuple(steps), data, makers)


def _step(exchange: Exchange, known: dict[Name, str], told: Mapping[str, Role], data: dict[str, Role]) -> FlowStep:
    needs: set[str] = set()

    def swap(noun: str, value: Any) -> Any:
        name = name_of(noun, value)
        placeholder = known.get(name) if name else None
        if name and placeholder is None and isinstance(value, str) and (found := REDACTED.fullmatch(value)):
            role = told.get(value) or Role(noun or found[1], found[1], given=exchange.status < 400)
            # In words: with a digit behind it, a variable looks like a secret itself.
            several = [f"{ordinal}{role.name}" for ordinal in _ORDINALS]
            free = [name for name in several if name not in set(known.values())]
            placeholder = known[name] = _free((free or several)[0], known.values())
            data[placeholder] = role
        if placeholder is None:
            return value
        needs.add(placeholder)
        return f"{{{{{placeholder}}}}}"

    path = _templated_path(exchange.path, swap)
    body = exchange.body
    if isinstance(body, str) and exchange.request_type.startswith(_FORM):
        body = {key: swap(key, value) for key, value in parse_qsl(body, keep_blank_values=True)}
    elif body is not MISSING and not isinstance(body, str):
        body = _templated_body(body, "", swap)
    authorization = exchange.authorization
    if authorization is not None:
        scheme, _, credential = authorization.rpartition(" ")
        if name_of("", credential) not in known and not REDACTED.fullmatch(credential):
            credential = f"<secret:{sha256(credential.encode()).hexdigest()[:8]}>"
        authorization = f"{scheme} {swap('token', credential)}".strip()
    return FlowStep(exchange, path, body, authorization, frozenset(needs))


def _templated_path(path: str, swap: Any) -> str:
    resource, question, query = path.partition("?")
    segments = resource.split("/")
    resource = "/".join(str(swap(before, segment)) for before, segment in zip(["", *segments], segments, strict=False))
    if not question:
        return resource
    pairs = [(key, str(swap(key, value))) for key, value in parse_qsl(query, keep_blank_values=True)]
    return f"{resource}?{urlencode(pairs, safe='{}', quote_via=quote)}"


def _templated_body(value: Any, noun: str, swap: Any) -> Any:
    if isinstance(value, dict):
        return {key: _templated_body(item, re.sub(r"(?:_id|Id|ID)$", "", key), swap) for key, item in value.items()}
    if isinstance(value, list):
        return [_templated_body(item, noun, swap) for item in value]
    return swap(noun, value)


def _placeholder(name: Name, path: Path, exchange: Exchange, taken: Iterable[str]) -> str:
    """`order_id` for `id` of an answer of /orders, else the key; with a number when it is taken."""
    words = [part for part in exchange.endpoint.split("/") if part and part != "{id}"]
    key = str(path[-1]) if path else "value"
    owner = next((str(p) for p in reversed(path[:-1]) if isinstance(p, str)), words[-1] if words else "")
    text = f"{owner.removesuffix('s')}_{key}" if key == "id" else key
    return _free(text, taken)


def _free(text: str, taken: Iterable[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()).strip("_")
    plain = plain if plain[:1].isalpha() else f"value_{plain}".strip("_")
    return next(name for name in _numbered(plain) if name not in set(taken))


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
