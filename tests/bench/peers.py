"""Every peer in one table, a row for each kind of work: the peer's figure, ours, and how many times as fast ours is.

Usage: peers.py BUILD_FOLDER [--rounds 3] [--folder FOLDER] [--json FILE]
Runs the other benches of this folder with few rounds, what they print included, and draws the table from their rows.
FOLDER (build) decides what disk is measured. Two figures: on 1 core / on all. "-": not installed.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from turns import program, rows_to

HERE = pathlib.Path(__file__).parent
CORES = len(os.sched_getaffinity(0))
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
DURABLE_SIDE = 4096  # two snapshots of a grid of so many points a side: 256 MiB


def write_part(path, offset, count):
    """A plain durable writer, in one process of several."""
    data = os.urandom(1 << 20) * 4
    file = os.open(path, os.O_WRONLY)
    start = time.perf_counter()
    for at in range(offset, offset + count, len(data)):
        os.pwrite(file, data, at)
    os.fsync(file)
    os.close(file)
    return start, time.perf_counter()


def raw_seconds(folder, ranks, count):
    path = os.path.join(folder, "raw")
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, count)
        os.fsync(file.fileno())
    with multiprocessing.Pool(ranks) as pool:
        share = count // ranks
        times = pool.starmap(write_part, [(path, rank * share, share) for rank in range(ranks)], chunksize=1)
    os.unlink(path)
    return max(end for _, end in times) - min(start for start, _ in times)


def snapshot_seconds(build, folder, ranks, writer):
    """Two snapshots, a step apart, durable; none where HDF5, the other writer, is a serial build."""
    path = os.path.join(folder, "out.h5")
    line = {"async": [build / "concdemo", "run", "heat", "--size", f"{DURABLE_SIDE}x{DURABLE_SIDE}", "--steps", 1,
                      "--snapshot-every", 1, "--threads", 1, "--output", path, "--force", "--json", "--quiet"],
            "hdf5": [program(build, "hdf5_bench"), DURABLE_SIDE, 1, 1, 1, path]}[writer]
    if line[0] is None:
        return None
    line = ["mpirun", "-n", str(ranks), *map(str, line)]
    done = subprocess.run(line, capture_output=True, text=True, env=os.environ | MPI)
    if done.returncode != 0:
        sys.exit(f"{' '.join(line)}: exit {done.returncode}\n{done.stderr}")
    found = json.loads(done.stdout)["seconds"]
    return found["median"] if writer == "async" else found


def durable(build, parent, rounds, write):
    ranks, count = min(2, CORES), 2 * 8 * DURABLE_SIDE ** 2
    samples = {"raw": [], "hdf5": [], "async": []}
    with tempfile.TemporaryDirectory(prefix="peers-bench-", dir=parent) as folder:
        for _ in range(rounds):
            samples["raw"].append(raw_seconds(folder, ranks, count))
            for writer in ("hdf5", "async"):
                samples[writer].append(snapshot_seconds(build, folder, ranks, writer))
    rates = {name: None if None in found else count / statistics.median(found) for name, found in samples.items()}
    write({"subject": "durable", "ranks": ranks, "bytes": count, "rates": rates})


class Rows:
    """What the benches wrote: the newest row that has these values, and such a key."""

    def __init__(self, path):
        self.rows = [json.loads(line) for line in open(path)]

    def get(self, key="kernel", **wanted):
        return next((row for row in reversed(self.rows) if key in row and wanted.items() <= row.items()), None)


def pair(values, scale=1.0, form="{:.3g}"):
    """The two figures of a cell."""
    return " / ".join("-" if value is None else form.format(value * scale) for value in values)


def rate(row, key="ours_s"):
    return None if not row or not row.get(key) else row["bytes"] / row[key]["median"]


def files_of(rows):
    """Seconds of each program, for each file; files that only ours reads are left out."""
    found = {}
    for row in rows.rows:
        if row.get("subject") == "files":
            found.setdefault(row["file"], {})[row["program"]] = row["seconds"]
    return {file: peers for file, peers in found.items() if any(not name.startswith("concdemo") for name in peers)}


def add(table, work, peer, theirs, ours, unit, scale, lower_is_better=False):
    known = [(a, b) for a, b in zip(theirs, ours) if a and b]
    ratios = [(a / b if lower_is_better else b / a) for a, b in known]
    figures = [f"{pair(values, scale)} {unit}".rstrip() for values in (theirs, ours)]
    table.append((work, peer, *figures, pair(ratios, 1, "{:.2f}")))


def table_of(rows):
    table, threads = [], sorted({1, CORES})
    for kernel, peer in (("sum", "OpenMP simd reduction, -ffast-math"), ("dot", "OpenMP simd reduction, -ffast-math"),
                         ("square", "copy with non-temporal stores")):
        found = [rows.get("peer_s", subject="reductions", kernel=kernel, ranks=1, threads=count) for count in threads]
        add(table, f"{kernel} from memory", peer, [rate(row, "peer_s") for row in found], [rate(row) for row in found],
            "GB/s", 1e-9)
    for file, peers in files_of(rows).items():
        ours = [peers.pop(f"concdemo, {count} thread{'s' * (count > 1)}") for count in threads]
        best = min((seconds, name) for name, seconds in peers.items() if not name.startswith("concdemo"))
        add(table, f"statistics of a file of 1 GB, {file}", f"the best of {len(peers)}, {best[1]}", [best[0]] * len(ours), ours, "s",
            1, True)
    items = rows.get(kernel="Pool.map(square)", threads=CORES)
    ranks = rows.get(subject="reductions", kernel="sumsq", ranks=CORES)
    if items and ranks:
        add(table, "sum of squares over processes, an item", f"multiprocessing.Pool.map, {CORES} workers",
            [items["item_s"]["median"]], [ranks["ours_s"]["median"] / ranks["n"]], "ns", 1e9, True)
        threaded = rows.get("numpy_s", subject="reductions", kernel="sumsq", ranks=1, threads=CORES)
        add(table, "the same by numpy", f"Pool of {CORES}, numpy.dot", [rate(threaded, "numpy_s")],
            [threaded["bytes"] / ranks["ours_s"]["median"]], "GB/s", 1e-9)
    product = "4096x4096x4096"
    flops = 2 * 4096 ** 3
    found = [rows.get(subject="matrix", kernel="matmul", size=product, layout=f"1 x {count}") for count in threads]
    add(table, "matmul 4096", "OpenBLAS", [seconds_of(row, "OpenBLAS", flops) for row in found],
        [flops / row["ours_s"]["median"] for row in found], "Gflop/s", 1e-9)
    row = rows.get(subject="matrix", kernel="matmul", size=product, layout=f"{CORES} ranks x 1")
    if row:
        add(table, f"matmul 4096 on {CORES} ranks", "ScaLAPACK pdgemm", [seconds_of(row, "pdgemm", flops)],
            [flops / row["ours_s"]["median"]], "Gflop/s", 1e-9)
    found = [rows.get(kernel="heat", threads=count, **{"pass": "8"}) for count in threads]
    for peer, text in (("plain", "two-array sweep"), ("streamed", "the same, non-temporal stores")):
        add(table, "heat 8192 x 8192", text, [row["points_a_second"] / row["ratio"][peer] for row in found],
            [row["points_a_second"] for row in found], "Gpoints/s", 1e-9)
    pools = {row["name"]: row["efficiency"] for row in rows.rows if row.get("subject") == "pools"}
    ours = next((found for name, found in pools.items() if name.startswith("RankPool, 2 ranks")), None)
    for name in ("multiprocessing.Pool.map, chunksize=1", "multiprocessing.Pool.map", "mpi4py.futures"):
        if ours and name in pools:
            add(table, "efficiency at tasks of 100 us", name, [pools[name]["100"]], [ours["100"]], "", 1)
            add(table, "tasks a second, of 10 us", name, [2e5 * pools[name]["10"]], [2e5 * ours["10"]], "", 1)
    row = rows.get("rates", subject="durable")
    for name, text in (("raw", "pwrite and fsync"), ("hdf5", "parallel HDF5, independent")):
        add(table, f"256 MiB durable, {row['ranks']} ranks", text, [row["rates"][name]], [row["rates"]["async"]],
            "GB/s", 1e-9)
    return table


def seconds_of(row, peer, amount):
    found = row["peers"].get(peer)
    return amount / found["median"] if found else None


def draw(table):
    lines = [("work", "peer", "the peer's", "concdemo's", "times as fast"), *table]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--json", help="append the rows to this file too")
    args = parser.parse_args()
    build = args.build.resolve()
    with tempfile.TemporaryDirectory() as folder:
        rows = os.path.join(folder, "rows.jsonl")
        rounds = ["--rounds", str(args.rounds), "--json", rows]
        for script, *options in (["reductions.py", build, "--sizes", "1e8"], ["matrix.py", build], ["heat.py", build],
                                 ["files.py", build], ["pools.py", build / "pools_bench"]):
            subprocess.run([sys.executable, str(HERE / script), *map(str, options), *rounds], check=True)
        durable(build, args.folder or build, max(3, args.rounds), rows_to(rows))
        if args.json:
            with open(args.json, "a") as file:
                file.write(open(rows).read())
        print()
        draw(table_of(Rows(rows)))


if __name__ == "__main__":
    main()
