"""Feature flags of LaunchDarkly, and its audit log.

A flag is ready for a gradual rollout while it serves nobody yet (it is off) or some (a percentage, rules, targets); one
that serves everybody the same has nothing gradual left. Only temporary flags are asked: a permanent one, such as an
emergency switch, is meant to stay on. Which flags belong to a release nobody but the user knows: by a tag.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.signals import Finding, Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean, finding, no_value
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..shapes import dict_at, first_of
from ..values import at_ms, labels, listed, text

_KIND = SignalKind.OPERATIONS
_WHAT = "Feature flags of LaunchDarkly"


class LaunchDarklyFlags(JsonFormat):
    """Feature flags -> operations: ready for a gradual rollout."""

    name = "launchdarkly-flags"
    produces: tuple[str, ...] = (_KIND.value,)
    about = About(
        title="Feature flags of LaunchDarkly",
        producers="LaunchDarkly",
        versions="REST API 20220603 and later, with summary 0 or 1",
        recognised_by="`items` whose first, or the document itself, has `environments`, `variations` and `temporary`",
        fields="key, temporary, archived; of the environment on, fallthrough rollout, rules, targets, _summary",
        metrics=("feature_flags_ready",),
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -H 'Authorization: ...' 'https://app.launchdarkly.com/api/v2/flags/PROJECT?env=production"
        "&summary=0&filter=tags:RELEASE' > flags.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first flag."""
        return _is_flag(head.json) or _is_flag(first_of(dict_at(head.json).get("items")))

    def read(self, document: Any) -> Parsed:
        """Whether each temporary flag can still be rolled out gradually."""
        flags = [document] if _is_flag(document) else document.get("items")
        if not isinstance(flags, list):
            raise InputError(f"{_WHAT}: no `items` in it")
        total = document.get("totalCount")
        if isinstance(total, int) and total > len(flags):
            reason = f"the answer has {len(flags)} of {total} flags: get all pages"
            return no_value(Outcome.TOOL_FAILED, reason, _KIND, tool=self.name)
        if not all(map(_is_flag, flags)):
            raise InputError(f"{_WHAT}: an entry has not `environments`, `variations` and `temporary`")
        asked = [flag for flag in flags if flag["temporary"] is True and flag.get("archived") is not True]
        found = [done for flag in asked for done in _served_to_all(flag)]
        if not asked:
            return no_value(Outcome.NOT_MEASURED, "there is no temporary flag in it", _KIND, tool=self.name)
        part = SignalPart(
            tool=self.name,
            outcome=Outcome.VALUE,
            metrics={"feature_flags_ready": not found},
            findings=tuple(found[:50]),
        )
        others = len(flags) - len(asked)
        notes = (f"flags that are permanent or archived, not asked: {others}",) if others else ()
        return Parsed(Outcome.VALUE, signals=((_KIND, part),), notes=notes)


def _is_flag(value: Any) -> bool:
    return {"environments", "variations", "temporary"} <= dict_at(value).keys()


def _served_to_all(flag: dict[str, Any]) -> Iterable[Finding]:
    """The environments in which the flag serves everybody the same; production alone where it is among them."""
    environments = dict_at(flag, "environments")
    if not environments:
        raise InputError(f"{_WHAT}: {clean(flag.get('key'), 80)!r} has no environment", hint="ask with env=production")
    for name in ["production"] if "production" in environments else environments:
        found = dict_at(environments, name)
        if not isinstance(found.get("on"), bool):
            raise InputError(
                f"{_WHAT}: {clean(flag.get('key'), 80)!r} does not say whether it is `on` in {clean(name, 40)}"
            )
        if found["on"] and not _is_gradual(found):
            yield finding(flag.get("key"), f"on for everybody in {clean(name, 40)}", "warning")


def _is_gradual(environment: dict[str, Any]) -> bool:
    rollout = [dict_at(one) for one in listed(dict_at(environment, "fallthrough", "rollout").get("variations"))]
    served = dict_at(environment, "_summary", "variations").values()
    return (
        sum(bool(one.get("weight")) for one in rollout) > 1
        or any(environment.get(name) for name in ("rules", "targets", "contextTargets"))
        or sum(any(dict_at(one).get(key) for key in _SERVING) for one in served) > 1
    )


_SERVING = ("isFallthrough", "rollout", "rules", "nullRules", "targets", "contextTargets")


def _entry(item: dict[str, Any]) -> OpsRow:
    at = needs(at_ms(item.get("date")), "date")
    member = dict_at(item, "target")
    words = (text(item.get("title")), text(item.get("titleVerb")), text(item.get("name")))
    return OpsRow(
        at=at,
        event="change",
        name=" ".join(word for word in (words[1], words[2]) if word) or words[0] or "change",
        text=text(item.get("description")) or words[0],
        id=text(item.get("_id")),
        source="launchdarkly",
        environment=_environment(first_of(member.get("resources"))),
        tags=labels({"kind": item.get("kind"), "comment": item.get("comment")}),
    )


def _environment(resource: Any) -> str | None:
    """`production` of `proj/shop:env/production:flag/new-cart`."""
    parts = (text(resource) or "").split(":")
    return next((part.partition("/")[2].partition(";")[0] or None for part in parts if part.startswith("env/")), None)


class LaunchDarklyAudit(MarksFormat):
    """Audit log of LaunchDarkly -> rows of changes."""

    name = "launchdarkly-audit"
    about = About(
        title="Audit log of LaunchDarkly",
        producers="LaunchDarkly",
        versions="REST API 20220603 and later",
        recognised_by="`items` whose first has `titleVerb`, `date` and `kind`",
        fields="_id, date (ms), kind, name, title, titleVerb, description, comment, target resources",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -H 'Authorization: ...' https://app.launchdarkly.com/api/v2/auditlog > audit.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("items",),)
    one = "entry"
    kinds = ((frozenset({"titleVerb", "date", "kind"}), _entry),)
