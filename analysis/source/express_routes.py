"""Which routes JavaScript and TypeScript register the way of Express: `app.get('/orders/:id', handler)`.

Only registrations on what the same file made by `express()`, `Router()` or `fastify()` count: `axios.get('/orders')`
asks for a path. Nothing is parsed; what is written otherwise is not found, and a route in a comment is none.

>>> express_routes('''const app = express()
... app.get('/orders/:id', show); axios.get('/other', x)
... app.route("/cart").get(all).post(add)''')
[JsRoute(methods=('GET',), path='/orders/:id', line=2), JsRoute(methods=(), path='/cart', line=3)]
"""

import re
from typing import NamedTuple

MAX_ROUTES = 2_000
"""Of one file."""
_MADE = re.compile(
    r"\b(?:const|let|var)\s{1,20}([A-Za-z_$][\w$]{0,60})\s{0,20}(?::[^=\n]{1,80})?=\s{0,20}(?:await\s{1,20})?"
    r"(?:new\s{1,20})?(?:require\(\s?['\"](?:express|fastify)['\"]\s?\)|express|fastify|Fastify|Router)"
    r"(?:\.Router)?\s?(?:<[^>\n]{0,80}>)?\("
)
_CALL = re.compile(
    r"(?<![\w$.])([A-Za-z_$][\w$]{0,60})\s{0,40}\.\s{0,40}(get|post|put|patch|delete|head|options|all|route)\s{0,20}\("
    r"\s{0,200}(['\"`])(/[^'\"`\n]{0,300})\3\s{0,20}([,)])"
)
_COMMENT = re.compile(r"^\s*(?://|/?\*)")


class JsRoute(NamedTuple):
    """One registration.

    Args:
        methods: upper case; empty = any.
        path: as written, without the router's prefix.
        line: from 1.
    """

    methods: tuple[str, ...]
    path: str
    line: int


def express_routes(text: str) -> list[JsRoute]:
    """The registrations of a file in order, MAX_ROUTES at most."""
    routers = {found[1] for found in _MADE.finditer(text)}
    routes: list[JsRoute] = []
    line, at = 1, 0
    for found in _CALL.finditer(text):
        line, at = line + text.count("\n", at, found.start()), found.start()
        verb, path, after = found[2], found[4], found[5]
        # `.route(path)` ends there; a verb without a handler reads a setting, or asks.
        if found[1] not in routers or (verb == "route") == (after == ","):
            continue
        if not _COMMENT.match(text[text.rfind("\n", 0, at) + 1 : at + 1]):
            routes.append(JsRoute(() if verb in ("all", "route") else (verb.upper(),), path, line))
        if len(routes) == MAX_ROUTES:
            break
    return routes
