"""Releases to four "regions" on real parts: four HAProxies under load, one Prometheus, faults in some of them.

What is reported is read at HAProxy: seconds from the fault until it gives the new version nothing, in the region that
fails or in all of them; for a coordinator that is killed, seconds until another process has its heartbeat, and until
the release has ended with every region all on the one version or all on the other.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aqe.core.records.rollouts.regions import Regional, regional_key
from aqe.fleet.rollouts.guard import heartbeat

from .drill import LIMIT_S, Drill, Failed, Group, carry_out, until
from .regions_site import REGIONS, regions_site
from .releases import SERVERS
from .site import Site

Scenario = Callable[["RegionsDrill"], dict[str, float]]
GO = {"decision": "APPROVED", "approved": True, "verdict": "GO"}
PAIRS = ("--wave-size", "2")
HOLD = ("--strategy", "all-at-once", "--max-failed", "1", "--stage-time", "120s")


class RegionsDrill(Drill):
    """Regions and the project that deploys to them.

    Args:
        folder: of the project.
        sites: region -> its site.
    """

    def __init__(self, folder: Path, sites: dict[str, Site]) -> None:
        super().__init__(folder, sites[REGIONS[0]])
        self.sites = sites

    def begin_regions(self, *planned: str) -> tuple[str, "subprocess.Popen[bytes]"]:
        """A release with a GO for each region."""
        self.number += 1
        version = f"v{self.number}"
        self.aqe("deploy", "assess-multi-region", "--version", version, "--regions", ",".join(REGIONS))
        self._go_everywhere(version)
        self.aqe("deploy", "plan-regions", "--version", version, *planned)
        self.mend()
        command = [sys.executable, "-P", "-m", "aqe", "deploy", "execute-multi-region", "--version", version]
        return version, subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _go_everywhere(self, version: str) -> None:
        """As an assessment would store it: the drill is about what comes after it."""
        with self._redis() as client:
            for key in (f"aqe/releases/{version}/decision", f"aqe/regional-decisions/{version}"):
                stored = json.loads(client.get(key))
                for decision in [stored, *(one["decision"] for one in stored.get("regions", ()))]:
                    decision |= GO if "rule" in decision else {}
                client.fcall("aqe_store", 1, key, json.dumps(stored))

    def mend(self) -> None:
        """All traffic on the old version, and nothing wrong with the new one."""
        for one in self.sites.values():
            one.set_percent(0)
            one.canary.error_share, one.failed = 0.0, 0

    def failed(self) -> float:
        """Requests in all regions that had no answer."""
        return float(sum(one.failed for one in self.sites.values()))

    def shares(self) -> list[float]:
        """Of the new version in each region, by HAProxy."""
        return [one.percent() for one in self.sites.values()]

    def regional(self, version: str) -> Regional | None:
        """The release as it is stored."""
        with self._redis() as client:
            for key in client.scan_iter(regional_key("*")):
                found = Regional.from_json(client.get(key), where=key)
                if found.plan.version == version:
                    return found
        return None

    def coordinator(self, regional: Regional) -> bytes | None:
        """Whose heartbeat there is."""
        with self._redis() as client:
            value: bytes | None = client.get(heartbeat("", regional.id))
            return value


def good(drill: RegionsDrill) -> dict[str, float]:
    """Two waves of two; the second must not have begun while the first has not all traffic."""
    began = time.monotonic()
    _, execute = drill.begin_regions(*PAIRS)
    until(lambda: max(drill.shares()[2:]) > 0, LIMIT_S)
    if min(drill.shares()[:2]) < 100:
        raise Failed("the second wave began before its barrier")
    if execute.wait(LIMIT_S) != 0 or min(drill.shares()) < 100:
        raise Failed("a good release was not promoted everywhere")
    return {"took s": time.monotonic() - began, "failed requests": drill.failed()}


def one_fails(drill: RegionsDrill) -> dict[str, float]:
    """Bad in one region of the first wave: it is taken back there, and promoted in the three others."""
    _, execute = drill.begin_regions(*PAIRS)
    bad = drill.sites[REGIONS[1]]
    until(lambda: bad.percent() == 25)
    bad.canary.error_share = 0.3
    took_s = until(lambda: bad.percent() == 0)
    if execute.wait(LIMIT_S) != 1 or drill.shares() != [100, 0, 100, 100]:
        raise Failed(f"expected it in all regions but the second: {drill.shares()}")
    return {"taken back there after s": took_s, "failed requests": drill.failed()}


def too_many_fail(drill: RegionsDrill) -> dict[str, float]:
    """Bad in two regions where one may fail: it is taken back in all four."""
    _, execute = drill.begin_regions(*HOLD)
    until(lambda: drill.shares() == [25, 25, 25, 25])
    for name in REGIONS[1:3]:
        drill.sites[name].canary.error_share = 0.3
    took_s = until(lambda: max(drill.shares()) == 0)
    time.sleep(0.5)
    sent = sum(one.answered()["canary"] for one in drill.sites.values())
    time.sleep(1.5)
    late = sum(one.answered()["canary"] for one in drill.sites.values()) - sent
    if execute.wait(LIMIT_S) != 1 or max(drill.shares()) > 0:
        raise Failed("it was not taken back everywhere")
    return {"taken back everywhere after s": took_s, "requests later": float(late), "failed requests": drill.failed()}


def killed(drill: RegionsDrill) -> dict[str, float]:
    """The coordinator killed at a random moment; the release is good, or bad in two regions where one may fail."""
    version, execute = drill.begin_regions(*PAIRS, "--max-failed", "1")
    until(lambda: drill.regional(version) is not None)
    time.sleep(random.uniform(0, 15))
    with suppress(ProcessLookupError):
        os.kill(execute.pid, signal.SIGKILL)
    execute.wait()
    for name in REGIONS[:2] if random.random() < 0.5 else ():
        drill.sites[name].canary.error_share = 0.3
    found = drill.regional(version)
    assert found is not None
    figures = {}
    if not found.state.phase.is_final:
        dead = drill.coordinator(found)
        figures["taken over after s"] = until(lambda: _taken_over(drill, version, dead))
    figures["ended after s"] = until(lambda: _has_ended(drill, version))
    whole = drill.regional(version)
    assert whole is not None
    expected = [100 if region.phase == "PROMOTED" else 0 for region in whole.state.regions.values()]
    if drill.shares() != expected:
        raise Failed(f"{whole.state.phase} with shares {drill.shares()}")
    return figures | {"taken back": float(max(expected) == 0)}


def _taken_over(drill: RegionsDrill, version: str, dead: bytes | None) -> bool:
    found = drill.regional(version)
    if found is None or found.state.phase.is_final:
        return True
    return drill.coordinator(found) not in (None, dead)


def _has_ended(drill: RegionsDrill, version: str) -> bool:
    found = drill.regional(version)
    return found is not None and found.state.phase.is_final


SCENARIOS: dict[str, Scenario] = {
    "four regions, good": good,
    "four regions, 30 % 5xx in one": one_fails,
    "four regions, 30 % 5xx in two, one may": too_many_fail,
    "four regions, coordinator killed": killed,
}


@contextmanager
def _opened(folder: Path, programs: tuple[str, str]) -> Iterator[RegionsDrill]:
    with regions_site(folder, programs, servers=SERVERS) as sites:
        yield RegionsDrill(folder, sites)


def main(arguments: Sequence[str]) -> int:
    """Run all and print; 1 when a run did not end as it must."""
    return carry_out("drill-regions", __doc__ or "", [Group(SCENARIOS, _opened)], arguments)
