"""Drives read_input.cpp, whose path is the first argument of the oracle."""
import os
import subprocess
import sys

import numpy as np

DRIVER = os.path.abspath(sys.argv[1])


class Reader:
    """One open dataset; read(begin, end) gives counts, values and mask."""

    def __init__(self, file, path, buffers):
        self.process = subprocess.Popen([DRIVER, "read", file, path, str(buffers)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=-1)

    def read(self, begin, end):
        self.process.stdin.write(b"%d %d\n" % (begin, end))
        self.process.stdin.flush()
        n = end - begin
        data = self.process.stdout.read(24 + 9 * n)
        assert len(data) == 24 + 9 * n, "the driver ended early"
        return (np.frombuffer(data, "u8", 3), np.frombuffer(data, "f8", n, 24),
                np.frombuffer(data, "u1", n, 24 + 8 * n))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait() == 0


def run(*arguments, env=None, stdin=b""):
    return subprocess.run([DRIVER, *arguments], input=stdin, capture_output=True, timeout=30,
                          env={**os.environ, **(env or {})})
