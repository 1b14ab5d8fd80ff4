"""Dead code: a candidate needs production and source to agree, and nothing is ever called safe."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.production_intelligence.features.dead_code import dead_code
from aqe.core.errors import InputError, TaskVetoed
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.production.dead_code import DeadCodeReport, RouteVerdict, Verdict
from aqe.fleet.repository.source_code import inventory
from aqe.tests.unit.production.windows import NOW, loaded, request, view

SHOP = '''\
"""GET /documented only in words."""
from flask import Flask, redirect, url_for
from tasks import clean

def create_app():
    app = Flask(__name__)

    @app.route("/carts/<int:id>", methods=["GET", "POST"])
    @login_required
    def show_cart(id):
        return total(id)

    @app.get("/legacy/wishlist")
    def old_wishlist():
        return wishlist_rows()

    return app

def total(id):
    return shared(id)

def shared(id):
    return id

def wishlist_rows():
    return [wishlist_price(x) for x in shared(1)]

def wishlist_price(x):
    return x

def forgotten():
    return forgotten()

app = create_app()

@app.get("/linked/page")
def linked_page():
    return ""

@app.get("/fetched/<id>")
def fetched_rows(id):
    return ""

@app.route("/home2")
def start():
    return redirect(url_for("linked_page"))

app.add_url_rule("/gone", "gone", view_func=gone_view)

def gone_view():
    return Gone().render()

class Gone:
    def render(self):
        return "x"
'''
DJANGO = """\
from django.urls import include, path, re_path
from . import views

urlpatterns = [
    path("orders/<int:id>/", views.OrderView.as_view()),
    re_path(r"^reports/(?P<year>[0-9]{4})/$", views.yearly_report, name="yearly"),
    path("admin/", include("admin.urls")),
]
"""
VIEWS = """\
class OrderView(View):
    def get(self, request):
        return self.rows()

    def rows(self):
        return []

def yearly_report(request, year):
    return 1

@shared_task
def nightly():
    return helper_of_nightly()

def helper_of_nightly():
    return 1
"""
AIOHTTP = """\
from aiohttp import web

async def ping(request):
    return web.Response()

async def old_ping(request):
    return web.Response()

def setup(app):
    app.router.add_get("/ping", ping)
    app.add_routes([web.post("/ping/old", old_ping)])
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    files = {
        "shop.py": SHOP, "web/urls.py": DJANGO, "web/views.py": VIEWS, "async_app.py": AIOHTTP,
        "main.py": "from async_app import setup\nsetup(make())\n",
        "tests/test_shop.py": "def test_it():\n    assert gone_view()\n",
        "static/app.js": "fetch(`/fetched/${id}`)\n", "broken.py": "def (:\n",
        "pyproject.toml": '[project.scripts]\nx = "shop:main"\n',
        ".venv/lib/x.py": "@app.get('/never/read')\ndef x(): ...\n",
    }  # fmt: skip
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def traffic(days: int) -> Iterator[AccessRow]:
    """Each day: the start page, a cart, an order behind a prefix, a ping."""
    for day in range(days):
        at = NOW - timedelta(days=day, hours=1)
        yield from (request(at, path) for path in ("/home2", "/carts/17?x=1", "/v2/orders/5/", "/ping"))


def judged(source: Path, rows: Any, *, min_days: int = 10, **payload: Any) -> DeadCodeReport:
    code = inventory(source).to_dict()
    answer = dead_code(loaded(rows, minDays=min_days, code=code, **payload)).answer
    assert isinstance(answer, DeadCodeReport)
    return answer


def verdicts(report: DeadCodeReport) -> dict[str, Verdict]:
    return {f"{','.join(route.methods)} {route.path}": route.verdict for route in report.routes}


def of(report: DeadCodeReport, path: str) -> RouteVerdict:
    return next(route for route in report.routes if route.path == path)


def test_routes_of_every_framework_are_judged(source: Path) -> None:
    """What is asked for is used, what is linked or fetched is undecided, and only the rest is a candidate."""
    assert verdicts(judged(source, traffic(12))) == {
        "GET,POST /carts/<int:id>": Verdict.USED,
        "GET /home2": Verdict.USED,
        "GET /ping": Verdict.USED,
        " orders/<int:id>/": Verdict.USED,
        "GET /legacy/wishlist": Verdict.CANDIDATE,
        "GET /gone": Verdict.CANDIDATE,
        "POST /ping/old": Verdict.CANDIDATE,
        r" ^reports/(?P<year>[0-9]{4})/$": Verdict.CANDIDATE,
        "GET /linked/page": Verdict.UNDECIDED,
        "GET /fetched/<id>": Verdict.UNDECIDED,
    }


def test_a_verdict_says_what_was_observed_and_where_it_is_mentioned(source: Path) -> None:
    report = judged(source, traffic(12))
    assert of(report, "/legacy/wishlist").reason.startswith("no request in 12 observed days, and nothing in the source")
    assert of(report, "/linked/page").reason.endswith("but code of the route /home2 leads to it")
    assert of(report, "/fetched/<id>").references == ("static/app.js:1",)
    assert of(report, "/gone").tests == ("tests/test_shop.py",)
    assert "safe" not in report.to_json()


def test_code_that_only_candidates_lead_to_is_named_with_them(source: Path) -> None:
    """What a used route needs too is not; neither is what a decorator registers, nor what it calls."""
    report = judged(source, traffic(12))
    behind = {unit.name: unit.routes for unit in report.units}
    assert behind["create_app.old_wishlist"] == behind["wishlist_price"] == ("/legacy/wishlist",)
    assert behind["Gone"] == ("/gone",)
    assert not {"total", "shared", "nightly", "helper_of_nightly", "OrderView"} & behind.keys()
    assert of(report, "/legacy/wishlist").lines == 6
    assert [unit.name for unit in report.unreferenced] == ["forgotten"]


def test_few_observed_days_decide_nothing(source: Path) -> None:
    report = judged(source, traffic(12), min_days=13)
    assert Verdict.CANDIDATE not in verdicts(report).values()
    assert of(report, "/gone").reason == "no request in 12 observed days, 13 are asked for"


def test_days_without_data_are_no_quiet_days(source: Path) -> None:
    """Asked for long ago, and quiet since on observed days only."""
    early = [request(NOW - timedelta(days=200), "/gone")]
    report = judged(source, [*traffic(12), *early])
    assert (of(report, "/gone").verdict, of(report, "/gone").quiet_days) == (Verdict.CANDIDATE, 12)
    assert of(report, "/gone").last_seen == (NOW - timedelta(days=200)).date()


def test_another_method_is_another_route_and_a_browser_counts(source: Path) -> None:
    day = NOW - timedelta(days=1)
    rows = [*traffic(12), request(day, "/ping/old", "GET"), request(day, "/gone", "HEAD")]
    report = judged(source, [*rows, view(day, "s", "/legacy/wishlist")])
    found = verdicts(report)
    assert found["POST /ping/old"] is Verdict.CANDIDATE
    assert found["GET /gone"] is found["GET /legacy/wishlist"] is Verdict.USED


def test_what_is_not_read_says_so(source: Path) -> None:
    """Other languages, and Python that is none."""
    report = judged(source, traffic(2))
    assert set(report.not_analysed) == {".js", "broken.py"}
    assert report.not_analysed[".js"].reason == "1 file: only Python's code is analysed"


def test_a_document_alone_decides_nothing_about_code_that_was_not_read(tmp_path: Path) -> None:
    """A route of it whose Python code is there is listed once."""
    root = tmp_path / "api"
    root.mkdir()
    (root / "openapi.yaml").write_text("openapi: 3.1.0\npaths:\n  /a/{id}: {get: {}, post: {}}\n  /b: {get: {}}\n")
    (root / "a.py").write_text("@app.get('/a/{id}')\ndef a(id): ...\n")
    report = judged(root, traffic(12))
    assert verdicts(report) == {
        "GET /a/{id}": Verdict.CANDIDATE, "POST /a/{id}": Verdict.UNDECIDED, "GET /b": Verdict.UNDECIDED,
    }  # fmt: skip
    assert "was not analysed" in of(report, "/b").reason


def test_routes_of_express_are_used_or_undecided_and_never_candidates(tmp_path: Path) -> None:
    """Their code is not analysed; what tests ask for, a comment and a client's request register nothing."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "app.js").write_text(
        "const app = require('express')();\nconst router = express.Router();\n"
        "// app.get('/commented', x);\naxios.get('/asked', x); app.get('env');\n"
        "app.get('/health', (req, res) => res.send('ok'));\nrouter.post('/orders/:id/pay', pay);\n"
        "router\n  .get('/list', list);\nrouter.route('/cart').get(a).put(b);\n"
    )
    (root / "app.test.js").write_text("const app = express();\napp.get('/fake', x);\n")
    day = NOW - timedelta(days=1)
    report = judged(root, [*traffic(12), request(day, "/api/orders/7/pay", "POST")])
    assert verdicts(report) == {
        "GET /health": Verdict.UNDECIDED, "POST /orders/:id/pay": Verdict.USED, "GET /list": Verdict.UNDECIDED,
        " /cart": Verdict.UNDECIDED,
    }  # fmt: skip
    assert "what leads to it is not known" in of(report, "/cart").reason
    assert report.units == () and report.not_analysed[".js"].reason == "2 files: only Python's code is analysed"


def test_who_keeps_requests_for_fewer_days_than_are_asked_for_is_told(source: Path) -> None:
    """Else ninety days of evidence would be waited for in vain."""
    assert any("kept for 5 days" in caveat for caveat in judged(source, traffic(3), keptDays=5).caveats)
    assert not any("kept for" in caveat for caveat in judged(source, traffic(12), keptDays=5).caveats)


def test_without_requests_nothing_is_dead(source: Path) -> None:
    with pytest.raises(TaskVetoed, match="without them nothing is dead"):
        judged(source, [])


def test_a_task_without_source_and_a_folder_without_any_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="code is missing"):
        dead_code(loaded(traffic(1)))
    with pytest.raises(InputError, match="no Python source"):
        inventory(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "path('x', f)", "@app.get(PATH)\ndef f(): ...", "@app.get(f'/x/{y}')\ndef f(): ...", "cache.get('/x', f)",
        "@app.task\ndef f(): ...", "def f(): ...\nfrom .a import f as h",
        "urlpatterns = [path('x/', include('y'))]", "app.add_get(path, f)",
    ],
)  # fmt: skip
def test_what_is_not_surely_a_route_is_none_and_its_function_is_no_candidate(text: str, tmp_path: Path) -> None:
    root = tmp_path / "code"
    root.mkdir()
    (root / "a.py").write_text(f"{text}\ndef g():\n    return f\n\ng()\n")
    code = inventory(root)
    assert code.routes == () and not [unit for unit in code.units if unit.name == "f"]


def test_hostile_source_is_survived(tmp_path: Path) -> None:
    """Deeply nested, binary, huge, and a name like an attack."""
    root = tmp_path / "code"
    root.mkdir()
    (root / "deep.py").write_text("x = " + "(" * 5_000 + ")" * 5_000)
    (root / "adds.py").write_text("x = " + "+".join("1" * 1 for _ in range(5_000)))
    (root / "binary.py").write_bytes(bytes(range(256)))
    (root / "huge.py").write_bytes(b"x = 1\n" * 300_000)
    (root / "ok.py").write_text("@app.get('/ok')\ndef ok(): ...\n")
    code = inventory(root)
    assert [route.path for route in code.routes] == ["/ok"]
    assert {line.split(":")[0] for line in code.unreadable} >= {"deep.py", "binary.py", "huge.py"}
