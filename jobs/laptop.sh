#!/usr/bin/env bash
# A laptop or workstation: the tour on 4 ranks, then one workload; writes concdemo.h5 where it is started.
# Usage: jobs/laptop.sh [RANKS]; build it first: jobs/README.md says how
# From the environment, where it is to be otherwise: PROGRAM, WORKLOAD, SIZE.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

case ${1:-4} in
-h | --help)
  sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
  exit
  ;;
0* | *[!0-9]*) die "'$1' is no number of ranks; use 1 or more" ;;
esac
[ $# -le 1 ] || die "one number of ranks, not '$*'"
program=${PROGRAM:-$root/build/release/concdemo}
[[ -f $program && -x $program ]] || die "no $program: set PROGRAM, or build it: \
cmake -S . -B build/release -DCONCDEMO_TESTS=OFF && cmake --build build/release --parallel"
launch "${1:-4}"

show "${launcher[@]}" "$program"
show "${launcher[@]}" "$program" run "${WORKLOAD:-sum}" --size "${SIZE:-100M}"
