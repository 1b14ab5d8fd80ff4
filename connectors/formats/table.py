"""All importers, and how a file finds its own."""

from collections.abc import Iterable

from ...core.errors import InputError
from ...core.importing import Head, Importer
from .documents import clean
from .production.table import PRODUCTION_IMPORTERS
from .quality.clover import CloverXml
from .quality.cobertura import CoberturaXml
from .quality.cosmic_ray import CosmicRay
from .quality.coverage_py import CoveragePyJson
from .quality.git_log import GitNumstat
from .quality.go_cover import GoCover
from .quality.istanbul import IstanbulJson
from .quality.jacoco import JacocoXml
from .quality.junit import JunitXml
from .quality.lcov import Lcov
from .quality.mutmut import MutmutStats
from .quality.nunit import NunitXml
from .quality.opencover import OpenCoverXml
from .quality.pit import PitXml
from .quality.playwright import PlaywrightJson
from .quality.pytest_json import PytestJson
from .quality.sarif import Sarif
from .quality.stryker import Stryker
from .quality.trx import Trx
from .quality.xunit_net import XunitNetXml

IMPORTERS: tuple[Importer, ...] = (
    # tests
    JunitXml(),
    PlaywrightJson(),
    PytestJson(),
    NunitXml(),
    XunitNetXml(),
    Trx(),
    # coverage
    CoveragePyJson(),
    CoberturaXml(),
    Lcov(),
    JacocoXml(),
    CloverXml(),
    IstanbulJson(),
    GoCover(),
    OpenCoverXml(),
    # mutation
    Stryker(),
    PitXml(),
    MutmutStats(),
    CosmicRay(),
    # security and static quality
    Sarif(),
    # change
    GitNumstat(),
    # production
    *PRODUCTION_IMPORTERS,
)

_PACKED = {
    b"\x1f\x8b": "it is packed with gzip: unpack it first",
    b"PK\x03\x04": "it is a zip archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "it is packed with zstd: unpack it first",
    b"\xff\xfe": "it is UTF-16 (PowerShell's `>` writes that): save it as UTF-8",
    b"\xfe\xff": "it is UTF-16: save it as UTF-8",
}
"""First bytes -> what to do."""


def recognise(head: Head, table: Iterable[Importer] = IMPORTERS) -> Importer:
    """The one importer that claims a file by its content.

    Raises:
        InputError: none does, or several do (all are named).
    """
    claims = [importer for importer in table if importer.recognises(head)]
    if len(claims) == 1:
        return claims[0]
    names = [importer.name for importer in claims or table]
    if claims:
        raise InputError(
            f"{head.name}: {' and '.join(names)} claim this file",
            hint=f"say which: --as {' or --as '.join(names)}",
        )
    if not head.data.strip():
        raise InputError(
            f"{head.name}: the file is empty, so nothing tells its format", hint="name it with --as FORMAT"
        )
    for magic, advice in _PACKED.items():
        if head.data.startswith(magic):
            raise InputError(f"{head.name}: no importer reads this file", hint=advice)
    raise InputError(
        f"{head.name}: no importer knows this format; it begins with {clean(head.first_line, 60)!r}",
        hint=f"name it with --as FORMAT; known are {', '.join(names)}",
    )
