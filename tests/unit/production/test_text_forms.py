"""Forms of texts that pages show in one place."""

import pytest

from aqe.agents.production_intelligence.recorded.text_forms import forms


def test_a_form_that_was_seen_once_means_that_others_may_come() -> None:
    """Then nothing is expected."""
    assert forms(["3 items"] * 30) is not None
    assert forms(["3 items"] * 30 + ["empty"]) is None
    assert forms(["3 items"] * 30 + ["empty"] * 3) == r"^\s*(?:\d[\d.,]* items|empty)\s*$"


@pytest.mark.parametrize("text", ["Ann Example, 12 High Street, Anytown", "<person:0a1b2c3d> 7", "no number"])
def test_prose_addresses_and_redacted_texts_have_no_form(text: str) -> None:
    """Nor has what says no number: a heading may be worded anew."""
    assert forms([text] * 30) is None
