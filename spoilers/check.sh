#!/usr/bin/env bash
# The way of a learner through `leaklab check`, in a copy of the workspace: nothing changed yet, a change that does not
# compile, and a fix (spoilers/p00_hello/fix.patch).
#
# Usage: spoilers/check.sh
#
# The copy's server is built into this workspace's target folder, and takes the place of this one's: `cargo build --release` brings that back.
# Exit codes: 0 each was judged rightly, 1 not each was, 2 an error.
set -euo pipefail

# shellcheck source=spoilers/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# judged CODE WORDS: `leaklab check 00` in the copy exits so, and says so.
judged() {
    local code=$1 words=$2 status=0
    run "$JUDGE" check 00 --budget 120 --output "$WORK/evidence-$code" >"$WORK/said" || status=$?
    cat -- "$WORK/said"
    if [[ $status -ne $code ]] || ! grep -qF -- "$words" "$WORK/said"; then
        say "error: expected exit code $code and \`$words\`, and got $status"
        exit 1
    fi
}

main() {
    if [[ $# -gt 0 ]]; then fail "usage: ${BASH_SOURCE[0]}"; fi
    prepare
    check_tools patch tar
    # A build replaces the program; the judge stays the one that it is.
    JUDGE=$WORK/judge
    cp -- "$LEAKLAB" "$JUDGE"
    CARGO_TARGET_DIR=$(target_directory)
    export CARGO_TARGET_DIR
    export LEAKLAB_PROGRESS=$WORK/progress.toml
    mkdir -- "$WORK/copy"
    tar -cf - --exclude=./target --exclude=./.git --exclude=./hunts --exclude=./snapshots . | tar -xf - -C "$WORK/copy"
    cd -- "$WORK/copy"

    judged 1 'problems/p00_hello is as it was shipped'
    printf 'this is no Rust\n' >>problems/p00_hello/mod.rs
    judged 1 'the changed server does not compile'
    sed -i '$d' problems/p00_hello/mod.rs
    patch -p1 --quiet <spoilers/p00_hello/fix.patch
    judged 0 'fixed'
}

main "$@"
