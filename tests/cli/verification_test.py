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
        self.fails(2, "run", "sum", "--verify", "scalar", "--method", "plain", says=["--verify", "--method plain"])
        for how, against in ((), "closed form"), (("--verify", "scalar"), "scalar superaccumulator"):
            record = self.succeeds("run", "sum", "--size", "1k", "--fill", "index", "--json", *how).record()
            self.assertIn(against, record["verified_against"])
        self.fails(2, "run", "square", "--verify", "scalar", says=["square takes no --verify", "sum"])

    def test_the_phases_add_up(self):
        """They are what the person waited for; not a moment is counted twice."""
        heat = ("heat", "--size", "90x80", "--steps", 9, "--snapshot-every", 3, "--output", "heat.h5")
        for line in (("stats", "--size", "2M"), ("square", "--size", "2M", "--output", "square.h5"),
                     ("sum", "--input", "square.h5"), heat):
            result = self.succeeds("run", *line, "--json")
            phases = result.record()["phases"]
            parts = {name: seconds for name, seconds in phases.items() if name != "whole_s"}
            self.assertTrue(all(seconds >= 0 for seconds in parts.values()), phases)
            self.assertTrue(all(parts[name] > 0 for name in ("open_s", "read_s", "compute_s", "verify_s")), phases)
            self.assertEqual(parts["write_s"] > 0, "--output" in line, phases)
            self.assertAlmostEqual(sum(parts.values()), phases["whole_s"], places=6)
            self.assertLess(phases["whole_s"], result.seconds)


if __name__ == "__main__":
    program.main()
