"""The bare command."""
import os
import unittest

import h5py

import program


class Tour(program.TestCase):
    def test_story(self):
        for ranks in (1, 3):  # the second replaces the first one's file
            text = self.succeeds(ranks=ranks).out
            for word in ("Layout:", "rank 0", "Gained:", "Hidden:", "Same: one thread", "Try next:", "concdemo.h5"):
                self.assertIn(word, text)
            for workload in ("fill", "square", "sum", "sumsq", "dot", "stats", "matmul"):
                self.assertRegex(text, rf"\n{workload} .* yes ")
            self.assertEqual(os.listdir(self.folder), ["concdemo.h5"])
        quiet = self.succeeds("--quiet").out.splitlines()
        self.assertEqual(len(quiet), len(set(quiet)))
        for line in quiet:
            self.assertIn(" yes ", line)  # a row a workload, nothing else
        self.succeeds("verify", "concdemo.h5")
        with h5py.File(self.path("concdemo.h5")) as file:
            self.assertTrue({"x", "y", "c"} <= set(file))

    def test_another_file_of_that_name_is_left_alone(self):
        with h5py.File(self.path("concdemo.h5"), "w") as file:
            file["mine"] = 1
        with open(self.path("concdemo.h5"), "rb") as file:
            before = file.read()
        result = program.run(cwd=self.folder)
        self.assertEqual(result.code, 2)
        self.assertIn("--force", result.messages()[0])
        with open(self.path("concdemo.h5"), "rb") as file:
            self.assertEqual(file.read(), before)
        self.succeeds("--force")

    def test_without_a_place_to_write(self):
        result = program.run(cwd="/proc")  # nobody can make a file there, root included
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("nothing was written", result.out)

    def test_too_little_room_fails_after_the_table(self):
        result = program.run(cwd=self.folder, prefix=("prlimit", "--fsize=50000000"))
        self.assertEqual(result.code, 3, result.err)
        self.assertIn("nothing was written", result.out)
        self.assertIn("Same: one thread", result.out)
        self.assertIn("ulimit", result.err)
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    program.main()
