"""placement: the classic mistakes made for real, and that its own mending lines mend them."""
import json
import os
import shlex
import subprocess
import unittest

import program
import launcher

CPUS = sorted(os.sched_getaffinity(0))


class Placement(program.TestCase):
    def kinds(self, out):
        return [finding["kind"] for finding in json.loads(out)["findings"]]

    def launched(self, line, env):
        """What `placement --json` says, started by this line of a launcher, which is this MPI's."""
        done = subprocess.run([launcher.MPIEXEC, *shlex.split(line)[1:], program.CONCDEMO, "placement", "--json"],
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "OMP_WAIT_POLICY": "passive", **env})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def mended(self, line, env):
        """The kinds found, then those of the launch that is advised, tried for real."""
        told = self.launched(line, env)
        advice = told["advice"]
        mended = self.launched(advice["mpirun"], dict(word.split("=") for word in advice["openmp"].split()))
        return [each["kind"] for each in told["findings"]], [each["kind"] for each in mended["findings"]]

    @unittest.skipIf(len(CPUS) < 2, "needs 2 CPUs")
    def test_mistakes_and_their_mending_lines(self):
        found, left = self.mended("mpirun -n 2 -bind-to core", {"OMP_NUM_THREADS": "4"})  # as Open MPI does by itself
        self.assertIn("threads-outnumber-cpus", found)
        self.assertEqual(left, [])
        found, left = self.mended(f"mpirun -n 2 -bind-to none taskset -c {CPUS[0]}", {"OMP_NUM_THREADS": "1"})
        self.assertEqual((found[0], left), ("ranks-share-cores", []))
        found, left = self.mended("mpirun -n 1 -bind-to none", {"OMP_NUM_THREADS": "2", "OMP_PROC_BIND": "close",
                                                                 "OMP_PLACES": f"{{{CPUS[0]}}}"})
        self.assertEqual((found[0], left), ("threads-outnumber-cpus", []))
        found, left = self.mended("mpirun -n 1", {"OMP_NUM_THREADS": "1"})
        self.assertEqual((found, left), (["idle-cores"], []))

    def test_what_a_person_reads(self):
        out = self.succeeds("placement", env={"OMP_NUM_THREADS": str(len(CPUS))}).out
        self.assertIn("Nothing wrong: each thread of the 1 rank has a core", out)
        self.assertIn("core   0  |", out)
        one = self.succeeds("placement", "--quiet", ranks=2, env={"OMP_NUM_THREADS": "64"}).out
        self.assertIn("run on", one)
        self.assertRegex(one, r"Cost: (\d+ % of|none measured: the) +(the )?FMA throughput")
        self.assertRegex(one, r"\n  (mpirun|mpiexec) -n \d")
        self.assertIn("srun -N 1 ", one)
        self.assertIn("export OMP_NUM_THREADS=", one)

    def test_a_described_job(self):
        with open(self.path("job.json"), "w") as file:
            json.dump({"nodes": [{"hwloc": "pack:2 [numa] core:56 pu:2", "count": 64}],
                       "ranks": [{"count": 64, "threads": 1}]}, file)
        for ranks in (1, 2):
            told = self.succeeds("placement", "--described", "job.json", "--json", ranks=ranks).record()
            self.assertEqual([len(told["nodes"]), told["findings"][0]["ranks"]], [64, "0-4095"])
        self.fails(2, "placement", "--described", "none.json", says=["--described", "none.json"])
        with open(self.path("bad.json"), "w") as file:
            file.write("{")
        self.fails(2, "placement", "--described", "bad.json", says="cannot be read", ranks=2)


if __name__ == "__main__":
    program.main()
