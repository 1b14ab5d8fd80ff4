"""What a redaction rule is, and how the rules that may find something are told at once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import re2

Span = tuple[int, int]
"""Begin and end in the text."""


@dataclass(frozen=True)
class Rule:
    """How one kind is found.

    Args:
        kind: what it is called in the pseudonym.
        hint: could it be here? A regular expression of RE2 over the text's UTF-8; None = always. May say yes wrongly,
            never no.
        pattern: what it looks like.
        check: the part of the match to replace, or None when it is something else.
    """

    kind: str
    hint: str | None
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], Span | None]


class Hints:
    """All hints in one automaton: one pass over the text, in linear time, whatever the number of rules.

    Most lines hold nothing. RE2 says so in half a microsecond; to try every pattern takes a hundred times as long.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        # Bytes instead of characters: a lone surrogate, which has no UTF-8, must not break it.
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        self._rules = list(rules)
        self._always = [at for at, rule in enumerate(rules) if rule.hint is None]
        self._unhinted = [rules[at] for at in self._always]
        self._hinted = [at for at, rule in enumerate(rules) if rule.hint is not None]
        self._together: dict[tuple[int, ...], list[Rule]] = {}
        """Places among the hinted rules -> the rules, for those that were suspected together before."""
        self._set = re2.Set.SearchSet(options)
        for at in self._hinted:
            self._set.Add(self._rules[at].hint)
        if self._hinted:
            self._set.Compile()

    def suspects(self, text: str) -> list[Rule]:
        """The rules to be tried on the text, in their order."""
        found = self._set.Match(text.encode("utf-8", "surrogatepass")) if self._hinted else None
        if not found:
            return self._unhinted
        key = tuple(found)
        rules = self._together.get(key)
        if rules is None:
            places = sorted([*self._always, *(self._hinted[at] for at in found)])
            rules = self._together[key] = [self._rules[at] for at in places]
        return rules


@lru_cache(maxsize=8)
def hints_of(rules: tuple[Rule, ...]) -> Hints:
    """The hints of these rules, made once: the automaton grows with what it reads, and is twice as fast once it did."""
    return Hints(rules)


def whole(match: re.Match[str]) -> Span:
    """Check of a rule whose every match is a find."""
    return match.span()


def first_group(match: re.Match[str]) -> Span:
    """Check of a rule whose pattern has words around the find."""
    return match.span(1)
