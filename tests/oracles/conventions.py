"""What netCDF, CF and MATLAB say of a dataset's elements: files made by netCDF4-python and h5py, read by the program.

Usage: conventions.py READ_INPUT
Masks are those of netCDF4-python, unless a case gives its own: where the two differ on purpose, it says why.
"""
import json
import os
import tempfile
import warnings

import h5py
import netCDF4
import numpy as np

from read_input import Reader, run

warnings.simplefilter("ignore")
FILLS = netCDF4.default_fillvals


def inspected(file, path):
    result = run("inspect", file, path)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def read(file, path, ranges=()):
    """Values and mask in the shape; parts agree with the whole."""
    info = inspected(file, path)
    n = int(np.prod(info["shape"], dtype=int))
    reader = Reader(file, path, 1 << 20)
    counts, values, mask = reader.read(0, n)
    assert counts[0] == mask.sum() and np.isnan(values[mask == 1]).all()
    for begin, end in ((1, n), (n // 3, n // 2)):
        if 0 <= begin <= end <= n:
            _, part, part_mask = reader.read(begin, end)
            assert np.array_equal(part, values[begin:end], equal_nan=True), (path, begin, end)
            assert np.array_equal(part_mask, mask[begin:end]), (path, begin, end)
    reader.close()
    return values.reshape(info["shape"]), mask.reshape(info["shape"]).astype(bool), info["notes"]


def agree(file, path, variable, mask=None):
    """With netCDF4-python's mask, or the one that is given; values unpacked in float64."""
    variable.set_always_mask(True)
    theirs = np.ma.getmaskarray(variable[...])
    mask = theirs if mask is None else np.array(mask, bool).reshape(theirs.shape)
    values, found, notes = read(file, path)
    assert values.shape == theirs.shape, (path, values.shape, theirs.shape)
    assert np.array_equal(found, mask), (path, found, mask)
    variable.set_auto_maskandscale(False)
    raw = np.asarray(variable[...])
    if str(getattr(variable, "_Unsigned", "")).strip().lower() == "true":
        raw = raw.view(raw.dtype.str.replace("i", "u"))
    expected = raw.astype("f8") * np.float64(getattr(variable, "scale_factor", 1)) + \
        np.float64(getattr(variable, "add_offset", 0))
    assert np.array_equal(values[~mask], expected[~mask], equal_nan=True), (path, values, expected)
    return notes


def fills(folder):
    """[1, 2, default fill, default fill] of every type, with filling and without."""
    file = os.path.join(folder, "fills.nc")
    types = [kind for kind in FILLS if kind[0] in "iuf"]
    with netCDF4.Dataset(file, "w") as f:
        f.createDimension("x", 4)
        for kind in types:
            for name, fill in (("filled", None), ("unfilled", False)):
                v = f.createVariable(f"{name}_{kind}", kind, ("x",), fill_value=fill)
                v.set_auto_mask(False)
                v[:] = np.array([1, 2, FILLS[kind], FILLS[kind]], kind)
        attributed = f.createVariable("attributed", "f4", ("x",), fill_value=-1)
        attributed.set_auto_mask(False)
        attributed[:] = [1, -1, FILLS["f4"], 3]
        enumeration = f.createEnumType("u1", "kind", {"a": 0, "b": 255})
        f.createVariable("enumeration", enumeration, ("x",))[:] = [0, 255, 255, 0]

    def check():
        with netCDF4.Dataset(file) as f:
            for kind in types:
                # netCDF4-python masks bytes where they are filled, although its comments say that it does not.
                agree(file, f"/filled_{kind}", f[f"filled_{kind}"], [0, 0, 0, 0] if kind[1] == "1" else None)
                agree(file, f"/unfilled_{kind}", f[f"unfilled_{kind}"])
            agree(file, "/attributed", f["attributed"])
            agree(file, "/enumeration", f["enumeration"], [0, 0, 0, 0])
            assert read(file, "/filled_f4")[0].tolist()[:2] == [1, 2]

    check()
    # As older netCDF libraries left files: no signature, and ids of dimensions nowhere.
    with h5py.File(file, "r+") as f:
        del f.attrs["_NCProperties"]
        for dataset in f.values():
            for name in ("_Netcdf4Coordinates", "_Netcdf4Dimid"):
                if isinstance(dataset, h5py.Dataset) and name in dataset.attrs:
                    del dataset.attrs[name]
    check()
    plain = os.path.join(folder, "plain.h5")
    with h5py.File(plain, "w", track_order=True) as f:
        f.create_dataset("zero", data=[0.0, 1.0])
        f.create_dataset("set", (3,), "f8", fillvalue=-1.0)[1:] = [-1.0, 2.0]
    assert not read(plain, "/zero")[1].any() and not read(plain, "/set")[1].any()
    return f"{2 * len(types)} fill values"


def names(folder):
    """A variable with the name of a dimension that it does not have, a dimension alone, and what nobody wrote."""
    file = os.path.join(folder, "names.nc")
    with netCDF4.Dataset(file, "w") as f:
        for name in ("x", "bounds", "bare"):
            f.createDimension(name, 3)
        f.createVariable("bounds", "f4", ("x", "bounds"))[:] = np.arange(9).reshape(3, 3)
        f.createVariable("unwritten", "i4", ("x",), fill_value=False)
    with netCDF4.Dataset(file) as f:
        agree(file, "/bounds", f["bounds"])
    assert read(file, "/unwritten")[1].all()
    result = run("inspect", file, "/bare")
    assert result.returncode == 2 and b"/bare is a dimension of netCDF without a variable" in result.stderr
    return "names of dimensions and variables"


def short_variables(folder):
    file = os.path.join(folder, "short.nc")
    with netCDF4.Dataset(file, "w") as f:
        f.createDimension("t", None)
        f.createDimension("x", 3)
        f.createDimension("u", None)
        f.createVariable("long", "f8", ("t",))[:] = np.arange(5.0)
        f.createVariable("short", "f4", ("t", "x"))[:2] = np.arange(6).reshape(2, 3)
        f.createVariable("bytes", "i1", ("t", "x"))[:2] = np.arange(6).reshape(2, 3)
        f.createVariable("unfilled", "i4", ("t", "x"), fill_value=False)[:2] = np.arange(6).reshape(2, 3)
        f.createVariable("never", "i2", ("x", "t"))
        f.createVariable("packed", "u2", ("t", "x"), fill_value=9, chunksizes=(2, 2), zlib=True)
        f["packed"].setncatts({"scale_factor": 0.5, "add_offset": 1.0})
        f["packed"][:3] = np.arange(9).reshape(3, 3) / 2
        f.createVariable("both", "i2", ("x", "t", "u"))[:, :2, :1] = 5
        f.createVariable("u", "f4", ("u",))
        f.createVariable("wide", "i2", ("u",))[:] = [1, 2, 3, 4]
        f.createGroup("above/below").createVariable("deep", "f8", ("t",))[:1] = 7
    names = ("long", "short", "bytes", "unfilled", "never", "packed", "both", "u", "wide", "above/below/deep")

    def check():
        # Not their values: netCDF 4.9.0 misplaces those of a variable that is short in another than its first dimension.
        with netCDF4.Dataset(file) as f, h5py.File(file) as stored:
            for name in names:
                there = tuple(slice(extent) for extent in stored[name].shape)
                fill = 9 if name == "packed" else FILLS[f[name].dtype.str[1:]]
                raw = np.full(f[name].shape, np.nan)
                raw[there] = stored[name][...]
                if name not in ("bytes", "unfilled"):
                    raw[raw == fill] = np.nan
                values, mask, _ = read(file, "/" + name)
                assert values.shape == raw.shape and np.array_equal(mask, np.isnan(raw)), (name, mask, raw)
                assert np.array_equal(values, raw / 2 + 1 if name == "packed" else raw, equal_nan=True), (name, values, raw)
            assert f["short"].shape == (5, 3) and f["both"].shape == (3, 5, 4)

    check()
    # Scales that are not attached (NC_NODIMSCALE_ATTACH): the ids of dimensions tell.
    with h5py.File(file, "r+") as f:
        for name in (*names, "t", "x"):
            for attribute in ("DIMENSION_LIST", "REFERENCE_LIST"):
                if attribute in f[name].attrs:
                    del f[name].attrs[attribute]
    check()
    return f"{len(names)} variables of unlimited dimensions"


def valid_ranges(folder):
    done = 0

    def check(kind, values, mask=None, notes=0, **attributes):
        nonlocal done
        file = os.path.join(folder, f"valid{done}.nc")
        with netCDF4.Dataset(file, "w") as f:
            f.createDimension("x", len(values))
            v = f.createVariable("v", kind, ("x",), fill_value=attributes.pop("_FillValue", None))
            v.set_auto_maskandscale(False)
            v[:] = np.array(values, kind)
            v.setncatts(attributes)
        with netCDF4.Dataset(file) as f:
            found = agree(file, "/v", f["v"], mask)
        assert len(found) == notes, found
        done += 1

    i2, f4 = np.int16, np.float32
    data = [-40, -5, 0, 5, 40]
    check("i2", data, valid_min=i2(-5))
    check("i2", data, valid_max=i2(5))
    check("i2", data, valid_min=i2(-5), valid_max=i2(5), _FillValue=0)
    check(">i2", data, valid_range=np.array([-5, 5], "i2"), missing_value=np.array([5, 0], "i2"))
    check("i2", data, valid_range=np.array([-5, 5], "i2"), valid_min=i2(3))  # the range, as there
    check("i2", data, valid_range=np.array([5, -5], "i2"))
    check("f4", [-1, 0, -0.0, 1, np.nan, np.inf, 2], valid_range=np.array([0, 1], "f4"))
    check("f8", [-1, 0, 1, 2], valid_max=1)
    check("i4", data, [1, 1, 0, 0, 1], valid_min=-4.5, valid_max=5.5)  # they leave out what no int32 equals
    check("f4", [0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1], valid_min=0.1, valid_max=0.3)  # in float32, as the data are
    check("i8", [2**62 - 1, 2**62, 2**62 + 1], valid_min=np.int64(2**62))
    # Packed by their type, in packed units; of the unpacked type, in unpacked ones (they: always packed).
    check("i2", data, scale_factor=0.1, add_offset=100.0, valid_min=i2(-5), valid_max=i2(5))
    check("i2", data, [1, 0, 0, 0, 1], scale_factor=0.1, add_offset=100.0, valid_min=99.5, valid_max=100.5)
    check("i2", data, [1, 0, 0, 0, 1], scale_factor=-0.1, valid_range=np.array([-0.5, 0.5]))
    check("i2", data, [1, 1, 0, 0, 0], scale_factor=f4(0.1), valid_min=f4(0))
    check("i2", [14, 15, 16], [0, 0, 1], scale_factor=f4(0.1), valid_max=f4(1.5))  # 15 * 0.1f is 1.5f
    check("i2", data, [1, 0, 0, 0, 1], scale_factor=0.1, valid_min=f4(-5), valid_max=f4(5))  # float32: not of that type
    check("f4", [-2, -1, 0, 1, 2], [1, 0, 0, 0, 1], scale_factor=0.5, valid_range=np.array([-0.5, 0.5]))
    # Unsigned, however it is written.
    for text in ("true", "True", "TRUE", "tRuE "):
        mask = None if text in ("true", "True") else [0, 1, 1, 0, 1]
        check("i1", [0, 100, -56, -1, -128], mask, _Unsigned=text, valid_range=np.array([0, -1], "i1"),
              _FillValue=np.int8(-128), missing_value=np.array([100, -56], "i1"))
    check("i2", [0, 300, -2, -1, -32768], _Unsigned="true", valid_min=i2(300), valid_max=i2(-2))
    check("i1", [0, 5, -1], _Unsigned="yes", notes=1)
    file = os.path.join(folder, "bytes.h5")
    with h5py.File(file, "w") as f:
        f["x"] = np.array([0, 100, -56, -1], "i1")
        f["x"].attrs["valid_range"] = np.array([0, 200], "i2")  # CF 2.2: only unsigned bytes have it
    assert read(file, "/x")[0].tolist()[:3] == [0, 100, 200] and read(file, "/x")[1].tolist() == [False] * 3 + [True]
    # What cannot be is told, and ignored as netCDF4-python does.
    check("f4", [1, 2, 3], missing_value="2", notes=1)
    check("i2", data, missing_value=1e20, notes=1)
    check("u1", [0, 5, 128], missing_value=i2(-32768), notes=1)
    check("i2", data, missing_value=np.array([5.5, 40.0, np.nan]), mask=[0, 0, 0, 0, 1], notes=2)  # they: none of a list
    check("f4", [1, np.inf, 3], missing_value=1e300, notes=1)
    check("i2", data, valid_min=40000, notes=1)
    check("u1", [0, 5, 200], valid_range=np.array([0, -1], "i1"), notes=1)
    check("i2", data, valid_range=np.array([1, 2, 3], "i2"), notes=1)
    check("f4", [1, 2], valid_min="1", valid_max=np.float32(np.nan), notes=2)
    return f"{done} valid ranges, unsigned and impossible attributes"


def matlab(folder):
    file = os.path.join(folder, "v73.mat")
    with h5py.File(file, "w") as f:
        for name, extents, kind in (("none", [0, 0], "double"), ("row", [1, 0], "int8"), ("cube", [3, 0, 5], "single"),
                                    ("flag", [0, 2], "logical")):
            f[name] = np.array(extents, "u8")
            f[name].attrs.update(MATLAB_class=np.bytes_(kind), MATLAB_empty=np.uint8(1))
        f["full"] = np.arange(6.0).reshape(2, 3)
        f["full"].attrs.update(MATLAB_class=np.bytes_("double"), MATLAB_empty=np.uint8(0))
    shapes = [inspected(file, "/" + name)["shape"] for name in ("none", "row", "cube", "flag", "full")]
    assert shapes == [[0, 0], [0, 1], [5, 0, 3], [2, 0], [2, 3]], shapes
    for name in ("none", "cube"):
        reader = Reader(file, "/" + name, 1000)
        assert reader.read(0, 0)[0].tolist() == [0, 0, 0]
        reader.close()
    assert read(file, "/full")[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    return "MATLAB's empty arrays"


def main():
    with tempfile.TemporaryDirectory() as folder:
        for check in (fills, names, short_variables, valid_ranges, matlab):
            print(f"conventions: {check(folder)}", flush=True)


main()
