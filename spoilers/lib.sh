# shellcheck shell=bash
# What the scripts beside it share: checks of the machine, the build, one server on free ports, and the end of
# what was started whatever happens. Sourced, never run.
#
# Progress goes to stderr, data to stdout.
# LEAKLAB_BIN=PATH uses a binary that is built already instead of building one.

say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE [HINT]
fail() {
    say "error: $1"
    if [[ $# -gt 1 ]]; then say "hint: $2"; fi
    exit 2
}

# --- the machine ---------------------------------------------------------------------------

check_platform() {
    local platform
    platform="$(uname -s) $(uname -m)"
    case $platform in
        'Linux x86_64' | 'Linux aarch64') ;;
        *) fail "leaklab runs on Linux on x86_64 or aarch64, and this is $platform" \
            'use WSL 2 on Windows, a Linux container or virtual machine anywhere else' ;;
    esac
}

# The distribution's family, from os-release: debian, fedora, arch, alpine, suse or nothing.
distribution() {
    local family=''
    if [[ -r /etc/os-release ]]; then
        family=$(. /etc/os-release && printf '%s %s' "${ID:-}" "${ID_LIKE:-}")
    fi
    case " $family " in
        *debian* | *ubuntu*) echo debian ;;
        *fedora* | *rhel*) echo fedora ;;
        *' arch '*) echo arch ;;
        *' alpine '*) echo alpine ;;
        *suse*) echo suse ;;
    esac
}

# install_hint TOOL...: the command that brings them.
install_hint() {
    local tool packages='' family compiler manager
    family=$(distribution)
    case $family in
        debian) manager='apt-get install' compiler=build-essential ;;
        fedora) manager='dnf install' compiler=gcc ;;
        arch) manager='pacman -S' compiler=gcc ;;
        alpine) manager='apk add' compiler=build-base ;;
        suse) manager='zypper install' compiler=gcc ;;
        *) manager='' compiler='a C compiler (gcc or clang)' ;;
    esac
    for tool in "$@"; do
        case $tool in
            cc) packages+=" $compiler" ;;
            cargo) packages+=' rustup' ;;
            *) packages+=" $tool" ;;
        esac
    done
    if [[ -n $manager ]]; then
        printf 'install what is missing: %s%s' "$manager" "$packages"
    else
        printf 'install with your package manager:%s' "$packages"
    fi
    if [[ " $* " == *' cargo '* ]]; then printf ', then: rustup default stable'; fi
}

# check_tools TOOL...
check_tools() {
    local tool missing=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    if [[ ${#missing[@]} -gt 0 ]]; then
        fail "not found: ${missing[*]}" "$(install_hint "${missing[@]}")"
    fi
}

# --- what is started is stopped ------------------------------------------------------------

SERVER=''
WORK=''

# run COMMAND...: like running it, but a signal ends the wait and not only the command.
# (Bash holds a trap back until the command in the foreground is done.)
run() {
    "$@" &
    wait "$!"
}

# end PID: asks it to stop, gives it ten seconds, then insists.
end() {
    kill -TERM "$1" 2>/dev/null || return 0
    for _ in {1..100}; do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || return 0
    wait "$1" 2>/dev/null || return 0
}

stop() {
    local status=$? started number
    set +e
    trap - EXIT
    # A child that is ended between fork and exec still has its parent's traps.
    if [[ $BASHPID != "$$" ]]; then exit "$status"; fi
    trap '' HUP INT TERM # a second Ctrl-C must not cut the cleaning up short
    # Bash's own account of what it started: a variable would be set a moment too late. The latest first.
    mapfile -t started < <(jobs -p)
    for ((number = ${#started[@]} - 1; number >= 0; number--)); do end "${started[number]}"; done
    if [[ -n $WORK ]]; then rm -rf -- "$WORK"; fi
    exit "$status"
}

trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# fresh_folder NAME: makes a folder of that name and some letters, for this run's snapshots, and
# prints its path. In ./snapshots, or LEAKLAB_SNAPSHOTS.
fresh_folder() {
    local parent=${LEAKLAB_SNAPSHOTS:-snapshots}
    { mkdir -p -- "$parent" && mktemp -d "$(realpath -- "$parent")/$1-XXXXXX"; } 2>"$WORK/mkdir" ||
        fail "no folder for snapshots can be made: $(cat -- "$WORK/mkdir")" \
            'LEAKLAB_SNAPSHOTS=FOLDER names another place for them'
}

# --- build and start -----------------------------------------------------------------------

# prepare: checks the machine, goes to the repository's root and sets LEAKLAB, the binary.
prepare() {
    check_platform
    if [[ -n ${LEAKLAB_BIN:-} ]]; then
        LEAKLAB=$(realpath -- "$LEAKLAB_BIN") || fail "LEAKLAB_BIN=$LEAKLAB_BIN is not there"
        [[ -f $LEAKLAB && -x $LEAKLAB ]] || fail "LEAKLAB_BIN=$LEAKLAB_BIN is no program"
    fi
    cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." >/dev/null || exit
    if [[ -n ${LEAKLAB_BIN:-} ]]; then
        check_tools curl
        say "no build: using $LEAKLAB (LEAKLAB_BIN)"
    else
        check_tools cc make curl cargo
        build -p leaklab
        LEAKLAB=$(target_directory)/release/leaklab
    fi
    WORK=$(mktemp -d)
    # The server of this script is its own: what you set for yours does not reach it.
    unset LEAKLAB_ADMIN_TOKEN LEAKLAB_DATABASE LEAKLAB_MEMORY_BAR LEAKLAB_SNAPSHOT_COUNT LEAKLAB_SNAPSHOT_BYTES
}

# build CARGO_ARGUMENT...
build() {
    if [[ -n ${RUSTFLAGS+set}${CARGO_ENCODED_RUSTFLAGS+set} ]]; then
        say 'RUSTFLAGS is set: left out here, as it would replace the flags of .cargo/config.toml'
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    fi
    say 'building (the first time takes some minutes)'
    run cargo build --release "$@" >&2 || fail 'the build failed: see above'
}

target_directory() {
    cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# start_server SNAPSHOTS [COMMAND...]: starts it, or what serves as it does, on free ports and sets
# PUBLIC and ADMIN, the addresses of its doors, which it writes to stdout once both are open.
start_server() {
    local door url snapshots=$1
    shift
    if [[ $# -eq 0 ]]; then set -- "$LEAKLAB" serve; fi
    PUBLIC='' ADMIN=''
    : >"$WORK/doors" # the server's shell opens it a moment later
    "$@" --addr 127.0.0.1:0 --admin-addr 127.0.0.1:0 --snapshots "$snapshots" \
        >"$WORK/doors" 2>"$WORK/log" &
    SERVER=$!
    for _ in {1..300}; do
        while read -r door url; do
            case $door in
                public) PUBLIC=$url ;;
                admin) ADMIN=$url ;;
            esac
        done <"$WORK/doors"
        if [[ -n $PUBLIC && -n $ADMIN ]]; then
            say "server $SERVER: public door $PUBLIC, admin door $ADMIN"
            return
        fi
        check_server
        sleep 0.1
    done
    show_log
    fail 'the server did not open its doors within 30 seconds'
}

check_server() {
    if ! kill -0 "$SERVER" 2>/dev/null; then
        SERVER=''
        show_log
        fail 'the server has ended: see its log above' 'dmesg tells whether the system ran out of memory'
    fi
}

show_log() { tail -n 20 -- "$WORK/log" >&2; }

# --- talk to it ----------------------------------------------------------------------------

# -q and --noproxy: neither ~/.curlrc nor a proxy has a part in a call to this very machine.
http() { curl -q --noproxy '*' --silent --show-error --max-time 60 "$@"; }

# admin GRAPHQL: runs an operation on the admin door and prints the answer.
admin() {
    local answer
    answer=$(http "$ADMIN/graphql" --header 'content-type: application/json' \
        --data "{\"query\": \"${1//\"/\\\"}\"}") || fail 'the admin door does not answer'
    if [[ $answer == *'"errors"'* ]]; then fail "the admin door refuses: $answer"; fi
    printf '%s\n' "$answer"
}

# field NAME: the first field of that name in the JSON on stdin. The answers read here are
# small and have no nested quotes, so that jq need not be there.
field() { sed -n "s/.*\"$1\" *: *\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# live_heap: bytes of live heap now.
live_heap() { admin 'query { memoryInfo { live } }' | field live; }

# refuse_problem PROBLEM: says what the server says to an id that names none, or several.
refuse_problem() {
    local reason problems
    reason=$(sed -nE 's/.*"error" *: *"(([^"\\]|\\.)*)".*/\1/p' "$WORK/answer")
    problems=$(sed -nE 's/.*"problems" *: *\[([^]]*)\].*/\1/p' "$WORK/answer" | sed 's/"//g; s/, */, /g')
    if [[ -z $reason ]]; then fail "problem \`$1\`: $(cat "$WORK/answer")"; fi
    if [[ -n $problems ]]; then fail "$reason" "the problems are $problems"; fi
    fail "$reason" 'type more of the id or of the name'
}

# probe PROBLEM: one call of it, which must go well.
probe() {
    local status
    [[ $1 =~ ^[A-Za-z0-9._-]+$ ]] || fail "\`$1\` is no problem id" 'try hello, or 02'
    status=$(http --output "$WORK/answer" --write-out '%{http_code}' "$PUBLIC/problem/$1") ||
        { check_server; fail 'the public door does not answer'; }
    if grep -q MEMORY_LIMIT "$WORK/answer"; then
        say "$(cat "$WORK/answer")"
        fail 'MEMORY_LIMIT: the server holds as much as it may, and problems no longer grow' \
            'allow more with LEAKLAB_MEMORY_LIMIT=4GiB, or put fewer requests on it'
    fi
    case $status in
        400 | 404) refuse_problem "$1" ;;
        # A subscription, which is followed and not asked: its load does that.
        426) return ;;
    esac
    if [[ $status != 200 ]]; then fail "problem \`$1\`: $(cat "$WORK/answer")"; fi
    if grep -q '"errors"' "$WORK/answer"; then fail "problem \`$1\` answers with errors: $(cat "$WORK/answer")"; fi
}

# load PROBLEM REQUESTS: that many requests and no more, however long it takes.
load() {
    say "load: $2 requests"
    run "$LEAKLAB" load "$1" --target "$PUBLIC" --amount "$2" --connections 10 --pipelining 1 >&2 ||
        { check_server; fail 'the load did not go well: see above'; }
    probe "$1"
}
