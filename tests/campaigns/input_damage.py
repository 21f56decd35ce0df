"""Damages input files of many kinds at random places and reads them: the sum is the one h5py finds in the same file, or
the file is refused by its name with exit code 2, or 3 where a chunk of the data is damaged. Never another code, a signal,
a hang, or memory without bound.

Usage: input_damage.py [--count N] [--seed S] [--only INDEX] [--file FILE:/DATASET]   ($CONCDEMO: the program)
"""
import argparse
import json
import math
import multiprocessing
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

CONCDEMO = os.environ.get("CONCDEMO", "concdemo")
VALUES = np.random.default_rng(3).integers(-1000, 1000, 600) / 8
MOST_BYTES = 6 << 30  # of address space, in which a hundred megabytes are in use
MOST_TEXT = 3000


def chunked(**options):
    return lambda f: f.create_dataset("x", data=VALUES, chunks=(100,), **options)


def growing(extents, shape, chunks):
    return lambda f: f.create_dataset("x", data=VALUES.reshape(shape), maxshape=extents, chunks=chunks)


def packed(f):
    f.create_dataset("x", data=(VALUES * 8).astype("i2"), chunks=(64,), compression="gzip", shuffle=True, fletcher32=True)
    f["x"].attrs.update(scale_factor=0.125, add_offset=0.0, units="m", note="x" * 300)


def crowded(f):
    for i in range(30):
        f[f"group/{i:03}"] = i
    f["x"] = VALUES
    for i in range(20):
        f["x"].attrs[f"a{i}"] = np.arange(i + 1.0)
    f["link"] = h5py.SoftLink("/x")


def virtual(f):
    layout = h5py.VirtualLayout((600,), "f8")
    for i in range(2):
        layout[300 * i:300 * i + 300] = h5py.VirtualSource("source.h5", f"part{i}", (300,))
    f.create_virtual_dataset("x", layout)


def compact(f):
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(VALUES.shape)
    h5py.h5d.create(f.id, b"x", h5py.h5t.IEEE_F64LE, space, creation).write(space, space, VALUES)


KINDS = {
    "contiguous": lambda f: f.__setitem__("x", VALUES),
    "compact": compact,
    "chunked": chunked(),
    "deflate": chunked(compression="gzip", shuffle=True),
    "fletcher": chunked(fletcher32=True),
    "lzf": chunked(compression="lzf", shuffle=True, fletcher32=True),
    "scaleoffset": lambda f: f.create_dataset("x", data=(VALUES * 8).astype("i4"), chunks=(100,), scaleoffset=0),
    "szip": chunked(compression="szip") if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP) else chunked(),
    "one_unlimited": growing((None,), (600,), (50,)),
    "two_unlimited": growing((None, None), (20, 30), (5, 7)),
    "packed": packed,
    "crowded": crowded,
    "virtual": virtual,
    "linked": lambda f: f.__setitem__("x", h5py.ExternalLink("source.h5", "/whole")),
    "external": lambda f: f.create_dataset("x", (600,), "f8", external=[("raw.bin", 0, 4800)]),
    "big_endian": lambda f: f.create_dataset("x", data=VALUES.astype(">f4")),
    "odd_type": lambda f: f.create_dataset("x", data=VALUES.astype(np.longdouble)),
}
FORMATS = {"old": "earliest", "v108": ("v108", "v108"), "new": "latest"}


def make_files(folder):
    """Each kind in each format that can hold it, beside what they take their elements from."""
    os.chdir(folder)
    with h5py.File("source.h5", "w") as f:
        f["whole"], f["part0"], f["part1"] = VALUES, VALUES[:300], VALUES[300:]
    VALUES.tofile("raw.bin")
    names = []
    for kind, fill in KINDS.items():
        for form, bounds in FORMATS.items():
            name = f"{kind}_{form}.h5"
            if (kind, form) == ("virtual", "v108"):  # too old for it
                continue
            with h5py.File(name, "w", libver=bounds, userblock_size=512 if kind == "chunked" else 0) as f:
                fill(f)
            names.append(name)
    return names


def damage(data, choices):
    """Some bytes of a file, changed as disks, copies and programs change them; the word says how."""
    data = bytearray(data)
    # Metadata lies at the beginning and the end.
    size = choices.choice([len(data), min(len(data), 4096)])
    at = choices.randrange(size) if choices.random() < 0.8 else len(data) - 1 - choices.randrange(min(len(data), 2048))
    way = choices.choice(["bit", "bit", "byte", "bytes", "ones", "zeros", "cut", "hole", "swap", "number"])
    if way == "bit":
        for _ in range(choices.choice([1, 1, 1, 4, 16])):
            data[at] ^= 1 << choices.randrange(8)
            at = choices.randrange(size)
    elif way == "byte":
        data[at] = choices.randrange(256)
    elif way == "bytes":
        data[at:at + 8] = choices.randbytes(len(data[at:at + 8]))
    elif way in ("ones", "zeros"):
        part = data[at:at + choices.choice([2, 4, 8, 64])]
        data[at:at + len(part)] = (b"\xff" if way == "ones" else b"\0") * len(part)
    elif way == "cut":
        del data[at:]
    elif way == "hole":
        part = len(data[at:at + 512])
        data[at:at + part] = bytes(part)
    elif way == "swap":
        other = choices.randrange(size)
        data[at:at + 8], data[other:other + 8] = data[other:other + 8], data[at:at + 8]
    else:
        part = choices.choice([1, 2, 4, 8])
        number = choices.choice([0, 1, 255, 65535, 2**31, 2**32 - 1, 2**63]) & (256**part - 1)
        if at + part <= len(data):
            data[at:at + part] = number.to_bytes(part, "little")
    return bytes(data), f"{way} at {at}"


def h5py_sum(name, dataset, answer):
    """In a process of its own, which HDF5 may bring down."""
    with h5py.File(name) as f:
        read = f[dataset]
        values = read[...].astype("f8").reshape(-1)
        scale, offset = read.attrs.get("scale_factor", 1.0), read.attrs.get("add_offset", 0.0)
        answer.put((values.size, values * scale + offset if (scale, offset) != (1.0, 0.0) else values))


def expected(name, dataset):
    answer = multiprocessing.SimpleQueue()
    reader = multiprocessing.Process(target=h5py_sum, args=(name, dataset, answer))
    devnull = os.open(os.devnull, os.O_WRONLY)
    saved = os.dup(2)
    os.dup2(devnull, 2)
    reader.start()
    os.dup2(saved, 2)
    os.close(saved)
    os.close(devnull)
    reader.join(20)
    if reader.is_alive():
        reader.kill()
        reader.join()
    return answer.get() if reader.exitcode == 0 else None


def fault(name, dataset, original):
    """What is wrong with how the program takes the file; empty when nothing is."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))

    try:
        done = subprocess.run([CONCDEMO, "run", "sum", "--input", f"{name}:/{dataset}", "--json", "--threads", "1"],
                              capture_output=True, timeout=60, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return "hangs"
    text = done.stderr.decode(errors="replace")
    of_chunk = any(words in text for words in ("its chunk from index", "what is stored of it", " elements from index"))
    if done.returncode == 2 or (done.returncode == 3 and of_chunk):
        if name not in text or len(text) > MOST_TEXT or text.count("concdemo: ") > 2:
            return f"message of {len(text)} characters: {text[:600]}"
        return ""
    if done.returncode != 0:
        return f"exit {done.returncode}: {text[:1200]}"
    record = json.loads(done.stdout)
    found = expected(name, dataset)
    values = original if found is None else found[1]
    right = float("nan") if np.isnan(values).any() else math.fsum(values) if np.isfinite(values).all() else values.sum()
    bits = np.float64(right).view("u8")
    result = record["result"]["sum"]
    if record["missing"] == 0 and result["bits"] != f"{bits:016x}" and not math.isnan(right):
        return f"the sum is {result['value']}, not {right}{'' if found is None else ' as h5py reads it'}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="INDEX")
    parser.add_argument("--file", help="FILE:/DATASET to damage instead of those made here")
    args = parser.parse_args()
    faults = refusals = 0
    with tempfile.TemporaryDirectory(prefix="concdemo-damage-") as folder:
        names, dataset = make_files(folder), "x"
        if args.file:
            file, _, dataset = args.file.rpartition(":/")
            names = [shutil.copy(file, "given.h5")]
        whole = {name: pathlib.Path(name).read_bytes() for name in names}
        original = {name: expected(name, dataset)[1] for name in names}
        for name in names if args.only is None else []:
            if why := fault(name, dataset, original[name]):
                sys.exit(f"{name}, not damaged: {why}")
        for index in range(args.count) if args.only is None else [args.only]:
            choices = random.Random(f"{args.seed}/{index}")
            name = choices.choice(names)
            data, way = damage(whole[name], choices)
            pathlib.Path("damaged.h5").write_bytes(data)
            if why := fault("damaged.h5", dataset, original[name]):
                faults += 1
                print(f"--seed {args.seed} --only {index}: {name}, {way}: {why}", file=sys.stderr, flush=True)
                if args.only is not None:
                    shutil.copy("damaged.h5", "/tmp/damaged.h5")
    print(f"{args.count} damaged files, {faults} taken wrongly (seed {args.seed})")
    sys.exit(1 if faults else 0)


main()
