"""jobs/laptop.sh as a person starts it, with small sizes."""
import os
import shutil
import subprocess

import program

SCRIPT = os.path.join(program.SOURCE, "jobs", "laptop.sh")


class Laptop(program.TestCase):
    def setUp(self):
        super().setUp()
        with open(self.path("mpirun"), "w", encoding="utf-8") as file:  # the one of this build's MPI
            file.write(f'#!/bin/sh\nexec {shutil.which(program.launcher.MPIEXEC)} "$@"\n')
        os.chmod(self.path("mpirun"), 0o755)

    def job(self, *args, **variables):
        return subprocess.run([SCRIPT, *args], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              env={**os.environ, "PATH": f'{self.folder}:{os.environ["PATH"]}', "PROGRAM": program.CONCDEMO,
                                   "OMP_WAIT_POLICY": "passive", **variables})

    def test_the_tour_and_a_workload(self):
        done = self.job("3", SIZE="300x200x100", WORKLOAD="matmul")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Layout: 1 node, 3 ranks x ", done.stdout)
        self.assertIn("Wrote concdemo.h5", done.stdout)
        self.assertRegex(done.stdout, r"\n\$ .*-n 3 .* run matmul --size 300x200x100\n(?s:.*)workload  matmul of 300x200x100")

    def test_what_cannot_be(self):
        for args, variables, says in ((["0"], {}, "'0' is no number of ranks"), (["00"], {}, "'00' is no number"), (["two"], {}, "'two' is no number"),
                                      (["1", "2"], {}, "not '1 2'"), ([], {"PROGRAM": "nowhere"}, "no nowhere: set PROGRAM, or build it: cmake -S . -B build/release -D")):
            done = self.job(*args, **variables)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn(says, done.stderr)
        done = self.job("1", SIZE="much")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("Usage: jobs/laptop.sh [RANKS]", self.job("--help").stdout)


if __name__ == "__main__":
    program.main()
