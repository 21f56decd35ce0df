"""Output files in other programs' hands, verify, and signals."""
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import h5py
import numpy
import xarray

import program


class Output(program.TestCase):
    def test_other_programs_open_it(self):
        self.succeeds("run", "fill", "--size", "30x20", "--fill", "index", "--output", "x.h5", ranks=2)
        expected = numpy.arange(600.0).reshape(30, 20)
        with h5py.File(self.path("x.h5")) as file:
            self.assertEqual(file["x"].dtype, numpy.dtype("<f8"))
            numpy.testing.assert_array_equal(file["x"][:], expected)
            self.assertEqual(file.attrs["workload"], b"fill" if isinstance(file.attrs["workload"], bytes) else "fill")
        with xarray.open_dataset(self.path("x.h5"), engine="h5netcdf") as data:
            numpy.testing.assert_array_equal(data["x"].values, expected)
        if shutil.which("h5dump") is None:
            self.skipTest("h5dump is not installed")
        dump = subprocess.run(["h5dump", "-d", "/x", "-s", "29,18", "-c", "1,2", self.path("x.h5")],
                              capture_output=True, text=True, check=True)
        self.assertIn("598, 599", dump.stdout)

    def test_the_product_is_numpys(self):
        generator = numpy.random.default_rng(3)
        a, b = generator.standard_normal((40, 70)), generator.standard_normal((70, 30))
        with h5py.File(self.path("ab.h5"), "w") as file:
            file["a"], file["b"] = a, b
        self.succeeds("run", "matmul", "--input", "ab.h5:/a", "--input", "ab.h5:/b", "--output", "c.h5", ranks=3)
        with h5py.File(self.path("c.h5")) as file:
            bound = 70 * 2.0**-52 * (abs(a) @ abs(b))
            self.assertTrue(numpy.all(abs(file["c"][:] - a @ b) <= bound))

    def test_writers_write_the_same_bytes(self):
        for writer in ("async", "sync"):
            self.succeeds("run", "square", "--size", "500k", "--writer", writer, "--output", writer + ".h5", ranks=2)
        with open(self.path("async.h5"), "rb") as one, open(self.path("sync.h5"), "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_verify_names_what_is_damaged(self):
        self.succeeds("run", "square", "--size", "500k", "--output", "y.h5")
        self.assertIn("sound", self.succeeds("verify", "y.h5", ranks=3).out)
        with h5py.File(self.path("y.h5")) as file:
            offset = file["y"].id.get_offset()
        flips = [(offset + 8 * 131072 + 5, ["/y block 1", "131072..262143"])]
        generator = random.Random(4)
        size = os.path.getsize(self.path("y.h5"))
        flips += [(generator.randrange(size), []) for _ in range(20)] + [(0, []), (size - 1, [])]
        with open(self.path("y.h5"), "rb") as file:
            whole = bytearray(file.read())
        for number, (at, says) in enumerate(flips):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << generator.randrange(8)
            with open(self.path("bad.h5"), "wb") as file:
                file.write(damaged)
            self.fails(4, "verify", "bad.h5", says=["damaged", *says], ranks=3 if number == 0 else 1)
        with open(self.path("bad.h5"), "wb") as file:
            file.write(whole[:-1000])
        self.fails(4, "verify", "bad.h5", says="damaged")
        with h5py.File(self.path("other.h5"), "w") as file:
            file["a"] = 1
        self.fails(2, "verify", "other.h5", says="other.h5")

    def test_verify_takes_several_files(self):
        for name in ("a.h5", "b.h5"):
            self.succeeds("run", "fill", "--size", 1000, "--output", name)
        self.assertEqual(self.succeeds("verify", "a.h5", "b.h5", ranks=2).out.count(": sound"), 2)
        with open(self.path("a.h5"), "r+b") as file:
            file.seek(-8, os.SEEK_END)
            file.write(b"12345678")
        result = program.run("verify", "a.h5", "b.h5", cwd=self.folder)
        self.assertEqual((result.code, result.out.count("b.h5: sound")), (4, 1), result.err)
        self.assertIn("a.h5: damaged", result.err)

    def test_a_closed_pipe_leaves_no_file(self):
        process = subprocess.Popen([program.CONCDEMO], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        self.assertIn(b"standard output", process.stderr.read())
        process.stderr.close()
        self.assertEqual(process.wait(20), 3)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_signal_leaves_no_file_and_keeps_an_older_one(self):
        with open(self.path("old.h5"), "w") as file:
            file.write("mine")
        for name, number in (("new.h5", signal.SIGINT), ("old.h5", signal.SIGTERM), ("new.h5", signal.SIGHUP)):
            command = [program.CONCDEMO, "run", "matmul", "--size", "4000x4000x4000", "--output", name, "--force"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            partial = self.path(name + ".partial")
            deadline = time.monotonic() + 20
            # Signals remove it from its mark on; left without one, empty, it is the next run's.
            while not (os.path.exists(partial) and os.path.getsize(partial) > 0) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertGreater(os.path.getsize(partial), 0)
            process.send_signal(number)
            self.assertEqual(process.wait(20), -number)
        self.assertEqual(os.listdir(self.folder), ["old.h5"])
        with open(self.path("old.h5")) as file:
            self.assertEqual(file.read(), "mine")


if __name__ == "__main__":
    program.main()
