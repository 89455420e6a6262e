#!/bin/sh
# Finds a Python of 3.11 or newer and runs set-up with it: deploy/setup.sh TIER [--without PART,…]. PYTHON names one.
set -eu
cd "$(dirname "$0")/.."

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -B -m deploy.setup "$@"
    fi
done
if command -v "${PYTHON:-python3}" >/dev/null; then
    exec "${PYTHON:-python3}" -B -m deploy.setup "$@" # which says that it is too old
fi
echo "setup: ${PYTHON:-python3} is not here; on Debian: apt-get install python3, elsewhere name one of 3.11 or newer: make PYTHON=..." >&2
exit 2
