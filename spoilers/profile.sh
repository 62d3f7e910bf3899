#!/usr/bin/env bash
# Draws a flame graph (SVG) of the live heap of one problem while it is under load.
#
# Usage: spoilers/profile.sh [PROBLEM]       `hello` unless told
#
# Prints the path of the drawing on stdout; all else is on stderr. Open it in a browser.
# LEAKLAB_BIN=PATH uses a binary that is built already.
set -euo pipefail

REQUESTS=10000

# shellcheck source=spoilers/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

main() {
    local id drawing second_load
    if [[ $# -gt 1 || ${1:-} == -* ]]; then fail "usage: ${BASH_SOURCE[0]} [PROBLEM]"; fi
    PROBLEM=${1:-hello}
    prepare
    SNAPSHOTS=$(fresh_folder profile)
    start_server "$SNAPSHOTS"

    probe "$PROBLEM"
    load "$PROBLEM" "$REQUESTS"
    # A second load in the background: the snapshot falls into the middle of it.
    "$LEAKLAB" load "$PROBLEM" --target "$PUBLIC" --amount "$REQUESTS" --connections 10 --pipelining 1 \
        >"$WORK/second-load" 2>&1 &
    second_load=$!
    say 'mutation { takeSnapshot(name: "under-load") { id } }'
    id=$(admin 'mutation { takeSnapshot(name: "under-load") { id } }' | field id)
    wait "$second_load" || { check_server; cat "$WORK/second-load" >&2; fail 'the second load did not go well'; }

    drawing=$SNAPSHOTS/$PROBLEM.svg
    run "$LEAKLAB" flame --snapshots "$SNAPSHOTS" "$id" -o "$drawing" >&2
    printf '%s\n' "$drawing"
}

main "$@"
