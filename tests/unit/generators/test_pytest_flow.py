"""The pytest file of a flow: whatever a recording holds stays text, and comes back equal when the file runs."""

import ast
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import (
    Capture,
    Conditions,
    Datum,
    Expectation,
    Provenance,
    RequestStep,
    TestScenario,
)
from aqe.generators.pytest_target import PytestTarget
from aqe.generators.python_layout import call, laid_out, with_names

AT = datetime(2026, 1, 1, 10, tzinfo=UTC)
hostile = st.text(st.characters(codec=None)) | st.lists(
    st.sampled_from(
        ['"""', "'''", "\\", "\n", "\r", "\0", "\u2028", "${x}", "{y}", "{{id}}", "{{other}}", "*/", "#", "x"]
    )
).map("".join)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=8,
)


def a_flow(text: str, document: Any) -> TestScenario:
    """A flow in which the text stands wherever text can stand."""
    kinds = ("json-contains", "json-equals", "json-one-of", "header-is", "json-matches", "json-shape")
    values: dict[str, Any] = {"json-one-of": [document], "json-shape": {text: "string"}, "header-is": text}
    values |= {"json-matches": text}
    expectations = [
        Expectation(kind=kind, path=text or "x", value=values.get(kind, document), because=text)  # type: ignore[arg-type]
        for kind in kinds
    ]
    step = RequestStep(
        method="POST", path=f"/{text}", headers={"X-A": text}, body={"a": document}, title=text,
        captures=(Capture(name="id", path="id"),), expectations=tuple(expectations),
    )  # fmt: skip
    seen = Provenance(finding_id=text, finding=text, occurrences=1, sample_size=1, window_from=AT, window_to=AT)
    return TestScenario(
        id="scenario-rec-1", title=text, priority=FindingPriority.HIGH, independent=False, steps=(step, step),
        conditions=Conditions(concurrency=2), data=(Datum(name="email", kind=text, given=False),),
        provenance=seen,
    )  # fmt: skip


def program(source: str) -> str:
    """The program without its constants, names of tests, and sizes of literals."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.Dict | ast.List | ast.Constant | ast.JoinedStr | ast.UnaryOp):
                setattr(node, field, ast.Constant(value=0))
            elif isinstance(value, list):
                literal = (ast.Dict, ast.List, ast.Constant, ast.JoinedStr, ast.UnaryOp)
                setattr(node, field, [ast.Constant(value=0) if isinstance(v, literal) else v for v in value])
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            node.name = "test_"
    return ast.dump(tree)


BENIGN = program(PytestTarget().render(a_flow("x", {"a": 1})))


@settings(max_examples=40)
@given(hostile, documents)
def test_nothing_that_was_recorded_becomes_code(text: str, document: Any) -> None:
    """The program is that of a harmless recording, whatever stands in the data."""
    source = PytestTarget().render(a_flow(text, {"a": document}))
    assert source.isascii() and "\0" not in source and "\r" not in source
    assert program(source).replace("Name(id='id', ctx=Load())", "Constant(value=0)") == BENIGN


@settings(max_examples=40)
@given(documents)
def test_a_document_comes_back_equal(document: Any) -> None:
    """Laid out on one line or on many; names that nobody captured are text."""
    for encode in (None, lambda value: with_names(value, {})):
        text = laid_out(document, "", 0, *([encode] if encode else []))
        assert json.dumps(ast.literal_eval(text)) == json.dumps(document)


@settings(max_examples=40)
@given(hostile)
def test_a_captured_value_within_text_leaves_the_rest_as_it_was(text: str) -> None:
    """An f-string is a program, too."""
    told = with_names(f"{text}/{{{{order}}}}/{text}", {"order": "order"})
    assert eval(told, {"order": "42"}) == f"{text}/42/{text}"


@settings(max_examples=40)
@given(st.lists(documents, min_size=1, max_size=3))
def test_a_call_has_the_arguments_that_it_was_given(arguments: list[Any]) -> None:
    """However many lines it takes."""
    got = eval("\n".join(call("list_of", arguments)), {"list_of": lambda *given: list(given)})
    assert json.dumps(got) == json.dumps(arguments)


def test_what_an_answer_gives_is_there_before_its_own_headers_are_looked_at() -> None:
    """`Location` names the id that the same answer gives."""
    scenario = a_flow("x", 1)
    status = Expectation(kind="status-is", value=201, because="x")
    location = Expectation(kind="header-is", path="location", value="/orders/{{id}}", because="x")
    step = scenario.requests[0].model_copy(update={"expectations": (status, location)})
    lines = PytestTarget().render(scenario.model_copy(update={"steps": (step,)})).splitlines()
    places = [
        next(n for n, line in enumerate(lines) if text in line) for text in ("== 201", "id = ", 'f"/orders/{id}"')
    ]
    assert places == sorted(places)
