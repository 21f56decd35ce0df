"""What the benches share: programs that take turns with one another (turns.hpp)."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time


def program(build, name):
    """A program of the benches; none where it is not built."""
    return next((path for path in pathlib.Path(build).rglob(name) if path.is_file() and os.access(path, os.X_OK)), None)


class Program:
    """A process that runs a kernel a line; see turns.hpp."""

    def __init__(self, *command, env=None):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(list(map(str, command)), stdin=pipe, stdout=pipe, text=True, env=env)
        self.read_line()

    def read_line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args}: ended with exit code {self.process.wait()}")
        return line

    def run(self, kernel):
        """Seconds and result."""
        self.process.stdin.write(kernel + "\n")
        self.process.stdin.flush()
        seconds, result = map(float, self.read_line().split())
        time.sleep(0.003)  # until its threads have stopped spinning
        return seconds, result

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def rows_to(path):
    """A function that appends a row, as JSON, to this file; to nothing when there is none."""

    def write(row):
        if path:
            with open(path, "a") as file:
                file.write(json.dumps(row) + "\n")

    return write


def spread(samples):
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "samples": len(samples)}
