"""Prints every decision of the fleet as it is made. Needs redis-py and nothing else: pip install redis

    python decisions.py [ENTRY-ID]    # 0 = all that is kept; default: only new ones

The server is $AQE_REDIS_URL, redis://127.0.0.1:6379 without it.
"""

import json
import os
import sys

import redis

STREAM = "aqe:events:deployment-readiness:assessed"


def main() -> None:
    client = redis.Redis.from_url(os.environ.get("AQE_REDIS_URL", "redis://127.0.0.1:6379"), decode_responses=True)
    # The place to begin is a real entry id. "$" in a loop would skip what comes between two reads.
    newest = client.xrevrange(STREAM, count=1)
    last = sys.argv[1] if len(sys.argv) > 1 else newest[0][0] if newest else "0"
    print("waiting for decisions", file=sys.stderr, flush=True)
    while True:
        # Blocks for 2 s at most: less than the client's own time-out (5 s).
        for _, entries in client.xread({STREAM: last}, block=2000) or ():
            for last, fields in entries:  # noqa: B007 - the place to go on from
                decision = json.loads(fields["data"])
                print(f"{decision['version']} {decision['decision']} (risk {decision['riskLevel']})", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
