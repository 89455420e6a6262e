#!/bin/sh
# Finds a Python of 3.11 or newer and runs set-up with it: deploy/setup.sh TIER [--without PART,…]. PYTHON names one.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."

will_do() { [ "$("$1" -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)" = True ]; }

for python in "${PYTHON:-python3}" ${PYTHON:+""} python3.13 python3.12 python3.11; do
    if [ -z "$python" ]; then break; fi # the one that was named, and no other
    if will_do "$python"; then
        exec "$python" -B -m deploy.setup "$@"
    fi
done
if [ "$("${PYTHON:-python3}" -c 'print(1)' 2>/dev/null)" = 1 ]; then
    exec "${PYTHON:-python3}" -B -m deploy.setup "$@" # which says that it is too old
fi
echo "setup: ${PYTHON:-python3} is not here, or no Python; on Debian: apt-get install python3, elsewhere name one of 3.11 or newer: make demo PYTHON=..." >&2
exit 2
