"""`aqe production`: what production says. A table of commands, each imported when chosen."""

import click

from ..lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "detect-anomalies": ("production.anomalies", "detect_anomalies", "What is not as usual, since when, and how bad."),
    "analyze-incidents": (
        "production.incidents",
        "analyze_incidents",
        "Where incidents' time went, and what led there.",
    ),
    "replay-incident": ("production.replay", "replay_incident", "An incident once more, against a service."),
    "ab-test-impact": ("production.experiment", "ab_test_impact", "What an experiment's variants did."),
    "feedback-loop": ("production.feedback", "feedback_loop", "Every analysis, again and again."),
    "load-patterns": ("production.load", "load_patterns", "When how much traffic comes, of what and from whom."),
    "seasonal-analysis": ("production.season", "seasonal_analysis", "What named days such as Black Friday did."),
    "compare-environments": (
        "production.environments",
        "compare_environments",
        "Two environments beside each other.",
    ),
    "journey-to-tests": (
        "production.browser_tests",
        "journey_to_tests",
        "Frequent journeys and recorded flows as tests in a browser.",
    ),
    "rum-to-tests": (
        "production.browser_tests",
        "rum_to_tests",
        "What users did with a feature, as tests in a browser.",
    ),
    "journeys": ("production.journeys", "journeys", "Which ways people take, where they leave, and what is new."),
    "rum-analysis": ("production.rum", "rum_analysis", "Real users: funnel, web vitals, errors, paths."),
    "feature-usage": ("production.features", "feature_usage", "Which features are used, and how much that matters."),
    "dead-code": ("production.dead_code", "dead_code", "Routes that nobody asks for, and the code behind them."),
    "generate-by-priority": ("production.insights", "generate_by_priority", "What is most worth a test."),
    "insights": ("production.insights", "insights", "What all analyses found, the most important first."),
    "report": ("production.report", "report", "What all analyses found, as Markdown, HTML, PDF, JSON, text."),
    "recording-to-tests": ("production.recording", "recording_to_tests", "Recorded traffic (HAR) as tests that run."),
    "mine-errors": ("production.errors", "mine_errors", "Errors in the imported logs, grouped into bugs."),
}
"""Command -> module, attribute, one line of help."""


@click.group(cls=LazyGroup, table=COMMANDS)
def production() -> None:
    """What production says."""
