"""OWASP ZAP's report, as XML or JSON: alerts a site, with their instances.

An alert of a site counts once, however many instances it has. riskcode is 0 (information) to 3 (high), as text; ZAP
knows no critical. Confidence 0 is an alert that somebody marked as false.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, XmlFormat, XmlReader, clean
from ..shapes import Listed, Shape, dict_at, shaped_list
from ..times import utc_moment
from ..vulnerabilities import METRICS, Vulnerabilities

_RISKS = {"0": "info", "1": "low", "2": "medium", "3": "high"}
_KEPT = ("pluginid", "alertRef", "alert", "name", "riskcode", "confidence")
_NO_SITE = Parsed(Outcome.NOT_MEASURED, reason="no site in the report: nothing was scanned")


def _add(found: Vulnerabilities, site: str, alert: dict[str, str]) -> None:
    risk = _RISKS.get(alert.get("riskcode", ""))
    if risk is None:
        raise InputError(f"ZAP: an alert has the riskcode {clean(alert.get('riskcode'), 20)!r}, expected 0 to 3")
    if alert.get("confidence") == "0":
        found.left_out["marked as false"] += 1
        return
    rule = alert.get("alertRef") or alert.get("pluginid") or alert.get("name")
    found.add((site, rule), risk, rule=rule, message=alert.get("name") or alert.get("alert"), file=site)


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__("ZAP XML", ("OWASPZAPReport",))
        self._found = Vulnerabilities("zap")
        self._root: dict[str, str] = {}
        self._site: str | None = None
        self._alert: dict[str, str] | None = None
        self._alert_depth = 0

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1:
            self._root = attributes
        elif name == "site":
            self._site = attributes.get("name", "")
        elif name == "alertitem":
            self._alert, self._alert_depth = {}, self.depth
        elif self._alert is not None and self.depth == self._alert_depth + 1 and name in _KEPT:
            self.collect_text()

    def closed(self, name: str) -> None:
        if self._alert is None:
            return
        if name == "alertitem":
            _add(self._found, self._site or "", self._alert)
            self._alert = None
        elif self.depth == self._alert_depth + 1 and name in _KEPT:
            self._alert[name] = self.collected_text().strip()

    def parsed(self) -> Parsed:
        if self._site is None:
            return _NO_SITE
        version = self._root.get("version")
        return self._found.parsed(version=version, measured_at=utc_moment(self._root.get("generated")))


class ZapXml(XmlFormat):
    """ZAP XML -> security."""

    name = "zap-xml"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="OWASP ZAP report, XML",
        producers="ZAP",
        versions="ZAP 2; traditional and plus",
        recognised_by="root element `OWASPZAPReport`",
        fields="`site` name; `alertitem` pluginid, alertRef, name, riskcode, confidence",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="zap-baseline.py -t URL -x zap.xml",
    )
    roots = ("OWASPZAPReport",)

    def reader(self) -> XmlReader:
        """Counts alerts."""
        return _Reader()


class _Site(Shape):
    alerts: Listed[dict[str, Any]]


class ZapJson(JsonFormat):
    """ZAP JSON -> security."""

    name = "zap-json"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="OWASP ZAP report, JSON",
        producers="ZAP",
        versions="ZAP 2; traditional and plus",
        recognised_by="`site` with `alerts`",
        fields="as in XML",
        metrics=METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="zap-baseline.py -t URL -J zap.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its sites."""
        site = dict_at(head.json).get("site")
        first = site[0] if isinstance(site, list) and site else site
        return "alerts" in dict_at(first) or ("site" in head.json_keys and "@generated" in head.json_keys)

    def read(self, document: Any) -> Parsed:
        """Count the alerts of all sites."""
        site = document.get("site")
        raw = [site] if isinstance(site, dict) else site
        sites = shaped_list(_Site, raw, self.about.title)
        if not sites:
            return _NO_SITE
        found = Vulnerabilities("zap")
        for index, one in enumerate(sites):
            name = clean(dict_at(raw[index]).get("@name"), 200)
            for alert in one.alerts:
                _add(found, name, {key: str(alert[key]) for key in _KEPT if isinstance(alert.get(key), str | int)})
        return found.parsed(version=document.get("@version"), measured_at=utc_moment(document.get("@generated")))
