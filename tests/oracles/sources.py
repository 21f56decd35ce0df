"""Virtual datasets and external storage: whole, they read as h5py reads them; what is missing is refused by its name.

Usage: sources.py READ_INPUT
"""
import json
import os
import shutil
import tempfile

import h5py
import numpy as np

from read_input import Reader, run

END = h5py.h5s.UNLIMITED


def make(name, fill):
    with h5py.File(name, "w", libver="latest") as f:
        fill(f)


def put_sources(count=3):
    for i in range(count):
        shutil.rmtree(f"s{i}.h5", ignore_errors=True)
        make(f"s{i}.h5", lambda f: f.__setitem__("data", np.arange(4.0) + 10 * i))


def virtual(name, shape, parts, kind="f8"):
    """parts: (where, file, dataset, its shape, what of it or None for all, of which no shape is stored)"""
    def fill(f):
        layout = h5py.VirtualLayout(shape, kind)
        for where, file, dataset, extents, what in parts:
            source = h5py.VirtualSource(file, dataset, extents)
            layout[where] = source if what is None else source[what]
        f.create_virtual_dataset("x", layout, fillvalue=-5)
    make(name, fill)


def endless(name, shape, mappings):
    """mappings: (start, block or END, file, dataset, the source's selection)"""
    def fill(f):
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        for select, file, dataset, source in mappings:
            space = h5py.h5s.create_simple(shape, (END,) + shape[1:])
            space.select_hyperslab(*select)
            creation.set_virtual(space, file.encode(), dataset.encode(), source)
        space = h5py.h5s.create_simple(shape, (END,) + shape[1:])
        h5py.h5d.create(f.id, b"x", h5py.h5t.IEEE_F64LE, space, creation)
    make(name, fill)


def growing(file, count):
    make(file, lambda f: f.create_dataset("data", data=np.arange(float(count)) + 1, maxshape=(None,)))


def endless_source():
    source = h5py.h5s.create_simple((4,), (END,))
    source.select_hyperslab((0,), (END,), (1,), (1,))
    return source


def refused(file, *words, path="x", env=None):
    result = run("inspect", file, path, env=env)
    message = result.stderr.decode()
    assert result.returncode == 2, (file, result)
    for word in (file, *words):
        assert word in message, (file, word, message)
    return 1


def reads(file, uncovered, path="x", env=None):
    """As h5py reads it, which finds all sources here."""
    result = run("inspect", file, path, env=env)
    assert result.returncode == 0, (file, result)
    assert json.loads(result.stdout)["uncovered"] == uncovered, (file, result.stdout)
    if env is None:
        with h5py.File(file) as f:
            values = f[path][...].astype("f8").reshape(-1)
        reader = Reader(file, path, 1 << 20)
        assert np.array_equal(reader.read(0, values.size)[1], values), file
        reader.close()
    return 1


def fixed_mappings():
    whole = [(slice(4 * i, 4 * i + 4), f"s{i}.h5", "data", (4,), slice(None)) for i in range(3)]
    put_sources()
    virtual("vds.h5", (12,), whole)
    virtual("holes.h5", (15,), whole)
    virtual("nested.h5", (20,), [(slice(0, 15), "holes.h5", "x", (15,), None)])
    virtual("part.h5", (4,), [(slice(None), "holes.h5", "x", (15,), slice(9, 13))])
    virtual("percent.h5", (4,), [(slice(None), "50%%.h5", "data", (4,), slice(None))])
    shutil.copy("s0.h5", "50%.h5")
    checks = reads("vds.h5", 0) + reads("holes.h5", 3) + reads("nested.h5", 8) + reads("part.h5", 1)
    checks += reads("percent.h5", 0)
    for content, words in ((np.arange(3.0), ["that is 3,"]), (np.arange(4), ["type int64"]),
                           (np.array([b"a"] * 4), ["type string"]), (np.zeros((2, 1)), ["2x1"])):
        make("s1.h5", lambda f: f.__setitem__("data", content))
        checks += refused("vds.h5", "s1.h5", "data", *words) + refused("nested.h5", "holes.h5", "s1.h5", *words)
    make("s1.h5", lambda f: f.__setitem__("data", np.arange(4, dtype="i2")))
    checks += reads("vds.h5", 0)
    make("s1.h5", lambda f: f.__setitem__("other", 1.0))
    checks += refused("vds.h5", "s1.h5 has no /data")
    put_sources()
    whole_file = open("s1.h5", "rb").read()
    for size, word in ((len(whole_file) - 1, "truncated"), (600, "truncated"), (0, "empty")):
        with open("s1.h5", "wb") as f:
            f.write(whole_file[:size])
        checks += refused("vds.h5", "s1.h5", word)
    put_sources()
    writer = h5py.File("s1.h5", "r+")
    checks += refused("vds.h5", "s1.h5", "is locked")
    writer.close()
    os.remove("s1.h5")
    for there in (lambda: None, lambda: os.mkdir("s1.h5"), lambda: os.symlink("nowhere", "s1.h5")):
        there()
        checks += refused("vds.h5", "data of s1.h5", "is missing", "HDF5_VDS_PREFIX") + refused("part.h5", "s1.h5")
        os.path.isdir("s1.h5") and os.rmdir("s1.h5")
    os.remove("s1.h5")
    os.mkfifo("s1.h5")
    checks += refused("vds.h5", "s1.h5", "regular file")
    os.remove("s1.h5")
    os.mkdir("folder")
    make("folder/s1.h5", lambda f: f.__setitem__("data", np.arange(4.0)))
    checks += reads("vds.h5", 0, env={"HDF5_VDS_PREFIX": "/nowhere:" + os.path.abspath("folder")})
    checks += reads("vds.h5", 0, env={"HDF5_VDS_PREFIX": "${ORIGIN}/folder"})
    put_sources()
    virtual("there.h5", (4,), [(slice(None), "back.h5", "x", (4,), slice(None))])
    virtual("back.h5", (4,), [(slice(None), "there.h5", "x", (4,), slice(None))])
    checks += refused("there.h5", "from itself")
    part = [(slice(None), "s0.h5", "data", (4,), slice(1, 4))]
    virtual("tail.h5", (3,), part)
    checks += reads("tail.h5", 0)
    make("s0.h5", lambda f: f.__setitem__("data", np.arange(3.0)))
    checks += refused("tail.h5", "s0.h5", "up to index 3 of dimension 0")
    make("s0.h5", lambda f: f.__setitem__("data", np.zeros((4, 4))))
    checks += refused("tail.h5", "s0.h5", "4x4")

    def own(f):
        f["data"] = np.arange(4.0)
        layout = h5py.VirtualLayout((8,), "f8")
        layout[::2] = h5py.VirtualSource(".", "data", (4,))
        f.create_virtual_dataset("x", layout, fillvalue=7)
    make("own.h5", own)
    checks += reads("own.h5", 4)
    with h5py.File("own.h5", "r+") as f:
        del f["data"]
    return checks + refused("own.h5", "its own file", "no /data")


def endless_mappings():
    block = h5py.h5s.create_simple((4,))
    for name, shape in (("series.h5", (0,)), ("series12.h5", (12,))):
        endless(name, shape, [(((0,), (END,), (4,), (4,)), "p%b.h5", "data", block)])
    endless("inside.h5", (0,), [(((0,), (END,), (4,), (4,)), "all.h5", "d%b", block)])
    make("all.h5", lambda f: [f.__setitem__(f"d{i}", np.full(4, float(i))) for i in range(3)])
    for i in range(3):
        make(f"p{i}.h5", lambda f: f.__setitem__("data", np.arange(4.0) + 10 * i))
    checks = reads("series.h5", 0) + reads("series12.h5", 0) + reads("inside.h5", 0)
    os.rename("p1.h5", "away.h5")
    checks += refused("series.h5", "p1.h5", "is missing")
    os.rename("away.h5", "p1.h5")
    os.remove("p2.h5")
    checks += reads("series.h5", 0) + refused("series12.h5", "was 12", "give 8")
    with h5py.File("all.h5", "r+") as f:
        del f["d1"]
    checks += refused("inside.h5", "all.h5 has no /d1")
    one = (((0,), (1,), (1,), (END,)), "u.h5", "data", endless_source())
    endless("one.h5", (0,), [one])
    endless("one10.h5", (10,), [one])
    for count in (12, 7):
        growing("u.h5", count)
        checks += reads("one.h5", 0)
    checks += refused("one10.h5", "was 10", "give 7")
    os.remove("u.h5")
    checks += refused("one.h5", "u.h5", "is missing")
    columns = [(((0, c), (END, 1), (1, 1), (1, 1)), f"c{c}.h5", "data", endless_source()) for c in range(2)]
    endless("columns.h5", (0, 2), columns)
    growing("c0.h5", 5)
    growing("c1.h5", 3)
    return checks + reads("columns.h5", 2)


def external_storage():
    parts = [("r0.bin", 0, 40), ("r1.bin", 8, h5py.h5f.UNLIMITED)]
    make("raw.h5", lambda f: f.create_dataset("x", (10,), "f8", external=parts))
    np.arange(5.0).tofile("r0.bin")
    np.arange(6.0).tofile("r1.bin")
    checks = reads("raw.h5", 0)
    for size in (47, 7, 0):
        os.truncate("r1.bin", size)
        checks += refused("raw.h5", "40 bytes from offset 8 of r1.bin", f"is {size} bytes long")
    os.remove("r1.bin")
    checks += refused("raw.h5", "r1.bin is missing", "HDF5_EXTFILE_PREFIX")
    os.mkfifo("r1.bin")
    checks += refused("raw.h5", "r1.bin", "regular file")
    os.rename("r0.bin", "folder/r0.bin")
    os.remove("r1.bin")
    np.arange(6.0).tofile("folder/r1.bin")
    return checks + reads("raw.h5", 0, env={"HDF5_EXTFILE_PREFIX": "${ORIGIN}/folder"})


def linked():
    put_sources()

    def fill(f):
        for name, target in (("a", h5py.ExternalLink("s0.h5", "/data")), ("v", h5py.ExternalLink("vds.h5", "/x")),
                             ("soft", h5py.SoftLink("/a")), ("g/beside", h5py.SoftLink("again")),
                             ("g/again", h5py.SoftLink("/soft")), ("no_file", h5py.ExternalLink("none.h5", "/x")),
                             ("no_data", h5py.ExternalLink("s0.h5", "/no")), ("round", h5py.SoftLink("/circle")),
                             ("circle", h5py.SoftLink("/round"))):
            f[name] = target
    make("links.h5", fill)
    checks = sum(reads("links.h5", 0, path=path) for path in ("a", "v", "soft", "g/beside"))
    checks += refused("links.h5", "a link to none.h5:/x", "is missing", "HDF5_EXT_PREFIX", path="no_file")
    checks += refused("links.h5", "s0.h5 has no /no", path="no_data") + refused("links.h5", "in a circle", path="round")
    os.remove("s2.h5")
    return checks + refused("links.h5", "s2.h5 is missing", path="v")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        checks = fixed_mappings() + endless_mappings() + external_storage() + linked()
    print(f"sources: {checks} virtual datasets, external files and links, whole or with something missing")


main()
