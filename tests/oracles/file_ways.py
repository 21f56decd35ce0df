"""Files read past HDF5's lock and by H5Dread (CONCDEMO_HDF5_READ=1): the same bits both ways, and those that h5py's
reading gives in exact arithmetic; over every layout, index of chunks, filter pipeline, type and byte order, over the
files of ../shared/data, and over random ones.

Usage: file_ways.py [--count N] [--seed S] [--only INDEX]     N random ones: 40, or 1,000 with CONCDEMO_FULL=1
Environment: CONCDEMO, the program; CONCDEMO_MPIEXEC, the launcher; CONCDEMO_SOURCE, the project.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import exact  # noqa: E402
import file_ways_random  # noqa: E402
import launcher  # noqa: E402
import stored  # noqa: E402

NUMPY = np.random.default_rng(17)
SAME = ("result", "missing", "inexact_inputs", "verified", "verified_against")


def record(folder, arguments, forced, ranks=1, threads=1):
    env = {key: value for key, value in os.environ.items() if key not in ("OMP_NUM_THREADS", "CONCDEMO_HDF5_READ")}
    if forced:
        env["CONCDEMO_HDF5_READ"] = "1"
    command = [*(launcher.launch(ranks) if ranks > 1 else []), os.environ["CONCDEMO"], "run", *arguments, "--json",
               "--quiet", "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder, env=env)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stderr}{done.stdout}")
    return json.loads(done.stdout)


def ways(found):
    return [each["way"] for each in found["input"]]


def compare(folder, workload, names, wanted, missing, by_library, options=(), layout=(1, 1)):
    """Both ways, the second on one rank and thread; `wanted`: of the result's fields; `by_library`: for each name."""
    arguments = [workload, *itertools.chain(*(("--input", name) for name in names)), *options]
    found = record(folder, arguments, False, *layout)
    forced = record(folder, arguments, True)
    for key in SAME:
        assert found[key] == forced[key], f"{key} is {found[key]} past the library and {forced[key]} by H5Dread"
    assert found["verified"] is True, found
    assert missing is None or found["missing"] == missing, f"{found['missing']} missing, not {missing}"
    assert not (why := list(exact.differences(found["result"], wanted))), why
    assert ways(forced) == ["H5Dread (CONCDEMO_HDF5_READ=1)"] * len(names), ways(forced)
    assert len(ways(found)) == len(by_library), ways(found)
    for way, library in zip(ways(found), by_library):
        assert way.startswith("H5Dread") == library, f"read by {way}: {library}"
    return found


def numbers(dtype, shape):
    """Of every size that fits; integers of every value."""
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        return NUMPY.integers(limits.min, limits.max, shape, dtype.newbyteorder("=").type, endpoint=True).astype(dtype)
    most = 10 if dtype.itemsize == 2 else 30
    return np.ldexp(NUMPY.standard_normal(shape), NUMPY.integers(-most, most // 2, shape)).astype(dtype)


def every_other(start):
    return sum(start) % 2 == 0


def layouts():
    """(name, values, how it is stored)"""
    plane = numbers("<f4", (53, 41))
    for rank, shape in enumerate(((1001,), (53, 41), (13, 11, 17), (7, 5, 9, 11)), 1):
        yield f"contiguous{rank}", numbers("<f8", shape), {}
        chunks = tuple(max(1, n // 3) for n in shape)
        yield f"chunked{rank}", numbers("<f8", shape), {"chunks": chunks}
        yield f"packed{rank}", numbers("<f4", shape), {"chunks": chunks, "filters": ("shuffle", "deflate")}
    yield "scalar", numbers("<f8", ()), {}
    yield "compact", numbers("<f4", (37, 9)), {"compact": True}
    yield "one", plane, {"chunks": plane.shape, "filters": ("deflate",)}
    yield "tiny", numbers("<i4", (3000,)), {"chunks": (2,)}
    yield "tiny_packed", numbers("<i4", (40, 40)), {"chunks": (1, 1), "filters": ("deflate",)}
    yield "large", numbers("<f4", (2, 41000)), {"chunks": (1, 41000), "filters": ("shuffle", "deflate", "fletcher32")}
    yield "large_edge", numbers("<f4", (90000,)), {"chunks": (40000,)}
    yield "early", plane, {"chunks": (10, 9), "early": True}
    for dimensions in ((0,), (1,), (0, 1)):
        for filters in ((), ("shuffle", "deflate")):
            name = f"growing{''.join(map(str, dimensions))}{len(filters)}"
            yield name, plane, {"chunks": (5, 60 if 1 in dimensions else 20), "growing": dimensions, "filters": filters}
    for fill in (None, 3.5):
        for filters in ((), ("deflate",)):
            yield f"unwritten{fill}{len(filters)}", plane, {"chunks": (10, 9), "filters": filters, "fill": fill,
                                                             "is_written": every_other}
    yield "nothing", plane, {"chunks": (10, 9), "fill": 2.5, "is_written": lambda start: False}


def pipelines():
    """Every order of every choice of filters, whole and with some of them left out for some chunks."""
    own = [order for n in (1, 2, 3) for order in itertools.permutations(sorted(stored.MASKABLE), n)]
    others = [order for name in ("lzf", "szip") for order in ((name,), ("shuffle", name), (name, "fletcher32"))]
    for filters in own + others:
        if "szip" in filters and not h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
            continue
        how = {"chunks": (11, 16), "filters": filters}
        yield "_".join(filters), numbers("<f4", (50, 43)), how
        if filters in own:
            masks = {**how, "mask_of": lambda start, most=2**len(filters): (start[0] // 11 + start[1]) % most}
            yield "masked_" + "_".join(filters), numbers("<f8", (50, 43)), masks
    yield "odd_checksum", numbers("|i1", (50,)), {"chunks": (7,), "filters": ("fletcher32", "deflate", "shuffle")}
    yield "edges", numbers("<f4", (50, 43)), {"chunks": (11, 16), "filters": ("deflate",), "edges": True}


def types():
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g"):
        for order in "<>" if kind != "g" else "=":
            values = numbers(order + kind, (23, 29))
            yield f"plain_{order}{kind}", values, {}
            yield f"packed_{order}{kind}", values, {"chunks": (7, 10), "filters": ("shuffle", "deflate", "fletcher32")}
    hard = numbers("<f8", (400,))
    for name, strange in (("nan", [np.nan]), ("inf", [np.inf]), ("both", [np.inf, -np.inf])):
        values = hard.copy()
        values[[17, 350][:len(strange)]] = strange
        yield name, values, {"chunks": (100,), "filters": ("deflate",)}
        yield f"plain_{name}", values, {}


def packed(file):
    """int16 with scale, offset and missing values, on their ways to and from chunks that nobody wrote."""
    raw = NUMPY.integers(-9, 9, (60, 50)).astype("<i2")
    for name, how in (("plain_cf", {}), ("chunked_cf", {"chunks": (7, 11), "filters": ("shuffle", "deflate")}),
                      ("unwritten_cf", {"chunks": (7, 11), "filters": ("deflate",), "fill": -5, "is_written": every_other})):
        for order in "<>":
            dataset = stored.store(file, name + order, raw.astype(order + "i2"), **how)
            dataset.attrs.update(scale_factor=0.1, add_offset=np.float32(273.15))
            dataset.attrs.create("_FillValue", np.int16(-5), dtype=order + "i2")
            yield name + order, False


def is_by_library(values, how):
    return bool(not values.shape or how.get("compact") or how.get("edges") or values.dtype.itemsize > 8
                or set(how.get("filters", ())) - stored.MASKABLE)


def generated(folder):
    """(file, dataset, whether H5Dread reads it)"""
    for form, userblock in (("old", 0), ("old", 512), ("v108", 1024), ("new", 0), ("new", 1024)):
        name = f"{form}{userblock}.h5"
        with h5py.File(os.path.join(folder, name), "w", libver=stored.FORMATS[form], userblock_size=userblock) as file:
            kinds = [layouts()]
            if form != "v108" and userblock != 1024:
                kinds += [pipelines()] if form == "new" else [pipelines(), types()] if userblock == 0 else []
            for dataset, values, how in itertools.chain(*kinds):
                if how.get("edges") and form != "new":  # too old for it
                    continue
                stored.store(file, dataset, values, **how)
                yield name, dataset, is_by_library(values, how)
            if userblock == 512:
                for dataset, library in packed(file):
                    yield name, dataset, library


def one(folder, number, name, dataset, by_library):
    with h5py.File(os.path.join(folder, name)) as file:
        operand = exact.elements(file[dataset])
    workload = ("sum", "stats")[number % 2]
    try:
        compare(folder, workload, [f"{name}:/{dataset}"], *exact.expected(workload, [operand]), [by_library],
                layout=(1, 1 + number % 3))
    except AssertionError as fault:
        return f"{workload} of {name}:/{dataset}: {fault}"


def shared_data(folder):
    faults, count = [], 0
    data = pathlib.Path(os.environ["CONCDEMO_SOURCE"]).parent / "shared" / "data"
    for path in sorted([*data.glob("*.h5"), *data.glob("*.nc")]):
        with h5py.File(path) as file:
            names = [name for name in file if file[name].dtype.kind in "iuf"]
        for number, name in enumerate(names):
            count += 1
            faults += filter(None, [one(folder, number + each, str(path), name, False) for each in (0, 1)])
        if len(names) > 1:
            compare(folder, "dot", [f"{path}:/{names[-1]}"] * 2, {}, None, [False, False], layout=(2, 1))
    if not count:
        print("SKIPPED the files of ../shared/data: there are none")
    return count, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000 if os.environ.get("CONCDEMO_FULL") == "1" else 40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="INDEX")
    args = parser.parse_args()
    faults, known = [], 0
    with tempfile.TemporaryDirectory(prefix="concdemo-ways-") as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        if args.only is None:
            cases = list(generated(folder))
            faults += filter(None, pool.map(lambda case: one(folder, case[0], *case[1]), enumerate(cases)))
            count, more = shared_data(folder)
            known, faults = len(cases) + count, faults + more
        indices = range(args.count) if args.only is None else [args.only]
        choose = [random.Random(f"{args.seed}/{index}") for index in indices]
        played = pool.map(lambda choices: file_ways_random.play(folder, choices, compare), choose)
        faults += [f"--seed {args.seed} --only {index}: {fault}" for index, fault in zip(indices, played) if fault]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"file_ways: {known} datasets and {len(choose)} random ones (seed {args.seed}), {len(faults)} wrong")
    sys.exit(1 if faults else 0)


main()
