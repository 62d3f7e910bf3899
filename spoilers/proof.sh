#!/usr/bin/env bash
# The proof: every problem as it is, healed, or innocent, put to the test: what is found, and who is accused wrongly?
#
# Usage: spoilers/proof.sh [PROBLEM...] [--runs N] [--jobs N] [--log FILE] [--budget SECONDS] [--evidence DIR]
#
# Once each problem, and one run at a time, unless told. The table, in Markdown, is on stdout; all else is on stderr. With
# --log a proof that was broken off goes on where it was. docs/accuracy.md has the table of the longer one.
#
# Exit codes: 0 all as it should be (one holder in eight may be missing), 1 not all, 2 an error.
set -euo pipefail

# shellcheck source=spoilers/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

main() {
    prepare
    build -p leaklab -p spoilers --bin leaklab --example healed --example proof
    run "$(target_directory)/release/examples/proof" "$@"
}

main "$@"
