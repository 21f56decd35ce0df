"""kill -9 of a rank, of mpirun or at a chosen point of the program, at random moments of heat runs; then resume, on
other layouts, until the file is whole: it must have every acknowledged snapshot at once, and the sha256 of a run that
nobody interrupted.

Usage: heat_kills.py [--count 5] [--seed 1] [--only INDEX]     CONCDEMO: the program; CONCDEMO_MPIEXEC: the launcher
A failure names its index: --seed S --only INDEX plays it again (its choices; moments depend on the machine).
"""
import argparse
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
import h5py  # noqa: E402  (reads the variable when it is loaded)
import numpy  # noqa: E402

CONCDEMO = os.environ["CONCDEMO"]
MPIEXEC = os.environ.get("CONCDEMO_MPIEXEC", "mpirun")
RUN = ["run", "heat", "--size", "500x400", "--steps", "20000", "--snapshot-every", "1500", "--checkpoint-every", "200",
       "--quiet", "--output", "heat.h5"]
RESUME = ["resume", "heat.h5", "--checkpoint-every", "200", "--quiet"]
LONGEST_S = 90
POINTS = {"skeleton": 1, "reserve": 1, "rename": 1, "write": 6, "sync": 6, "table": 6, "commit": 6, "time": 6,
          "checkpoint": 1}  # and how often a run comes there at least


class Lost(Exception):
    pass


class Campaign:
    def __init__(self, folder, choices):
        self.folder, self.choices = folder, choices
        self.file = folder / "heat.h5"
        self.kills = 0
        self.acknowledged = 0  # snapshots seen in the file while it was written

    def start(self, arguments, ranks, fault=None):
        command = [CONCDEMO, *arguments, "--threads", str(self.choices.choice([1, 2]))]
        if ranks > 1:
            command = [MPIEXEC, "-n", str(ranks), "--oversubscribe", *command]
        env = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
        if fault:
            env["CONCDEMO_FAULT"] = fault
        return subprocess.Popen(command, cwd=self.folder, env=env, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True)

    def watch(self):
        """Counts the snapshots that a reader of the file is shown."""
        try:
            with h5py.File(self.file, "r") as file:
                times = file["time"][:]
            shown = int(numpy.argmax(numpy.isnan(times))) if numpy.isnan(times).any() else len(times)
            self.acknowledged = max(self.acknowledged, shown)
        except (OSError, KeyError):
            pass  # not there yet

    def finish(self, process):
        """(code, stderr) of a process that nobody kills."""
        try:
            _, err = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Lost(f"hang: {process.args}") from None
        return process.returncode, err

    def disturb(self, arguments):
        """Starts the program and kills some of it; True when it ended well before that."""
        ranks = self.choices.choice([1, 2, 3, 4])
        how = self.choices.choice(["rank", "launcher", "point"])
        fault = None
        if how == "point":
            point = self.choices.choice(list(POINTS))
            rank = self.choices.randrange(ranks) if point == "write" else 0  # the others are rank 0's
            fault = f"{point}:{self.choices.randint(1, POINTS[point])}:kill:{rank}"
        moment = self.choices.uniform(0.2, 1.6)
        process = self.start(arguments, ranks, fault)
        start = time.monotonic()
        while process.poll() is None and (time.monotonic() - start < moment or how == "point"):
            self.watch()
            time.sleep(0.01)
            if time.monotonic() - start > LONGEST_S:
                os.killpg(process.pid, signal.SIGKILL)
                raise Lost(f"hang: {process.args} {fault}")
        if process.poll() is None:
            victims = [process.pid]
            if how == "rank" and ranks > 1:
                children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
                victims = children.read_text().split() or victims
            try:
                os.kill(int(self.choices.choice(victims)), signal.SIGKILL)
            except ProcessLookupError:
                pass
        code, err = self.finish(process)
        if code not in (0, 137, -9, 1, 9) and "signal 9" not in err:
            raise Lost(f"exit {code} of {process.args} {fault}: {err}")
        self.kills += code != 0
        return code == 0

    def patiently(self, arguments):
        """Ranks may outlive a killed launcher by seconds; meanwhile others are refused."""
        for _ in range(40):
            code, err = self.finish(self.start(arguments, self.choices.choice([1, 2, 3])))
            if code != 2 or "another run" not in err:
                return code, err
            time.sleep(0.5)
        raise Lost("the file stays locked")

    def committed(self):
        done = subprocess.run([CONCDEMO, "verify", "heat.h5"], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Lost(f"verify: exit {done.returncode}: {done.stderr}")
        unfinished = re.search(r"(\d+) of (\d+) snapshots", done.stdout)
        return int(unfinished[1]) if unfinished else None

    def play(self, right):
        whole = self.disturb(RUN)
        while not whole:
            time.sleep(self.choices.choice([0, 0, 2.5]))
            if not self.file.exists() or self.committed() == 0:
                if self.acknowledged:
                    raise Lost(f"{self.acknowledged} snapshots were shown, none is there")
                whole = self.patiently(RUN + ["--force"])[0] == 0
                continue
            found = self.committed()
            if found is not None and found < self.acknowledged:
                raise Lost(f"{self.acknowledged} snapshots were shown, {found} are there")
            if self.choices.random() < 0.4:
                whole = self.disturb(RESUME)
                continue
            code, err = self.patiently(RESUME)
            if code != 0:
                raise Lost(f"resume: exit {code}: {err}")
            whole = True
        if hashlib.sha256(self.file.read_bytes()).hexdigest() != right:
            raise Lost("the sha256 is not that of an uninterrupted run")
        left = sorted(path.name for path in self.folder.iterdir())
        if left != ["heat.h5", "heat.xmf"]:
            raise Lost(f"left behind: {left}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    args = parser.parse_args()
    failures, kills = [], 0
    with tempfile.TemporaryDirectory(prefix="concdemo-kills-") as name:
        folder = pathlib.Path(name)
        subprocess.run([CONCDEMO, *RUN], cwd=folder, check=True)
        right = hashlib.sha256((folder / "heat.h5").read_bytes()).hexdigest()
        shutil.rmtree(folder, ignore_errors=True)
        indices = range(args.count) if args.only is None else [args.only]
        for index in indices:
            folder.mkdir()
            campaign = Campaign(folder, random.Random(f"{args.seed}/{index}"))
            try:
                campaign.play(right)
            except Lost as lost:
                failures.append(index)
                print(f"--seed {args.seed} --only {index}: {lost}", file=sys.stderr, flush=True)
            kills += campaign.kills
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    print(f"{len(indices)} runs, {kills} kills, {len(indices) - len(failures)} recovered, {len(failures)} lost")
    if kills == 0:
        sys.exit("nothing was killed: this shows nothing")
    sys.exit(1 if failures else 0)


main()
