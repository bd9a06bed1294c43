#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The life of an installation under Wine, with the real service and a real client: what is refused,
# install, enrol, upgrade, enrol, downgrade, repair, reload, uninstall, and install again beside a
# program that has taken the port.
#
# Exit codes of msiexec arrive as their low 8 bits: 1603 (failed) is 67. Wine 8 does not look at
# service hardening, delayed start and accounts; tables.py reads those, docs/windows-lab.md tries them.
source "$(dirname "${BASH_SOURCE[0]}")/../interop/lib.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../service/service_lib.sh"
need pki strongswan-pki
need msiinfo msitools

readonly DRIVE=$OPENNDES_WINEPREFIX/drive_c WINE=$OPENNDES_LAUNCHER FAILED=67 PASSPHRASE=the-passphrase-of-the-installer
readonly FOLDER="$DRIVE/Program Files/OpenNDES" MODULE="$DRIVE/Program Files/WindowsPowerShell/Modules/OpenNDES"
readonly KEY='HKLM\SOFTWARE\OpenNDES\OpenNDES' SERVICE='HKLM\SYSTEM\CurrentControlSet\Services\OpenNDES'
readonly SOURCE='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\OpenNDES'
new=$(echo "$OPENNDES_PACKAGES"/new/*.msi)
old=$(echo "$OPENNDES_PACKAGES"/old/*.msi)
[[ -f $new && -f $old ]] || fail "no packages in $OPENNDES_PACKAGES: run the test installer_package"
data="$work/the data" # with a space, and not where it would be without being told

windows_path() { printf 'Z:%s' "${1//\//\\}"; }
code_of() { msiinfo export "$1" Property | tr -d '\r' | sed -n 's/^ProductCode\t//p'; }
version_of() { [[ $1 =~ -([0-9.]+)-x64 ]] && printf '%s' "${BASH_REMATCH[1]}"; }

# msi WANTED-STATUS ARGUMENT...
msi() {
    local wanted=$1
    shift
    status=0
    timeout -k 5 "$PATIENCE" "$WINE" msiexec "$@" /qn /l*v "$(windows_path "$work/msi.log")" >"$out" 2>&1 || status=$?
    [[ $status -eq $wanted ]] || {
        grep -a 'Return value [03]' "$work/msi.log" >&2 || true
        fail "msiexec $* ended with $status instead of $wanted: $(<"$out")"
    }
}
install() { msi 0 /i "$(windows_path "$1")" "DATADIR=$(windows_path "$data")" HTTPPORT="$port" HTTPSPORT=0; }

# registry KEY VALUE: what stands there; nothing when there is no such key or value.
registry() { "$WINE" reg query "$1" /v "$2" 2>/dev/null | tr -d '\r' | sed -n "s/^ *$2 *REG_[A-Z_]* *//p"; }
absent() { ! "$WINE" reg query "$1" >/dev/null 2>&1 || fail "$1 is still there"; }
running() { "$WINE" sc query OpenNDES 2>/dev/null | grep -qa 'STATE.*RUNNING'; }
serving() { answers 200 "$url?operation=GetCACert"; }
up() { eventually 20 running && eventually 20 serving || fail "the service does not run: $(tail -n 5 "$data/logs/openndes.log")"; }
# Windows has one service of ours, and its command line is quoted.
one_service() {
    local command count
    count=$("$WINE" reg query 'HKLM\SYSTEM\CurrentControlSet\Services' /s 2>/dev/null |
        grep -ca 'ImagePath.*openndes\.exe')
    [[ $count -eq 1 ]] || fail "$count services instead of one"
    command=$(registry "$SERVICE" ImagePath)
    [[ $command == '"C:\Program Files\OpenNDES\openndes.exe" run --service --data "'"$(windows_path "$data")"'"' ]] ||
        fail "command line of the service: $command"
}
installed() { # VERSION PROGRAM: registry, files and the list of installed programs say the same
    [[ $(registry "$KEY" Version) == "$1" ]] || fail "version $(registry "$KEY" Version) instead of $1"
    [[ $(registry "$KEY" DataDir) == "$(windows_path "$data")" ]] || fail "DataDir is $(registry "$KEY" DataDir)"
    cmp "$FOLDER/openndes.exe" "$2" || fail "the program of version $1 was not installed"
    [[ -f $FOLDER/docs/install.md && -f $MODULE/OpenNDES.psd1 && -f $FOLDER/PolicyDefinitions/OpenNDES.admx ]] ||
        fail "documents, module or policy templates are missing"
}

# What an earlier run of this test left when it was killed, or this one leaves when it fails. Packages of
# another version than today's are not known here: their files and keys go all the same.
remove_product() {
    local package
    if grep -qa OpenNDES "$OPENNDES_WINEPREFIX/system.reg"; then
        for package in "$new" "$old"; do
            "$WINE" msiexec /x "$(windows_path "$package")" /qn >/dev/null 2>&1 || true
        done
        "$WINE" sc stop OpenNDES >/dev/null 2>&1 || true
        "$WINE" sc delete OpenNDES >/dev/null 2>&1 || true
        "$WINE" reg delete 'HKLM\SOFTWARE\OpenNDES' /f >/dev/null 2>&1 || true
    fi
    rm -rf "$FOLDER" "$MODULE"
}
own_prefix
remove_product
at_exit remove_product

port=$(free_port)
base=http://127.0.0.1:$port
url=$base/scep/device
launch=("$WINE" "$FOLDER/openndes.exe")

step "what is refused before anything is changed"
msi $FAILED /i "$(windows_path "$new")" 'DATADIR=C:\data\'
msi $FAILED /i "$(windows_path "$new")" 'SERVICEACCOUNT=EXAMPLE\somebody'
[[ ! -e $FOLDER ]] || fail "something was installed"

step "install"
install "$old"
up
installed "$(version_of "$old")" "$OPENNDES_PROGRAM"
one_service
[[ $(registry "$SOURCE" EventMessageFile) == 'C:\Program Files\OpenNDES\openndes.exe' ]] || fail "no event source"
[[ $(registry 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment' PATH) == *'C:\Program Files\OpenNDES\'* ]] ||
    fail "the program is not in PATH"
run_program service status
[[ $status -eq 0 ]] || fail "service status ended with $status: $(<"$err")"
said "$out" OpenNDES
set_passphrase device "$PASSPHRASE"
fetch_ca "$work/ca"
# The running service takes a new passphrase within seconds.
eventually 10 enrol before "$PASSPHRASE" || fail "no certificate: $(tail -n 3 "$work/before.log")"
check_certificate "$work/before.pem" "$work/before.key" "CN = before"

step "upgrade: data, keys and service stay"
mkdir "$work/extracted"
msiextract -C "$work/extracted" "$new" >/dev/null
msi 0 /i "$(windows_path "$new")"
up
installed "$(version_of "$new")" "$work/extracted/OpenNDES/openndes.exe"
one_service
mkdir "$work/again"
ca_folder=$work/again fetch_ca "$work/again"
cmp "$work/ca/all.txt" "$work/again/all.txt" || fail "the CA is another one after the upgrade"
enrolled after "$PASSPHRASE"
ok cert list
said "$out" "$(serial_of "$work/before.pem")"
said "$out" "$(serial_of "$work/after.pem")"
absent "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\$(code_of "$old")"

step "a downgrade is refused"
msi $FAILED /i "$(windows_path "$old")"
installed "$(version_of "$new")" "$work/extracted/OpenNDES/openndes.exe"
up

step "repair"
rm "$FOLDER/docs/install.md"
# What "msiexec /fa" stands for; Wine 8 does not know a package by its path there. Every user may do it, with
# every property that an administrator may set: none of them counts.
msi 0 /i "$(windows_path "$new")" REINSTALL=ALL REINSTALLMODE=amus 'DATADIR=C:\other' 'INSTALLDIR=C:\program' \
    'HTTPPORT=80 --data C:\other' 'HTTPSPORT=0 --account LocalSystem' 'SERVICEACCOUNT=NT AUTHORITY\SYSTEM' STARTSERVICE=0
[[ $(registry "$SERVICE" ObjectName) == 'NT SERVICE\OpenNDES' ]] || fail "account $(registry "$SERVICE" ObjectName)"
installed "$(version_of "$new")" "$work/extracted/OpenNDES/openndes.exe"
cmp "$FOLDER/docs/install.md" "$work/extracted/OpenNDES/docs/install.md" || fail "the repair did not bring the file back"
up
one_service

step "reload by the service's control"
run_program service reload
[[ $status -eq 0 ]] || fail "service reload ended with $status: $(<"$err")"
serving || fail "nothing is served after the reload"

step "uninstall, whatever stands in the registry: the data stay, nothing else"
"$WINE" reg add "$KEY" /v DataDir /d 'Z:\' /f >/dev/null
msi 0 /x "$(windows_path "$new")"
absent "$SERVICE"
absent "$SOURCE"
absent 'HKLM\SOFTWARE\OpenNDES'
[[ ! -e $FOLDER && ! -e $MODULE ]] || fail "files are left: $(ls "$FOLDER" "$MODULE" 2>/dev/null)"
[[ -s $data/openndes.json && -s $data/ca/default/ca.key && -s $data/openndes.db ]] || fail "data are gone"

step "install again, beside a program that has the port: it succeeds, and the service comes later"
exec {taken}< <(exec python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("0.0.0.0", int(sys.argv[1]))); s.listen(); print("bound", flush=True); time.sleep(600)' "$port")
holder=$!
at_exit "kill $holder 2>/dev/null"
IFS= read -r -t 10 -u "$taken" _ || fail "the port could not be taken"
install "$new"
run_program service status
[[ $status -eq 6 ]] || fail "service status ended with $status beside a program that has the port: $(<"$out")"
kill "$holder"
exec {taken}<&-
run_program service start
[[ $status -eq 0 ]] || fail "service start ended with $status: $(<"$err")"
up
fetch_ca "$work/again"
cmp "$work/ca/all.txt" "$work/again/all.txt" || fail "the CA is another one after a new installation over the data"
msi 0 /x "$(windows_path "$new")"
