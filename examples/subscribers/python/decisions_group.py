"""The same as a member of a consumer group: several of these share the decisions, and the server keeps the place.

    python decisions_group.py GROUP MEMBER

A member that was killed begins with what it had not acknowledged; what a dead member left is taken over by the others
after 30 s. So a decision may come twice, after a crash: tell it by the event's id. A group without a member for a day
is removed, unless it was declared: aqe events group add GROUP deployment-readiness:assessed --durable
"""

import json
import os
import sys

import redis

STREAM = "aqe:events:deployment-readiness:assessed"
LEASE_MS = 30_000


def main(group: str, member: str) -> None:
    client = redis.Redis.from_url(os.environ.get("AQE_REDIS_URL", "redis://127.0.0.1:6379"), decode_responses=True)
    try:
        client.xgroup_create(STREAM, group, id="0", mkstream=True)  # a new group begins with all that is kept
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):  # it is there already
            raise
    print("waiting for decisions", file=sys.stderr, flush=True)
    begin = "0"  # first what this member was given before and has not acknowledged, then (">") new entries
    while True:
        answer = client.xreadgroup(group, member, {STREAM: begin}, count=100, block=2000)
        entries = answer[0][1] if answer else []
        if not entries:
            begin = ">"
            entries = client.xautoclaim(STREAM, group, member, min_idle_time=LEASE_MS, count=100)[1]
        for entry_id, fields in entries:
            if fields:  # empty: it was trimmed while it was pending
                handle(json.loads(fields["data"]))
            client.xack(STREAM, group, entry_id)  # only now: what was not handled comes again


def handle(decision: dict) -> None:
    print(f"{decision['version']} {decision['decision']} (risk {decision['riskLevel']})", flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
