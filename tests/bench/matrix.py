"""The matrix workloads beside OpenBLAS, ScaLAPACK, FFTW-MPI and the machine's limits: a table, and JSON lines.

Usage: matrix.py BUILD_FOLDER [--rounds 7] [--only matmul,ranks,transpose,matvec] [--json FILE]
Programs stay alive, or are started, in turns. ratio: peer's median over ours, above 1 ours is faster. A peer that was
not there when the build was configured is "not installed".
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

from turns import Program, spread

PRODUCTS = ["512x512x512", "1024x1024x1024", "2048x2048x2048", "4096x4096x4096", "611x1003x517", "20000x64x64"]
OVER_RANKS = ["2048x2048x2048", "4096x4096x4096"]
LARGE = "8192x8192"
BLOCKS = [64, 128, 256]  # ScaLAPACK's NB; the best counts
CORES = len(os.sched_getaffinity(0))
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}


def work(kind, size):
    """Flops of a product, else bytes read and written."""
    m, k, n = (list(map(int, size.split("x"))) + [0])[:3]
    return 2 * m * k * n if kind == "matmul" else 8 * (m * k + m + k) if kind == "matvec" else 16 * m * k


class Table:
    def __init__(self, file):
        self.file = file

    def write(self, kind, size, layout, ours, peers, limits):
        """ours: seconds; peers: {name: seconds, or None where it is not installed}; limits: {name: rates}."""
        amount = work(kind, size)
        row = {"subject": "matrix", "kernel": kind, "size": size, "layout": layout, "ours_s": spread(ours)}
        middle = statistics.median(ours)
        row["peers"] = {name: samples and {**spread(samples), "ratio": statistics.median(samples) / middle}
                        for name, samples in peers.items()}
        row["limits"] = {name: {"rate": statistics.median(rates), "fraction": amount / middle / statistics.median(rates)}
                         for name, rates in limits.items()}

        def rate(samples):
            low, middle, high = (amount / pick(samples) * 1e-9 for pick in (max, statistics.median, min))
            return f"{middle:7.1f} ({low:.1f}-{high:.1f})"
        print(f"{kind:10}{size:>15} {layout:>16}  {rate(ours)}", end="")
        for name, peer in row["peers"].items():
            text = f"{rate(peers[name])} ratio {peer['ratio']:.2f}" if peer else "not installed"
            print(f"  | {name} {text}", end="")
        for name, limit in row["limits"].items():
            print(f"  | {limit['fraction']:.2f} of {name} {limit['rate'] * 1e-9:.1f}", end="")
        print(flush=True)
        if self.file:
            row |= {"host": platform.node(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            with open(self.file, "a") as file:
                file.write(json.dumps(row) + "\n")


def threads_bound(threads):
    return os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), "OMP_PROC_BIND": "true"}


def kernels(build, table, rounds, kind, size, threads, in_process, blas, limit):
    """One shape on one rank: our kernel, peers in our program, the BLAS in its own, and a limit."""
    env = threads_bound(threads)
    ours = Program(build / "matrix_bench", kind, threads, size, env=env)
    other = None
    if blas and (build / "blas_bench").exists():
        other = Program(build / "blas_bench", kind, threads, size, env=env)
    seconds = {"ours": [], **{name: [] for name in in_process}}
    theirs, rates = [], []
    try:
        for turn in range(rounds + 1):  # the first one warms up
            for name, samples in seconds.items():
                samples.append(ours.run(name)[0])
            theirs.append(other.run("blas")[0] if other else 0)
            rates.append(ours.run(limit)[1])
    finally:
        ours.close()
        if other:
            other.close()
    peers = {name: samples[1:] for name, samples in seconds.items() if name != "ours"}
    if blas:
        peers["OpenBLAS"] = theirs[1:] if other else None
    table.write(kind, size, f"1 x {threads}", seconds["ours"][1:], peers, {limit: rates[1:]})


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=os.environ | MPI |
                          {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def program(build, kind, size, ranks, repeats):
    """Seconds of the program itself on all cores, shared between `ranks`."""
    line = ["mpirun", "-n", ranks] + (["--bind-to", "none"] if ranks == 1 else [])
    line += [build / "concdemo", "run", kind, "--size", size, "--threads", CORES // ranks, "--repeat", repeats]
    return json.loads(run(*line, "--json", "--quiet"))["seconds"]["median"]


def over_ranks(build, table, rounds, kind, size, peer, commands):
    """The program on a rank a core, on one rank, and a peer's program on a rank a core: the best of its commands."""
    repeats = 3
    samples = {"ranks": [], "threads": [], **{command: [] for command in commands}}
    installed = (build / commands[0][0]).exists()
    for _ in range(rounds):
        samples["ranks"].append(program(build, kind, size, CORES, repeats))
        samples["threads"].append(program(build, kind, size, 1, repeats))
        for command in commands if installed else ():
            line = ("mpirun", "-n", CORES, build / command[0], *command[1:], repeats)
            samples[command].append(float(run(*line).split()[0]))
    best = min((samples[command] for command in commands), key=statistics.median) if installed else None
    peers = {f"1 rank x {CORES}": samples["threads"], peer: best}
    table.write(kind, size, f"{CORES} ranks x 1", samples["ranks"], peers, {})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="matmul,ranks,transpose,matvec")
    parser.add_argument("--json", help="append a line a row to this file")
    arguments = parser.parse_args()
    build, rounds, only = arguments.build.resolve(), arguments.rounds, arguments.only.split(",")
    table = Table(arguments.json)
    print("Gflop/s of matmul, GB/s of the others: median (slowest-fastest). ratio: above 1 ours is faster.")
    for threads in sorted({1, CORES}):
        if "matmul" in only:
            for size in PRODUCTS:
                kernels(build, table, rounds, "matmul", size, threads, [], True, "fma")
        if "transpose" in only:
            kernels(build, table, rounds, "transpose", LARGE, threads, ["plain"], False, "copy")
        if "matvec" in only:
            kernels(build, table, rounds, "matvec", LARGE, threads, [], True, "read")
    if "ranks" in only and CORES > 1:
        for size in OVER_RANKS:
            order = size.split("x")[0]
            over_ranks(build, table, max(3, rounds // 2), "matmul", size, "pdgemm",
                       [("scalapack_bench", order, block) for block in BLOCKS])
        over_ranks(build, table, max(3, rounds // 2), "transpose", LARGE, "FFTW-MPI", [("fftw_bench", LARGE)])


if __name__ == "__main__":
    main()
