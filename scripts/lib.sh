# shellcheck shell=bash
# What setup, demo and test share. Sourced by them.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Text with arguments in it, as a person may see it: quoted as a shell has it where there are control characters.
printable() {
  local text=$*
  if [[ $text = *[[:cntrl:]]* ]]; then text=${text@Q}; fi
  printf '%s\n' "$text"
}
say() { printf '== %s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$(printable "$*")" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Prints a command as one would type it, then runs it.
show() {
  printf '$ %s\n' "$(printable "$*")"
  "$@"
}

# build PRESET [target...]: configures and builds build/PRESET; says little unless it fails.
build() {
  local preset=$1 log
  shift
  if [ -z "${CMAKE_GENERATOR:-}" ] && have ninja; then export CMAKE_GENERATOR=Ninja; fi
  if [ -z "${CXX:-}" ] && have g++-12 && [ "$(g++ -dumpversion 2>/dev/null)" -lt 12 ] 2>/dev/null; then
    export CC=gcc-12 CXX=g++-12 # Ubuntu 22.04: its g++ is 11
  fi
  mkdir -p "$root/build"
  log=$root/build/$preset.log
  say "building build/$preset (log: build/$preset.log)"
  (cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$(nproc)" \
    ${1:+--target "$@"}) >"$log" 2>&1 || {
    { grep -A 8 -E 'error:|Error' "$log" || tail -n 30 "$log"; } | head -30 >&2
    die "build/$preset did not build; the whole log is build/$preset.log"
  }
}

# Cores that Open MPI counts as slots: physical ones this process may use.
slots() {
  local usable physical
  usable=$(nproc)
  physical=$(lscpu -p=Core,Socket 2>/dev/null | grep -v '^#' | sort -u | wc -l)
  if [ "$physical" -gt 0 ] && [ "$physical" -lt "$usable" ]; then echo "$physical"; else echo "$usable"; fi
}

# launch RANKS: sets `launcher` to the mpirun line, with Open MPI's permissions where it would refuse without them.
launch() {
  launcher=(mpirun)
  have mpirun || die "no mpirun on PATH: load your MPI module, or install openmpi-bin"
  if mpirun --version 2>/dev/null | grep -qE 'Open MPI|OpenRTE'; then
    if [ "$(id -u)" = 0 ]; then
      launcher=(env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun)
    fi
    if [ "$1" -gt "$(slots)" ]; then launcher+=(--oversubscribe); fi
  fi
  launcher+=(-n "$1")
}
