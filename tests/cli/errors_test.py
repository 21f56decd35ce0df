"""Bad input and bad days: one clear message, the right exit code on every rank, no hang, no half-written file."""
import os
import subprocess
import unittest

import h5py
import numpy

import program


class Errors(program.TestCase):
    def at_1_and_3_ranks(self, code, *args, says, **options):
        before = sorted(os.listdir(self.folder))
        for ranks in (1, 3):
            self.fails(code, *args, says=says, ranks=ranks, **options)
            self.assertEqual(sorted(os.listdir(self.folder)), before, args)

    def test_inputs(self):
        with h5py.File(self.path("many.h5"), "w") as file:
            file["speed"] = numpy.arange(6.0)
            file["matrix"] = numpy.ones((2, 3))
            file["name"] = "text"
            file["pair"] = numpy.zeros(3, dtype=[("a", "i4"), ("b", "f8")])
            file["none"] = h5py.Empty("f8")
            file["planes"] = numpy.ones((2, 3, 4))
            file["other"] = numpy.arange(4)
            file["z"] = numpy.ones(3, complex)
        with open(self.path("many.h5"), "rb") as file:
            whole = file.read()
        with open(self.path("cut.h5"), "wb") as file:
            file.write(whole[: len(whole) // 2])
        with open(self.path("text.txt"), "w") as file:
            file.write("1,2,3\n")
        os.mkdir(self.path("folder"))
        for name, says in (
            ("missing.h5", "missing.h5"),
            ("folder", "folder"),
            ("text.txt", "HDF5"),
            ("cut.h5", "cut.h5"),
            ("many.h5", ["speed", "matrix", "other"]),
            ("many.h5:/sped", "speed"),
            ("many.h5:/name", "string"),
            ("many.h5:/z", ["complex", ".real"]),
            ("many.h5:speed", "did you mean many.h5:/speed?"),
            ("", "--input is empty"),
            ("many.h5:/pair", "compound"),
            ("many.h5:/none", "null dataspace"),
        ):
            self.at_1_and_3_ranks(2, "run", "sum", "--input", name, says=says)
        self.at_1_and_3_ranks(2, "run", "dot", "--input", "many.h5:/speed", "--input", "many.h5:/other",
                              says=["speed", "6", "other", "4"])
        self.at_1_and_3_ranks(2, "run", "matmul", "--input", "many.h5:/matrix", "--input", "many.h5:/matrix",
                              says=["do not multiply", "2x3"])
        self.at_1_and_3_ranks(2, "run", "dot", "--input", "many.h5:/speed", says="2 operands")
        for plane, says in (("-1,:,:", "'-1' is no index"), ("0:1,:,:", "'0:1' is no index"), ("9,:,:", "no index 9")):
            self.at_1_and_3_ranks(2, "run", "heat", "--input", "many.h5:/planes", "--slice", plane,
                                  says=["--slice", says, "many.h5:/planes is 2x3x4"])

    def test_sizes_and_options(self):
        for args, says in (
            (("run", "sum", "--size", "-5"), "-5"),
            (("run", "sum", "--size", "9e30"), "9e30"),
            (("run", "sum", "--size", "1.5"), "1.5"),
            (("run", "sum", "--size", "4000000x4000000x4000000"), "4000000x4000000x4000000"),
            (("run", "fill", "--size", "100000G"), ["memory", "smaller"]),
            (("run", "matmul", "--size", "10x10"), "MxKxN"),
            (("run", "sum", "--values", "1,two,3"), "two"),
            (("run", "sum", "--values", "1", "2"), ["commas", "--values again"]),
            (("run", "matvec", "--values", "1,2,3,4", "--values", "1,2"), ["4 values", "--size MxN"]),
            (("run", "transpose", "--values", "1"), ["a list of 1 value;", "--size MxN"]),
            (("run", "heat", "--alpha", "-0.1"), "--alpha -0.1: give a number from 0 to 0.25"),
            (("run", "heat", "--alpha", "0.3"), "more steps"),
            (("run", "heat", "--alpha", "abc"), "--alpha: 'abc' is not a number"),
            (("run", "sum", "--threads", "two"), "--threads: 'two' is not a whole number from 1 to 4096"),
            (("run", "sum", "--values", "1", "--input", "x.h5"), "--values"),
            (("run", "sum", "--sze", "5"), ["--sze", "--size"]),
            (("run", "summ"), ["summ", "sum"]),
            (("rnu", "sum"), ["rnu", "run"]),
            (("run", "sum", "--simd", "mmx"), ["mmx", "scalar"]),
            (("run", "sum", "--threads", "0"), "--threads"),
            (("run", "sum", "--method", "fast"), "fast"),
            (("run", "fill", "--method", "plain", "--size", "5"), "method"),
            (("run", "sum", "--size", "5", "--output", "o.h5"), "--output"),
            (("run", "sum", "--buffers", "big"), "--buffers"),
            (("run", "sum", "--size", "0x10"), "0x10"),
            (("run", "sum", "--seed", "-1"), "--seed"),
            (("run", "sum", "--values", "1", "--fill", "index"), "--fill"),
            (("run", "sum", "--size", "5", "--force"), "--output"),
            (("run", "fill", "--size", "5", "--output", ""), "name a file"),
            (("run", "square", "--size", "5", "--method", "plain", "--output", "p.h5"), "plain"),
            (("run", "square", "--size", "5", "--schedule", "dynamic"), ["dynamic", "square"]),
            (("run", "sum", "--size", "5", "--schedule", "dynamic", "--method", "plain"), ["dynamic", "plain"]),
            (("--threads", "1", "run", "sum"), "after"),
            (("verify", "missing.h5"), "missing.h5"),
        ):
            self.at_1_and_3_ranks(2, *args, says=says)

    def test_small_inputs_are_no_errors(self):
        with h5py.File(self.path("empty.h5"), "w") as file:
            file["a"] = numpy.zeros((0, 4))
        for ranks in (1, 3):
            for args, value in (
                (("sum", "--size", "0"), "0"),
                (("sum", "--size", "1"), None),
                (("sum", "--input", "empty.h5"), "0"),
                (("sumsq", "--values", "1,2,3,4,5"), "55"),
                (("dot", "--values", "2", "--values", "3"), "6"),
                (("sum", "--values", "-0"), "-0"),
                (("sum", "--values", "1e308,1e308,-1e308"), "1e+308"),
            ):
                result = self.succeeds("run", *args, "--quiet", ranks=ranks)
                if value is not None:
                    self.assertEqual(result.out, value + "\n", args)
            self.succeeds("run", "square", "--size", "0", "--output", "zero.h5", "--force", ranks=ranks)
            self.succeeds("verify", "zero.h5", ranks=ranks)
            self.succeeds("run", "matmul", "--size", "2x0x2", "--output", "c.h5", "--force", ranks=ranks)
            with h5py.File(self.path("c.h5")) as file:
                self.assertEqual(file["c"][:].tobytes(), bytes(32))

    def test_outputs(self):
        size = ("run", "square", "--size", "1000", "--output")
        self.succeeds(*size, "there.h5")
        with open(self.path("there.h5"), "rb") as file:
            before = file.read()
        self.at_1_and_3_ranks(2, *size, "there.h5", says=["there.h5", "--force"])
        with open(self.path("there.h5"), "rb") as file:
            self.assertEqual(file.read(), before)
        self.at_1_and_3_ranks(2, *size, "no/such/folder/out.h5", says="no/such/folder")
        self.at_1_and_3_ranks(2, *size, "/proc/out.h5", says="/proc")
        self.at_1_and_3_ranks(2, *size, "/dev/full/out.h5", says="/dev/full")
        self.at_1_and_3_ranks(2, *size, "new.h5", "--record", "no/such/record", says="no/such/record")
        self.at_1_and_3_ranks(2, "run", "sum", "--size", "5", "--record", "there.h5", says="records")
        for name in ("there.h5", os.path.join(self.folder, "there.h5")):
            self.at_1_and_3_ranks(2, "run", "square", "--input", "there.h5", "--output", name, "--force",
                                  says="is the file that is read")
        with open(self.path("there.h5"), "rb") as file:
            self.assertEqual(file.read(), before)
        os.symlink("nowhere", self.path("link.h5"))
        self.at_1_and_3_ranks(2, *size, "link.h5", says="link")
        with open(self.path("mine.h5.partial"), "w") as file:
            file.write("precious")
        self.at_1_and_3_ranks(2, *size, "mine.h5", says="mine.h5.partial")

    def test_file_size_limit(self):
        self.at_1_and_3_ranks(3, "run", "square", "--size", "10M", "--output", "big.h5", says=["big.h5", "ulimit"],
                              prefix=("prlimit", "--fsize=50000000"))  # MPI's own files need some

    def test_full_disk(self):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.folder], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mounting a small tmpfs needs root")
        try:
            self.at_1_and_3_ranks(3, "run", "square", "--size", "1M", "--output", "big.h5", says=["big.h5", "8004", "4190208 free"])  # the mark of big.h5.partial takes a page
            self.succeeds("run", "square", "--size", "10k", "--output", "small.h5", ranks=3)
        finally:
            subprocess.run(["umount", "-l", self.folder], check=True)

    def test_one_rank_makes_no_temporary_files(self):
        """Processes that nobody launched would share them, and remove them from one another."""
        with open(self.path("file"), "w"):
            pass
        self.succeeds("run", "sum", "--values", "1", env={"TMPDIR": self.path("file")})

    def test_wrong_launcher(self):
        for variable in ("SLURM_STEP_NUM_TASKS", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE"):
            result = program.run("run", "sum", "--values", "1", env={variable: "4"})
            self.assertEqual(result.code, 2, variable)
            self.assertEqual(len(result.messages()), 1)
            self.assertIn(variable, result.messages()[0])
        self.assertIn("srun --mpi=list", program.run("run", "sum", env={"SLURM_STEP_NUM_TASKS": "4"}).err)
        self.succeeds("run", "sum", "--values", "1", env={"SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"})
        self.succeeds("run", "sum", "--values", "1", env={"SLURM_STEP_NUM_TASKS": "4"}, ranks=2)


if __name__ == "__main__":
    program.main()
