"""Rules of log templates are chosen without the set that they are scored on, and the product stays as it was."""

from aqe.analysis.texts import log_templates
from aqe.analysis.texts.log_masks import mask
from aqe.analysis.texts.log_templates import TemplateMiner
from aqe.benchmarks.logs.rules import RULES, Choice, applied


def test_a_rule_that_is_left_out_masks_nothing_and_is_back_afterwards() -> None:
    with applied(Choice(without=frozenset({"mask: email"}))):
        assert mask("mail to bob@site") == "mail to bob@site"
        assert "<email>" not in mask("mail to bob@example.org")
    assert mask("mail to bob@example.org") == "mail to <email>"


def test_other_numbers_hold_only_inside() -> None:
    usual = log_templates._TWIN_VALUES
    numbers = (usual + 1, *Choice().numbers[1:])
    with applied(Choice(numbers)):
        miner = TemplateMiner()
        ids = [miner.add(f"user {name} left") for name in ("ann", "bob", "cyd")]
        assert len({miner.resolve(i) for i in ids}) == 3
    assert usual == log_templates._TWIN_VALUES


def test_every_rule_can_be_left_out_and_all_of_them_together() -> None:
    for without in [frozenset({rule}) for rule in RULES] + [frozenset(RULES)]:
        with applied(Choice(without=without)):
            miner = TemplateMiner()
            assert miner.template(miner.add("user 'x y' left 10.0.0.7 at 10:00:00 after 3 ms"))
