#!/bin/sh
# Install Debian packages as root, so that none of their services runs: not now, not after a reboot. Run by debian.py.
#
# Lists and archives lie in a folder that goes with this script; only dpkg's lock is the system's, and it is waited for.
set -eu

lock_seconds=600
policy=/usr/sbin/policy-rc.d
mark="# of set-up: no service is started while packages are installed"
work=$(mktemp -d)
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
export SANKOFA_SETUP="$work" # the policy refuses nobody else: another apt may be at work

leave() {
    # What came new is switched off however the installation ended; the next one would take it for somebody else's.
    if [ -f "$work/before" ]; then
        sh "$work/names" >"$work/after" || true
        comm -13 "$work/before" "$work/after" | while read -r package; do switch_off "$package" || true; done
    fi
    # Ours alone is taken away; a policy that was there before stays, and so does that of another set-up.
    if [ -f "$policy" ] && grep -qF "$work" "$policy"; then rm -f "$policy"; fi
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 143' HUP INT TERM

cat >"$work/names" <<'NAMES'
dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -nE 's/^i[iUFHWt] *//p' | sort
NAMES

# Apt runs this once it holds the lock: what another one installed until now is not ours. Debian asks the policy before it
# starts a service; 101 says no. One of ours that a killed run left behind is replaced; under a policy of somebody else, what
# starts is stopped afterwards.
cat >"$work/forbid" <<FORBID
[ -f "$work/before" ] || sh "$work/names" >"$work/before"
if [ -e "$policy" ] && ! grep -qF "$mark" "$policy"; then exit 0; fi
printf '#!/bin/sh\n%s\n[ "\$SANKOFA_SETUP" != %s ] || exit 101\n' "$mark" "$work" >"$policy"
chmod 755 "$policy"
FORBID

# Units and init scripts of the packages that came new, dependencies included.
switch_off() {
    dpkg -L "$1" | sed -nE 's,^.*/systemd/system/([^/]*\.(service|socket|timer|target|path))$,\1,p' | while read -r unit; do
        case $unit in *@.*) continue ;; esac
        if command -v systemctl >/dev/null; then
            systemctl disable --now "$unit" >/dev/null 2>&1 || true
        fi
        find /etc/systemd/system -type l -name "$unit" -path '*.wants/*' -delete 2>/dev/null || true
    done
    dpkg -L "$1" | sed -nE 's,^/etc/init.d/([^/]*)$,\1,p' | while read -r script; do
        "/etc/init.d/$script" stop >/dev/null 2>&1 </dev/null || true
        update-rc.d "$script" disable >/dev/null 2>&1 || true
    done
}

mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
cat >"$work/apt.conf" <<CONF
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "";
DPkg::Lock::Timeout "$lock_seconds";
DPkg::Pre-Invoke { "sh $work/forbid"; };
CONF

apt-get -c "$work/apt.conf" -qq update
apt-get -c "$work/apt.conf" install -y --no-install-recommends "$@"
