"""transpose beside numpy: files of any type and storage, what is no matrix, and the same bytes on every layout."""
import hashlib

import h5py
import numpy

import program

CANONICAL = numpy.array([0x7ff8000000000000], dtype="u8").view("f8")[0]


class Transpose(program.TestCase):
    def write(self, data, attributes=None, **storage):
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("a", data=data, **storage).attrs.update(attributes or {})

    def check(self, expected, *args, **options):
        self.succeeds("run", "transpose", "--input", "in.h5:/a", "--output", "out.h5", "--force", "--quiet", *args, **options)
        with h5py.File(self.path("out.h5")) as file:
            found = file["at"][:]
        wanted = numpy.asarray(expected, dtype="f8").T.copy()
        wanted[numpy.isnan(wanted)] = CANONICAL
        self.assertEqual(found.shape, wanted.shape)
        self.assertEqual(found.tobytes(), wanted.tobytes())

    def test_types_and_storage(self):
        random = numpy.random.default_rng(3)
        data = random.standard_normal((301, 77))
        for options in ({}, {"ranks": 3, "threads": 2}):
            self.write(data, dtype=">f8", chunks=(50, 20), compression="gzip", shuffle=True)
            self.check(data, **options)
            self.write(data.astype("f4"))
            self.check(data.astype("f4"), **options)
            packed = (data * 100).astype("i2")
            self.write(packed, {"scale_factor": 0.5, "add_offset": 3.0})
            self.check(packed * 0.5 + 3.0, **options)

    def test_special_values(self):
        bits = numpy.array([0x7ff0000000000001, 0xfff8000000000000, 0x7ff8dead00000000, 0x8000000000000000,
                            0x7ff0000000000000, 1], dtype="u8")
        data = numpy.resize(bits, (53, 29)).view("f8")
        self.write(data)
        for simd in ("scalar", "auto"):
            self.check(data, *(() if simd == "auto" else ("--simd", simd)))
        self.check(data, ranks=2)

    def test_missing_values_and_other_shapes_are_refused(self):
        self.write(numpy.arange(12.0).reshape(3, 4), {"_FillValue": 5.0})
        self.fails(2, "run", "transpose", "--input", "in.h5:/a", ranks=2, says="the input has 1 missing value")
        for shape in ((12,), (2, 3, 2)):
            self.write(numpy.arange(12.0).reshape(shape))
            self.fails(2, "run", "transpose", "--input", "in.h5:/a", says="in.h5:/a is " + "x".join(map(str, shape)))

    def test_same_bytes_on_every_layout_and_simd_target(self):
        found = set()
        for ranks, threads, simd in ((1, 1, None), (1, 3, "scalar"), (2, 2, None), (3, 1, "scalar"), (4, 2, None), (6, 1, None)):
            self.succeeds("run", "transpose", "--size", "611x403", "--output", "out.h5", "--force", "--quiet",
                          *(("--simd", simd) if simd else ()), ranks=ranks, threads=threads)
            with open(self.path("out.h5"), "rb") as file:
                found.add(hashlib.sha256(file.read()).hexdigest())
        self.assertEqual(len(found), 1)
        self.succeeds("verify", "out.h5", ranks=2)

    def test_record_names_the_peak(self):
        for workload, size, name in (("transpose", "3000x3000", "copy bandwidth"), ("matvec", "5000x4000", "read bandwidth"),
                                     ("matmul", "400x400x400", "FMA peak")):
            for ranks in (1, 2):
                peak = self.succeeds("run", workload, "--size", size, "--json", ranks=ranks).record()["peak"]
                self.assertEqual(peak["name"], name)
                self.assertGreater(peak["value"], 0)
                self.assertTrue(0 < peak["fraction"] <= 1)


if __name__ == "__main__":
    program.main()
