"""Ranks that were not started alike: refused by all of them, naming what differs, before anything is done."""
import contextlib
import os
import re
import subprocess
import time

import program
from program import CONCDEMO, launcher

SIZE = ("run", "square", "--size", "1000")


def start(*ranks, folder):
    """Ranks of one job: (words of the first, words of the second, ...), each the program's arguments or whole commands."""
    command = launcher.launch(1)[:1] + (["--oversubscribe"] if launcher.is_open_mpi() else [])
    for i, words in enumerate(ranks):
        command += [":"] * (i > 0) + ["-n", "1", *words]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    return program.Result(done.returncode, done.stdout, done.stderr, time.monotonic() - begin)


class RanksAgree(program.TestCase):
    def refused(self, one, other, says):
        """As two ranks, as three with the last other than the rest, and as three with the first so."""
        for ranks, count in (((one, other), "rank 1 differs"), ((one, one, other), "rank 2 differs"),
                             ((other, one, one), "2 of 3 ranks differ")):
            result = start(*ranks, folder=self.folder)
            text = f"{ranks}: exit {result.code}\n{result.err}\n{result.out}"
            self.assertEqual(result.code, 2, text)
            self.assertEqual(len(result.messages()), 1, text)
            self.assertEqual(result.out, "", text)
            for word in (count, "rank 0:", *says):
                self.assertIn(word, result.messages()[0], text)
            self.assertLess(result.seconds, 5, text)
        self.assertEqual(self.left(), [])

    def left(self):
        return sorted(name for name in os.listdir(self.folder) if os.path.isfile(self.path(name)))

    def with_arguments(self, one, other, *says):
        self.refused([CONCDEMO, *one], [CONCDEMO, *other], ["arguments of", *says])

    def test_sizes_and_seeds(self):
        self.with_arguments(("run", "sum", "--size", "10k"), ("run", "sum", "--size", "20k"), "--size 10k", "--size 20k")

    def test_commands(self):
        self.with_arguments((), ("run", "sum"), ": (none)", ": run sum")

    def test_help_and_errors(self):
        self.with_arguments(("run", "sum"), ("--help",), ": --help")
        self.with_arguments(("--version",), ("--nonsense",), ": --version", ": --nonsense")

    def test_outputs(self):
        self.with_arguments((*SIZE, "--output", "a.h5"), (*SIZE, "--output", "b.h5"), "a.h5", "b.h5")

    def test_environment(self):
        self.refused([CONCDEMO, *SIZE], ["env", "CONCDEMO_NFS=1", CONCDEMO, *SIZE], ["CONCDEMO_NFS of", "not set"])

    def test_builds(self):
        """The second differs in its build id alone, as one of other options would."""
        notes = subprocess.run(["readelf", "-n", CONCDEMO], capture_output=True, text=True, check=True).stdout
        build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
        other = build_id[:-2] + format(int(build_id[-2:], 16) ^ 1, "02x")
        with open(CONCDEMO, "rb") as file:
            code = file.read()
        self.assertEqual(code.count(bytes.fromhex(build_id)), 1)
        os.mkdir(self.path("bin"))
        for name, own in (("copy", build_id), ("other", other)):
            with open(self.path("bin/" + name), "wb") as file:
                file.write(code.replace(bytes.fromhex(build_id), bytes.fromhex(own)))
            os.chmod(self.path("bin/" + name), 0o755)
        self.refused([CONCDEMO, "run", "sum"], [self.path("bin/other"), "run", "sum"],
                     ["program of", build_id[:-2], other])
        self.assertEqual(start([CONCDEMO, *SIZE], [self.path("bin/copy"), *SIZE], folder=self.folder).code, 0)

    def test_folders(self):
        """They matter where a path is relative to them."""
        os.mkdir(self.path("a"))
        os.mkdir(self.path("b"))
        absolute = (*SIZE, "--output", self.path("a/out.h5"))

        def inside(folder, *args):
            return ["sh", "-c", 'cd "$0" && exec "$@"', self.path(folder), CONCDEMO, *args]

        for args in ((), (*SIZE, "--output", "out.h5"), ("verify", "a.h5"), ("run", "sum", "--input", "a.h5:/x"),
                     ("fetch", "http://127.0.0.1:9/x")):
            result = start(inside("a", *args), inside("b", *args), folder=self.folder)
            self.assertEqual(result.code, 2, (args, result.err))
            for word in ("working folder of", self.path("a"), self.path("b")):
                self.assertIn(word, result.err)
        self.assertEqual(os.listdir(self.path("a")) + os.listdir(self.path("b")), [])
        for args in (SIZE, absolute):
            result = start(inside("a", *args), inside("b", *args), folder=self.folder)
            self.assertEqual(result.code, 0, result.err)

    def test_one_folder_of_two_names_and_two_of_one_name(self):
        os.mkdir(self.path("a"))
        os.mkdir(self.path("b"))
        if subprocess.run(["mount", "--bind", self.path("a"), self.path("b")], capture_output=True).returncode != 0:
            self.skipTest("mounting needs root")
        with contextlib.ExitStack() as stack:
            stack.callback(subprocess.run, ["umount", self.path("b")], check=True)
            words = ["sh", "-c", 'cd "$0" && exec "$@"']
            both = [[*words, self.path(name), CONCDEMO, *SIZE, "--output", "out.h5"] for name in "ab"]
            result = start(*both, folder=self.folder)
            self.assertEqual((result.code, os.path.exists(self.path("a/out.h5"))), (0, True), result.err)
        private = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && cd "$0" && exec "$@"']
        both = [[*words, self.path("b"), CONCDEMO, *SIZE, "--output", "out.h5"] for words in (words, private)]
        result = start(*both, folder=self.folder)
        self.assertEqual(result.code, 2, result.err)
        self.assertEqual(result.messages()[0].count(self.path("b")), 2)
        self.assertEqual(result.messages()[0].count("inode"), 2)

    def test_what_places_a_rank_is_its_own(self):
        ranks = [["env", f"OMP_NUM_THREADS={threads}", f"TMPDIR={self.folder}/{threads}", CONCDEMO, "run", "sum", "--quiet"]
                 for threads in (1, 2)]
        result = start(*ranks, folder=self.folder)
        self.assertEqual(result.code, 0, result.err)

    def test_texts_are_printed_once(self):
        for args in (("--help",), ("--version",), ("run", "--help")):
            alone = subprocess.run([CONCDEMO, *args], capture_output=True, text=True, check=True).stdout
            result = start(*[[CONCDEMO, *args]] * 3, folder=self.folder)
            self.assertEqual((result.code, result.out), (0, alone), result.err)


if __name__ == "__main__":
    program.main()
