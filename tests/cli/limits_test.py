"""Limits of the system: a message that names the limit and its value, or correct work; no hang, nothing left behind."""
import os
import signal
import subprocess
import time

import program
from program import CONCDEMO, launcher

NOBODY = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]  # root has as many threads as it likes


class Limits(program.TestCase):
    def setUp(self):
        super().setUp()
        self.temporary = self.path("tmp")
        self.work = self.path("work")
        for folder in (self.temporary, self.work):
            os.mkdir(folder)
            os.chmod(folder, 0o777)
        os.chmod(self.folder, 0o755)

    def start(self, *args, ranks=1, prefix=(), env=None, outer=()):
        """`prefix` stands before the program, so that a launcher has no such limits; `outer` before the launcher."""
        command = [*outer, *(launcher.launch(ranks) if ranks > 1 else []), *prefix, CONCDEMO, *args]
        begin = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.work,
                              env={**os.environ, "TMPDIR": self.temporary, **(env or {})})
        return program.Result(done.returncode, done.stdout, done.stderr, time.monotonic() - begin)

    def refused(self, code, *args, says, **options):
        result = self.start(*args, **options)
        text = f"{args} {options}: exit {result.code}\n{result.err}\n{result.out}"
        self.assertEqual(result.code, code, text)
        self.assertEqual(len(result.messages()), 1, text)
        for word in says:
            self.assertIn(word, result.messages()[0], text)
        self.assertEqual(os.listdir(self.work), [], text)

    def test_descriptors(self):
        commands = [("run", "sum", "--size", "10"), ("run", "square", "--size", "10", "--output", "o.h5"),
                    ("run", "heat", "--size", "9x9", "--output", "h.h5"), ("verify", "v.h5"), ("fetch", "--demo"),
                    ("compare", "--tasks", "4"), ()]
        for i, args in enumerate(commands):
            limit = (6, 11, 16, 21, 26, 31, 39)[i]
            self.refused(3, *args, says=["too few file descriptors", f"ulimit -n is {limit};"],
                         prefix=["prlimit", f"--nofile={limit}"])
        self.refused(3, *commands[2], ranks=3, says=["too few file descriptors", "ulimit -n is 20;"],
                     prefix=["prlimit", "--nofile=20"])
        self.refused(3, "compare", "--kind", "http", "--tasks", "200", prefix=["prlimit", "--nofile=64"],
                     says=["too few file descriptors", "ulimit -n is 64;"])
        self.refused(3, "fetch", "http://127.0.0.1:9/", *(f"http://127.0.0.1:9/{i}" for i in range(40)), "--parallel", "40",
                     prefix=["prlimit", "--nofile=64"], says=["too few file descriptors", "ulimit -n is 64;"])

    def test_enough_descriptors(self):
        """At the least that is asked for; and a low soft limit is raised."""
        for prefix in (["prlimit", "--nofile=50"], ["prlimit", "--nofile=10:1000"]):
            for args in (("fetch", "--demo"), ("run", "heat", "--size", "9x9", "--output", "h.h5", "--force")):
                result = self.start(*args, prefix=prefix)
                self.assertEqual(result.code, 0, (prefix, args, result.err))
        result = self.start("run", "heat", "--size", "9x9", "--output", "h.h5", "--force", ranks=3,
                            prefix=["prlimit", "--nofile=50"])
        self.assertEqual(result.code, 0, result.err)

    def test_threads(self):
        if os.geteuid() != 0:
            self.skipTest("becoming a user without processes needs root")
        for args in (("run", "sum", "--threads", "4"), ("run", "heat", "--output", "h.h5", "--threads", "1"),
                     ("mistakes", "race"), ("compare", "--tasks", "2"), ("placement",)):
            self.refused(3, *args, says=["threads", "ulimit -u is 4"], prefix=["prlimit", "--nproc=4", *NOBODY])
        self.refused(3, "run", "sum", "--threads", "16", says=["rank ", "threads", "ulimit -u is 40"], ranks=3, outer=NOBODY,
                     prefix=["prlimit", "--nproc=40"])  # of which one rank alone would have enough

    def test_places_of_openmp(self):
        beyond = 4 * os.cpu_count() + 3
        for ranks in (1, 3):
            for args in (("run", "sum", "--size", "10"), ("placement",), ("mistakes", "race")):
                self.refused(2, *args, ranks=ranks, env={"GOMP_CPU_AFFINITY": f"0-{beyond}"},
                             says=[f"GOMP_CPU_AFFINITY=0-{beyond}", f"-{beyond}; it may use"])
        cpus = sorted(os.sched_getaffinity(0))
        result = self.start("run", "sum", "--size", "10", env={"GOMP_CPU_AFFINITY": ",".join(map(str, cpus))})
        self.assertEqual(result.code, 0, result.err)

    def test_full_shared_memory(self):
        """Ranks of a node do without it, with the same results."""
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("a private mount needs root")
        full = ["unshare", "-m", "sh", "-c",
                'mount -t tmpfs -o size=64k tmpfs /dev/shm && head -c 65536 /dev/zero >/dev/shm/full; exec "$@"', "sh"]
        for args in (("run", "sum", "--size", "300k", "--schedule", "dynamic"), ("run", "heat", "--size", "40x40"),
                     ("run", "matmul", "--size", "40x40x40"), ("run", "transpose", "--size", "40x50")):
            args = (*args, "--quiet")
            alone = self.start(*args)
            self.assertEqual(alone.code, 0, alone.err)
            result = self.start(*args, ranks=3, outer=full)
            self.assertEqual((result.code, result.out), (0, alone.out), (args, result.err))

    def test_sizes_of_files(self):
        """A write beyond the limit fails; it does not end the process."""
        result = self.start("run", "sum", "--size", "10", "--record", "r.jsonl", prefix=["prlimit", "--fsize=0"])
        self.assertEqual(result.code, 3, result.err)
        self.assertIn("r.jsonl", result.err)

    def test_small_stacks(self):
        self.refused(3, "run", "sum", "--size", "10", prefix=["prlimit", "--stack=65536"], says=["stack", "ulimit -s is 64;"])
        self.refused(3, "run", "sum", "--size", "10", "--threads", "2", env={"OMP_STACKSIZE": "1000000G"},
                     says=["threads", "OMP_STACKSIZE is 1000000G"])

    def test_what_a_killed_run_leaves(self):
        """The next run removes it, of any command; what lives, or is not ours, stays."""
        words = [CONCDEMO, "fetch", "--demo"]
        environment = {**os.environ, "TMPDIR": self.temporary}

        def until_folder():
            process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, cwd=self.work)
            known = set(os.listdir(self.temporary))
            while not (new := set(os.listdir(self.temporary)) - known):
                self.assertIsNone(process.poll())
            name = new.pop()
            while not os.listdir(os.path.join(self.temporary, name)):
                self.assertIsNone(process.poll())
            return process, name

        killed, left = until_folder()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        self.assertTrue(os.path.isdir(os.path.join(self.temporary, left)))
        foreign = ["concdemo-tmp-abcdef", "concdemo-tmp-other-abcdef"]
        for name in foreign:
            os.mkdir(os.path.join(self.temporary, name))
            with open(os.path.join(self.temporary, name, "precious"), "w"):
                pass
        others = os.path.join(self.temporary, "concdemo-tmp-ghijkl")
        os.mkdir(others)
        os.chown(others, 65533, 65533)
        living, lives = until_folder()
        result = self.start("run", "sum", "--size", "10")
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(sorted(os.listdir(self.temporary)), sorted([*foreign, os.path.basename(others), lives]))
        self.assertEqual(living.wait(), 0)
        self.assertEqual(sorted(os.listdir(self.temporary)), sorted([*foreign, os.path.basename(others)]))

    def test_temporary_folders_that_cannot_be(self):
        open(self.path("file"), "w").close()
        for where in (self.path("missing"), self.path("file")):
            for args in (("fetch", "--demo"), ("compare", "--kind", "file", "--tasks", "2")):
                self.refused(2, *args, says=[where, "TMPDIR"], env={"TMPDIR": where})


if __name__ == "__main__":
    program.main()
