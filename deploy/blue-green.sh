#!/usr/bin/env bash
# One release beside another: see usage below and deploy/README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
how=${BLUE_GREEN_HOW:-processes}
run=${BLUE_GREEN_RUN:-$here/run}
port=${BLUE_GREEN_PORT:-3000}
bind=${BLUE_GREEN_BIND:-127.0.0.1}
blue=${BLUE_GREEN_BLUE:-3001}
green=${BLUE_GREEN_GREEN:-3002}
metrics=${BLUE_GREEN_METRICS:-8405}
patience=${BLUE_GREEN_PATIENCE:-120}

usage() {
    cat <<'HELP'
Usage: deploy/blue-green.sh COMMAND

  deploy RELEASE  start RELEASE beside the one that serves, wait until it is ready, send it a ticket, hand it the
                  traffic; the old one keeps running for the way back. Whatever fails before leaves all as it was.
  back            hand the traffic back to the other release (started again if it no longer runs)
  status          what runs and who answers; exit status 1 where nobody does
  down            stop both releases and the proxy

RELEASE is the tag of a Bento (ticket-triage:3-0123456789ab), or of an image where BLUE_GREEN_HOW is `compose`.

Environment
  BLUE_GREEN_HOW       processes (of this machine, the default) or compose (of deploy/compose.yaml)
  BLUE_GREEN_KEY       API key that the smoke ticket is sent with, where the service asks for one
  BLUE_GREEN_PORT      where the proxy listens: 3000; the releases: BLUE_GREEN_BLUE 3001, BLUE_GREEN_GREEN 3002;
                       the proxy's metrics (of processes): BLUE_GREEN_METRICS 8405. All on 127.0.0.1.
  BLUE_GREEN_BIND      another address for the proxy, such as 0.0.0.0, which lets other machines in
  BLUE_GREEN_PATIENCE  seconds until a release must be ready: 120
  BLUE_GREEN_RUN       folder for what is written down: deploy/run
What the service itself is set up by (DATABASE_URL, TICKET_TRIAGE_STATE, ...) is passed on to it as it is.
HELP
}

say() { printf '%s\n' "blue-green: $*" >&2; }
fail() {
    say "$@"
    exit 1
}

port_of() { if [[ $1 == blue ]]; then echo "$blue"; else echo "$green"; fi; }
other() { if [[ $1 == blue ]]; then echo green; else echo blue; fi; }
noted() { if [[ -f $run/$1 ]]; then cat "$run/$1"; fi; }
active() { noted active.map | sed -n 's/^active //p'; }
note() { # whole or not at all
    printf '%s\n' "$2" >"$run/$1.new"
    mv "$run/$1.new" "$run/$1"
}
ask() { # PORT PATH [curl options]: the body; the key is in no list of processes
    local where=http://127.0.0.1:$1$2
    shift 2
    curl --silent --show-error --fail-with-body --max-time 10 "$@" "$where" --config - \
        <<<"${BLUE_GREEN_KEY:+header = \"X-API-Key: $BLUE_GREEN_KEY\"}"
}

# As ordinary processes: a leader's id and when it started, so that another process of that id is never taken for it.
started() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a stat <<<"${stat##*) }"
    [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}
processes_running() {
    local pid since
    read -r pid since <<<"$(noted "$1.pid")" && [[ -n $pid && $(started "$pid") == "$since" ]]
}
processes_spawn() { # NAME COMMAND...
    local name=$1
    shift
    setsid "$@" >"$run/$name.log" 2>&1 </dev/null 9>&- &
    note "$name.pid" "$! $(started $!)"
}
processes_launch() {
    processes_spawn "$1" ticket-triage serve --bento "$2" --host 127.0.0.1 --port "$(port_of "$1")"
}
processes_halt() {
    local pid
    processes_running "$1" || return 0
    read -r pid _ <<<"$(noted "$1.pid")"
    kill -TERM "$pid"
    for ((i = 0; i < 300; i++)); do # what it has begun it may end
        processes_running "$1" || return 0
        sleep 0.2
    done
    kill -KILL -- "-$pid"
}
processes_log() { tail -n 20 "$run/$1.log"; }
processes_proxy() {
    processes_running proxy && return
    export LISTEN=$bind:$port METRICS=127.0.0.1:$metrics SWITCH=$run
    export BLUE=127.0.0.1:$blue GREEN=127.0.0.1:$green
    PATH=$PATH:/usr/sbin processes_spawn proxy haproxy -W -db -f "$here/haproxy.cfg"
}
processes_reload() {
    local pid
    read -r pid _ <<<"$(noted proxy.pid)"
    kill -USR2 "$pid"
}

compose() {
    note images.env "$(printf '%s\n' "BLUE_IMAGE=$(noted blue.release)" "GREEN_IMAGE=$(noted green.release)")"
    BLUE_GREEN_RUN=$run BLUE_GREEN_BIND=$bind BLUE_GREEN_PORT=$port BLUE_GREEN_BLUE=$blue BLUE_GREEN_GREEN=$green \
        docker compose --env-file "$here/.env" --env-file "$run/images.env" -f "$here/compose.yaml" "$@"
}
compose_running() { [[ -n $(compose ps --quiet --status running "$1") ]]; }
compose_launch() { compose up --detach "$1"; }
compose_halt() { compose stop "$1"; }
compose_log() { compose logs --tail 20 "$1"; }
compose_proxy() { compose up --detach proxy; }
compose_reload() { compose kill --signal SIGUSR2 proxy; }

await() { # COLOUR
    local own end=$((SECONDS + patience)) up=
    own=$(port_of "$1")
    until ask "$own" /readyz >/dev/null 2>&1; do
        if [[ -z $up ]] && ask "$own" /livez >/dev/null 2>&1; then
            up=$((SECONDS + 5)) # it has its model: who is not ready now will not be
        fi
        if ! "${how}_running" "$1" || ((SECONDS > ${up:-$end})); then return 1; fi
        sleep 0.5
    done
}
smoke() { # a whole answer that no part of the model was missing from
    local answer
    answer=$(ask "$(port_of "$1")" /predict-ticket --header 'Content-Type: application/json' --data \
        '{"text": "I was charged twice for one order, please refund me", "channel": "smoke test"}') || {
        say "$1 answered its smoke ticket with: $answer"
        return 1
    }
    if ! grep -Eq '"decision": ?"(auto|review)"' <<<"$answer" || ! grep -Eq '"degraded": ?false' <<<"$answer"; then
        say "$1's answer to its smoke ticket is not whole: $answer"
        return 1
    fi
}
proves_itself() { await "$1" && smoke "$1"; }
begin() { # COLOUR RELEASE: run it and have it prove itself, or stop it again
    local before
    before=$(noted "$1.release")
    note "$1.release" "$2"
    say "starting $2 as $1"
    "${how}_launch" "$1" "$2"
    if proves_itself "$1"; then return; fi
    "${how}_log" "$1" >&2 || true
    "${how}_halt" "$1"
    note "$1.release" "$before" # the way back is what it was
    fail "$2 did not prove itself: it is stopped, and who served before still serves"
}
hand_over() { # COLOUR
    local before
    before=$(active)
    note active.map "active $1"
    if "${how}_running" proxy; then "${how}_reload"; else "${how}_proxy"; fi
    for ((i = 0; i < 50; i++)); do
        if answers "$1"; then
            printf '%s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$(noted "$1.release")" >>"$run/history"
            say "$1 answers: $(noted "$1.release")${before:+; $before keeps running for the way back}"
            return
        fi
        sleep 0.2
    done
    [[ -z $before ]] || { note active.map "active $before" && "${how}_reload"; }
    fail "the proxy does not hand requests to $1${before:+: $before serves as before}"
}
answers() {
    ask "$port" /readyz --dump-header - --output /dev/null 2>/dev/null | tr -d '\r' | grep -ix "x-release: $1" >/dev/null
}

case ${1:-} in
    deploy | back | status | down) ;;
    -h | --help | help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
esac
[[ $how == processes || $how == compose ]] || fail "BLUE_GREEN_HOW is processes or compose, not $how"
if [[ ${TICKET_TRIAGE_OPEN:-0} != 0 && $bind != 127.0.0.1 ]]; then
    fail "to a service that is open (TICKET_TRIAGE_OPEN) all that comes through a proxy is of this machine: make keys"
fi
mkdir -p "$run" && run=$(cd "$run" && pwd)
if [[ $1 != status ]]; then
    exec 9>"$run/lock"
    flock --nonblock 9 || fail "another call is at work"
fi

case $1 in
    deploy)
        [[ -n ${2:-} ]] || fail "say which release: deploy/blue-green.sh deploy ticket-triage:3-0123456789ab"
        now=$(active)
        next=$(other "${now:-green}")
        "${how}_halt" "$next" # the release before last
        begin "$next" "$2"
        hand_over "$next"
        ;;
    back)
        now=$(active)
        [[ -n $now ]] || fail "nothing was deployed yet"
        previous=$(other "$now")
        release=$(noted "$previous.release")
        [[ -n $release ]] || fail "there is no release to go back to"
        if "${how}_running" "$previous"; then
            proves_itself "$previous" || fail "$release is not ready: $now serves as before"
        else
            begin "$previous" "$release"
        fi
        hand_over "$previous"
        ;;
    status)
        now=$(active)
        for colour in blue green; do
            state=stopped
            if "${how}_running" "$colour"; then state=running; fi
            mark=
            if [[ $colour == "$now" ]]; then mark=', the traffic goes to it'; fi
            echo "$colour: $(noted "$colour.release") ($state$mark)"
        done
        if [[ -z $now ]] || ! answers "$now"; then fail "nobody answers on port $port"; fi
        ;;
    down)
        for name in proxy blue green; do "${how}_halt" "$name"; done
        ;;
esac
