"""What `verified` stands for in reductions: a wrong merge of ranks' parts is found, for residues take another way."""
import os
import unittest

import program


class Verification(program.TestCase):
    def test_an_mpi_that_drops_a_part_is_found_out(self):
        broken = {"LD_PRELOAD": os.environ["CONCDEMO_BROKEN_MPI"]}
        for workload, size in (("sum", "100k"), ("sumsq", "100k"), ("dot", "50k"), ("stats", "100k")):
            line = ("run", workload, "--size", size, "--quiet")
            right = self.succeeds(*line, ranks=3, threads=1).out.splitlines()[0]
            self.fails(4, *line, ranks=3, threads=1, env=broken, says=[workload, "residues"])
            claimed = program.run(*line, "--schedule", "dynamic", ranks=3, threads=1, env=broken, cwd=self.folder)
            if claimed.code == 0:  # one rank was fast enough to claim all: it is all that was merged
                self.assertEqual(claimed.out.splitlines()[0], right)
            else:
                self.assertEqual(claimed.code, 4, claimed.err)
        self.succeeds("run", "sum", "--size", "100k", "--quiet", env=broken)  # nothing is merged

    def test_by_scalar(self):
        for workload in ("sum", "sumsq", "dot", "stats"):
            for ranks in (1, 2):
                line = ("run", workload, "--size", "20k", "--json")
                by_residues = self.succeeds(*line, ranks=ranks).record()
                by_scalar = self.succeeds(*line, "--verify", "scalar", ranks=ranks).record()
                self.assertEqual(by_residues["result"], by_scalar["result"])
                self.assertIn("residues", by_residues["verified_against"])
                self.assertIn("scalar", by_scalar["verified_against"])
        self.fails(2, "run", "sum", "--verify", "twice", says=["--verify twice", "residues or scalar"])
        self.fails(2, "run", "square", "--verify", "scalar", says=["square takes no --verify", "sum"])

    def test_the_phases_add_up(self):
        """They are what the person waited for; not a moment is counted twice."""
        result = self.succeeds("run", "stats", "--size", "2M", "--json")
        phases = result.record()["phases"]
        parts = [seconds for name, seconds in phases.items() if name != "whole_s"]
        self.assertTrue(all(seconds >= 0 for seconds in parts), phases)
        self.assertAlmostEqual(sum(parts), phases["whole_s"], places=6)
        self.assertLess(phases["whole_s"], result.seconds)


if __name__ == "__main__":
    program.main()
