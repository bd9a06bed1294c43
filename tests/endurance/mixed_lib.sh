# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A server with everything switched on, the mixed load against it, and an administrator who works on it
# meanwhile. Sourced behind ../interop/lib.sh. Variables: $secure (base URL by HTTPS), $metrics, $load
# (process of the load), $revoked (file: serials that are revoked at the end).
#     OPENNDES_LOAD        folder of the native load programs (build/native/tests)
mixed_load=${OPENNDES_LOAD:?run it by toolchain/endure}/endurance/mixed_load
[[ -x $mixed_load ]] || fail "$mixed_load is missing: run the test by toolchain/endure"
readonly BACKUP_PASSWORD='a password of backups'
# A server with sanitizers is enough: the commands are those of the fast build.
server_launch=("${launch[@]}")
on_windows || launch=("$OPENNDES_LOAD/../openndes")
secure='' metrics='' load='' mixed_passphrase=''
revoked=$work/revoked
passwords=$work/passwords

# root_signs CSR CERT: as an offline root would; a new serial and new times each time.
root_signs() {
    openssl x509 -req -in "$1" -CA "$work/root.pem" -CAkey "$work/root.key" -days 500 -set_serial "$RANDOM$RANDOM$RANDOM" -out "$2" \
        -extfile <(printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n') \
        2>"$work/root.log" || fail "the root does not sign: $(<"$work/root.log")"
}

mixed_policy() { printf '{ "policy": "mixed %s" }\n' "$1" >"$data/policies/mixed.new" && mv "$data/policies/mixed.new" "$data/policies/mixed.json"; }

# mixed_data: templates static (passphrase), waits (approval), roll (a CA that changes, a policy), device
# (NDES); HTTPS, OCSP, the password page by Basic.
mixed_data() {
    local template account_password
    account_password=$(openssl rand -hex 16)
    mixed_passphrase=$(openssl rand -hex 16)
    export OPENNDES_LOAD_ACCOUNT=mdm:$account_password OPENNDES_LOAD_CHALLENGE=$mixed_passphrase
    make_data --ndes
    ok account add mdm <<<"$account_password"
    ok config set listen=127.0.0.1:0 https.listen=127.0.0.1:0 management.listen=127.0.0.1:0 signin.basic=true \
        basic_http.enabled=true signin.negotiate=false signin.failures=0 ocsp.enabled=true limits.connections_per_address=0
    ok tls issue --name localhost --address 127.0.0.1
    openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/root.key" -out "$work/root.pem" -subj /CN=Root -days 900 \
        -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null || fail "no root"
    ok ca request sub --ca-key p256 --ca-subject CN=Sub --out "$(path "$work/sub.csr")"
    root_signs "$work/sub.csr" "$work/sub.pem"
    ok ca install sub --cert "$(path "$work/sub.pem")" --chain "$(path "$work/root.pem")"
    ok ca create other --ca-key rsa2048 --ca-subject CN=Other
    ok template set device ndes.PasswordMax=1000 rate.refused_per_minute=0
    for template in static waits roll; do
        ok template add "$template" challenge.passphrase=- rate.refused_per_minute=0 enabled=true <<<"$mixed_passphrase"
    done
    ok template set static renewal.window_percent=100
    ok template set waits approval=manual pending.max=1000
    mkdir -p "$data/policies"
    mixed_policy first
    ok template set roll ca=sub policy.files=mixed.json
    : >"$revoked"
    : >"$passwords"
    : >"$work/given"
}

mixed_start() {
    local port commands=("${launch[@]}")
    launch=("${server_launch[@]}")
    start_server_raw || fail "the server ended with $status instead of serving: $(<"$work/server.log")"
    launch=("${commands[@]}")
    port=$(sed -n 's,^\(NDES \)\?[A-Za-z ]*: https://[^/]*:\([0-9]*\)/.*,\2,p' "$work/server.log" | head -n 1)
    metrics=$(sed -n 's/^Metrics: //p' "$work/server.log")
    [[ -n $port && -n $metrics ]] || fail "no HTTPS or no metrics: $(<"$work/server.log")"
    secure=https://127.0.0.1:$port
}

# mixed_begin OPTION...: the load, in the background; its report will be in $work/load.out, surprises in load.err.
mixed_begin() {
    "$mixed_load" --base "$base" --secure "$secure" --metrics "$metrics" --passwords "$passwords" --given "$work/given" \
        --serials "$work/serials" "$@" >"$work/load.out" 2>"$work/load.err" &
    load=$!
}
mixed_running() { kill -0 "$load" 2>/dev/null; }
# mixed_end: its report; fails when something was not as it must be.
mixed_end() {
    local result=0
    wait "$load" || result=$?
    load=''
    cat "$work/load.out"
    [[ $result -eq 0 ]] || fail "the load ended with $result: $(head -n 30 "$work/load.err")"
}

# ---- the administrator ----------------------------------------------------------------------------
# Each act is a command or a few, and must succeed.

turn=0
declare -A acts_done=()

act_template() { ok template set static "validity.days=$((300 + turn % 2))" "subject.append=OU=Turn $((turn % 2))"; }
act_service() { ok config set "ocsp.validity_minutes=$((240 + turn % 2))" "crl.renew_hours=$((48 + turn % 2))"; }
act_policy() { mixed_policy "$turn"; }
act_tls() { ok tls issue --name localhost --address 127.0.0.1; }
act_ra() { ok ca renew-ra default; }
act_look() {
    ok request list --last 20
    ok password list
    ok cert list --limit 20
}
act_check() { on_data check && [[ $status -eq 0 ]] || fail "check: $(<"$out") $(<"$err")"; }
act_backup() {
    on_data backup "$(path "$work/backup.$turn")" <<<"$BACKUP_PASSWORD"
    [[ $status -eq 0 ]] || fail "backup: $(<"$err")"
    rm "$work/backup.$turn"
}

# A CA follows another and back, a step at a time; devices ask GetCACert every 20 seconds.
roll_steps=("start sub other" "finish sub" "end other" "start other sub" "finish other" "end sub")
roll_step=0 roll_last=0
act_roll() {
    local step
    [[ $((SECONDS - roll_last)) -ge 30 ]] || return 0
    # The certificate of CA sub is renewed while it is the only one.
    if [[ $roll_step -eq 0 && $roll_last -ne 0 ]]; then
        root_signs "$work/sub.csr" "$work/sub.pem"
        ok ca install sub --cert "$(path "$work/sub.pem")" --chain "$(path "$work/root.pem")"
    fi
    read -ra step <<<"${roll_steps[roll_step]}"
    ok ca rollover "${step[@]}"
    roll_step=$(((roll_step + 1) % ${#roll_steps[@]}))
    roll_last=$SECONDS
}

given_seen=0
act_revoke() {
    local serial reason=keyCompromise
    serial=$(sed -n "$((given_seen + 1))p" "$work/given")
    [[ -n $serial ]] || return 0
    given_seen=$((given_seen + 1))
    if [[ $((given_seen % 2)) -eq 0 ]]; then
        ok cert revoke "$serial" --reason certificateHold
        [[ $((given_seen % 4)) -ne 0 ]] || {
            ok cert release "$serial"
            return
        }
    else
        ok cert revoke "$serial" --reason "$reason"
    fi
    printf '%s\n' "$serial" >>"$revoked"
}

act_decide() {
    local verb number
    ok request list --pending --json
    json '"\n".join(("approve" if "-yes-" in r["subject"] else "deny") + " %s" % r["number"] for r in j[:4])' >"$work/decisions"
    while read -r verb number; do
        [[ -z $verb ]] || ok request "$verb" "$number"
    done <"$work/decisions"
}

act_password() {
    ok password new --service --json
    json 'j["password"]' >>"$passwords"
    ok password new --service --json
    ok password purge "$(json 'j["id"]')"
}

readonly ACTS=(act_decide act_template act_revoke act_password act_decide act_tls act_look act_ra act_decide act_policy
    act_revoke act_service act_roll act_decide act_revoke act_backup act_password act_check)

# administrate PAUSE: one act after another until the load ends.
administrate() {
    local act
    while mixed_running; do
        act=${ACTS[turn % ${#ACTS[@]}]}
        turn=$((turn + 1))
        "$act"
        acts_done[$act]=$((${acts_done[$act]:-0} + 1))
        sleep "$1"
    done
}
acts_report() {
    local act
    printf 'The administrator:'
    for act in "${!acts_done[@]}"; do printf ' %s %d' "${act#act_}" "${acts_done[$act]}"; done
    printf '\n'
}

# mixed_ledger: what devices got against what the server knows, and what is revoked.
mixed_ledger() {
    ok cert list --limit 1000000 --json
    python3 - "$out" "$work/serials" "$revoked" <<'END' || fail "the ledger does not agree with cert list"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    listed = {c["serial"]: c for c in json.load(f) if c["template"] in ("static", "waits", "roll", "device")}
got = set(open(sys.argv[2]).read().split())
revoked = set(open(sys.argv[3]).read().split())
bad = {"issued and not listed": got - set(listed), "listed and never received": set(listed) - got,
       "revoked and listed as valid": {s for s in revoked if listed[s]["state"] not in ("revoked", "held")},
       "listed as revoked and not revoked": {s for s, c in listed.items() if c["state"] in ("revoked", "held")} - revoked}
for what, serials in bad.items():
    if serials:
        print("%s: %d, such as %s" % (what, len(serials), sorted(serials)[:3]), file=sys.stderr)
if any(bad.values()):
    sys.exit(1)
print("ledger: %d certificates, all of them listed and no other; %d revoked" % (len(got), len(revoked)))
END
    curl --fail --silent --max-time 30 --output "$work/crl.der" "$base/crl/default.crl" || fail "no CRL"
    openssl crl -inform DER -in "$work/crl.der" -noout -text | sed -n 's/^ *Serial Number: //p' | tr 'A-F' 'a-f' | sort >"$work/crl.serials"
    comm -23 <(sort "$revoked") "$work/crl.serials" >"$work/crl.missing"
    [[ ! -s $work/crl.missing ]] || fail "not in the CRL: $(<"$work/crl.missing")"
}
