"""--buffers bounds memory and changes no bit: chunks far larger and far smaller than blocks, and columns."""
import math
import re

import h5py
import numpy

import program

MIB = 1 << 20
BESIDE = 100 * MIB  # the program, MPI, HDF5


class Buffers(program.TestCase):
    def numbers(self, name, workload, *args, **options):
        record = self.succeeds("run", workload, "--input", f"in.h5:/{name}", "--json", *args, **options).record()
        self.assertTrue(record["verified"])
        return record, (record["result"], record["missing"], record["inexact_inputs"])

    def smallest(self, name, workload):
        """The number of the refusal, in MiB: it runs, and one less is refused with the same one."""
        def refusal(mib, **options):
            result = self.fails(2, "run", workload, "--input", f"in.h5:/{name}", "--buffers", f"{mib}MiB",
                                says=[f"in.h5:/{name}", "--buffers"], **options)
            found = re.findall(r"give --buffers (\d+)MiB", result.messages()[0])
            self.assertEqual(len(found), 1, result.err)
            return int(found[0])
        least = refusal(1)
        self.assertEqual(refusal(least - 1), least)
        self.assertEqual(refusal(least - 1, threads=1, ranks=2), least)
        return least

    def same_whatever(self, name, buffers, chunk_bytes, workloads=("sum", "stats")):
        with h5py.File(self.path("in.h5")) as file:
            chunks = file[name].id.get_num_chunks() if file[name].compression else 0
        for workload in workloads:
            wanted = None
            for mib, (ranks, threads) in zip(buffers, [(1, 1), (1, 2), (2, 1), (1, 3)]):
                record, found = self.numbers(name, workload, "--buffers", f"{mib}MiB", ranks=ranks, threads=threads)
                self.assertEqual(found, wanted or found, (name, workload, mib, ranks, threads))
                self.assertLessEqual(record["peak_rss_bytes"], mib * MIB + BESIDE + chunk_bytes, (name, workload, mib))
                self.assertEqual(record["reading"]["chunks"], chunks)  # each is decoded once
                wanted = found
        return wanted[0]

    def test_one_chunk_of_84_megabytes(self):
        values = numpy.arange(300 * 200 * 700).reshape(300, 200, 700).astype("i2")
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("x", data=values, chunks=values.shape, compression="gzip", compression_opts=1, shuffle=True)
        for workload in ("sum", "sumsq"):
            least = self.smallest("x", workload)
            self.assertGreaterEqual(least * MIB, values.nbytes)
            self.assertLessEqual(least * MIB, 2 * values.nbytes + 16 * MIB)
        result = self.same_whatever("x", (least, least + 7, 256, 1024), values.nbytes)
        self.assertEqual((result["count"], result["min"]["value"], result["max"]["value"]),
                         (values.size, int(values.min()), int(values.max())))
        self.assertEqual(result["mean"]["value"], int(values.astype("i8").sum()) / values.size)

    def test_columns(self):
        values = numpy.random.default_rng(9).standard_normal((1 << 17, 10)).astype("f4")
        with h5py.File(self.path("in.h5"), "w") as file:
            for name, how in (("plain", {}), ("packed", {"compression": "gzip", "compression_opts": 1, "shuffle": True})):
                file.create_dataset(name, data=values, chunks=(1 << 17, 1), **how)
        column = values[:, 0].nbytes
        for name in ("plain", "packed"):
            result = self.same_whatever(name, (2, 4, 64, 256), column, ("sum",))
            self.assertEqual(result["sum"]["value"], math.fsum(values.reshape(-1).tolist()))
            self.same_whatever(name, (2, 4, 64, 256), column, ("stats",))

    def test_arrays_are_written_the_same(self):
        values = numpy.random.default_rng(9).standard_normal((1 << 14, 10)).astype("f4")
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("x", data=values, chunks=(1 << 14, 1), compression="gzip", shuffle=True)
            file["v"] = numpy.arange(10.0)
        expected = values.astype("f8")
        for workload, name, array, more in (("square", "y", expected**2, ()), ("transpose", "at", expected.T, ()),
                                            ("matvec", "ax", None, ("--input", "in.h5:/v"))):
            wanted = None
            for mib in (1, 4, 256):
                found = self.numbers("x", workload, *more, "--output", "out.h5", "--force", "--buffers", f"{mib}MiB")[1]
                self.assertEqual(found, wanted or found, (workload, mib))
                wanted = found
                with h5py.File(self.path("out.h5")) as file:
                    if array is None:
                        numpy.testing.assert_allclose(file[name][:], expected @ numpy.arange(10.0), rtol=1e-12)
                    else:
                        self.assertTrue(numpy.array_equal(file[name][:], array), (workload, mib))

    def test_a_hundred_thousand_tiny_chunks(self):
        values = numpy.random.default_rng(9).standard_normal((100_000, 4)).astype("f4")
        with h5py.File(self.path("in.h5"), "w") as file:
            for name, how in (("plain", {}), ("packed", {"compression": "gzip", "compression_opts": 1})):
                file.create_dataset(name, data=values, chunks=(1, 4), **how)
        for name in ("plain", "packed"):
            result = self.same_whatever(name, (16, 1, 256), 0, ("sum",))
            self.assertEqual(result["sum"]["value"], math.fsum(values.reshape(-1).tolist()))


if __name__ == "__main__":
    program.main()
