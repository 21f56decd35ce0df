"""Files and datasets that cannot be read: each is refused once, by its name, with the right exit code.

Usage: unusable_input.py READ_INPUT
"""
import os
import subprocess
import tempfile

import h5py
import numpy as np

from read_input import DRIVER, Reader, run

NUMPY = np.random.default_rng(11)


def refused(folder, file_name, text, path="", code=2, begin=None):
    """inspect fails, or else read does, by this exit code with this text, on one stream, once."""
    file = os.path.join(folder, file_name)
    if begin is None:
        result = run("inspect", file, *([path] if path else []))
    else:
        result = subprocess.run([DRIVER, "read", file, path, "1000000"], input=begin, capture_output=True, timeout=30)
    message = result.stderr.decode(errors="replace")
    assert result.returncode == code, (file_name, path, result.returncode, message)
    for part in [text] if isinstance(text, str) else text:
        assert part in message, (file_name, path, message)
    assert "HDF5-DIAG" not in message and file_name in message, message
    return 1


def bad_input(folder):
    def make(name, fill):
        with h5py.File(os.path.join(folder, name), "w") as f:
            fill(f)

    def put(name, data):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)

    def kinds(f):
        f["string"] = "text"
        f["strings"] = np.array([b"a", b"bc"])
        f["compound"] = np.zeros(3, [("a", "i4"), ("b", "f8")])
        f["bool"] = np.array([True, False])
        f.create_dataset("matlab_complex", (2,), np.dtype([("real", "f8"), ("imag", "f8")]))
        f["text_codes"] = np.array([72, 105], "u2")
        f["text_codes"].attrs["MATLAB_class"] = np.bytes_("char")
        f["no_extents"] = np.array([3, 4], "u8")
        f["no_extents"].attrs["MATLAB_empty"] = np.uint8(1)
        f["beyond"] = np.array([1, np.longdouble(10) ** 400, 3])
        f.create_dataset("reference", (1,), h5py.ref_dtype)
        f.create_dataset("vlen", (1,), h5py.vlen_dtype("i4"))
        f.create_dataset("opaque", data=np.zeros(2, "V5"))
        f.create_dataset("array", (2,), np.dtype(("f8", (3,))))
        f.create_dataset("complex", (2,), "c16")
        f["null"] = h5py.Empty("f8")
        f["group/inner"] = 1.0
        f["type"] = np.dtype("i4")
        f["dangling"] = h5py.SoftLink("/nowhere")
        f["away"] = h5py.ExternalLink("absent.h5", "/x")
        f["text_scale"] = 1.0
        f["text_scale"].attrs["scale_factor"] = "two"
        f["two_scales"] = 1.0
        f["two_scales"].attrs["scale_factor"] = [1.0, 2.0]
        f["nan_scale"] = 1.0
        f["nan_scale"].attrs["add_offset"] = np.nan
        wide = h5py.h5t.STD_I64LE.copy()
        wide.set_size(16)
        wide.set_precision(128)
        h5py.h5d.create(f.id, b"wide", wide, h5py.h5s.create_simple((2,)))

    make("kinds.h5", kinds)
    checks = 0
    for path, text in (("string", "string"), ("strings", "string"), ("compound", "compound"),
                       ("matlab_complex", "complex"), ("text_codes", "MATLAB char"), ("no_extents", "MATLAB_empty"),
                       ("reference", "reference"), ("vlen", "variable-length list"),
                       ("opaque", "opaque"), ("array", "array"), ("complex", "complex"), ("null", "null dataspace"),
                       ("group", ["is a group", "/group/inner"]), ("group/", "is a group"), ("/", "is a group"),
                       ("type", "named type"), ("dangling", "a link to /nowhere"), ("away", "absent.h5 is missing"),
                       ("text_scale", "scale_factor"), ("two_scales", "scale_factor"), ("nan_scale", "add_offset"),
                       ("wide", "128-bit"), ("strin", ["no dataset /strin", "did you mean", ":/string?"]),
                       ("group/x", "no dataset"), ("no/such/path", "no dataset"), ("string/x", "no dataset"),
                       ("", ["holds 7 numeric datasets", "/group/inner"])):
        checks += refused(folder, "kinds.h5", text, path)

    checks += refused(folder, "kinds.h5", ["/beyond", "index [1]", "float64"], "/beyond", 2, b"0 3\n")

    put("empty.h5", b"")
    put("table.csv", b"a,b\n1,2\n" * 500)
    put("classic.nc", b"CDF\x01" + bytes(100))
    os.mkdir(os.path.join(folder, "folder.h5"))
    os.mkfifo(os.path.join(folder, "pipe.h5"))
    os.symlink("loop.h5", os.path.join(folder, "loop.h5"))
    make("nothing.h5", lambda f: None)
    make("words.h5", lambda f: f.__setitem__("w", "text"))
    for name, text in (("empty.h5", "empty"), ("table.csv", "not an HDF5"), ("classic.nc", "nccopy -k nc4"),
                       ("folder.h5", "folder"), ("pipe.h5", "regular file"), ("loop.h5", "symbolic"),
                       ("absent.h5", "no such file"), ("nothing.h5", "no dataset"), ("words.h5", "no dataset of"),
                       ("x" * 300, "too long"), ("table.csv/x.h5", "table.csv/x.h5")):
        checks += refused(folder, name, text)

    def fields(f):
        f.create_dataset("x", data=NUMPY.random(20000), chunks=(1000,), compression="gzip", fletcher32=True)
        f.create_dataset("plain", data=NUMPY.random(20000))

    make("whole.h5", fields)
    whole = open(os.path.join(folder, "whole.h5"), "rb").read()
    for size in (len(whole) - 1, len(whole) // 2, 3000, 600):
        put("cut.h5", whole[:size])
        checks += refused(folder, "cut.h5", ["truncated", f"{size} bytes", f" {len(whole)} "], "x")
    for size in (8, 20, 60):
        put("cut.h5", whole[:size])
        checks += refused(folder, "cut.h5", "truncated", "x")
    with h5py.File(os.path.join(folder, "whole.h5")) as f:
        at = f["x"].id.get_chunk_info(7).byte_offset
    put("corrupt.h5", whole[:at + 50] + bytes([whole[at + 50] ^ 255]) + whole[at + 51:])
    refused(folder, "corrupt.h5", ["/x: its chunk", "[7000]", "fletcher32"], "x", 3, b"7000 8000\n")
    refused(folder, "corrupt.h5", "damaged", "x", 3, b"0 20000\n")
    reader = Reader(os.path.join(folder, "corrupt.h5"), "/x", 1000000)
    reader.read(0, 7000)  # what is sound is read
    reader.close()
    result = run("read", os.path.join(folder, "whole.h5"), "x", "7999")
    assert result.returncode == 2 and b"--buffers 8000" in result.stderr, result

    return f"{checks + 3} kinds of unusable input"


def main():
    with tempfile.TemporaryDirectory() as folder:
        print(f"unusable_input: {bad_input(folder)}")


main()
