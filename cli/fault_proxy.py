"""`aqe fault-proxy`: makes things go wrong between a client and what it depends on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import run, say
from .params import SEED, Number, count, milliseconds, percent

if TYPE_CHECKING:
    from ..core.records.faults import FaultPlan


@click.command("fault-proxy")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="YAML with several proxies and rules.")
@click.option("--listen", metavar="ADDRESS:PORT", default="127.0.0.1:0", help="Default: a free port of 127.0.0.1.")
@click.option("--target", metavar="URL|HOST:PORT", help="http://HOST:PORT for requests, HOST:PORT for connections.")
@click.option("--seed", type=SEED, default=0, help="Same seed and order of requests: same faults.")
@click.option("--latency-ms", type=milliseconds, help="Every answer waits so long.")
@click.option("--jitter-ms", type=milliseconds, default="0", help="Up to so much longer or shorter.")
@click.option("--timeout-percent", type=percent, help="Share that is never answered.")
@click.option("--reset-percent", type=percent, help="Share that is reset.")
@click.option("--error-percent", type=percent, help="Share that is answered with --error-status.")
@click.option("--error-status", type=count(200, 599), default=503, show_default=True, help="Of those.")
@click.option("--truncate-percent", type=percent, help="Share whose body breaks off half way.")
@click.option("--bandwidth", type=Number(1), metavar="BYTES/S", help="Of every answer.")
@click.option("--slow-close-ms", type=milliseconds, help="Connections stay open so long after an answer.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.har", help="All exchanges.")
@click.option("--admin", metavar="127.0.0.1:PORT", help="Endpoint to watch and change it.")
@click.option(
    "--admin-token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".aqe-fault-proxy-token"),
    show_default=True,
    help="Its token; made when it is not there.",
)
def fault_proxy(config_file: Path | None, **flags: Any) -> None:
    """Stand between a client and what it depends on, and make things go wrong: the same way every time.

    Latency, time-outs, resets, slow and broken answers, 5xx: by flags for one proxy, or with --config for several, by
    route and over time. The stats are printed as JSON at the end (Ctrl-C or SIGTERM). SIGHUP reads --config again,
    SIGUSR1 prints the stats.

    \b
    Examples: aqe fault-proxy --listen 127.0.0.1:8474 --target http://127.0.0.1:8000 --latency-ms 200 --error-percent 5
              aqe fault-proxy --config faults.yaml --record traffic.har
    """
    from ..fleet.replays.fault_proxy import Extras, read_plan, serve

    plan = read_plan(config_file) if config_file else _plan(flags)
    extras = Extras(flags["record"], flags["admin"], flags["admin_token_file"])
    again = (lambda: read_plan(config_file)) if config_file else None
    stats = run(serve(plan, extras, say, again))
    from .common import print_json

    print_json(stats)


def _plan(flags: dict[str, Any]) -> "FaultPlan":
    from ..core.records.faults import FaultPlan

    if flags["target"] is None:
        raise click.UsageError("--target or --config is missing: whom is the proxy to ask?")
    rules: list[dict[str, Any]] = []
    for kind, value in (("latency", "latency_ms"), ("bandwidth", "bandwidth"), ("slow-close", "slow_close_ms")):
        if flags[value] is not None:
            rules.append({"kind": kind, "value": flags[value]})
    if flags["latency_ms"] is not None:
        rules[0]["jitter_ms"] = flags["jitter_ms"]
    for kind in ("timeout", "reset", "error", "truncate"):
        if (share := flags[f"{kind}_percent"]) is not None:
            rules.append({"kind": kind, "share": share / 100})
            if kind == "error":
                rules[-1]["value"] = flags["error_status"]
    proxy = {"name": "proxy", "listen": flags["listen"], "target": flags["target"], "faults": rules}
    return FaultPlan.from_value({"seed": flags["seed"], "proxies": [proxy]}, where="the flags")
