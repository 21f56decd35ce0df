"""peaks: what it measures, for how many ranks, and how it fails."""
import json
import os
import unittest

import program


class Peaks(program.TestCase):
    def test_one_rank(self):
        os.mkdir(self.path("disk"))
        done = self.succeeds("peaks", "--threads", 1, "--folder", "disk", "--record", "peaks.jsonl")
        for part in ("Peaks of 1 rank x 1 thread on 1 node", "read bandwidth", "copy bandwidth", "triad bandwidth", "FMA, ",
                     "durable writes", "Not measured: messages within a node: launch two ranks on a node"):
            self.assertIn(part, done.out)
        with open(self.path("peaks.jsonl")) as file:
            record = json.loads(file.read())
        self.assertLess(record["seconds"], 60)  # 10 on cores of one's own
        self.assertEqual({rate["unit"] for rate in record["rates"]}, {"B/s", "flop/s"})
        for rate in record["rates"]:
            self.assertGreater(rate["all"], 1e5, rate["name"])
        self.assertEqual(os.listdir(self.path("disk")), [])

    def test_quiet_has_figures_and_ranks_that_share_cores_are_told(self):
        out = self.succeeds("peaks", "--threads", 1, "--quiet").out
        self.assertRegex(out, r"^read bandwidth = \d.*B/s\n")
        for line in out.splitlines():
            self.assertIn(" = ", line)
        several = len(os.sched_getaffinity(0)) + 1
        self.assertIn("warning: ", self.succeeds("peaks", "--threads", 1, ranks=several).err)

    def test_ranks_and_nodes(self):
        told = self.succeeds("peaks", "--threads", 1, "--json", ranks=3).record()
        self.assertEqual((told["ranks"], len(told["nodes"]), told["outliers"]), (3, 1, []))
        self.assertEqual([(link["name"], link["from"], link["to"]) for link in told["links"]], [("within a node", 0, 1)])
        for rate in told["rates"]:
            self.assertEqual(len(rate["of_rank"]), 3)
            self.assertAlmostEqual(sum(rate["of_rank"]) / rate["all"], 1)
            self.assertEqual(rate["of_rank"][rate["slowest_rank"]], min(rate["of_rank"]))
        told = self.succeeds("peaks", "--threads", 1, "--json", "--ranks-a-node", 1, ranks=2).record()
        self.assertEqual([node["first_rank"] for node in told["nodes"]], [0, 1])
        self.assertEqual([link["name"] for link in told["links"]], ["between two nodes"])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs 2 CPUs")
    def test_a_slow_node_fails_a_node_check(self):
        # A node of four ranks beside one of a single rank, which gets less of the CPUs however busy they are.
        done = program.run("peaks", "--threads", 1, "--ranks-a-node", 4, "--fail-on-outliers", ranks=5)
        self.assertEqual(done.code, 1, done.err + done.out)
        self.assertIn("(node of rank 4): FMA rate beside the others is 0.", done.out)
        self.assertIn("more than 10 % below the median node's", done.err)

    def test_unusable_folders(self):
        for ranks in (1, 2):
            self.fails(2, "peaks", "--threads", 1, "--folder", "missing", ranks=ranks,
                       says="--folder missing: No such file or directory; name a folder that you may write")


program.main()
