#!/bin/sh
# Prints every decision of the fleet as it is made. Needs redis-cli (7.0 or newer) and jq.
#
#     sh decisions.sh [ENTRY-ID]    # 0 = all that is kept; default: only new ones
#
# The server is $AQE_REDIS_URL, redis://127.0.0.1:6379 without it; redis-cli wants a user before a password
# (redis://default:password@127.0.0.1:6379).
set -eu
stream=aqe:events:deployment-readiness:assessed

redis() { redis-cli -u "${AQE_REDIS_URL:-redis://127.0.0.1:6379}" --no-auth-warning --json "$@"; }

# The place to begin is a real entry id. "$" in a loop would skip what comes between two reads.
last=${1:-$(redis XREVRANGE $stream + - COUNT 1 | jq -r '.[0][0] // "0"')}
echo "waiting for decisions" >&2

while :; do
    # {"<stream>": [["<id>", ["id", "...", "type", "...", ..., "data", "{...}"]], ...]}
    answer=$(redis XREAD COUNT 100 BLOCK 0 STREAMS $stream "$last")
    echo "$answer" | jq -r '
        .[][][1] as $fields
        | [range(0; $fields | length; 2) | {($fields[.]): $fields[. + 1]}] | add
        | .data | fromjson
        | "\(.version) \(.decision) (risk \(.riskLevel))"'
    last=$(echo "$answer" | jq -r '.[][-1][0]')
done
