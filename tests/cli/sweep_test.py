"""sweep: every layout in one job, the verdict, its launch line tried for real, and what it refuses."""
import json
import os
import re
import shlex
import subprocess
import unittest

import program
import launcher

CPUS = len(os.sched_getaffinity(0))
SMALL = ("--workloads", "sum:100k,matmul:64x64x64", "--rounds", "6")


class Sweep(program.TestCase):
    def records(self, name):
        with open(self.path(name)) as file:
            return [json.loads(line) for line in file]

    def layouts(self, records):
        return {(record["layout"]["ranks"], record["layout"]["threads"]) for record in records}

    @unittest.skipIf(CPUS < 2, "needs 2 CPUs")
    def test_one_rank_a_core_measures_every_layout(self):
        for env in ({}, {"OMP_PROC_BIND": "close", "OMP_PLACES": "cores", "OMP_NUM_THREADS": "1"}):
            out = self.succeeds("sweep", *SMALL, "--record", "r.jsonl", ranks=CPUS, env=env).out
            records = self.records("r.jsonl")
            os.remove(self.path("r.jsonl"))
            found = self.layouts(records)
            self.assertLessEqual({(n, CPUS // n) for n in range(1, CPUS + 1) if CPUS % n == 0}, found)
            self.assertIn((1, 1), found)
            self.assertEqual(len(records), 6 * 2 * len(found))
            for record in records:
                self.assertTrue(record["verified"])
                self.assertEqual(record["layout"]["ranks"] * record["layout"]["threads"], record["sweep"]["cores"])
            for workload in ("sum", "matmul"):
                results = {json.dumps(record["result"]) for record in records if record["workload"] == workload}
                self.assertEqual(len(results), 1)
                self.assertRegex(out, rf"\n{workload}: fastest as \d+ ranks? x \d+ threads?\n.* over the runner-up, ")
            self.assertIn("All 2 together: ", out)
            self.assertIn("Same: every layout gave the same bits.", out)
            self.assertNotIn("Not measured", out)

        # The line that it prints, tried for real, gives that layout.
        ranks, threads = map(int, re.search(r"sum: fastest as (\d+) ranks? x (\d+)", out).groups())
        line = re.search(r"(?:mpirun|mpiexec) -n .*?(?= \.\.\.)", out).group()
        variables = dict(word.split("=") for word in re.search(r"export (.*)", out).group(1).split())
        words = [launcher.MPIEXEC, *shlex.split(line)[1:], program.CONCDEMO]
        done = subprocess.run([*words, "run", "sum", "--size", "100k", "--json"],
                              capture_output=True, text=True, timeout=60, env={**os.environ, **variables})
        self.assertEqual(done.returncode, 0, done.stderr)
        layout = json.loads(done.stdout)["layout"]
        self.assertEqual((layout["ranks"], layout["threads"]), (ranks, threads))

    def test_a_single_start_says_what_it_could_not_measure(self):
        out = self.succeeds("sweep", *SMALL, "--record", "r.jsonl").out
        self.assertTrue(all(ranks == 1 for ranks, _ in self.layouts(self.records("r.jsonl"))))
        if CPUS > 1:
            self.assertIn("Not measured in this launch:", out)
            binding = "--map-by slot:PE=1 --bind-to core" if launcher.is_open_mpi() else f"-ppn {CPUS} -bind-to core:1"
            self.assertRegex(out, f"(mpirun|mpiexec) -n {CPUS} {binding} concdemo sweep")
        self.assertIn("no scaling model: it takes 5 numbers of cores", out) if CPUS < 5 else None

    def test_weak_scaling_grows_the_first_extent(self):
        self.succeeds("sweep", "--workloads", "matvec:100x50", "--weak", "--rounds", "1", "--record", "r.jsonl",
                      ranks=2)
        for record in self.records("r.jsonl"):
            self.assertEqual(record["size"], [100 * record["sweep"]["cores"], 50])

    def test_the_budget_ends_it_and_what_was_left_out_is_listed(self):
        out = self.succeeds("sweep", "--workloads", "sum:1M", "--rounds", "1000", "--budget", "1s", ranks=2).out
        self.assertRegex(out, r"Left out: sum as .* after \d+ rounds: the budget is used up")
        none = self.succeeds("sweep", "--workloads", "sum:1M", "--budget", "0.001s", "--quiet").out
        self.assertIn("sum: nothing was measured", none)
        self.assertIn("Not compared: ", none)
        self.assertNotIn("Same: ", none)

    def test_a_first_visit_that_does_not_fit_is_not_begun(self):
        done = self.succeeds("sweep", "--workloads", "heat:20000x20000", "--budget", "6s", ranks=2)
        self.assertRegex(done.out, r"Left out: heat as .*: the budget is used up: .* are left of it, the visit would take some")
        self.assertIn("heat: nothing was measured", done.out)
        self.assertNotIn("mpirun -n 1", done.out)

    def test_what_does_not_fit_is_left_out(self):
        out = self.succeeds("sweep", "--workloads", "sum:1000k,matmul:200kx200kx200k", "--rounds", "1", ranks=2).out
        self.assertRegex(out, r"Left out: matmul as 1 rank x 1 thread: matmul of size .* needs .* of memory")
        self.assertIn("sum: fastest as ", out)

    def test_refusals(self):
        self.fails(2, "sweep", "--workloads", "sums", says="did you mean sum", ranks=2)
        self.fails(2, "sweep", "--workloads", "matmul:100", says="matmul", ranks=2)
        self.fails(2, "sweep", "--workloads", "sum", "--size", "0", says="measures nothing")
        self.fails(2, "sweep", "--workloads", "sum,,matmul", says="sum,,matmul: a name is empty")
        self.fails(2, "sweep", "--workloads", "sum:2M,sum:2M", says="sum:2M stands there twice")
        self.fails(2, "sweep", "--size", "100k", says=["--size 100k", "MxKxN", "--workloads"], ranks=2)
        self.fails(2, "sweep", "--budget", "soon", says=["--budget", "soon", "5min"])
        self.fails(2, "sweep", "--rounds", "0", says="--rounds")
        self.fails(2, "sweep", "--record", "/proc/nothing/r", says="--record", ranks=2)


if __name__ == "__main__":
    program.main()
