"""Starts the program as a person would, on any number of ranks, and reads what it said."""
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import launcher  # noqa: E402

CONCDEMO = os.environ["CONCDEMO"]
SOURCE = os.environ["CONCDEMO_SOURCE"]
DATA = os.path.join(SOURCE, "..", "shared", "data")


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def messages(self):
        """The program's own messages on stderr, some of several lines, without what it says about the layout and what
        the launcher adds."""
        text = re.sub(r"^-{20,}\n.*?^-{20,}(\n|\Z)", "", self.err, flags=re.DOTALL | re.MULTILINE)
        found = [message.strip() for message in ("\n" + text).split("\nconcdemo: ")[1:]]
        return [message for message in found if not message.startswith(("layout:", "warning:"))]

    def record(self):
        return json.loads(self.out)


def run(*args, ranks=1, threads=None, env=None, cwd=None, timeout=60, prefix=()):
    """ranks=1 starts the program directly, without a launcher."""
    command = [*prefix]
    if ranks > 1:
        command += launcher.launch(ranks)
    command += [CONCDEMO, *map(str, args)]
    if threads:
        command += ["--threads", str(threads)]
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=cwd,
                          env={**environment, **(env or {})})
    return Result(done.returncode, done.stdout, done.stderr, time.monotonic() - start)


def run_on_terminal(*args, ranks=1, env=None, cwd=None):
    """stderr is a terminal, stdout a pipe that a file stands for; `err` is what came on the screen."""
    command = [*launcher.launch(ranks), CONCDEMO] if ranks > 1 else [CONCDEMO]
    leader, follower = pty.openpty()
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([*command, *map(str, args)], cwd=cwd, stdout=out, stderr=follower,
                                   env={**os.environ, **(env or {})})
        os.close(follower)
        screen = b""
        try:
            while piece := os.read(leader, 65536):
                screen += piece
        except OSError:  # nobody writes to it any more
            pass
        os.close(leader)
        code = process.wait()
        out.seek(0)
        return Result(code, out.read(), screen.decode(), time.monotonic() - start)


class TestCase(unittest.TestCase):
    """Each test has a folder of its own, self.folder."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="concdemo-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def put(self, name, contents):
        with open(self.path(name), "wb") as file:
            file.write(contents)
        return name

    def succeeds(self, *args, **options):
        result = run(*args, cwd=self.folder, **options)
        self.assertEqual(result.code, 0, f"{args}: {result.err}\n{result.out}")
        return result

    def killed(self, fault, *args):
        """A run that ends at a fault's point, "POINT:N:kill"."""
        result = run(*args, cwd=self.folder, env={"CONCDEMO_FAULT": fault})
        self.assertEqual(result.code, -9, f"{args} {fault}: {result.err}")

    def fails(self, code, *args, says, **options):
        """One message from one rank with every word of `says`, this exit code, within 5 s, and nothing on stdout."""
        result = run(*args, cwd=self.folder, **options)
        text = f"{args} {options}: exit {result.code}\n{result.err}\n{result.out}"
        self.assertEqual(result.code, code, text)
        self.assertEqual(len(result.messages()), 1, text)
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, result.messages()[0], text)
        self.assertLess(result.seconds, 5, text)
        self.assertEqual(result.out, "", text)
        return result


def main():
    program = unittest.main(exit=False, verbosity=1)
    result = program.result
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {reason}", file=sys.stderr)
    sys.exit(not result.wasSuccessful())
