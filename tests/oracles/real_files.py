"""Holds `concdemo run stats` against netCDF4-python on the files of a folder: a tool, not a test.

Usage: real_files.py CONCDEMO FOLDER [--convert FOLDER] [--only TEXT] [--most N]
Of every variable of integers or floats (of a file, the first N of each combination of type and attributes): how many
elements are missing, the lowest and the highest of the others, and their mean, which is the sum rounded once more.
netCDF classic files and CDL are converted first (nccopy -k nc4, ncgen -k nc4) into the second folder. Prints each
variable that differs, with the reason where it is a known one, then the counts.
"""
import argparse
import collections
import json
import math
import multiprocessing
import os
import re
import subprocess
import warnings

import h5py
import netCDF4
import numpy as np

warnings.simplefilter("ignore")
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1",
               "HDF5_USE_FILE_LOCKING": "FALSE"}


def converted(path, folder):
    """The file itself where it is HDF5, a netCDF-4 copy of what can become one, None of the rest."""
    with open(path, "rb") as file:
        beginning = file.read(2048)
    if any(beginning[at:at + 8] == b"\x89HDF\r\n\x1a\n" for at in (0, 512, 1024)):
        return path
    copy = os.path.join(folder, re.sub(r"\W", "_", path) + ".nc")
    if os.path.exists(copy):
        return copy
    if beginning.startswith(b"CDF"):
        command = ["nccopy", "-k", "nc4", path, copy]
    elif path.endswith(".cdl"):
        command = ["ncgen", "-k", "nc4", "-o", copy, path]
    else:
        return None
    done = subprocess.run(command, capture_output=True, timeout=60)
    return copy if done.returncode == 0 and os.path.exists(copy) else None


def variables(group, path=""):
    for name, variable in group.variables.items():
        yield f"{path}/{name}", variable
    for name, child in group.groups.items():
        yield from variables(child, f"{path}/{name}")


def summary(values):
    """(lowest, highest, mean) of the values that are there."""
    if values.size == 0:
        return math.nan, math.nan, math.nan
    if np.isnan(values).any():
        return math.nan, math.nan, math.nan
    with np.errstate(all="ignore"):
        try:
            total = math.fsum(values)
        except (OverflowError, ValueError):  # fsum's intermediate sums; infinities of both signs
            total = float(np.sum(values.astype(np.longdouble)))
    return float(values.min()), float(values.max()), total / values.size


def theirs(variable):
    """(missing, lowest, highest, mean): their mask, and their raw values unpacked in float64."""
    variable.set_always_mask(True)
    variable.set_auto_maskandscale(True)
    mask = np.ma.getmaskarray(variable[...])
    variable.set_auto_scale(False)
    variable.set_auto_mask(False)
    raw = np.asarray(variable[...])
    text = str(getattr(variable, "_Unsigned", ""))
    if text in ("true", "True") and raw.dtype.kind == "i":
        raw = raw.view(raw.dtype.str.replace("i", "u"))
    values = raw.astype("f8")
    with np.errstate(all="ignore"):
        scale, offset = (np.float64(getattr(variable, name, other)) for name, other in
                         (("scale_factor", 1), ("add_offset", 0)))
        if scale != 1 or offset != 0:
            values = values * scale + offset
    return int(mask.sum()), *summary(np.ravel(values)[~np.ravel(mask)])


def ours(program, path, name):
    """The same, or the message of a refusal."""
    done = subprocess.run([program, "run", "stats", "--input", f"{path}:{name}", "--json"], capture_output=True, text=True,
                          timeout=300, env=ENVIRONMENT)
    if done.returncode != 0:
        return f"exit {done.returncode}: " + done.stderr.strip().replace(path, "FILE")
    record = json.loads(done.stdout)
    numbers = [float(np.uint64(int(record["result"][key]["bits"], 16)).view("f8")) for key in ("min", "max", "mean")]
    return int(record["missing"]), *numbers


def same(a, b):
    def equal(x, y):
        return x == y or (math.isnan(x) and math.isnan(y))
    mean_is_near = equal(a[3], b[3]) or abs(a[3] - b[3]) <= math.ulp(b[3])  # b's sum was rounded before it was divided
    return a[0] == b[0] and equal(a[1], b[1]) and equal(a[2], b[2]) and mean_is_near


def reason(path, name, variable, result):
    """Why a variable differs, where that is known."""
    if isinstance(result, str):
        return result
    attributes = set(variable.ncattrs())
    with h5py.File(path) as file:
        dataset = file[name]
        marks = set(file.attrs) | set(dataset.attrs)
        is_netcdf = marks & {"_NCProperties", "_nc3_strict", "_Netcdf4Dimid", "_Netcdf4Coordinates", "DIMENSION_LIST"}
        has_fill = dataset.id.get_create_plist().fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
        is_written = dataset.id.get_storage_size() > 0 or dataset.id.get_create_plist().get_layout() == h5py.h5d.COMPACT
    if not is_written:
        return "nobody wrote it, and there is no fill value: missing; netCDF4-python gives what was in memory"
    if "_FillValue" not in attributes:
        if np.dtype(variable.dtype).itemsize == 1:
            return "bytes: netCDF4-python takes their default fill for missing"
        if not is_netcdf:
            return "plain HDF5: netCDF4-python takes the type's default fill for missing"
        if has_fill:
            return "a fill value of its own that is not the type's default, which netCDF4-python takes for missing"
    if attributes & {"valid_min", "valid_max", "valid_range"}:
        return "valid_*: " + ("unpacked" if "scale_factor" in attributes else "of another type")
    return "unknown"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--convert", default="/tmp/real_files")
    parser.add_argument("--only", default="")
    parser.add_argument("--most", type=int, default=1000)
    options = parser.parse_args()
    os.makedirs(options.convert, exist_ok=True)
    files, counts = collections.Counter(), collections.Counter()
    for folder, _, names in sorted(os.walk(options.folder)):
        for name in sorted(names):
            if options.only not in os.path.join(folder, name):
                continue
            # Each in a process of its own: some files end the libraries.
            results = multiprocessing.SimpleQueue()
            child = multiprocessing.Process(target=compare_path, args=(options, os.path.join(folder, name), results))
            child.start()
            child.join()
            what, found = ("ends netCDF4-python's process", {}) if child.exitcode else results.get()
            files[what] += 1
            counts.update(found)
    print("files:", dict(files))
    for key, count in counts.most_common():
        print(f"{count:6} {key}")


def compare_path(options, source, results):
    counts = collections.Counter()
    try:
        path = converted(source, options.convert)
        opened = netCDF4.Dataset(path) if path else None
    except Exception:  # whatever their libraries cannot do
        opened = None
    if opened is None:
        return results.put(("not read by netCDF4-python", counts))
    results.put(("compared" if compare_file(options, path, opened, counts) else "without numbers", counts))


def compare_file(options, path, opened, counts):
    compared, alike = 0, collections.Counter()
    for name, variable in variables(opened):
        if not isinstance(variable.dtype, np.dtype) or variable.dtype.kind not in "iuf":
            continue
        kind = (variable.dtype, *sorted(variable.ncattrs()))
        alike[kind] += 1
        if alike[kind] > options.most:
            continue
        try:
            with h5py.File(path) as file:
                if not isinstance(file.get(name), h5py.Dataset):
                    continue
            expected = theirs(variable)
        except Exception as error:
            counts[f"netCDF4-python fails: {type(error).__name__}"] += 1
            continue
        compared += 1
        found = ours(options.program, path, name)
        if not isinstance(found, str) and same(found, expected):
            counts["agree"] += 1
            continue
        why = reason(path, name, variable, found)
        counts[re.sub(r"FILE\S*|\d+", "#", why)[:110]] += 1
        print(f"{path}:{name} {variable.dtype} {variable.shape}\n    ours {found}\n    theirs {expected}\n    {why}", flush=True)
    return compared


main()
