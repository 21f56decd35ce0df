"""The promise: results and output files are the same, bit for bit, on every layout and SIMD target."""
import hashlib
import itertools
import unittest

import h5py
import numpy

import program

LAYOUTS = list(itertools.product((1, 2, 3, 4), (1, 2, 3)))


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class SameBits(program.TestCase):
    def assert_one(self, found):
        self.assertEqual(len(set(found.values())), 1, found)

    def output_over_layouts(self, *args):
        found = {}
        for ranks, threads in LAYOUTS:
            self.succeeds("run", *args, "--output", "out.h5", "--force", "--quiet", ranks=ranks, threads=threads)
            found[ranks, threads] = sha256(self.path("out.h5"))
        self.assert_one(found)
        return next(iter(found.values()))

    def test_fill(self):
        self.output_over_layouts("fill", "--size", "300x1009")

    def test_square_of_a_file(self):
        random = numpy.random.default_rng(1)
        data = random.standard_normal((31, 41, 53)) * 10.0 ** random.integers(-320, 160, (31, 41, 53))
        data.flat[[3, 77, 50000]] = numpy.nan, numpy.inf, -0.0
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("a", data=data, dtype=">f8", chunks=(7, 11, 13), compression="gzip", shuffle=True)
        self.output_over_layouts("square", "--input", "in.h5:/a")
        with h5py.File(self.path("out.h5")) as file, numpy.errstate(over="ignore", under="ignore"):
            expected = data * data
            expected[numpy.isnan(expected)] = numpy.float64("nan")
            self.assertEqual(file["y"][:].tobytes(), expected.tobytes())

    def test_square(self):
        self.output_over_layouts("square", "--size", "300011")

    def test_matmul_of_files(self):
        self.succeeds("run", "fill", "--size", "37x300", "--output", "a.h5")
        self.succeeds("run", "fill", "--size", "300x41", "--seed", "2", "--output", "b.h5")
        self.output_over_layouts("matmul", "--input", "a.h5", "--input", "b.h5")

    def test_square_and_matmul_on_every_simd_target(self):
        for args in (("square", "--size", "10007"), ("matmul", "--size", "37x300x41")):
            found = {}
            for target in ("avx512", "avx2", "scalar"):
                result = program.run("run", *args, "--output", "out.h5", "--force", "--simd", target, cwd=self.folder)
                if result.code == 2 and "not supported here" in result.err:
                    continue
                self.assertEqual(result.code, 0, result.err)
                found[target] = sha256(self.path("out.h5"))
            self.assertIn("scalar", found)
            self.assert_one(found)

    def test_reductions(self):
        random = numpy.random.default_rng(2)
        data = random.standard_normal(20011) * 10.0 ** random.integers(-300, 300, 20011)
        with h5py.File(self.path("in.h5"), "w") as file:
            file["a"] = data
            file["b"] = data[::-1]
        for args in (("stats", "--input", "in.h5:/a"), ("dot", "--input", "in.h5:/a", "--input", "in.h5:/b")):
            found = {}
            for ranks, threads in LAYOUTS:
                record = self.succeeds("run", *args, "--json", ranks=ranks, threads=threads).record()
                self.assertTrue(record["verified"])
                self.assertEqual((record["layout"]["ranks"], record["layout"]["threads"]), (ranks, threads))
                found[ranks, threads] = str(record["result"])
            self.assert_one(found)

    def test_claimed_blocks_of_a_file_with_missing_values(self):
        random = numpy.random.default_rng(3)
        data = random.standard_normal((60, 1001)) * 10.0 ** random.integers(-200, 200, (60, 1001))
        data[random.random(data.shape) < 0.1] = -999.0
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("a", data=data, chunks=(7, 100), compression="gzip").attrs["_FillValue"] = -999.0
        for workload in ("stats", "sumsq"):
            found = {}
            for ranks, threads in ((1, 1), (1, 3), (2, 2), (3, 1), (4, 2)):
                for schedule in ("static", "dynamic"):
                    record = self.succeeds("run", workload, "--input", "in.h5:/a", "--json", "--schedule", schedule,
                                           ranks=ranks, threads=threads).record()
                    self.assertEqual((record["schedule"], record["verified"]), (schedule, True))
                    self.assertGreater(record["missing"], 5000)
                    found[ranks, threads, schedule] = str(record["result"])
            self.assert_one(found)

    def test_plain_sums_keep_no_such_promise_and_still_verify(self):
        for workload in ("sum", "sumsq", "dot", "stats", "square", "matmul"):
            size = "20x30x40" if workload == "matmul" else "100003"
            record = self.succeeds("run", workload, "--size", size, "--method", "plain", "--json", threads=3).record()
            self.assertEqual((record["method"], record["verified"]), ("plain", True))


if __name__ == "__main__":
    program.main()
