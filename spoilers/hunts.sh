#!/usr/bin/env bash
# Hunts in the bookshop as it is: does each hunt find the leak that its problem's answer names, and who holds it?
# Of innocents: does it say what it may?
#
# Usage: spoilers/hunts.sh [RUNS] [PROBLEM...] [-- HUNT FLAG...]      once each problem unless told
#
# Each hunt has a lab of its own. The table on stdout says what was found, beside what the answer says: its
# figures are rough, and so they are shown and not compared. All else is on stderr. Reports and snapshots stay
# in ./snapshots or LEAKLAB_SNAPSHOTS. LEAKLAB_BIN=PATH uses a binary that is built already.
#
# Exit codes: 0 each hunt found its leak and the holder, 1 not each did, 2 an error.
set -euo pipefail

# shellcheck source=spoilers/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

ROW='%-6s %-18s %-12s %-22s %-37s %-18s %7s  %-6s %s\n'

# read_answer ID: sets ANSWER, its field, ANSWER_HOLDER, ANSWER_RATE, and ANSWER_VERDICTS, what may be said where
# nothing leaks.
read_answer() {
    local text
    text=$(<"spoilers/p${1:0:2}_${1:2}/answer.toml") || fail "problem $1 has no answer"
    ANSWER='' ANSWER_HOLDER='' ANSWER_RATE='' ANSWER_VERDICTS=''
    if [[ $text =~ field\ =\ \"([^\"]+)\" ]]; then ANSWER=${BASH_REMATCH[1]}; fi
    if [[ $text =~ holder\ =\ \"([^\"]+)\" ]]; then ANSWER_HOLDER=${BASH_REMATCH[1]}; fi
    if [[ $text =~ verdicts\ =\ \[([^]]+)\] ]]; then ANSWER_VERDICTS=${BASH_REMATCH[1]}; fi
    if [[ $text =~ bytes_per_([a-z]+)\ =\ ([0-9_]+) ]]; then
        ANSWER_RATE="${BASH_REMATCH[2]//_/} per ${BASH_REMATCH[1]}"
    fi
}

# first_field REPORT: sets FIELD, that which leaks most, and RATE with its interval, in whole bytes; both
# empty where none leaks.
first_field() {
    local fields bytes low high unit
    # The report is indented: the list ends where its own bracket stands.
    fields=$(sed -n '/^  "fields": \[$/,/^  \]/p' "$1")
    FIELD='' RATE=''
    if [[ -z $fields ]]; then return; fi
    FIELD=$(first field <<<"$fields")
    bytes=$(first bytes <<<"$fields")
    low=$(first low <<<"$fields")
    high=$(first high <<<"$fields")
    unit=$(first unit <<<"$fields")
    RATE="${bytes%.*} (${low%.*} to ${high%.*}) / $unit"
}

# first_holder REPORT: sets HOLDER, what the first path of the first holders in it ends at, as answers write it;
# empty where nobody was asked, or nothing was found.
first_holder() {
    local path name
    HOLDER=''
    # A path's root is indented by twelve spaces.
    path=$(sed -n '/^            "root": {$/,/^            }/{p;/^            }/q}' "$1")
    if [[ -z $path ]]; then return; fi
    HOLDER=$(first kind <<<"$path")
    # A name may have commas in it. What its types are made of tells nothing here; `<Type>::function` is Type::function.
    name=$(sed -n 's/^ *"name": "\(.*\)",$/\1/p' <<<"$path")
    while [[ $name =~ ^(.+)\<[^\<\>]+\>(.*)$ || $name =~ ^\<([^\<\>]+)\>(.*)$ ]]; do
        name=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
    done
    if [[ -n $name ]]; then HOLDER+=" $name"; fi
}

# look_at PROBLEM FOLDER FLAG...: one hunt, and its row of the table.
look_at() {
    local problem=$1 folder=$2 begun=$SECONDS id right=wrong held=wrong
    shift 2
    hunt "$folder" "$problem" "$@"
    id=$(first subject <"$folder/report.json")
    read_answer "$id"
    first_field "$folder/report.json"
    first_holder "$folder/report.json"
    if [[ $STATUS -eq 1 && $VERDICT == leak && -n $FIELD && $FIELD == "$ANSWER" ]]; then
        right=right
    fi
    # An answer may name a module, of which any task will do.
    if [[ -n $ANSWER_HOLDER && ($HOLDER == "$ANSWER_HOLDER" || $HOLDER == "$ANSWER_HOLDER::"*) ]]; then held=right; fi
    # Of an innocent there is nobody to ask for.
    if [[ $STATUS -eq 0 && $ANSWER_VERDICTS == *"\"$VERDICT\""* ]]; then right=right held=right; fi
    if [[ $right == wrong || $held == wrong ]]; then WRONG=$((WRONG + 1)); fi
    say "$id: $right: $VERDICT, exit code $STATUS, first ${FIELD:-no field}; $held: held by ${HOLDER:-nobody known}"
    # shellcheck disable=SC2059 # the format is for all rows
    TABLE+=$(printf "$ROW" "$right" "$id" "$VERDICT" "${FIELD:--}" "${RATE:--}" "$ANSWER_RATE" $((SECONDS - begun)) \
        "$held" "${HOLDER:--}")$'\n'
}

main() {
    local problem number
    hunt_arguments "$@"
    prepare
    REPORTS=$(fresh_folder hunts)
    if [[ ${#PROBLEMS[@]} -eq 0 ]]; then mapfile -t PROBLEMS < <(problems_with answer.toml); fi
    WRONG=0
    TABLE=''
    for problem in "${PROBLEMS[@]}"; do
        for ((number = 1; number <= RUNS; number++)); do
            look_at "$problem" "$REPORTS/$problem-$number" "${FLAGS[@]}"
        done
    done

    # shellcheck disable=SC2059
    printf "$ROW%s" found problem verdict 'first field' 'bytes (95 %)' 'the answer, about' seconds \
        held 'by what comes first' "$TABLE"
    say "reports: $REPORTS"
    if [[ $WRONG -gt 0 ]]; then
        say "$WRONG of the hunts did not find the leak and its holder"
        exit 1
    fi
}

main "$@"
