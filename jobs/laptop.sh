#!/usr/bin/env bash
# A laptop or workstation: the tour on 4 ranks, then one workload.
# Usage: jobs/laptop.sh [RANKS]; build first: cmake --preset release && cmake --build --preset release
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

program=$root/build/release/concdemo
[ -x "$program" ] || die "no $program; build it with scripts/demo, or cmake --preset release and cmake --build"
launch "${1:-4}"

show "${launcher[@]}" "$program"
show "${launcher[@]}" "$program" run sum --size 100M
