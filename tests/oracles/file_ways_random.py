"""A random workload of file_ways.py on datasets that are stored at random."""
import os
import tempfile
import threading

import h5py
import numpy as np

import exact
import stored

HDF5 = threading.Lock()  # h5py's low level takes none
KINDS = ("<f4", "<f8", ">f4", ">f8", "<f2", "|i1", "<i2", ">i2", "<i4", ">u4", "<i8", ">u8")


def storage(choices, shape, numpy):
    """Arguments of stored.store()."""
    kind = choices.choices(("contiguous", "chunks", "compact"), (2, 9, 1))[0]
    if kind != "chunks":
        return {"compact": kind == "compact" and np.prod(shape) < 5000}
    growing = [d for d in range(len(shape)) if choices.random() < 0.3]
    chunks = tuple(choices.choice([n, choices.randint(1, n), max(1, n // choices.randint(2, 9))]) +
                   (choices.randint(0, 9) if d in growing else 0) for d, n in enumerate(shape))
    while np.prod([-(-n // c) for n, c in zip(shape, chunks)]) > 2000:
        chunks = tuple(min(n, 2 * c) for n, c in zip(shape, chunks))
    filters = tuple(choices.sample(sorted(stored.MASKABLE), choices.randrange(4)))
    if choices.random() < 0.1:
        filters = choices.choice([("lzf",), ("shuffle", "lzf")])
    how = {"chunks": chunks, "growing": growing, "filters": filters}
    starts = list(stored.chunk_starts(shape, chunks))
    if choices.random() < 0.3:
        written = {start for start in starts if choices.random() < 0.7}
        how.update(is_written=written.__contains__, fill=choices.choice([None, 7]))
    if filters and set(filters) <= stored.MASKABLE and choices.random() < 0.4:
        masks = {start: choices.randrange(2**len(filters)) for start in starts}
        how["mask_of"] = masks.__getitem__
    return how


def elements(choices, numpy, shape, finite_integers):
    """Integers so small that their products are exact in any order, or floats of many sizes, some of them strange."""
    dtype = np.dtype(choices.choice(KINDS))
    small = numpy.integers(0 if dtype.kind == "u" else -9, 10, shape)
    if finite_integers or dtype.kind != "f":
        return small.astype(dtype)
    values = np.ldexp(numpy.standard_normal(shape), numpy.integers(-9, 4, shape)).astype(dtype)
    if choices.random() < 0.2:
        values[numpy.random(shape) < 0.01] = choices.choice([np.nan, np.inf, -np.inf])
    return values


def is_by_library(how):
    return bool(how.get("compact") or set(how.get("filters", ())) - stored.MASKABLE)


def make(name, choices, numpy, workload, shape):
    """Stores the operands /a, /b and says of each whether H5Dread reads it."""
    shapes = [shape, shape[1:] if workload == "matvec" else shape][:2 if workload in ("dot", "matvec") else 1]
    finite = workload in ("matvec", "transpose")
    by_library, how = [], None
    userblock = choices.choice([0, 0, 512, 1024])
    with h5py.File(name, "w", libver=choices.choice(list(stored.FORMATS.values())), userblock_size=userblock) as file:
        for path, extents in zip("ab", shapes):
            if how is None or workload != "dot" or choices.random() < 0.6:
                how = storage(choices, extents, numpy)
            values = elements(choices, numpy, extents, finite)
            dataset = stored.store(file, path, values, **how)
            by_library.append(is_by_library(how))
            if not finite and choices.random() < 0.3:
                dataset.attrs.create("_FillValue", 3, dtype=values.dtype)
            if not finite and values.dtype.kind == "i" and choices.random() < 0.5:
                dataset.attrs.update(scale_factor=0.01, add_offset=273.15)
    with h5py.File(name) as file:
        return by_library, [(exact.elements(file[path]), file[path].shape) for path in "ab"[:len(shapes)]]


def array_of(workload, operands):
    """What the workload writes: the dataset's name and its elements."""
    with np.errstate(all="ignore"):
        values = [np.where(missing, np.nan, each).reshape(shape) for (each, missing), shape in operands]
        if workload == "square":
            return "y", values[0] * values[0]
        return ("at", values[0].T) if workload == "transpose" else ("ax", values[0] @ values[1])


def play(folder, choices, compare):
    """What is wrong; None when nothing is."""
    numpy = np.random.default_rng(choices.getrandbits(64))
    rank = choices.choice([1, 2, 2, 3])
    reductions = ["sum", "stats", "sumsq", "dot"]
    workload = choices.choice([*reductions, *reductions, "square", *(["transpose", "matvec"] if rank == 2 else [])])
    most = {1: 3000, 2: 60, 3: 16}[rank] * (10 if workload == "sum" and choices.random() < 0.3 else 1)
    shape = tuple(choices.randint(1, most if rank < 3 else 16) for _ in range(rank))
    layout = choices.choices((1, 2, 3), (8, 1, 1))[0], choices.choice([1, 2, 3])
    options = choices.choice([[], [], ["--buffers", "4MiB"]])
    if workload in reductions and choices.random() < 0.3:
        options = [*options, "--schedule", "dynamic"]
    with tempfile.TemporaryDirectory(dir=folder) as own:
        with HDF5:
            by_library, operands = make(os.path.join(own, "in.h5"), choices, numpy, workload, shape)
        names = [f"in.h5:/{path}" for path, _ in zip("ab", operands)]
        wanted, missing = {}, None
        if workload in reductions:
            wanted, missing = exact.expected(workload, [operand for operand, _ in operands])
        else:
            options = [*options, "--output", "out.h5", "--force"]
        try:
            compare(own, workload, names, wanted, missing, by_library, options, layout)
            if workload not in reductions:
                name, array = array_of(workload, operands)
                with HDF5, h5py.File(os.path.join(own, "out.h5")) as file:
                    found = file[name][...]
                assert found.shape == array.shape and np.array_equal(found, array, equal_nan=True), f"/{name} differs"
        except AssertionError as fault:
            return f"{workload} of {shape} on {layout}: {fault}"
