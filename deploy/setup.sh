#!/usr/bin/env bash
# All set-up of `make demo` and, with the argument `test`, of `make test`: says what it installs, installs only what is missing, and
# is quick the second time.
#
# Goes into the checkout: .venv (Python), contracts/node_modules (chain and compiler), .cache. Goes into the system, through apt and
# only when missing: python3-venv, prometheus, prometheus-alertmanager, nodejs, npm; for `test` also openssl and Ceph's mon, mgr and
# osd. Nothing else is written, no service is left running.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }

PYTHON=${PYTHON:-python3}
export npm_config_cache="$PWD/.cache/npm" npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

missing_packages() {
    have_python || echo python3
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    command -v prometheus >/dev/null && command -v promtool >/dev/null || echo prometheus
    command -v prometheus-alertmanager >/dev/null && command -v amtool >/dev/null || echo prometheus-alertmanager
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

# What only tests start. Without them (no apt-get, no root) the tests that need them are skipped and say so.
missing_test_packages() {
    command -v openssl >/dev/null || echo openssl
    for program in ceph-mon ceph-mgr ceph-osd; do
        command -v "$program" >/dev/null || echo "$program"
    done
    command -v ceph >/dev/null && command -v rados >/dev/null || echo ceph-common
    [ -d /usr/share/ceph/mgr/prometheus ] || echo ceph-mgr-modules-core
    [ -d /usr/share/ceph/mgr/dashboard ] || echo ceph-mgr-dashboard
}

can_install() { command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }; }

have_python() { "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Debian starts a service as soon as it is installed. Ours are started by the tests themselves, so a policy forbids it for the
# time of the installation, and the units are switched off again.
install_packages() {
    local root=() policy=/usr/sbin/policy-rc.d made=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "root or sudo is needed once, for: apt-get install $*"
        root=(sudo)
    fi
    say "apt-get install $* (needs root)"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
        # shellcheck disable=SC2064  # what is removed is known now
        trap "${root[*]} rm -f $policy" EXIT
        "${root[@]}" chmod 755 "$policy"
        made=yes
    fi
    local status=0 log=.cache/apt.log
    mkdir -p .cache
    {
        "${root[@]}" apt-get update -qq &&
            "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
    } >"$log" 2>&1 || status=$?
    [ -z "$made" ] || { "${root[@]}" rm -f "$policy"; trap - EXIT; }
    [ "$status" -eq 0 ] || tail -n 5 "$log" >&2
    [ "$status" -eq 0 ] || fail "apt-get could not install: $*; install them by hand and run this again"
    for unit in prometheus prometheus-alertmanager ceph-mon ceph-mgr ceph-osd; do
        if [[ " $* " == *" $unit "* ]] && command -v systemctl >/dev/null; then
            "${root[@]}" systemctl disable --quiet "$unit.service" "$unit.target" 2>/dev/null || true
        fi
    done
}

fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

mapfile -t packages < <(missing_packages)
if [ "${#packages[@]}" -gt 0 ]; then
    command -v apt-get >/dev/null || fail "no apt-get here; install these by hand and run this again:
  Python 3.11 or newer with venv and pip
  Prometheus 2.42 or newer: prometheus, promtool
  Alertmanager 0.25 or newer: prometheus-alertmanager, amtool
  Node.js 18 or newer with npm
missing now: ${packages[*]}"
    install_packages "${packages[@]}"
    have_python || fail "$PYTHON is older than 3.11; set PYTHON to a newer one"
fi

if [ "${1:-}" = test ]; then
    mapfile -t packages < <(missing_test_packages)
    if [ "${#packages[@]}" -gt 0 ] && can_install; then
        install_packages "${packages[@]}"
    elif [ "${#packages[@]}" -gt 0 ]; then
        say "not here and not installable by this user: ${packages[*]}; tests that need them are skipped"
    fi
fi

stamp=$(fingerprint requirements.lock pyproject.toml)
if ! fresh .venv/.stamp "$stamp-$PWD"; then
    say "Python packages of requirements.lock into .venv"
    [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || { rm -rf .venv; "$PYTHON" -m venv .venv; }
    .venv/bin/python -m pip install -q --require-hashes -r requirements.lock
    .venv/bin/python -m pip install -q --no-deps --no-build-isolation --editable .
    echo "$stamp-$PWD" >.venv/.stamp
fi

stamp=$(fingerprint contracts/package-lock.json)
if ! fresh contracts/node_modules/.stamp "$stamp"; then
    say "anvil, forge, solc and OpenZeppelin of contracts/package-lock.json into contracts/node_modules"
    (cd contracts && npm ci --silent --no-progress)
    for tool in anvil forge; do
        [ -f "contracts/node_modules/.bin/$tool" ] || [ -f "contracts/node_modules/@foundry-rs/$tool/$tool" ] ||
            fail "npm did not bring $tool for this machine; run 'npm ci' in contracts/ and read what it says"
    done
    echo "$stamp" >contracts/node_modules/.stamp
fi
