"""Statistics of files of 1 GB, beside what people use: whole processes from the shell to the answer, page cache warm,
taking turns; medians of seconds, and the most memory that one took.

Usage: files.py BUILD_FOLDER [--rounds 5] [--mib 1000] [--folder FOLDER] [--json FILE]
A peer computes less where that is its best form: a sum or a mean in place of count, extremes, mean and variance. Peers that
are not installed are named so. The files (3 GB in all) are made once and stay in FOLDER (build/files).
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from turns import rows_to

CORES = len(os.sched_getaffinity(0))
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
PLANE = (181, 360)


def fields(steps):
    """Temperatures over a sphere in hundredths of a kelvin, a step at a time."""
    import numpy
    generator = numpy.random.default_rng(1)
    latitude, longitude = numpy.meshgrid(numpy.linspace(-1.5, 1.5, PLANE[0]), numpy.linspace(0, 6.28, PLANE[1]), indexing="ij")
    for step in range(steps):
        wave = 5 * numpy.sin(3 * longitude + step / 40) * numpy.cos(latitude)
        noise = generator.normal(0, 0.05, PLANE)
        yield numpy.round(250 + 45 * numpy.cos(latitude) + wave + noise, 2)


def make_netcdf(path, steps, dtype, options):
    import netCDF4
    with netCDF4.Dataset(path, "w") as file:
        unlimited = None if "chunksizes" in options else steps  # as NCO's ncra wants it
        for name, size in zip(("time", "lat", "lon"), (unlimited, *PLANE)):
            file.createDimension(name, size)
        variable = file.createVariable("t", dtype, ("time", "lat", "lon"), **options)
        if dtype == "i2":
            variable.scale_factor, variable.add_offset = 0.01, 250.0
        for step, field in enumerate(fields(steps)):
            variable[step] = field


def make_columns(path, rows, columns):
    import h5py
    import numpy
    with h5py.File(path, "w") as file:
        data = file.create_dataset("t", (rows, columns), "f4", chunks=(rows, 1))
        generator = numpy.random.default_rng(2)
        for column in range(columns):
            data[:, column] = generator.random(rows, "f4")


def make(path, maker):
    """In a process of its own, whose memory is not counted to those that this one starts."""
    if path.exists():
        return
    print(f"making {path}", file=sys.stderr)
    if (child := os.fork()) == 0:
        maker(str(path) + ".part")
        os.rename(str(path) + ".part", path)
        os._exit(0)
    os.waitpid(child, 0)
    if not path.exists():
        sys.exit(f"{path} could not be made")


CHUNKS = {"chunksizes": (1, *PLANE)}
DEFLATE = {"zlib": True, "complevel": 4, "shuffle": True}


def files(folder, mib):
    """Name, path, whether it has the dimensions that tools for the climate want."""
    steps = max(1, mib * (1 << 20) // (4 * PLANE[0] * PLANE[1]))
    kinds = {"float32": ("f4", CHUNKS), "float32, deflated": ("f4", CHUNKS | DEFLATE),
             "int16 packed, deflated": ("i2", CHUNKS | DEFLATE), "float64 contiguous": ("f8", {"contiguous": True})}
    for name, (dtype, options) in kinds.items():
        path = folder / f"{name.replace(', ', '-').replace(' ', '-')}-{mib}.nc"
        make(path, lambda part: make_netcdf(part, steps // 2 if dtype == "f8" else steps, dtype, options))
        yield name, path, True
    path = folder / f"columns-{mib}.h5"
    make(path, lambda part: make_columns(part, 1 << 20, max(1, mib // 4)))
    yield "float32 in columns", path, False


PYTHON = {
    "netCDF4, numpy": "import netCDF4; v = netCDF4.Dataset({path!r})['t']; print(v[:].sum(dtype='f8'))",
    "netCDF4 without masks, numpy": "import netCDF4; v = netCDF4.Dataset({path!r})['t']; v.set_auto_mask(False); "
                                    "print(v[:].sum(dtype='f8'))",
    "h5py, numpy": "import h5py; print(h5py.File({path!r})['t'][()].sum(dtype='f8'))",
    "xarray with dask": "import xarray; print(float(xarray.open_dataset({path!r}, chunks={{'time': 250}}).t"
                        ".mean(dtype='f8')))",
}


# Chunk by chunk; reading it all at once took a minute.
BY_COLUMNS = {"h5py, numpy, by columns": "import h5py; v = h5py.File({path!r})['t']; "
                                         "print(sum(v[:, i].sum(dtype='f8') for i in range(v.shape[1])))"}


def peers(path, is_climate, scratch):
    for name, line in (PYTHON if is_climate else BY_COLUMNS).items():
        module = line.split(";")[0].split()[1]
        needs = (module, "dask") if module == "xarray" else (module,)
        if name.startswith("h5py") and "packed" in path.name:
            continue  # it would sum what is stored
        there = all(subprocess.run([sys.executable, "-c", f"import {each}"], capture_output=True).returncode == 0
                    for each in needs)
        yield name, [sys.executable, "-c", line.format(path=str(path))] if there else None
    if is_climate:
        yield "CDO timmean", ["cdo", "-s", "timmean", path, scratch / "cdo.nc"] if shutil.which("cdo") else None
    if is_climate and "contiguous" not in path.name:
        yield "NCO ncra", ["ncra", "-O", path, scratch / "ncra.nc"] if shutil.which("ncra") else None


def ours(build, path, ranks, threads):
    line = [build / "concdemo", "run", "stats", "--input", f"{path}:/t", "--threads", threads]
    return line if ranks == 1 else ["mpirun", "-n", ranks, *line]


def run(line):
    """Seconds, and the most memory that the process, or one that it started, had."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, line)), stdout=subprocess.DEVNULL, stderr=errors, env=os.environ | MPI)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, line))}: exit {process.returncode}\n{errors.read().decode()}")
    return seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=1000)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--json")
    options = parser.parse_args()
    folder = options.folder or options.build.parent / "files"
    folder.mkdir(parents=True, exist_ok=True)
    write = rows_to(options.json)
    print(f"{'file':24} {'program':32} {'s':>7} {'MiB':>6}   ours is .. times as fast, on 1 / {CORES} threads")
    for name, path, is_climate in files(folder, options.mib):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            lines = {f"concdemo, {threads} thread{'s' * (threads > 1)}": ours(options.build, path, 1, threads)
                     for threads in sorted({1, CORES})}
            lines |= {"concdemo, 2 ranks": ours(options.build, path, 2, 1)} if CORES > 1 else {}
            lines |= dict(peers(path, is_climate, pathlib.Path(scratch)))
            samples = {each: [] for each, line in lines.items() if line}
            for turn in range(options.rounds + 1):  # the first one warms the cache
                for each in samples:
                    found = run(lines[each])
                    if turn > 0:
                        samples[each].append(found)
        medians = {each: statistics.median(s for s, _ in found) for each, found in samples.items()}
        base = [medians[each] for each in medians if each.startswith("concdemo") and "thread" in each]
        for each, line in lines.items():
            if line is None:
                print(f"{name:24} {each:32} not installed")
                continue
            memory = max(m for _, m in samples[each])
            ratio = "" if each.startswith("concdemo") else " / ".join(f"{medians[each] / s:.2f}" for s in base)
            print(f"{name:24} {each:32} {medians[each]:7.3f} {memory:6.0f}   {ratio}", flush=True)
            write({"subject": "files", "file": name, "program": each, "bytes": path.stat().st_size,
                   "seconds": medians[each], "memory_mib": memory})


if __name__ == "__main__":
    main()
