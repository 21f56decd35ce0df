"""Missing, unsigned, packed and short netCDF variables: every workload sees the same elements, in memory and streamed."""
import math

import h5py
import netCDF4
import numpy

import program

FILL = netCDF4.default_fillvals


def number(value):
    return float(numpy.uint64(int(value["bits"], 16)).view("f8"))


class Conventions(program.TestCase):
    def write(self):
        """A netCDF-4 file with (name, what netCDF4-python makes of it), all of 300 x 400, missing in many ways."""
        random = numpy.random.default_rng(3)
        with netCDF4.Dataset(self.path("in.nc"), "w") as file:
            for name, extent in (("t", None), ("y", 300), ("x", 400)):
                file.createDimension(name, extent)
            own = file.createVariable("own_fill", "f4", ("y", "x"))
            own[:] = numpy.where(random.random((300, 400)) < 0.1, FILL["f4"], random.standard_normal((300, 400)))
            short = file.createVariable("short", "i2", ("t", "x"), zlib=True, chunksizes=(7, 90))
            short[:200] = random.integers(-100, 100, (200, 400))
            file.createVariable("record", "f8", ("t",))[:] = numpy.arange(300.0)
            file.createVariable("row", "f8", ("x",))[:] = numpy.arange(400.0)
            file.createVariable("right", "f8", ("x", "y"))[:] = numpy.ones((400, 300))
            packed = file.createVariable("packed", "i1", ("y", "x"), fill_value=-128)
            packed.setncatts({"_Unsigned": "true", "scale_factor": 0.25, "valid_range": numpy.array([3, -10], "i1"),
                              "missing_value": numpy.array([5, 6, -20], "i1")})
            packed.set_auto_maskandscale(False)
            packed[:] = random.integers(-128, 128, (300, 400))
        found = {}
        with netCDF4.Dataset(self.path("in.nc")) as file:
            for name in ("own_fill", "short", "packed"):
                found[name] = numpy.ma.masked_array(file[name][...], dtype="f8")
        return found

    def test_reductions_leave_out_what_is_missing(self):
        for name, data in self.write().items():
            values = data.compressed()
            self.assertLess(len(values), 115_000)
            for ranks, extra in ((1, ()), (3, ()), (1, ("--buffers", "500kB")), (2, ("--schedule", "dynamic"))):
                record = self.succeeds("run", "stats", "--input", f"in.nc:/{name}", *extra, "--json", ranks=ranks).record()
                result = record["result"]
                self.assertEqual((result["count"], result["missing"], record["size"]),
                                 (len(values), 120_000 - len(values), [300, 400]), (name, ranks, extra))
                self.assertEqual((number(result["min"]), number(result["max"])), (values.min(), values.max()))
                self.assertAlmostEqual(number(result["mean"]), math.fsum(values) / len(values), delta=1e-14)
                self.assertTrue(record["verified"])

    def test_arrays_of_what_is_missing(self):
        short = self.write()["short"]
        for ranks, extra in ((1, ()), (3, ("--buffers", "1MB"))):
            self.succeeds("run", "square", "--input", "in.nc:/short", "--output", "y.h5", "--force", *extra, ranks=ranks)
            with h5py.File(self.path("y.h5")) as file:
                numpy.testing.assert_array_equal(file["y"][:].reshape(short.shape), (short**2).filled(numpy.nan))
        missing = int(numpy.ma.getmaskarray(short).sum())
        for workload, more in (("transpose", ()), ("heat", ()), ("matvec", ("--input", "in.nc:/row")),
                               ("matmul", ("--input", "in.nc:/right"))):
            self.fails(2, "run", workload, "--input", "in.nc:/short", *more, ranks=2, says=f"{missing} missing values")

    def test_a_slice_beyond_what_is_stored_is_missing(self):
        with netCDF4.Dataset(self.path("in.nc"), "w") as file:
            for name, extent in (("t", None), ("y", 20), ("x", 30)):
                file.createDimension(name, extent)
            file.createVariable("u", "f4", ("t", "y", "x"))[:1] = numpy.ones((1, 20, 30))
            file.createVariable("time", "f8", ("t",))[:] = [0, 1]
        self.succeeds("run", "heat", "--input", "in.nc:/u", "--slice", "0,:,:", "--steps", 2, ranks=3)
        self.fails(2, "run", "heat", "--input", "in.nc:/u", "--slice", "1,:,:", ranks=3, says="600 missing values")

    def test_what_is_ignored_is_told_once(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = numpy.arange(6.0).reshape(2, 3)
            file["x"].attrs["missing_value"] = "none"
        for ranks in (1, 3):
            result = self.succeeds("run", "sum", "--input", "in.h5", ranks=ranks)
            self.assertEqual(result.messages(), ["in.h5:/x: its attribute missing_value is of type string, not a number: it "
                                                 "is ignored"])
            self.assertIn("sum = 15\n", result.out)

    def test_long_doubles(self):
        third = 1 / numpy.longdouble(3)
        with h5py.File(self.path("in.h5"), "w") as file:
            file["inexact"] = numpy.array([1, third, 2, third] * 100, numpy.longdouble)
            file["beyond"] = numpy.array([[1, 2], [numpy.longdouble(10) ** 400, 4]])
            file["enum"] = numpy.array([1, 7, 2], "i2").astype(h5py.enum_dtype({"a": 1, "b": 2}, "i2"))
        for ranks in (1, 3):
            record = self.succeeds("run", "sum", "--input", "in.h5:/inexact", "--json", ranks=ranks).record()
            self.assertEqual((record["inexact_inputs"], number(record["result"]["sum"])),
                             (200, math.fsum([3.0, 2 * (1 / 3)] * 100)))
            self.fails(2, "run", "sum", "--input", "in.h5:/beyond", ranks=ranks,
                       says="in.h5:/beyond has an element at index [1, 0] that is beyond the range of float64")
        self.assertIn("inexact   200 elements rounded", self.succeeds("run", "sum", "--input", "in.h5:/inexact").out)
        self.assertEqual(self.succeeds("run", "sum", "--input", "in.h5:/enum", "--quiet").out, "10\n")

    def test_no_elements(self):
        with h5py.File(self.path("v73.mat"), "w") as file:
            file["e"] = numpy.array([0, 4], "u8")
            file["e"].attrs.update(MATLAB_class=numpy.bytes_("double"), MATLAB_empty=numpy.uint8(1))
        for ranks in (1, 3):
            record = self.succeeds("run", "stats", "--input", "v73.mat", "--json", ranks=ranks).record()
            self.assertEqual((record["result"]["count"], record["size"]), (0, [4, 0]))

    def test_a_missing_element_among_many_blocks(self):
        """Blocks without one are added as they are stored, those with one are converted."""
        count, places = 200_003, {"a": 70_000, "b": 199_000}
        random = numpy.random.default_rng(5)
        with netCDF4.Dataset(self.path("in.nc"), "w") as file:
            file.createDimension("x", count)
            for name in ("af4", "bf4", "af8", "bf8"):
                values = random.random(count).astype(name[1:])
                values[places[name[0]]] = FILL[name[1:]]
                file.createVariable(name, name[1:], ("x",))[:] = values
        with netCDF4.Dataset(self.path("in.nc")) as file:
            for kind in ("f4", "f8"):
                total = math.fsum(numpy.ma.compressed(file["a" + kind][:]).astype("f8"))
                for ranks in (1, 3):
                    record = self.succeeds("run", "sum", "--input", f"in.nc:/a{kind}", "--json", ranks=ranks).record()
                    self.assertEqual((record["missing"], number(record["result"]["sum"])), (1, total))
                    record = self.succeeds("run", "dot", "--input", f"in.nc:/a{kind}", "--input", f"in.nc:/b{kind}", "--json",
                                           ranks=ranks).record()
                    self.assertEqual(record["missing"], 2)

    def test_the_help_names_them(self):
        text = self.succeeds("run", "--help").out
        for word in ("scale_factor", "add_offset", "_Unsigned", "valid_min", "valid_max", "valid_range", "fill value"):
            self.assertIn(word, text)


if __name__ == "__main__":
    program.main()
