"""How evidence that is missing comes to be."""

from .records.signals import SignalKind

HOW_TO_MEASURE: dict[SignalKind | None, str] = {
    SignalKind.CODE_QUALITY: "aqe import lint.sarif --release {version}",
    SignalKind.TEST_COVERAGE: "aqe import coverage.json --release {version}",
    SignalKind.TEST_RESULTS: "aqe import junit.xml --release {version}",
    SignalKind.TEST_RELIABILITY: "aqe signal put test-reliability FILE --release {version}",
    SignalKind.MUTATION: "aqe import mutation.json --release {version}",
    SignalKind.PERFORMANCE: "aqe import k6-summary.json --release {version}",
    SignalKind.SECURITY: "aqe import scan.sarif --release {version}",
    SignalKind.CHANGE_RISK: "git log --numstat PREVIOUS..{version} > log.txt; aqe import log.txt --release {version}",
    SignalKind.APPROVALS: "aqe signal put approvals FILE --release {version}",
    SignalKind.OPERATIONS: "aqe signal put operations FILE --release {version}",
    SignalKind.COMPLIANCE: "aqe signal put compliance FILE --release {version}",
    SignalKind.PRODUCTION: "aqe signal put production FILE --release {version}",
    None: "aqe deploy record-outcome --version DEPLOYED --outcome success|failed|rolled_back"
    " (before the first deployment: `not_applicable` in the policy)",
}
"""Signal kind (None = the deployment history) -> the shortest way to such evidence, `{version}` to be filled in."""
