#!/usr/bin/env bash
# Finds where one problem keeps memory, with three snapshots (docs/snapshots.md, method 3):
#
#   warm up - snapshot - load - snapshot - load - snapshot - compare the two later ones
#
# Usage: spoilers/load_gql.sh [PROBLEM]      `hello` unless told; 02, orders, ... will do
#
# The table on stdout ranks call sites by growth; all else is on stderr. The snapshots stay, so
# that you can look again, in ./snapshots or LEAKLAB_SNAPSHOTS. LEAKLAB_BIN=PATH uses a binary that
# is built already. LEAKLAB_MEMORY_LIMIT and _RJEM_MALLOC_CONF reach the server.
set -euo pipefail

WARM_UP=1000
REQUESTS=10000
# What grows by time and not by requests is given this many looks, a second apart, to grow by
# this many bytes: a snapshot is a sample (one in 64 KiB), and less would hardly show in it.
LOOKS=30
ENOUGH=$((12 * 1024 * 1024))

# shellcheck source=spoilers/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# take_snapshot NAME: takes it and prints its id.
take_snapshot() {
    local mutation='mutation { takeSnapshot(name: "NAME") { id } }'
    mutation=${mutation/NAME/$1}
    say "$mutation"
    admin "$mutation" | field id
}

# grow: puts the load on, then waits where growth is still small.
grow() {
    local before now
    before=$(live_heap)
    load "$PROBLEM" "$REQUESTS"
    for ((look = 0; look < LOOKS; look++)); do
        now=$(live_heap)
        if ((now - before >= ENOUGH)); then break; fi
        if ((look == 0)); then say "little growth so far: up to $LOOKS looks, a second apart"; fi
        run sleep 1
    done
    say "live heap: $before bytes before the load, $now after it"
}

main() {
    if [[ $# -gt 1 || ${1:-} == -* ]]; then fail "usage: ${BASH_SOURCE[0]} [PROBLEM]"; fi
    PROBLEM=${1:-hello}
    prepare
    SNAPSHOTS=$(fresh_folder load_gql)
    start_server "$SNAPSHOTS"

    probe "$PROBLEM"
    load "$PROBLEM" "$WARM_UP"
    take_snapshot warm >/dev/null
    grow
    second=$(take_snapshot second)
    grow
    third=$(take_snapshot third)

    say "leaklab compare --snapshots $SNAPSHOTS $second $third"
    run "$LEAKLAB" compare --snapshots "$SNAPSHOTS" "$second" "$third"
}

main "$@"
