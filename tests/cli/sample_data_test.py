"""scripts/sample_data: tables that the program reads, and what cannot be one."""
import importlib.util
import os
import subprocess
import sys
import unittest

import program

SCRIPT = os.path.join(program.SOURCE, "scripts", "sample_data")


class SampleData(program.TestCase):
    def make(self, *args):
        return subprocess.run([sys.executable, SCRIPT, *args], capture_output=True, text=True, timeout=60, cwd=self.folder)

    def table(self, text):
        with open(self.path("t.csv"), "w", encoding="utf-8") as file:
            file.write(text)
        return self.make("convert", "t.csv")

    @unittest.skipUnless(importlib.util.find_spec("h5py"), "this Python has no h5py: scripts/setup report")
    def test_marks_and_a_table(self):
        self.assertEqual(self.make("marks", "--students", "100").returncode, 0)
        self.assertIn("count = 100\n", self.succeeds("run", "stats", "--input", "exam_marks.h5:/student").out)
        done = self.table("city,2024,mean\nA,1,0.5\nB,2,\n")
        self.assertEqual((done.returncode, done.stdout), (0, "t.h5: /2024 (2 x int64), /mean (2 x float64)\n"))
        self.assertEqual(done.stderr.splitlines(), ["sample_data: '2024' of the first line is taken for a column's name",
                                                    "sample_data: column 'city' left out: not numeric"])
        self.assertIn("sum = 3\n", self.succeeds("run", "sum", "--input", "t.h5:/2024").out)
        done = self.make("convert", "t.csv", "--output", "nowhere/t.h5")
        self.assertEqual((done.returncode, done.stderr.splitlines()[-1]),
                         (3, "sample_data: nowhere/t.h5 could not be written: No such file or directory"))

    def test_what_cannot_be(self):
        done = self.make("convert", "missing.csv")
        self.assertEqual((done.returncode, done.stderr), (2, "sample_data: missing.csv: No such file or directory\n"))
        for text, says in (("1,2\n3,4\n", "must name the columns, and holds numbers: ['1', '2']"),
                           ("a,b\n1\n", "row 2 has 1 fields"), ("a,a\n1,2\n", "name every column once"),
                           ("a\n", "at least one row"), ("a,b\nx,y\n", "no numeric column")):
            done = self.table(text)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn("sample_data: t.csv: ", done.stderr)
            self.assertIn(says, done.stderr)


if __name__ == "__main__":
    program.main()
