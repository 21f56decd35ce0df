"""Files that are not simply HDF5: what the message says they are, and that the line it gives can be pasted into a shell.

Usage: other_files.py READ_INPUT
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

from read_input import Reader, run

VALUES = np.arange(2000.0)


def message(file, path=""):
    result = run("inspect", file, *([path] if path else []))
    assert result.returncode == 2, (file, result)
    return result.stderr.decode().rstrip("\n")


def says(file, *words, path=""):
    text = message(file, path)
    for word in (file, *words):
        assert word in text, (file, word, text)
    return 1


def pasted(file, begin, result):
    """The line after `begin` makes, in a shell, the file `result`, which reads as VALUES."""
    line = message(file).partition(begin)[2]
    assert line, (file, message(file))
    subprocess.run(["bash", "-c", begin.split(": ")[-1] + line], check=True, capture_output=True)
    reader = Reader(result, "/x", 1 << 20)
    assert np.array_equal(reader.read(0, VALUES.size)[1], VALUES), result
    reader.close()
    return 1


def left_open():
    checks = 0
    for name, swmr, words in (("swmr left.h5", True, "SWMR writing"), ("left.h5", False, "open for writing")):
        with h5py.File("writer.h5", "w", libver="latest") as f:
            f.create_dataset("x", data=VALUES, chunks=(100,), maxshape=(None,))
            if swmr:
                f.swmr_mode = True
            f.flush()
            shutil.copy("writer.h5", name)
        checks += says(name, words) + pasted(name, "from a copy: cp ", name[:-3] + "-copy.h5")
    return checks


def in_several_files():
    for name, options in (("fam %d.h5", {"driver": "family", "memb_size": 8192}), ("two", {"driver": "split"}),
                          ("many%03d.h5", {"driver": "family", "memb_size": 8192})):
        with h5py.File(name, "w", **options) as f:
            f["x"] = VALUES
    checks = says("two-r.h5", "split", "h5repack two ") + says("two-m.h5", "split")
    checks += pasted("two-r.h5", "join them: h5repack ", "two-joined.h5")
    for member, whole in (("fam 1.h5", "fam -joined.h5"), ("fam 0.h5", "fam -joined.h5"), ("many002.h5", "many-joined.h5")):
        checks += says(member, "family", "h5repart") + pasted(member, "join them: h5repart ", whole)
    return checks


def foreign():
    kinds = {"a.nc": (b"CDF\x01", "netCDF classic", "nccopy -k nc4"), "a.nc5": (b"CDF\x05", "netCDF classic"),
             "a.hdf": (b"\x0e\x03\x13\x01", "HDF4", "h4toh5"), "a.grb": (b"GRIB", "cdo -f nc4"),
             "a.mat": (b"MATLAB 5.0 MAT-file", "-v7.3"), "a.npz": (b"PK\x03\x04", "zip"),
             "a b.h5.gz": (b"\x1f\x8b", "gunzip -k 'a b.h5.gz'"), "a.h5.xz": (b"\xfd7zXZ\0", "unxz"),
             "a.h5.bz2": (b"BZh9", "bunzip2"), "a.h5.zst": (b"\x28\xb5\x2f\xfd", "unzstd"), "a.fits": (b"SIMPLE  =", "FITS"),
             "a.parquet": (b"PAR1", "Parquet"), "a.tif": (b"II*\0", "TIFF"),
             "lfs.h5": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
             "it's.csv": (b"mark\n1\n", "sample_data convert 'it'\\''s.csv'"), "a.bin": (bytes(range(256)), "no HDF5 signature")}
    checks = 0
    for name, (beginning, *words) in kinds.items():
        with open(name, "wb") as f:
            f.write(beginning + (b"" if name.endswith(".csv") else bytes(600)))
        checks += says(name, *words)
    os.makedirs("store.zarr")
    open("store.zarr/.zgroup", "w").close()
    np.save("n p.npy", VALUES)
    text = message("n p.npy")
    subprocess.run(["bash", "-c", text.partition("first: ")[2].replace("python3", sys.executable)], check=True)
    with h5py.File("n p-hdf5.h5") as f:
        assert np.array_equal(f["data"], VALUES)
    return checks + 1 + says("store.zarr", "zarr folder", "open_zarr")


def filters():
    checks = 0
    for number, words in ((32001, ["blosc", "hdf5plugin"]), (32015, ["zstd", "hdf5plugin"]), (32008, ["bitshuffle"]),
                          (32004, ["lz4"]), (32002, ["mafisc", "HDF5_PLUGIN_PATH"]), (513, ["without a name", "513"])):
        def fill(f):
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            creation.set_chunk((10,))
            creation.set_filter(number, h5py.h5z.FLAG_OPTIONAL)
            h5py.h5d.create(f.id, b"x", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((20,)), creation)
        with h5py.File("filter ed.h5", "w") as f:
            fill(f)
        checks += says("filter ed.h5", *words, str(number), "h5repack -f GZIP=4 'filter ed.h5' 'filter ed-gzip.h5'")
    return checks


def lzf():
    checks = 0
    values = np.repeat(np.arange(500, dtype="i4"), 40)
    for name, options in (("x", {}), ("shuffled", {"shuffle": True}), ("summed", {"shuffle": True, "fletcher32": True})):
        for kind in ("i4", ">f8", "u1"):
            with h5py.File("lzf.h5", "a") as f:
                f.create_dataset(f"{name}_{kind}", data=values.astype(kind), chunks=(3000,), compression="lzf", **options)
                f.create_dataset(f"random_{name}_{kind}", data=np.random.default_rng(1).integers(0, 99, 5000).astype(kind),
                                 chunks=(1000,), compression="lzf", **options)
    with h5py.File("lzf.h5") as f:
        names = list(f)
        at = f["x_i4"].id.get_chunk_info(1).byte_offset
        for name in names:
            if run("inspect", "lzf.h5", name).returncode == 2:
                return checks + says("lzf.h5", "lzf", "h5py has it", path=name)  # a build without liblzf
            reader = Reader("lzf.h5", name, 1 << 20)
            assert np.array_equal(reader.read(0, f[name].size)[1], f[name][...].astype("f8")), name
            reader.close()
            checks += 1
    whole = open("lzf.h5", "rb").read()
    for damage in (b"\xff" * 40, b"\0" * 40, bytes(range(40)), b"\xe0\xff\xff" * 12):
        with open("hostile.h5", "wb") as f:
            f.write(whole[:at] + damage + whole[at + len(damage):])
        result = run("read", "hostile.h5", "x_i4", str(1 << 20), stdin=b"0 20000\n")
        assert result.returncode == 3 and b"hostile.h5:/x_i4: reading" in result.stderr, (damage, result)
        checks += 1
    return checks


def links():
    os.mkdir("data files")
    for i in range(3):
        with h5py.File(f"data files/part {i}.h5", "w") as f:
            f["entry/data"] = VALUES + i
            f["entry/back"] = h5py.ExternalLink("../master.h5", "/entry")
    with h5py.File("master.h5", "w") as f:
        for i in range(4):  # the last of them is missing
            f[f"entry/data {i}"] = h5py.ExternalLink(f"data files/part {i}.h5", "/entry/data")
        f["entry/whole"] = h5py.ExternalLink("data files/part 1.h5", "/entry")
        f["entry/soft"] = h5py.SoftLink("/entry/data 0")
        f["entry/no where"] = h5py.SoftLink("/nothing")
        f["entry/circle"] = h5py.SoftLink("/entry")
    text = message("master.h5")
    lines = text.splitlines()[1:]
    assert "holds 3 numeric datasets" in text and lines[0].startswith("  'master.h5:/entry/data 0'  float64  2000  -> "), text
    text = message("master.h5", "/entry/dato 1")
    assert "did you mean 'master.h5:/entry/data 1'?" in text, text
    for line in ("'master.h5:/entry/data 3'  -> data files/part 3.h5:/entry/data  cannot be read: ",
                 "'master.h5:/entry/no where'  -> /nothing  cannot be read: ", "master.h5:/entry/soft  float64  2000  -> /entry/data 0",
                 "master.h5:/entry/whole/data  float64  2000  -> data files/part 1.h5:/entry/data"):
        assert line in text, (line, text)
    with h5py.File("single.h5", "w") as f:
        f["entry/data"] = h5py.ExternalLink("data files/part 2.h5", "/entry/data")
    assert run("inspect", "single.h5").returncode == 0
    with h5py.File("a b's.h5", "w") as f:
        f["x$HOME"], f["x y"] = 1.0, 2.0
    named = re.findall(r"^  ('.*')  float64", message("a b's.h5"), re.M)
    for name, path in zip(named, ("/x y", "/x$HOME")):
        shown = subprocess.run(["bash", "-c", f"printf %s {name}"], capture_output=True, text=True).stdout
        assert shown == f"a b's.h5:{path}" or shown == "a b's.h5:/x$HOME", (name, shown)
    assert len(named) == 2, message("a b's.h5")
    return 9


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        checks = left_open() + in_several_files() + foreign() + filters() + lzf() + links()
    print(f"other_files: {checks} files and datasets that are named for what they are")


main()
