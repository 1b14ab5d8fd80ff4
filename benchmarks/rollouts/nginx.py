"""Rollouts behind a real nginx: a good canary and one that turns bad.

All figures are of nginx's access log, read by the drill: where each request was sent and when. Each run also holds that
log against `stub_status` and against what the versions counted themselves; where they differ, the run has failed.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .drill import LIMIT_S, Drill, Failed, Group, until
from .nginx_site import Counts, NginxSite, nginx_site
from .site import ARMS

STAGES = (5, 25, 50)
RESOLUTION_S = 1.0
"""Of the times in nginx's error log."""
SETTLE_S = 0.3
"""After a reload; old workers end what they have begun."""
LATE_S = 0.5
"""After the decision the new version is to be sent nothing any more."""


class NginxDrill(Drill):
    """A site behind nginx and the project that deploys to it.

    Args:
        folder: of the project.
        site: the site.
    """

    def __init__(self, folder: Path, site: NginxSite) -> None:
        super().__init__(folder, site)
        self.site = site


def good(drill: NginxDrill) -> dict[str, float]:
    """A good release: shares of each stage between two reloads, failed requests."""
    site = drill.site
    before, known = site.counts(), len(site.reloads()) + 1  # one more: `begin` takes all traffic from the last version
    _, execute = drill.begin("--stage-time", "8s")
    if execute.wait(LIMIT_S) != 0:
        raise Failed("a good release was not promoted")
    reloads = site.reloads()[known:]
    if len(reloads) != len(STAGES) + 1:
        raise Failed(f"nginx was reloaded {len(reloads)} times")
    worst, fewest = 0.0, float("inf")
    for percent, begin_s, end_s in zip(STAGES, reloads, reloads[1:], strict=False):
        sent = [arm for at_s, arm in site.look() if begin_s + RESOLUTION_S + SETTLE_S <= at_s < end_s]
        worst = max(worst, abs(100 * sent.count("canary") / max(1, len(sent)) - percent))
        fewest = min(fewest, len(sent))
    figures = {"worst share, points": worst, "failed requests": float(site.failed), "requests a stage": fewest}
    return figures | _agreed(before, site.counts())


def bad(drill: NginxDrill) -> dict[str, float]:
    """A fifth of a quarter's answers become errors: seconds until the last request was sent there."""
    site = drill.site
    before, began_s = site.counts(), time.time()
    version, execute = drill.begin("--stages", "25,100", "--stage-time", "120s")

    def sent() -> list[float]:
        return [at_s for at_s, arm in site.look() if arm == "canary" and at_s >= began_s + LATE_S]

    until(lambda: bool(sent()))
    time.sleep(random.uniform(2, 4))
    fault_s, site.canary.error_share = time.time(), 0.2
    if execute.wait(LIMIT_S) != 1:
        raise Failed("a bad release was not taken back")
    time.sleep(1.5)
    decided_s = datetime.fromisoformat(drill.rollout(version)["state"]["decidedAt"]).timestamp()
    figures = {
        "taken back after s": sent()[-1] - fault_s,
        "requests later": float(sum(at_s > decided_s + LATE_S for at_s in sent())),
        "failed requests": float(site.failed),
    }
    return figures | _agreed(before, site.counts())


def _agreed(before: Counts, after: Counts) -> dict[str, float]:
    """The run's requests, which all count alike."""
    logged = {arm: after.log[arm] - before.log[arm] for arm in ARMS}
    served = {arm: after.served[arm] - before.served[arm] for arm in ARMS}
    whole = after.stub_status - before.stub_status
    if logged != served or whole != sum(logged.values()):
        raise Failed(f"nginx logs {logged}, the versions count {served}, stub_status {whole}")
    return {"requests counted alike": float(whole)}


@contextmanager
def _opened(folder: Path, programs: tuple[str, str]) -> Iterator[NginxDrill]:
    with nginx_site(folder, programs) as running:
        yield NginxDrill(folder, running)


NGINX = Group(
    {"nginx, good release": good, "nginx, 20 % of answers 5xx": bad}, _opened, programs=("nginx", "prometheus")
)
