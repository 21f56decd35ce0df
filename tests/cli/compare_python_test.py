"""scripts/compare_python: concdemo and CPython do the same tasks, and both stand in the table."""
import os
import subprocess
import unittest

import program

SCRIPT = os.path.join(program.SOURCE, "scripts", "compare_python")
CONCDEMO = ["serial", "threads", "threads, one lock", "OpenMP", "event loop"]
CPYTHON = ["serial", "threading", "ThreadPoolExecutor", "multiprocessing.Pool", "ProcessPoolExecutor", "asyncio"]


class ComparePython(program.TestCase):
    def start(self, *args):
        return subprocess.run([SCRIPT, "--concdemo", program.CONCDEMO, *map(str, args)], capture_output=True, text=True,
                              timeout=60, cwd=self.folder, env={**os.environ, "TMPDIR": self.folder})

    def test_every_kind_and_way(self):
        done = self.start("--tasks", 3, "--numbers", 1000, "--latency", 1, "--repeat", 1, "--ranks", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        kinds = [line.split(":")[0] for line in done.stdout.split("\n") if line.endswith(": 3 tasks")]
        self.assertEqual(kinds, ["cpu", "http", "file", "sleep"], done.stdout)
        over_mpi = [] if "this Python has no mpi4py" in done.stdout else ["mpi4py.futures"]
        rows = [(line[2:11].strip(), line[12:34].strip()) for line in done.stdout.split("\n") if line.startswith("  C")
                or line.startswith("  concdemo")]
        expected = [("concdemo", way) for way in CONCDEMO] + [("CPython", way) for way in CPYTHON + over_mpi]
        self.assertEqual(rows, 4 * expected)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("compare_python")], [])

    def test_what_cannot_be(self):
        for args, says in ((("--tasks", 0), "--tasks"), (("--concdemo", "missing"), "missing")):
            done = self.start(*args)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(says, done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    program.main()
