"""heat's snapshots behind the computation, beside a run that waits for them, and a raw writer: a table, and JSON lines.

Usage: output.py BUILD_FOLDER [--rounds 7] [--size 2048] [--threads T] [--folder FOLDER] [--json FILE]
One rank; without --threads one core stays free for the I/O thread. Programs take turns; medians. The files go to a
folder in FOLDER (build), which decides what disk is measured.
  plain  no output at all      sums   the same passes and sums as the runs below, no snapshot but the first written
  async, sync   --writer       hdf5   hdf5_bench: parallel HDF5 as it comes, where HDF5 is a parallel build
  raw    pwrite of each snapshot, then fdatasync, nothing else: of each, or of all at once, whichever was faster
visible: the time that writing adds to `sums` (which computing `plain` leaves out), of what it adds with sync.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from turns import program, rows_to

CORES = len(os.sched_getaffinity(0))


class Bench:
    def __init__(self, build, size, threads, folder):
        self.build, self.size, self.threads, self.folder = build, size, threads, pathlib.Path(folder)
        self.snapshot_bytes = size * size * 8
        self.file = self.folder / "out.h5"

    def fresh(self):
        for path in self.folder.iterdir():
            path.unlink()
        os.sync()

    def heat(self, steps, every=0, writer=None, discard=False):
        """The record; the file of the run before is gone, and the disk quiet."""
        command = [str(self.build / "concdemo"), "run", "heat", "--size", f"{self.size}x{self.size}",
                   "--steps", str(steps), "--threads", str(self.threads), "--json"]
        if every:
            command += ["--snapshot-every", str(every), "--output", str(self.file), "--writer", writer]
        env = os.environ | {"OMP_PROC_BIND": "true"}
        if discard:
            library = next(self.build.rglob("libno_disk.so"))
            env |= {"LD_PRELOAD": str(library), "NO_DISK_AFTER": str(self.snapshot_bytes)}
        self.fresh()
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def hdf5(self, steps, every):
        """A record, as far as it is read here."""
        self.fresh()
        command = [str(program(self.build, "hdf5_bench")), *map(str, (self.size, steps, every, self.threads)), str(self.file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"OMP_PROC_BIND": "true"})
        return {"seconds": {"median": json.loads(done.stdout)["seconds"]}}

    def raw(self, snapshots, at_once=False):
        """Seconds of the plainest durable writer, into reserved space as ours."""
        data = os.urandom(1 << 20) * (self.snapshot_bytes >> 20) + bytes(self.snapshot_bytes & 0xFFFFF)
        self.fresh()
        file = os.open(self.folder / "raw", os.O_RDWR | os.O_CREAT)
        os.posix_fallocate(file, 0, snapshots * self.snapshot_bytes)
        os.fsync(file)
        start = time.perf_counter()
        for i in range(snapshots):
            os.pwrite(file, data, i * self.snapshot_bytes)
            if not at_once:
                os.fdatasync(file)
        os.fdatasync(file)
        seconds = time.perf_counter() - start
        os.close(file)
        return seconds

    def raw_both(self, snapshots):
        return self.raw(snapshots), self.raw(snapshots, at_once=True)


def seconds(record):
    return record["seconds"]["median"]


def median(values):
    return statistics.median(values)


def faster(pairs):
    """Of raw_both()'s: the better median."""
    return min(map(median, zip(*pairs)))


def behind_computing(bench, rounds, write):
    """Snapshots so far apart that computing takes half as long again as writing."""
    a_step = seconds(bench.heat(80)) / 80
    raw_s = min(bench.raw_both(6)) / 6
    every = 8 * math.ceil(1.5 * raw_s / a_step / 8)
    count = max(6, min(30, round(1.5 / (every * a_step))))
    steps = every * count
    ways = {"plain": lambda: bench.heat(steps), "sums": lambda: bench.heat(steps, every, "async", discard=True),
            "async": lambda: bench.heat(steps, every, "async"), "sync": lambda: bench.heat(steps, every, "sync")}
    if program(bench.build, "hdf5_bench"):
        ways["hdf5"] = lambda: bench.hdf5(steps, every)
    records, raw = {name: [] for name in ways}, []
    for _ in range(rounds):
        for name, way in ways.items():
            records[name].append(way())
        raw.append(bench.raw_both(count + 1))
    total = {name: median(map(seconds, found)) for name, found in records.items()}
    print(f"{bench.size} x {bench.size}, {count + 1} snapshots, {every} steps apart, "
          f"{bench.threads} of {CORES} cores compute")
    for name, value in total.items():
        print(f"  {name:6} {value:7.3f} s" + (f"   {total['hdf5'] / value:.2f} of hdf5" if "hdf5" in total else ""))
    raw_s = faster(raw)
    print(f"  raw    {raw_s:7.3f} s")
    output = [record["output"] for record in records["async"]]
    waiting = median(one["stall_s"] / one["io_busy_s"] for one in output)
    row = {"kernel": "output", "size": bench.size, "threads": bench.threads, "every": every, "snapshots": count + 1,
           "seconds": total | {"raw": raw_s}, "waiting": waiting,
           "visible": {base: (total["async"] - total[base]) / (total["sync"] - total[base])
                       for base in ("sums", "plain")}}
    print(f"  visible  {row['visible']['sums']:.2f} of sync's cost over sums (target: <= 0.2); over plain "
          f"{row['visible']['plain']:.2f}\n"
          f"  submit and wait {waiting:.2f} of the I/O thread's busy time (target: <= 0.10)")
    write(row)


def at_every_step(bench, rounds, write):
    """More than the disk takes: the run goes as fast as the disk, in the same memory."""
    count = max(4, min(40, round(6e8 / bench.snapshot_bytes)))
    records, raw = [], []
    for _ in range(rounds):
        records.append(bench.heat(count, 1, "async"))
        raw.append(bench.raw_both(count + 1))
    usual = bench.heat(8 * count)
    ratio = faster(raw) / median(map(seconds, records))
    row = {"kernel": "output", "size": bench.size, "threads": bench.threads, "every": 1, "snapshots": count + 1,
           "of_raw": ratio, "stall_s": median(record["output"]["stall_s"] for record in records),
           "peak_rss_bytes": max(record["peak_rss_bytes"] for record in records)}
    print(f"{bench.size} x {bench.size}, {count + 1} snapshots, each step one: {median(map(seconds, records)):.3f} s, "
          f"{(count + 1) * bench.snapshot_bytes / median(map(seconds, records)) * 1e-9:.2f} GB/s\n"
          f"  drained at {ratio:.2f} of raw, {faster(raw):.3f} s (target: >= 0.9)\n"
          f"  stall {row['stall_s']:.3f} s; memory {row['peak_rss_bytes'] >> 20} MiB, without output "
          f"{usual['peak_rss_bytes'] >> 20} MiB")
    write(row)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=max(1, CORES - 1))
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--json")
    args = parser.parse_args()

    write = rows_to(args.json)
    with tempfile.TemporaryDirectory(prefix="output-bench-", dir=args.folder or args.build) as folder:
        bench = Bench(args.build, args.size, args.threads, folder)
        behind_computing(bench, args.rounds, write)
        at_every_step(bench, args.rounds, write)


main()
