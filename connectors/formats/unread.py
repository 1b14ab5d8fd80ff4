"""Formats that have no importer, known well enough to say what they are and what to export instead."""

from collections.abc import Callable
from typing import NamedTuple

from ...core.importing import Head
from .documents import xml_root
from .shapes import dict_at, first_of

_TAR_MAGIC_AT = 257
_JIRA = "the search for open bugs: GET /rest/api/3/search/jql?jql=..."


class Unread(NamedTuple):
    """A format without an importer.

    Args:
        title: what it is: "a PDF document".
        tells: whether a file is one.
        advice: what to give instead.
    """

    title: str
    tells: Callable[[Head], bool]
    advice: str


def _starts(*magics: bytes) -> Callable[[Head], bool]:
    return lambda head: head.data.startswith(magics)


def _first(*begins: str) -> Callable[[Head], bool]:
    return lambda head: head.first_line.startswith(begins)


def _root(*names: str) -> Callable[[Head], bool]:
    return lambda head: xml_root(head)[0] in names


def _keys(*names: str) -> Callable[[Head], bool]:
    return lambda head: head.json_keys.issuperset(names)


def _w3c(head: Head) -> bool:
    return head.first_line.startswith("#") and "\n#Fields: " in f"\n{head.text}"


def _is_html(head: Head) -> bool:
    start = head.text[:200].lower()
    return start.startswith(("<!doctype html", "<html")) or (head.is_xml and xml_root(head)[0].lower() == "html")


def _is_changelog(head: Head) -> bool:
    first = dict_at(first_of(dict_at(head.json).get("values")))
    return {"created", "items"} <= first.keys()


def _is_cucumber(head: Head) -> bool:
    return isinstance(head.json, list) and {"uri", "elements"} <= dict_at(first_of(head.json)).keys()


def _is_console_spans(head: Head) -> bool:
    start = head.text[:400]
    return start.startswith("{") and '"trace_id": "0x' in start and '"context": {' in start


UNREAD: tuple[Unread, ...] = (
    Unread("a tar archive", lambda head: head.data[_TAR_MAGIC_AT:].startswith(b"ustar"), "unpack it first, or use zip"),
    Unread("packed with bzip2", _starts(b"BZh"), "unpack it first, or use gzip or zstd"),
    Unread("packed with xz", _starts(b"\xfd7zXZ\x00"), "unpack it first, or use gzip or zstd"),
    Unread("packed with LZ4", _starts(b"\x04\x22\x4d\x18"), "unpack it first, or use gzip or zstd"),
    Unread("a 7-Zip archive", _starts(b"7z\xbc\xaf"), "unpack it first, or use zip"),
    Unread("an HTML page", _is_html, "give the tool's XML or JSON report"),
    Unread("a PDF document", _starts(b"%PDF-"), "give the tool's XML or JSON report"),
    Unread("a picture", _starts(b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "give the tool's XML or JSON report"),
    Unread("a SQLite database, such as coverage.py's .coverage", _starts(b"SQLite format 3\x00"), "coverage json"),
    Unread("a Parquet file", _starts(b"PAR1"), "export JSON lines"),
    Unread("JaCoCo's execution data", _starts(b"\x01\xc0\xc0"), "mvn jacoco:report; then jacoco.xml"),
    Unread("a Java flight recording", _starts(b"FLR\x00"), "jfr print --json, as a log"),
    Unread("gcc's coverage data", _starts(b"adcg", b"gcda", b"oncg", b"gcno"), "lcov --capture, or gcovr --cobertura"),
    Unread(
        "LLVM's coverage data", _starts(b"\xfflprofi\x81", b"\x81rforpl\xff", b"\xfflprofr\x81", b"\x81rforpl"),
        "llvm-cov export -format=lcov",
    ),
    Unread(
        "what OpenTelemetry's ConsoleSpanExporter prints", _is_console_spans,
        "OTLP/JSON: export to a collector with a file exporter",
    ),
    Unread(
        "a scrape of Prometheus (of one moment)", _first("# HELP ", "# TYPE "),
        "what the server recorded: curl 'http://PROMETHEUS:9090/api/v1/query_range?query=...&start=...&end=...&step=60'",
    ),
    Unread("a systemd journal", _starts(b"LPKSHHRH"), "journalctl -o json"),
    Unread("Checkstyle XML", _root("checkstyle"), "SARIF, where the tool writes it (Checkstyle: -f sarif)"),
    Unread("PMD XML", _root("pmd", "pmd-cpd"), "pmd check -f sarif"),
    Unread("SpotBugs XML", _root("BugCollection"), "spotbugs -sarif"),
    Unread("Android Lint XML", _root("issues"), "lintOptions { sarifReport true }"),
    Unread("OWASP Dependency-Check XML", _root("analysis"), "dependency-check --format SARIF"),
    Unread("TestNG XML", _root("testng-results"), "TestNG's junitreports/*.xml"),
    Unread("Robot Framework's output.xml", _root("robot"), "rebot --xunit junit.xml output.xml"),
    Unread("CycloneDX XML", _root("bom"), "CycloneDX JSON: cyclonedx-cli convert --output-format json"),
    Unread("a W3C extended log, such as that of IIS", _w3c, "the site's log in NCSA format"),
    Unread("SPDX", _keys("spdxVersion"), "CycloneDX JSON with vulnerabilities, or a scanner's report over it"),
    Unread("an Allure result", _keys("uuid", "historyId", "status"), "the test runner's JUnit XML"),
    Unread("TAP", _first("TAP version 1", "1.."), "the test runner's JUnit XML"),
    Unread("dotCover XML", _root("Root"), "dotnet test --collect 'XPlat Code Coverage' (Cobertura)"),
    Unread("k6's CSV", _first("metric_name,timestamp,"), "k6 run --out json=points.json"),
    Unread("Jest's JSON", _keys("numTotalTests", "testResults"), "JUnit XML, by jest-junit"),
    Unread("Mocha's JSON", _keys("stats", "passes", "failures"), "JUnit XML, by mocha-junit-reporter"),
    Unread("go test's JSON", _keys("Time", "Action", "Package"), "JUnit XML: gotestsum --junitfile junit.xml"),
    Unread("Cucumber's JSON", _is_cucumber, "JUnit XML, by the formatter junit"),
    Unread("ApacheBench's report", _first("This is ApacheBench"), "wrk, k6 or Locust"),
    Unread("Vegeta's report", _keys("latencies", "status_codes"), "wrk, k6 or Locust"),
    Unread("Artillery's report", _keys("aggregate", "intermediate"), "wrk, k6 or Locust"),
    Unread(
        "a GitHub webhook that tells of one thing", _keys("action", "repository", "sender"),
        "the whole list: gh issue list --json ..., gh api .../pulls/N/reviews, .../dependabot/alerts; read are "
        "deployment, deployment_status, pull_request, workflow_run, workflow_job",
    ),
    Unread("a GitHub webhook of a push", _keys("before", "after", "commits"), "git log --numstat"),
    Unread("a Jira webhook", _keys("webhookEvent", "issue"), _JIRA),
    Unread("a Jira changelog", _is_changelog, _JIRA),
    Unread("Gatling's binary log", _starts(b"\x00\x00\x00\x00\x05"), "the report's js/stats.json"),
)  # fmt: skip
"""Looked at only when no importer claims a file: an importer of one of them makes its line superfluous."""


def unread(head: Head) -> Unread | None:
    """The known format without importer that a file is of."""
    return next((one for one in UNREAD if one.tells(head)), None)
