#!/usr/bin/env bash
# The release that the program prints is the one that the build was made for.
# usage: version.sh PROGRAM VERSION
set -euo pipefail
printed=$("$1" --version)
if [ "$printed" != "slotkeeper $2" ]; then
    echo "--version prints '$printed' and the project is at $2: change src/cli/version.h" >&2
    exit 1
fi
