"""matmul of files against numpy, and the same bytes on every layout and SIMD target."""
import hashlib
import itertools
import os
import unittest

import h5py
import numpy

import program

FULL = bool(os.environ.get("CONCDEMO_FULL"))  # every layout and target: a minute


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Matmul(program.TestCase):
    def store(self, a, b, **options):
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("a", data=a, **options)
            file.create_dataset("b", data=b)

    def product(self, *args, **options):
        """The record of in.h5:/a times in.h5:/b, and C."""
        record = self.succeeds("run", "matmul", "--input", "in.h5:/a", "--input", "in.h5:/b", "--output", "c.h5",
                               "--force", "--json", "--quiet", *args, **options).record()
        with h5py.File(self.path("c.h5")) as file:
            return record, file["c"][:]

    def assert_product(self, c, a, b):
        a, b = a.astype(numpy.float64), b.astype(numpy.float64)
        bound = (a.shape[1] + 2) * 2.0**-52 * (numpy.abs(a) @ numpy.abs(b))
        self.assertEqual(c.shape, (a.shape[0], b.shape[1]))
        self.assertTrue((numpy.abs(c - a @ b) <= bound).all())

    def test_odd_shapes_types_and_storage(self):
        random = numpy.random.default_rng(1)
        chunks = {"chunks": (7, 100), "compression": "gzip"}
        for m, k, n, ranks, a_type, b_type, options in ((37, 601, 41, 3, ">f8", "f4", chunks),
                                                        (211, 1031, 97, 4, "i2", ">i4", {}),
                                                        (2, 300, 301, 4, "f4", "u1", {"chunks": (2, 7)}),
                                                        (301, 3, 2, 3, "u1", "f8", chunks | {"chunks": (150, 1)}),
                                                        (1, 1, 1, 2, "f8", "f8", {}),
                                                        (5, 517, 1, 6, ">f4", "i8", {})):
            a = random.integers(0, 200, (m, k)).astype(a_type)
            b = (random.random((k, n)) * 100).astype(b_type)
            self.store(a, b, **options)
            record, c = self.product("--buffers", "60kB", ranks=ranks, threads=2)
            self.assertTrue(record["verified"])
            self.assertIn(f"{m} of {m} rows", record["verified_against"])
            self.assert_product(c, a, b)

    def test_not_finite(self):
        random = numpy.random.default_rng(2)
        a, b = random.standard_normal((40, 300)), random.standard_normal((300, 31))
        a[3, 7], a[39, 299], b[8, 30] = numpy.nan, numpy.inf, -numpy.inf
        self.store(a, b)
        for ranks in (1, 3):
            record, c = self.product(ranks=ranks)
            self.assertTrue(record["verified"])
            self.assertIn("0 of 40 rows", record["verified_against"])
            with numpy.errstate(invalid="ignore"):
                expected = a @ b
            self.assertTrue((numpy.isnan(c) == numpy.isnan(expected)).all())
            self.assertTrue((numpy.isinf(c) == numpy.isinf(expected)).all())
            self.assertTrue((numpy.sign(c[numpy.isinf(c)]) == numpy.sign(expected[numpy.isinf(c)])).all())
            self.assertEqual(set(c[numpy.isnan(c)].view(numpy.uint64)), {0x7FF8000000000000})

    def test_what_cannot_be_multiplied(self):
        self.store(numpy.ones((4, 3)), numpy.ones((4, 2)))
        for ranks in (1, 3):
            self.fails(2, "run", "matmul", "--input", "in.h5:/a", "--input", "in.h5:/b", ranks=ranks,
                       says=["in.h5:/a is 4x3", "in.h5:/b is 4x2"])
        with h5py.File(self.path("in.h5"), "w") as file:
            file["a"] = numpy.ones((4, 3))
            file["b"] = numpy.array([[1.0, 2], [-9, 4], [5, 6]])
            file["b"].attrs["_FillValue"] = -9.0
            file["v"] = numpy.ones(3)
        for ranks in (1, 3):
            self.fails(2, "run", "matmul", "--input", "in.h5:/a", "--input", "in.h5:/b", ranks=ranks,
                       says="the input has 1 missing value")
        self.fails(2, "run", "matmul", "--input", "in.h5:/a", "--input", "in.h5:/v", says=["in.h5:/v is 3"])

    def test_same_bytes_on_every_layout_and_target(self):
        random = numpy.random.default_rng(3)
        a = random.standard_normal((150, 700)) * 10.0 ** random.integers(-9, 9, (150, 700))
        self.store(a, random.standard_normal((700, 130)), chunks=(40, 90))
        every = itertools.product((1, 2, 3, 4, 6), (1, 2, 3), ("avx3", "avx2", "sse4", "ssse3", "scalar"))
        few = ((1, 1, "avx3"), (2, 2, "avx2"), (3, 1, "avx3"), (4, 1, "scalar"), (6, 1, "avx2"))
        found = {}
        for ranks, threads, target in every if FULL else few:
            result = program.run("run", "matmul", "--input", "in.h5:/a", "--input", "in.h5:/b", "--output", "c.h5",
                                 "--force", "--quiet", "--simd", target, ranks=ranks, threads=threads, cwd=self.folder)
            if result.code == 2 and "not supported here" in result.err:
                continue
            self.assertEqual(result.code, 0, result.err)
            found[ranks, threads, target] = sha256(self.path("c.h5"))
        self.assertGreater(len(found), 1)
        self.assertEqual(len(set(found.values())), 1, found)

    def test_plain(self):
        random = numpy.random.default_rng(4)
        self.store(random.random((30, 500)), random.random((500, 20)))
        record = self.succeeds("run", "matmul", "--input", "in.h5:/a", "--input", "in.h5:/b", "--method", "plain",
                               "--json", ranks=4).record()
        self.assertTrue(record["verified"])


if __name__ == "__main__":
    program.main()
