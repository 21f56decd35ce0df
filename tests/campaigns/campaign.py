"""What the campaigns share. Each plays the same kind of fault again and again, with choices drawn from a seed, and ends
with "N runs, N recovered, 0 lost", or with the seed and index of what was lost: --seed S --only INDEX plays it again
(its choices; moments depend on the machine). Environment: CONCDEMO, the program; CONCDEMO_MPIEXEC, the launcher."""
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

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import launcher  # noqa: E402

CONCDEMO = os.environ["CONCDEMO"]
LONGEST_S = 90
LOOK_S = 5


class Lost(Exception):
    pass


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit {self.code}: {self.err}{self.out}"


def is_launcher(process):
    return process.args[0] == launcher.MPIEXEC


def living_children(pid):
    """Processes that it started and that have not ended; zombies have."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        states = [pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] for child in children]
    except OSError:
        return ["one that has just gone"]
    return [state for state in states if state not in "ZX"]


class Run:
    """One run of a campaign, in a folder of its own. RUN makes heat.h5, whose right sha256 is known."""
    RUN = ["run", "heat", "--size", "120x90", "--steps", "400", "--snapshot-every", "50", "--quiet",
           "--output", "heat.h5"]
    RESUME = ["resume", "heat.h5", "--quiet"]

    def __init__(self, folder, choices, right):
        self.folder, self.choices, self.right = folder, choices, right
        self.file = folder / "heat.h5"
        self.struck = 0  # faults that did their work

    def start(self, arguments, ranks, fault=None, env=None, prefix=()):
        command = [*prefix, CONCDEMO, *map(str, arguments)]
        if arguments[0] in ("run", "resume"):
            command += ["--threads", "1"]
        if ranks > 1:
            command = [*launcher.launch(ranks), *command]
        full = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
        full.update(env or {})
        if fault:
            full["CONCDEMO_FAULT"] = fault
        return subprocess.Popen(command, cwd=self.folder, env=full, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True)

    def finish(self, process, longest_s=LONGEST_S):
        """The Result of a process that nobody kills any more. A launcher that stays when its ranks are gone is killed:
        Open MPI 4.1's mpirun, told of a rank's early death, may wait for a lock of its own in PMIx_server_finalize."""
        alone = 0
        for _ in range(longest_s // LOOK_S):
            try:
                out, err = process.communicate(timeout=LOOK_S)
                return Result(process.returncode, out, err)
            except subprocess.TimeoutExpired:
                alone = alone + 1 if is_launcher(process) and not living_children(process.pid) else 0
            if alone == 2:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                print(f"a launcher outlived its ranks: {process.args}", file=sys.stderr, flush=True)
                return Result(process.returncode, out, err)
        os.killpg(process.pid, signal.SIGKILL)
        raise Lost(f"hang: {process.args}")

    def do(self, arguments, ranks=1, **options):
        return self.finish(self.start(arguments, ranks, **options))

    def is_refused(self, result):
        return result.code == 2 and "another run" in result.err

    def patiently(self, arguments, ranks):
        """Ranks may outlive a killed launcher by seconds; meanwhile others are refused."""
        for _ in range(40):
            result = self.do(arguments, ranks)
            if not self.is_refused(result):
                return result
            time.sleep(0.5)
        raise Lost("the file stays locked")

    def committed(self):
        """Snapshots of an unfinished file that is sound; None of a whole one."""
        result = self.do(["verify", "heat.h5"])
        if result.code != 0:
            raise Lost(f"verify: {result}")
        unfinished = re.search(r"(\d+) of (\d+) snapshots", result.out)
        return int(unfinished[1]) if unfinished else None

    def go_on(self, at_least=0):
        """Resumes on another layout, or begins again where nothing was acknowledged, to the right bytes."""
        ranks = self.choices.choice([1, 2, 3])
        found = self.committed() if self.file.exists() else 0
        if found is not None and found < at_least:
            raise Lost(f"{at_least} snapshots were acknowledged, {found} are there")
        result = self.patiently([*self.RUN, "--force"] if found == 0 else self.RESUME, ranks)
        if result.code != 0:
            raise Lost(f"going on from {found}: {result}")
        self.require_right()

    def require_right(self):
        if hashlib.sha256(self.file.read_bytes()).hexdigest() != self.right:
            raise Lost("the sha256 is not that of an uninterrupted run")
        left = sorted(path.name for path in self.folder.iterdir())
        if left not in (["heat.h5"], ["heat.h5", "heat.xmf"]):
            raise Lost(f"left behind: {left}")

    def play(self):
        raise NotImplementedError


def main(kind, description, count, plant=None):
    """`plant(seed, most, folder)` plants faults that the campaign has to notice, and tells how many it did not."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="INDEX")
    parser.add_argument("--folder", help="on the file system to play on (default: that of temporary files)")
    if plant:
        parser.add_argument("--planted", type=int, nargs="?", const=-1, metavar="N", help="then plant all faults, or N")
    args = parser.parse_args()
    lost, struck, missed = 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="concdemo-campaign-", dir=args.folder) as name:
        own = pathlib.Path(name, "run")
        own.mkdir()
        subprocess.run([CONCDEMO, *kind.RUN], cwd=own, check=True, capture_output=True)
        right = hashlib.sha256((own / "heat.h5").read_bytes()).hexdigest()
        kind.whole = (own / "heat.h5").read_bytes()
        indices = range(args.count) if args.only is None else [args.only]
        for index in indices:
            shutil.rmtree(own)
            own.mkdir()
            run = kind(own, random.Random(f"{args.seed}/{index}"), right)
            try:
                run.play()
            except Lost as why:
                lost += 1
                print(f"--seed {args.seed} --only {index}: {why}", file=sys.stderr, flush=True)
            struck += run.struck
        if plant and args.planted:
            missed = plant(args.seed, None if args.planted < 0 else args.planted, own)
    recovered = len(indices) - lost
    print(f"{len(indices)} runs, {recovered} recovered, {lost} lost ({struck} {kind.FAULTS}, seed {args.seed})")
    if struck == 0 and len(indices) > 0:
        sys.exit("no fault struck: this shows nothing")
    if missed:
        sys.exit(f"{missed} planted faults were not noticed: the campaign is too weak, or something is not needed")
    sys.exit(1 if lost else 0)
