"""RankPool beside CPython's pools: the same spin tasks on the same two workers, in turn, medians of rounds.

Usage: pools.py POOLS_BENCH [--rounds 3] [--json FILE]      (scripts/bench pools builds POOLS_BENCH and starts this)
Efficiency is tasks x seconds of a task / 2 / wall time, results gathered to the caller included.
"""
import argparse
import concurrent.futures
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from turns import rows_to

WORKERS = 2
TASK_US = (1000, 100, 10)


def spin(task_s):
    end = time.perf_counter() + task_s
    while time.perf_counter() < end:
        pass
    return end


def efficiency(run_map, task_s):
    count = int(0.4 * WORKERS / task_s)
    run_map([task_s] * 20)  # workers started
    start = time.perf_counter()
    results = list(run_map([task_s] * count))
    wall = time.perf_counter() - start
    assert len(results) == count
    return count * task_s / WORKERS / wall


def print_efficiencies(name, run_map):
    for task_us in TASK_US:
        print(f"{name}, {task_us} us: {efficiency(run_map, task_us * 1e-6):.4f}", flush=True)


def peer_multiprocessing():
    with multiprocessing.Pool(WORKERS) as pool:
        print_efficiencies("multiprocessing.Pool.map", lambda tasks: pool.map(spin, tasks))
        print_efficiencies("multiprocessing.Pool.map, chunksize=1", lambda tasks: pool.map(spin, tasks, chunksize=1))


def peer_executor():
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        print_efficiencies("ProcessPoolExecutor.map", lambda tasks: pool.map(spin, tasks))


def peer_mpi4py():
    from mpi4py.futures import MPIPoolExecutor
    with MPIPoolExecutor() as pool:
        print_efficiencies("mpi4py.futures", lambda tasks: pool.map(spin, tasks))


def launch(ranks, *args):
    line = ["mpirun", "--bind-to", "none", "-n", str(ranks)]
    if ranks > len(os.sched_getaffinity(0)):
        line.append("--oversubscribe")
    return line + list(args)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="append a line a row to this file")
    arguments = parser.parse_args()
    bench, rounds, write = arguments.bench, arguments.rounds, rows_to(arguments.json)
    me = [sys.executable, os.path.abspath(__file__)]
    commands = [[bench, "2", "3"], launch(2, bench, "1", "3"), me + ["--peer", "multiprocessing"], me + ["--peer", "executor"]]
    has_mpi4py = subprocess.run([sys.executable, "-c", "import mpi4py"], capture_output=True).returncode == 0
    if has_mpi4py and shutil.which("mpirun"):
        commands.append(launch(1 + WORKERS, sys.executable, "-m", "mpi4py.futures", *me[1:], "--peer", "mpi4py"))
    figures, texts = {}, []
    for _ in range(rounds):
        texts = []
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
            texts.append(done.stdout)
            title = ""
            for line in done.stdout.splitlines():
                title = line if not line.startswith(" ") else title
                match = re.fullmatch(r"\s*([\d.]+) us tasks: efficiency ([\d.]+)", line)
                name, task_us, value = (title, float(match[1]), match[2]) if match else (None, None, None)
                match = re.fullmatch(r"(.+), (\d+) us: ([\d.]+)", line)
                if match:
                    name, task_us, value = match[1], float(match[2]), match[3]
                if name:
                    figures.setdefault(name, {}).setdefault(task_us, []).append(float(value))
    sizes = sorted({size for row in figures.values() for size in row}, reverse=True)
    print(f"efficiency on {WORKERS} workers by size of task, median of {rounds} rounds")
    print(f"{'':40}" + "".join(f"{size:>9g} us" for size in sizes))
    for name, row in figures.items():
        cells = (f"{statistics.median(row[size]):>12.3f}" if size in row else f"{'':>12}" for size in sizes)
        print(f"{name:40}" + "".join(cells))
        write({"subject": "pools", "name": name,
               "efficiency": {f"{size:g}": statistics.median(found) for size, found in row.items()}})
    if not has_mpi4py:
        print("mpi4py.futures: not installed (Debian: python3-mpi4py)")
    print("\nlast round:")
    for text in texts[:2]:
        print("\n".join(line for line in text.splitlines() if "efficiency" not in line))


if __name__ == "__main__":
    if "--peer" in sys.argv:
        {"multiprocessing": peer_multiprocessing, "executor": peer_executor, "mpi4py": peer_mpi4py}[sys.argv[-1]]()
    else:
        main()
