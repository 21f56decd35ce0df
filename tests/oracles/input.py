"""Datasets made by h5py, read by the program (read_input.cpp), compared with numpy bit for bit.

Usage: input.py READ_INPUT
"""
import itertools
import json
import math
import os
import random
import shutil
import tempfile

import h5py
import numpy as np

from read_input import Reader, run

RANDOM = random.Random(20240501)
NUMPY = np.random.default_rng(7)
LIMIT = 2**53


def same_bits(a, b):
    return np.array_equal(a.view("u8"), b.view("u8"))


def expected_counts(raw, missing):
    """Missing elements; those beyond float64 that are not missing."""
    flat = raw.reshape(-1)
    if flat.dtype.kind == "f":
        return int(missing.sum()), int(((flat.astype("f8") != flat) & (flat == flat) & ~missing).sum())
    if flat.dtype.itemsize < 8:
        return int(missing.sum()), 0
    return int(missing.sum()), sum(1 for v, m in zip(flat.tolist(), missing) if not m and int(float(v)) != v)


def compare(file, path, raw, values=None, missing=None, element_bytes=None):
    """Whole and random ranges under several buffers. `values`: expected float64 where not raw's own."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = (raw.astype("f8") if values is None else values).reshape(-1)
    missing = (np.zeros(values.size, bool) if missing is None else missing).reshape(-1)
    size = element_bytes or raw.dtype.itemsize
    with h5py.File(file) as f:
        chunks, filters = f[path].chunks, f[path].id.get_create_plist()
        filters = [filters.get_filter(i)[0] for i in range(filters.get_nfilters())]
    decoded = 0  # chunks that are decoded past the library
    if chunks and filters and set(filters) <= {1, 2, 3}:
        decoded = math.prod(-(-extent // chunk) for extent, chunk in zip(raw.shape, chunks))
    chunk_bytes = int(np.prod(chunks, dtype=object)) * size if chunks else 1
    for buffers in (chunk_bytes, RANDOM.choice((3 * chunk_bytes + 5, 64 << 20))):
        reader = Reader(file, path, buffers)
        by_library = raw.size == 0 or raw.dtype.itemsize > 8
        spans = [(0, raw.size)] + [tuple(sorted((RANDOM.randint(0, raw.size), RANDOM.randint(0, raw.size))))
                                   for _ in range(4)]
        for span in spans:
            begin, end = span
            counts, got, mask = reader.read(begin, end)
            want = values[begin:end].copy()
            want[missing[begin:end]] = np.nan
            where = f"{path} {raw.dtype} {raw.shape} chunks {chunks} buffers {buffers} [{begin},{end})"
            nan = np.isnan(want)
            assert np.array_equal(np.isnan(got), nan), where
            assert same_bits(got[~nan], want[~nan]), where
            assert np.array_equal(mask, missing[begin:end].astype("u1")), where
            assert (got[mask == 1].view("u8") == 0x7ff8000000000000).all(), where
            assert (counts[0], counts[1]) == expected_counts(raw.reshape(-1)[begin:end], missing[begin:end]), where
            if span is spans[0]:
                assert counts[2] == (0 if by_library else decoded), f"{where}: {counts[2]} chunks of {decoded} decoded"
        reader.close()


def numbers(dtype, shape):
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    if dtype.itemsize > 8:
        return NUMPY.standard_normal(shape).astype(dtype) * np.longdouble(10) ** NUMPY.integers(-300, 300, shape)
    raw = NUMPY.integers(0, 256, count * dtype.itemsize, dtype="u1").view(dtype).reshape(shape)
    if dtype.kind == "f":
        return raw
    return raw >> NUMPY.integers(0, 8 * dtype.itemsize, shape).astype(dtype)


def shapes():
    for rank in range(11):
        yield tuple(RANDOM.randint(1, {0: 1, 1: 900, 2: 40, 3: 12, 4: 7}.get(rank, 4)) for _ in range(rank))


def layouts(shape):
    yield {}
    if shape:
        chunks = tuple(RANDOM.randint(1, n) for n in shape)
        yield {"chunks": chunks}
        yield {"chunks": tuple(RANDOM.randint(1, n) for n in shape), "compression": "gzip", "shuffle": True,
               "fletcher32": True}
        yield {"chunks": tuple(n + 3 * (d == 0) for d, n in enumerate(shape)), "maxshape": (None,) * len(shape),
               "compression": "gzip"}


def types_and_shapes(folder):
    types = [order + kind for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
             for order in "<>"] + [np.longdouble]
    file, cases = os.path.join(folder, "types.h5"), {}
    with h5py.File(file, "w") as f:
        for i, (dtype, shape) in enumerate(zip(itertools.cycle(types), [s for _ in range(5) for s in shapes()])):
            for j, layout in enumerate(layouts(shape)):
                raw = numbers(dtype, shape)
                cases[f"/{i}_{j}"] = raw
                f.create_dataset(f"{i}_{j}", data=raw, **layout)
    for path, raw in cases.items():
        compare(file, path, raw)
    return f"{len(cases)} datasets of {len(types)} types and 0 to 10 dimensions"


def low_level(folder):
    """What h5py's high level does not make: compact storage, odd integers and floats, bit fields."""
    file, cases = os.path.join(folder, "low.h5"), {}
    with h5py.File(file, "w") as f:
        def make(name, filetype, raw, compact=False):
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            if compact:
                plist.set_layout(h5py.h5d.COMPACT)
            space = h5py.h5s.create_simple(raw.shape)
            h5py.h5d.create(f.id, name.encode(), filetype, space, plist).write(h5py.h5s.ALL, h5py.h5s.ALL,
                                                                             np.ascontiguousarray(raw))
            cases["/" + name] = raw
        make("compact", h5py.h5t.STD_I32BE, numbers("<i4", (13, 17)), compact=True)
        for bits, base, dtype in ((12, h5py.h5t.STD_I16LE, "<i2"), (12, h5py.h5t.STD_U16BE, "<u2"),
                                  (24, h5py.h5t.STD_I32BE, "<i4"), (40, h5py.h5t.STD_U64LE, "<u8")):
            odd = base.copy()
            odd.set_precision(bits)
            signed = dtype[1] == "i"
            low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if signed else (0, 1 << bits)
            make(f"odd{bits}{dtype[1:]}", odd, NUMPY.integers(low, high, (9, 31)).astype(dtype))
        def floats(size, sign, exponent_at, exponent, fraction, bias, base=h5py.h5t.IEEE_F64LE):
            odd = base.copy()
            odd.set_size(size)
            odd.set_precision(8 * size)
            odd.set_fields(sign, exponent_at, exponent, 0, fraction)
            odd.set_ebias(bias)
            return odd
        brain = h5py.h5t.IEEE_F32LE.copy()
        brain.set_fields(15, 7, 8, 0, 7)
        brain.set_size(2)
        brain.set_ebias(127)
        make("bfloat16", brain, (NUMPY.integers(0, 0x7f80, (200,), dtype="u4") << 16).view("f4"))
        hard = np.longdouble([1, -0.0, np.nan, np.inf, -np.inf, 1 / np.longdouble(3), np.longdouble(2) ** 63 + 1])
        hard = np.concatenate([hard, np.longdouble(2) ** np.array([1023, -1022, -1074, -1075, -1076, -16000]),
                               np.longdouble(2) ** -1074 * np.longdouble([1.5, 2.5, 0.75]),
                               [np.longdouble(2) ** 1023 * (2 - np.longdouble(2) ** -53)], numbers(np.longdouble, (300,))])
        with np.errstate(over="ignore"):
            hard = hard[np.isfinite(hard.astype("f8")) | ~np.isfinite(hard)]
        make("quad", floats(16, 127, 112, 15, 112, 16383), hard)
        make("quad_big", floats(16, 127, 112, 15, 112, 16383, h5py.h5t.IEEE_F64BE), hard)
        make("extended", h5py.h5t.NATIVE_LDOUBLE, hard)
        for name, bits, dtype in (("bits8", h5py.h5t.STD_B8LE, "u1"), ("bits32", h5py.h5t.STD_B32BE, ">u4"),
                                  ("bits64", h5py.h5t.STD_B64LE, "<u8")):
            raw = numbers(dtype, (50,)).astype(dtype)  # numpy shifts into the order of the host
            h5py.h5d.create(f.id, name.encode(), bits, h5py.h5s.create_simple(raw.shape)).write(
                h5py.h5s.ALL, h5py.h5s.ALL, raw, bits)
            cases["/" + name] = raw
        f.create_dataset("enum", data=np.array([1, 300, 5], ">i2"), dtype=h5py.enum_dtype({"a": 1, "b": 300}, ">i2"))
        cases["/enum"] = f["enum"][...]
    for path, raw in cases.items():
        size = 16 if path == "/bfloat16" else 8 if path.startswith("/odd") else None
        compare(file, path, raw, element_bytes=size)
    return f"{len(cases)} datasets of odd types and compact storage"


def packing(folder):
    file, done = os.path.join(folder, "packed.h5"), 0

    def check(raw, missing, scale=None, offset=None, unsigned=None, view=None, **attributes):
        nonlocal done
        with h5py.File(file, "w") as f:
            dataset = f.create_dataset("x", data=raw, chunks=True)
            for name, value in attributes.items():
                dataset.attrs[name] = value
            for name, value in (("scale_factor", scale), ("add_offset", offset), ("_Unsigned", unsigned)):
                if value is not None:
                    dataset.attrs[name] = value
        raw = raw if view is None else raw.view(view)
        with np.errstate(all="ignore"):
            values = raw.astype("f8")
            if scale is not None or offset is not None:
                values = values * np.float64(np.ravel(scale if scale is not None else 1)[0])
                values = values + np.float64(np.ravel(offset if offset is not None else 0)[0])
        compare(file, "/x", raw, values, np.isin(raw, missing) | (np.isnan(raw) & np.isnan(missing).any()))
        done += 1

    i2 = NUMPY.integers(-9, 9, 3000).astype("i2")
    check(i2, [-5], 0.01, 273.15, _FillValue=np.int16(-5))
    check(i2.astype(">i2"), [-5, 3], np.float32(0.1), np.array([5], "i8"), _FillValue=np.array([-5], "i2"),
          missing_value=3.0)
    check(i2, [-5, 3, 7], None, 1, missing_value=np.array([-5, 3, 7, 99999], "i4"))
    check(i2, [], 2, None, _FillValue=65531)  # -5 as bits, yet no int16
    check(i2, [], missing_value=3.5)
    check(i2, [65531], 0.5, 1.0, unsigned="true", view="u2", _FillValue=np.int16(-5))
    check(i2, [65531], unsigned="true", view="u2", missing_value=np.uint16(65531))
    check(i2.view("u2"), [-5], unsigned=np.bytes_("false"), view="i2", _FillValue=np.int16(-5))
    f4 = NUMPY.choice(np.array([1.5, -999.9, np.nan, np.inf, 0.0, -0.0], "f4"), 3000)
    check(f4, [np.float32(-999.9)], missing_value=-999.9)
    check(f4, [np.nan], _FillValue=np.float32(np.nan))
    check(f4, [np.nan, np.inf, 0.0], 3.0, -1.0, missing_value=np.array([np.nan, np.inf, 0.0]))
    check(f4.astype(">f8"), [1.5], _FillValue=1.5)
    check(f4.astype("f2"), [np.float16(-999.9), 1.5], _FillValue=np.float16(1.5), missing_value=-999.9)
    check(f4.astype(np.longdouble), [1.5], 2.0, 0.5, _FillValue=np.longdouble(1.5))
    big = NUMPY.choice(np.array([LIMIT + 1, LIMIT, -LIMIT - 1, 2**63 - 1, 5], "i8"), 3000)
    check(big, [LIMIT + 1], missing_value=np.int64(LIMIT + 1))
    check(big.astype(">u8"), [2**63 - 1], _FillValue=np.uint64(2**63 - 1))
    return f"{done} packings"


def choosing(folder):
    """Which dataset is taken when none is named; zero elements; virtual and external storage."""
    file = os.path.join(folder, "scales.h5")
    with h5py.File(file, "w") as f:
        f["lon"] = np.arange(5.0)
        f["lon"].make_scale("lon")
        f["station"] = np.zeros(5, "f4")
        f["station"].make_scale("This is a netCDF dimension but not a netCDF variable.         5")
        f["label"] = "text"
        f["group/field"] = np.arange(5, dtype="i2")
        f["group/field"].dims[0].attach_scale(f["lon"])
    result = run("inspect", file)
    assert result.returncode == 0 and json.loads(result.stdout)["path"] == "/group/field"
    with h5py.File(file, "w") as f:
        for name, shape in (("none", (0,)), ("flat", (3, 0, 2))):
            f.create_dataset(name, shape, "i4")
            f.create_dataset(name + "_chunked", shape, "f8", chunks=(4,) * len(shape), maxshape=(None,) * len(shape))
    for name in ("none", "flat", "none_chunked", "flat_chunked"):
        reader = Reader(file, name, 1000)
        assert reader.read(0, 0)[0].tolist() == [0, 0, 0]
        reader.close()
    raw = numbers("<i4", (30, 7))
    source, external = os.path.join(folder, "source.h5"), os.path.join(folder, "raw.bin")
    raw.tofile(external)
    with h5py.File(source, "w") as f:
        f["x"] = raw[:10]
    with h5py.File(file, "w") as f:
        layout = h5py.VirtualLayout(raw.shape, "<i4")
        layout[:10] = h5py.VirtualSource(source, "x", (10, 7))
        f.create_virtual_dataset("virtual", layout, fillvalue=7)
        f.create_dataset("external", raw.shape, "<i4", external=[(external, 0, h5py.h5f.UNLIMITED)])
        never = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        never.set_chunk((8,))
        never.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(f.id, b"never", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((20,)), never)
        f.create_dataset("unwritten", (50,), "f4", chunks=(8,), fillvalue=3.5)
    compare(file, "/external", raw)
    compare(file, "/virtual", np.concatenate([raw[:10], np.full((20, 7), 7, "<i4")]))
    compare(file, "/never", np.zeros(20))
    compare(file, "/unwritten", np.full(50, 3.5, "f4"))
    odd = os.path.join(os.fsencode(folder), b"caf\xe9 x:y.h5")
    shutil.copy(source, odd)
    result = run("read", odd, "x", "1000")
    assert result.returncode == 0, result
    return "choice, zero elements, virtual, external and unwritten storage, file names that are not UTF-8"


def main():
    with tempfile.TemporaryDirectory() as folder:
        for check in (types_and_shapes, low_level, packing, choosing):
            print(f"input: {check(folder)}", flush=True)


main()
