"""JMeter's results as XML (JTL).

Samples nest: a transaction or a page holds its requests and resources. The innermost count, so that no time counts
twice; when a sample failed although nothing in it did (an assertion about the whole), one of its requests counts as
failed.
"""

from ....core.errors import InputError
from ....core.importing import About, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import XmlFormat, XmlReader, clean
from ..load_tests import METRICS
from .jmeter_csv import Requests

_WHAT = "JMeter XML"
_SAMPLES = ("httpSample", "sample")


class _Sample:
    """A sample that is open."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self.is_leaf = True
        self.failed_inside = False

    @property
    def failed(self) -> bool:
        return self.attributes.get("s", "").lower() != "true"


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__(_WHAT, ("testResults",))
        self._requests = Requests()
        self._open: list[_Sample] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name in _SAMPLES:
            if self._open:
                self._open[-1].is_leaf = False
            self._open.append(_Sample(attributes))

    def closed(self, name: str) -> None:
        if name not in _SAMPLES:
            return
        sample = self._open.pop()
        if sample.is_leaf:
            text = sample.attributes.get("t", "")
            if not text.isdecimal() or len(text) > 12:
                raise InputError(f"{_WHAT}: a sample took {clean(text, 20)!r}, expected ms in t=")
            self._requests.add(sample.attributes.get("ts", ""), int(text), failed=sample.failed)
        elif sample.failed and not sample.failed_inside:
            self._requests.failed += 1
        if self._open:
            self._open[-1].failed_inside |= sample.failed or sample.failed_inside

    def parsed(self) -> Parsed:
        return self._requests.parsed()


class JmeterXml(XmlFormat):
    """JMeter XML -> performance."""

    name = "jmeter-xml"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    about = About(
        title="JMeter results, XML (JTL)",
        producers="JMeter",
        versions="1.2 (JMeter 2.1 and later)",
        recognised_by="root element `testResults`",
        fields="`httpSample` and `sample` t (ms), ts, s",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="jmeter -n -t plan.jmx -l results.jtl -Jjmeter.save.saveservice.output_format=xml",
    )
    roots = ("testResults",)

    def reader(self) -> XmlReader:
        """Adds up the innermost samples."""
        return _Reader()
