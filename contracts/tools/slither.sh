#!/bin/sh
# Slither over both books: silent with exit 0, or its findings with exit 1. Each waiver stands in the source, with its reason.
#
# It wants another web3 than the platform, so it lives in .tools/slither, from requirements-slither.lock. It cleans what forge has built
# in the folder it is given, so it is given a copy.
set -eu
unset CDPATH
cd "$(dirname "$0")/../.."
venv=.tools/slither
lock=requirements-slither.lock

if ! cmp -s "$lock" "$venv/$lock"; then
    echo "slither: installing $lock into $venv" >&2
    rm -rf "$venv"
    .venv/bin/python -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
    cp "$lock" "$venv/$lock"
fi

copy=.cache/slither/contracts
rm -rf "$copy"
mkdir -p "$copy" .cache/home
cp -R contracts/src contracts/tools contracts/foundry.toml contracts/slither.config.json contracts/package.json "$copy/"
ln -s "$PWD/contracts/node_modules" "$copy/node_modules"

node=$(.venv/bin/python -m deploy.parts node)
forge=$(.venv/bin/python -m deploy.parts forge)
export PATH="$PWD/$venv/bin:$(dirname "$node"):$(dirname "$forge"):$PATH" HOME="$PWD/.cache/home"
cd "$copy"
if ! slither . --fail-low > slither.log 2>&1; then
    cat slither.log >&2
    exit 1
fi
