"""Our reductions beside a -ffast-math program, the read limit, numpy in a pool and Pool.map: a table, and JSON lines.

Usage: reductions.py BUILD_FOLDER [--sizes 1e3,1e5,1e7,1e8] [--rounds 7] [--json FILE]
Both programs stay alive and take turns, so that the two samples of a pair are milliseconds apart; ours / peer is the
median of the pairs' ratios. square is beside a copy with non-temporal stores. --json appends a line a row.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

from turns import Program, spread

try:
    import numpy
except ImportError:
    sys.exit(f"{sys.executable} has no numpy (Debian: python3-numpy)")

KERNELS = {"sum": ("sum", 8), "sumsq": ("sumsq", 8), "dot": ("dot", 16), "stats": ("stats", 8), "square": ("copy", 16)}
TUTORIAL_ITEMS = 200_000


def square(x):
    return x * x


def make_parts(count):
    global part_x, part_y
    part_x, part_y = numpy.random.default_rng(os.getpid()).random((2, count))


def numpy_part(kernel):
    return float(part_x.sum() if kernel == "sum" else part_x.dot(part_x) if kernel == "sumsq" else part_x.dot(part_y))


def pool_seconds(size, workers, rounds):
    """numpy's seconds by kernel, each worker with its own part of the arrays; and a tutorial's, an item."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    seconds = {}
    with multiprocessing.Pool(workers, make_parts, [size // workers]) as pool:
        for kernel in ("sum", "sumsq", "dot"):
            samples = []
            for _ in range(rounds + 1):
                start = time.perf_counter()
                sum(pool.map(numpy_part, [kernel] * workers, chunksize=1))
                samples.append(time.perf_counter() - start)
            seconds[kernel] = spread(samples[1:])
        items = min(size, TUTORIAL_ITEMS)
        samples = []
        for _ in range(min(rounds, 5)):
            start = time.perf_counter()
            sum(pool.map(square, range(items)))
            samples.append((time.perf_counter() - start) / items)
    return seconds, spread(samples)


def measure(build, size, threads, rounds, write):
    repeats = 1 if size > 1e6 else 15
    command = (size, threads, repeats)
    ours, peer = Program(build / "reductions_bench", *command), Program(build / "plain_fastmath", *command)
    try:
        read_rate = statistics.median(ours.run("read")[1] for _ in range(3))
        rows = []
        for kernel, (other, width) in KERNELS.items():
            theirs, samples = [], {kernel: [], kernel + "@avx2": []}
            for _ in range(rounds):
                theirs.append(peer.run(other)[0])
                samples[kernel].append(ours.run(kernel)[0])
                if has_avx2():
                    samples[kernel + "@avx2"].append(ours.run(kernel + "@avx2")[0])
            row = {"kernel": kernel, "peer": other, "n": size, "ranks": 1, "threads": threads, "bytes": width * size,
                   "ours_s": spread(samples[kernel]), "peer_s": spread(theirs), "read_limit": read_rate,
                   "ratio": statistics.median(p / o for p, o in zip(theirs, samples[kernel]))}
            if samples[kernel + "@avx2"]:
                row["avx2_ratio"] = statistics.median(p / o for p, o in zip(theirs, samples[kernel + "@avx2"]))
            rows.append(row)
    finally:
        ours.close()
        peer.close()
    numpy_s, item_s = pool_seconds(size, threads, rounds)
    for row in rows:
        row["numpy_s"] = numpy_s.get(row["kernel"])
        show(row)
        write(row)
    write({"kernel": "Pool.map(square)", "n": min(size, TUTORIAL_ITEMS), "threads": threads, "item_s": item_s})
    ours_item = next(row for row in rows if row["kernel"] == "sumsq")["ours_s"]["median"] / size
    tutorial = f"sum(Pool({threads}).map(square, range({min(size, TUTORIAL_ITEMS)})))"
    print(f"{'':7} {tutorial}: {item_s['median'] * 1e9:.0f} ns an item; sumsq {ours_item * 1e9:.2f} ns", flush=True)


def has_avx2():
    return "avx2" in pathlib.Path("/proc/cpuinfo").read_text()


def show(row):
    def rate(spread_s):
        if spread_s is None:
            return f"{'':19}"
        low, middle, high = (row["bytes"] / spread_s[key] * 1e-9 for key in ("max", "median", "min"))
        return f"{middle:6.1f} {f'({low:.1f}-{high:.1f})':12}"
    middle = row["bytes"] / row["ours_s"]["median"]
    avx2 = f"{row['avx2_ratio']:5.2f}" if "avx2_ratio" in row else f"{'':5}"
    print(f"{row['kernel']:7}{row['n']:>11}{row['threads']:>3}  {rate(row['ours_s'])} {rate(row['peer_s'])} "
          f"{row['ratio']:6.2f} {avx2}  {middle / row['read_limit']:6.2f}  {rate(row['numpy_s'])}", flush=True)


def measure_ranks(build, size, workers, rounds, write):
    """All cores as ranks beside all cores as threads: whole programs in turn, each the median of its repeats."""
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
    for kernel, (_, width) in KERNELS.items():
        samples = {1: [], workers: []}
        for _ in range(max(3, rounds // 2)):
            for ranks in samples:
                line = ["mpirun", "-n", ranks] + (["--bind-to", "none"] if ranks == 1 else [])
                line += [build / "concdemo", "run", kernel, "--size", int(size), "--threads", workers // ranks]
                line += ["--repeat", 5 if size > 1e6 else 51, "--json", "--quiet"]
                done = subprocess.run(list(map(str, line)), capture_output=True, text=True, env=os.environ | root)
                if done.returncode != 0:
                    sys.exit(f"{' '.join(map(str, line))}: exit {done.returncode}\n{done.stderr}")
                samples[ranks].append(json.loads(done.stdout)["seconds"]["median"])
        ratio = statistics.median(a / b for a, b in zip(samples[1], samples[workers]))
        for ranks, seconds in samples.items():
            write({"kernel": kernel, "n": size, "ranks": ranks, "threads": workers // ranks, "ours_s": spread(seconds)})
        rates = [width * size / statistics.median(seconds) * 1e-9 for seconds in samples.values()]
        print(f"{kernel:7}{size:>11}  1 rank x {workers} {rates[0]:6.1f}   {workers} ranks x 1 {rates[1]:6.1f}   "
              f"{ratio:5.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--sizes", default="1e3,1e5,1e7,1e8")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", help="append a line a row to this file")
    arguments = parser.parse_args()
    sizes = [int(float(size)) for size in arguments.sizes.split(",")]
    workers = len(os.sched_getaffinity(0))

    def write(row):
        if arguments.json:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            line = {"subject": "reductions", **row, "host": platform.node(), "time": stamp}
            with open(arguments.json, "a") as file:
                file.write(json.dumps(line) + "\n")

    print("GB/s: median (slowest-fastest). ours / peer: above 1 ours is faster. avx2: the same, that target forced.")
    print(f"{'kernel':7}{'n':>11}{'thr':>4} {'ours':^19} {'-ffast-math':^19}  ratio  avx2  of read  numpy in a Pool")
    for size in sizes:
        for threads in sorted({1, workers}):
            measure(arguments.build, size, threads, arguments.rounds, write)
    if workers > 1:
        print("the program itself, ranks beside threads, communication included; ratio above 1: ranks are faster")
        for size in sizes:
            measure_ranks(arguments.build, size, workers, arguments.rounds, write)


if __name__ == "__main__":
    main()
