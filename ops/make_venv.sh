#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a virtual environment from a hash-pinned lock: make_venv.sh FOLDER LOCK
# Takes $PYTHON, or the first of the usual names that is Python 3.11 or newer and has the venv module. Debian ships that
# module apart, so "has" means that ensurepip can be imported too.
set -eu

folder=$1
lock=$2

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
complete() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

chosen=
incomplete=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    recent "$candidate" || continue
    if complete "$candidate"; then
        chosen=$candidate
        break
    fi
    incomplete=${incomplete:-$candidate}
done

if [ -z "$chosen" ]; then
    if [ -n "$incomplete" ]; then
        echo "$incomplete has no venv module: apt install ${incomplete##*/}-venv" >&2
    elif [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON is not Python 3.11 or newer: apt install python3 python3-venv" >&2
    else
        echo "there is no Python 3.11 or newer here: apt install python3 python3-venv" >&2
    fi
    exit 2
fi

echo "making $folder from $lock with $("$chosen" --version)" >&2
"$chosen" -m venv --clear "$folder"
if ! "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"; then
    echo "$lock could not be installed: is a package index within reach? (PIP_INDEX_URL names another)" >&2
    exit 2
fi
