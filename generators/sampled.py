"""What a test that samples says of itself, in whatever language: see core/records/production/scenarios.Sample."""

from ..core.records.production.scenarios import Sample


def claim(sample: Sample) -> str:
    """What must hold, as one sentence without its full stop."""
    slow = "" if sample.slower_than_ms is None else f" or take longer than {sample.slower_than_ms:g} ms"
    return f"at most {sample.allowed} of {sample.requests} requests fail{slow}"


def chances(sample: Sample) -> str:
    """What that rests on: the two shares, and how often the test may be wrong."""
    usual, seen, alarm, miss = map(_percent, (sample.usual_share, sample.seen_share, sample.false_alarm, sample.miss))
    return (
        f"In production {usual} were usual and {seen} were seen. A service as good as usual fails this in at most"
        f" {alarm} of the runs, one as bad as then passes it in at most {miss}. The requests go one after another: what"
        " needs load to show is for load tests."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
