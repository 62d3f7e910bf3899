#!/usr/bin/env bash
# Hunts in the healed bookshop, where there is nothing to find: counts the false alarms.
#
# Usage: spoilers/healed.sh [RUNS] [PROBLEM...] [-- HUNT FLAG...]     once each problem unless told
#
# Each run has a server of its own (spoilers/examples/healed.rs). The table on stdout says what the runs
# came to; all else is on stderr. Reports and snapshots stay in ./snapshots or LEAKLAB_SNAPSHOTS.
# LEAKLAB_BIN=PATH and LEAKLAB_HEALED_BIN=PATH use binaries that are built already.
#
# Exit codes: 0 each run said steady or plateau, 1 not each did, 2 an error.
set -euo pipefail

# shellcheck source=spoilers/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# What a hunt may say of a problem that is healed.
FINE=' steady plateau '

# find_healed: sets HEALED, the service, where it is built already. Before `prepare`, which changes folders.
find_healed() {
    HEALED=''
    if [[ -z ${LEAKLAB_HEALED_BIN:-} ]]; then return; fi
    HEALED=$(realpath -- "$LEAKLAB_HEALED_BIN") || fail "LEAKLAB_HEALED_BIN=$LEAKLAB_HEALED_BIN is not there"
    [[ -f $HEALED && -x $HEALED ]] || fail "LEAKLAB_HEALED_BIN=$LEAKLAB_HEALED_BIN is no program"
}

build_healed() {
    if [[ -n $HEALED ]]; then return; fi
    check_tools cc make cargo
    build -p spoilers --example healed
    HEALED=$(target_directory)/release/examples/healed
}

# hunt_healed PROBLEM FOLDER FLAG...: hunts on a fresh server, and sets VERDICT.
hunt_healed() {
    local problem=$1 folder=$2
    shift 2
    # As fine as in a lab of a hunt's own: a hunt is short.
    start_server "$folder/server" "$HEALED" --field-labels --sample-interval 16KiB
    hunt "$folder" "$problem" --target "$PUBLIC" --admin "$ADMIN" "$@"
    check_server
    end "$SERVER"
    SERVER=''
}

# count WORD...: each word once and how often it was given, as `steady 9, plateau 1`.
count() {
    local word text=''
    local -A times=()
    for word in "$@"; do times[$word]=$((${times[$word]:-0} + 1)); done
    for word in "${!times[@]}"; do text+=", $word ${times[$word]}"; done
    printf '%s' "${text#, }"
}

# hunt_often RUNS PROBLEM FLAG...: that many hunts for it, and its row of the table.
hunt_often() {
    local runs=$1 problem=$2 begun=$SECONDS number verdicts=()
    shift 2
    for ((number = 1; number <= runs; number++)); do
        hunt_healed "$problem" "$REPORTS/$problem-$number" "$@"
        say "$problem, run $number of $runs: $VERDICT"
        verdicts+=("$VERDICT")
        if [[ $FINE != *" $VERDICT "* ]]; then ALARMS=$((ALARMS + 1)); fi
    done
    TABLE+=$(printf '%-20s %4d  %-32s %7d' "$problem" "$runs" "$(count "${verdicts[@]}")" $((SECONDS - begun)))$'\n'
}

main() {
    local problem
    hunt_arguments "$@"
    find_healed
    prepare
    build_healed
    REPORTS=$(fresh_folder healed)
    if [[ ${#PROBLEMS[@]} -eq 0 ]]; then mapfile -t PROBLEMS < <(problems_with fixed.rs); fi
    ALARMS=0
    TABLE=''
    for problem in "${PROBLEMS[@]}"; do hunt_often "$RUNS" "$problem" "${FLAGS[@]}"; done

    printf '%-20s %4s  %-32s %7s\n%s' problem runs verdicts seconds "$TABLE"
    say "reports: $REPORTS"
    if [[ $ALARMS -gt 0 ]]; then
        say "$ALARMS of the hunts said neither steady nor plateau"
        exit 1
    fi
}

main "$@"
