"""matvec of files against numpy: what the record says that it was verified against, and the same on every layout."""
import unittest

import h5py
import numpy

import program


class Matvec(program.TestCase):
    def product(self, a, x, *args, **options):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["a"], file["x"] = a, x
        record = self.succeeds("run", "matvec", "--input", "in.h5:/a", "--input", "in.h5:/x", "--output", "y.h5", "--force",
                               "--json", "--quiet", *args, **options).record()
        with h5py.File(self.path("y.h5")) as file:
            return record, file["ax"][:]

    def test_every_row_is_checked_and_rows_without_a_bound_by_the_chain(self):
        random = numpy.random.default_rng(1)
        a, x = random.standard_normal((101, 67)), random.standard_normal(67)
        a[7, 3], a[50, 66], a[100, 0] = numpy.nan, numpy.inf, 1e307
        x[0] = 100.0
        a[20] = 5e-324
        seen = set()
        for ranks in (1, 3):
            record, y = self.product(a, x, ranks=ranks, threads=1)
            self.assertTrue(record["verified"], record)
            self.assertIn("A x in another order, 98 of 101 rows", record["verified_against"])
            seen.add((record["verified_against"], record["result"]["checksum"], y.tobytes()))
            sound = numpy.delete(numpy.arange(101), (7, 50, 100))
            bound = 70 * 2.0**-52 * (abs(a[sound]) @ abs(x)) + 70 * 5e-324
            self.assertTrue((abs(y[sound] - a[sound] @ x) <= bound).all())
            self.assertTrue(numpy.isnan(y[7]) and numpy.isinf(y[50]) and numpy.isinf(y[100]))
            plain = self.succeeds("run", "matvec", "--input", "in.h5:/a", "--input", "in.h5:/x", "--method", "plain", "--json",
                                  ranks=ranks, threads=1).record()
            self.assertTrue(plain["verified"], plain)
        self.assertEqual(len(seen), 1)

    def test_nan_in_x_leaves_no_row_with_a_bound(self):
        record, y = self.product(numpy.ones((300, 5)), numpy.array([1, numpy.nan, 1, 1, 1]), ranks=2, threads=1)
        self.assertTrue(record["verified"])
        self.assertIn("0 of 300 rows", record["verified_against"])
        self.assertEqual(set(y.view(numpy.uint64)), {0x7FF8000000000000})


if __name__ == "__main__":
    program.main()
