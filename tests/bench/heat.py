"""heat beside a plain two-array sweep and one with non-temporal stores, and ranks beside threads: a table, and JSON lines.

Usage: heat.py BUILD_FOLDER [--rounds 5] [--size 8192] [--json FILE]
Programs take turns; medians. ratio: the peer's time over ours for the same number of steps, above 1 ours is faster.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess

from turns import Program, rows_to, spread

CORES = len(os.sched_getaffinity(0))
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}


def kernels(build, size, threads, rounds, write):
    ours, peer = (Program(build / name, size, threads, 1, env=os.environ | {"OMP_PROC_BIND": "true"})
                  for name in ("heat_bench", "plain_heat"))
    with open("/proc/cpuinfo") as cpu:
        flags = cpu.read()
    peers = ["plain"] + (["streamed"] if "avx2" in flags else [])
    passes = ["1", "4", "8"] + (["8@avx2"] if "avx512f" in flags else [])
    seconds = {name: [] for name in passes + peers}
    for _ in range(rounds):
        for name in passes:
            seconds[name].append(ours.run(name)[0])
        for name in peers:
            seconds[name].append(peer.run(name)[0])
    ours.close()
    peer.close()
    for name in passes:
        steps = int(name.split("@")[0])
        middle = statistics.median(seconds[name]) / steps
        row = {"kernel": "heat", "size": size, "threads": threads, "pass": name, "seconds_a_step": middle,
               "points_a_second": size * size / middle, "samples": spread(seconds[name])}
        row["ratio"] = {other: statistics.median(seconds[other]) / middle for other in peers}
        ratios = "  ".join(f"{other} {ratio:5.2f}" for other, ratio in row["ratio"].items())
        print(f"{size} x {size}, {threads} thread{'s' * (threads > 1)}, steps a pass {name:7}  "
              f"{row['points_a_second'] * 1e-9:5.2f} G points/s   ratio to {ratios}")
        write(row)


def program(build, size, steps, ranks, threads):
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    command = launcher + [str(build / "concdemo"), "run", "heat", "--size", f"{size}x{size}", "--steps", str(steps),
                          "--threads", str(threads), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | MPI)
    return json.loads(done.stdout)["seconds"]["median"]


def layouts(build, size, rounds, write):
    """2 ranks x 1 thread beside 1 rank x 2 threads."""
    seconds = {(1, CORES): [], (CORES, 1): []}
    for _ in range(rounds):
        for (ranks, threads), samples in seconds.items():
            samples.append(program(build, size, 40, ranks, threads))
    as_threads, as_ranks = (statistics.median(samples) for samples in seconds.values())
    print(f"{size} x {size}, {CORES} ranks x 1 thread: {as_threads / as_ranks:.2f} of 1 rank x {CORES} threads")
    write({"kernel": "heat", "size": size, "ranks": CORES, "of_threads": as_threads / as_ranks})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=8192)
    parser.add_argument("--json")
    args = parser.parse_args()

    write = rows_to(args.json)
    for threads in sorted({1, CORES}):
        kernels(args.build, args.size, threads, args.rounds, write)
    if CORES > 1:
        layouts(args.build, args.size, 3, write)


main()
