"""In a real SLURM of two nodes (scripts/slurm_sandbox): every launcher and layout gives the bytes of one process, and a
run that is stopped in any way a cluster has goes on to the same bytes."""
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest
from subprocess import run

import program

SANDBOX = os.path.join(program.SOURCE, "scripts", "slurm_sandbox")
JOBS = os.path.join(program.SOURCE, "jobs")
HEAT = {"SIZE": "300x300", "STEPS": "10000", "SNAPSHOT_EVERY": "1000", "CHECKPOINT_EVERY": "200"}


def missing():
    """Why there can be no sandbox here; empty when there can."""
    if os.getuid() != 0:
        return "it takes root"
    absent = [name for name in ("munged", "slurmctld", "slurmd", "srun") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    return "not installed: " + ", ".join(absent) if absent else ""


class Slurm(program.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.mkdtemp(prefix="concdemo-slurm-")
        cls.addClassCleanup(shutil.rmtree, place)
        # Ranks outnumber the cores, which srun does not tell Open MPI.
        cls.environment = {**os.environ, "SLURM_SANDBOX": os.path.join(place, "sandbox"), "SLURM_SANDBOX_PORT": "6850",
                           "OMPI_MCA_mpi_yield_when_idle": "1", "PROGRAM": program.CONCDEMO, **HEAT}
        cls.environment.pop("OMP_NUM_THREADS", None)
        cls.addClassCleanup(cls.sandbox, "down")
        cls.sandbox("up")

    @classmethod
    def sandbox(cls, *arguments, cwd=None, check=True):
        done = run([SANDBOX, *arguments], env=cls.environment, cwd=cwd, capture_output=True, text=True, timeout=100)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr}\n{done.stdout}")
        return done

    def job(self, *arguments):
        """The number of a submitted job, which works in self.folder."""
        return self.sandbox("run", "sbatch", "--parsable", *arguments, cwd=self.folder).stdout.strip()

    def shown(self, job):
        """What SLURM knows of the job."""
        words = self.sandbox("run", "scontrol", "--oneliner", "show", "job", job).stdout.split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def checkpoint(self):
        """Which one stands beside heat.h5."""
        try:
            found = os.stat(self.path("heat.h5.checkpoint"))
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def wait_for(self, what, condition, seconds=90, every=0.1):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}\n{self.logs()}")
            time.sleep(every)

    def logs(self, name="*"):
        return "".join(path.read_text() for path in sorted(pathlib.Path(self.folder).glob(name + ".log")))

    def wait_for_state(self, job, *states):
        self.wait_for(f"job {job} is not {states}", lambda: self.shown(job)["JobState"] in states)

    def sha256(self, name):
        with open(self.path(name), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def started_heat(self, name="heat.h5", ranks_a_node=2, more=(), variables=()):
        """A job on both nodes that is in the midst of its steps; its log is NAME.log."""
        job = self.job("--account=any", "--partition=sandbox", "--nodes=2", f"--ntasks-per-node={ranks_a_node}",
                       "--cpus-per-task=1", f"--output={name}.log", ",".join(["--export=ALL", f"OUTPUT={name}", *variables]),
                       *more, os.path.join(JOBS, "heat_requeue.sbatch"))
        self.wait_for("no checkpoint", lambda: os.path.exists(self.path(name + ".checkpoint")))
        return job

    def whole(self, name="heat.h5"):
        """The file has the bytes of an uninterrupted run in one process."""
        self.succeeds("run", "heat", "--size", HEAT["SIZE"], "--steps", HEAT["STEPS"], "--snapshot-every",
                      HEAT["SNAPSHOT_EVERY"], "--output", "one.h5", "--force", threads=1)
        self.assertEqual(self.sha256(name), self.sha256("one.h5"), self.logs())

    def resumes_what_was_saved(self, name):
        self.wait_for("the ranks do not end", lambda: "is saved" in self.logs(name))
        self.succeeds("resume", name)
        self.whole(name)

    def test_every_launcher_and_layout(self):
        launches = [("srun -N 2 -n 2 -c 2", 2, 2), ("srun -N 2 -n 4 -c 1", 4, 1), ("srun -N 2 -n 3 -c 1", 3, 1),
                    ("mpirun --map-by ppr:1:node:PE=2", 2, 2), ("mpirun --map-by ppr:2:node:PE=1", 4, 1)]
        works = {"matmul": "matmul --size 150x100x130", "heat": "heat --size 200x300 --steps 100 --snapshot-every 50"}
        with open(self.path("job.sh"), "w") as file:
            print("#!/bin/bash -e", file=file)
            for index, (launch, _, _) in enumerate(launches):
                for name, work in works.items():
                    print(f"{launch} $PROGRAM run {work} --output {name}{index}.h5 --json >{name}{index}.json", file=file)
        job = self.job("-N", "2", "-n", "4", "-o", "job.log", self.path("job.sh"))
        self.wait_for_state(job, "COMPLETED")
        for name, work in works.items():
            self.succeeds("run", *work.split(), "--output", f"{name}.h5")
            for index, (launch, ranks, threads) in enumerate(launches):
                with open(self.path(f"{name}{index}.json")) as file:
                    layout = program.json.load(file)["layout"]
                self.assertEqual((layout["nodes"], layout["ranks"], layout["threads"]), (2, ranks, threads), launch)
                self.assertEqual(self.sha256(f"{name}{index}.h5"), self.sha256(f"{name}.h5"), (launch, work))

    def test_limit_beside_requeue(self):
        limited = self.started_heat("limited.h5", ranks_a_node=1)
        self.sandbox("run", "scancel", "--signal=STOP", limited + ".0")  # else it is done before SLURM looks at the clock
        self.sandbox("run", "scontrol", "update", f"jobid={limited}", "EndTime=" + time.strftime("%FT%T"))

        requeued = self.started_heat(ranks_a_node=1)
        self.sandbox("run", "scancel", "--batch", "--signal=USR1", requeued)
        self.wait_for("is not stopped", lambda: "stopped by signal 10" in self.logs("heat.h5"))
        saved = self.checkpoint()
        self.wait_for("no new checkpoint", lambda: self.checkpoint() not in (saved, None), every=0.01)
        self.assertEqual(self.shown(requeued)["Restarts"], "1")
        self.wait_for_state(requeued, "COMPLETED")
        self.whole()

        self.wait_for_state(limited, "TIMEOUT")
        self.resumes_what_was_saved("limited.h5")

    def test_cancelled(self):
        job = self.started_heat()
        self.sandbox("run", "scancel", job)
        self.wait_for_state(job, "CANCELLED")
        self.resumes_what_was_saved("heat.h5")

    def test_lost_node(self):
        job = self.started_heat()
        self.sandbox("off", "n2")
        # SLURM finds out by itself, in half a minute.
        self.sandbox("run", "scontrol", "update", "nodename=n2", "state=down", "reason=lost")
        self.wait_for_state(job, "PENDING")
        self.sandbox("on", "n2")
        self.wait_for_state(job, "COMPLETED")
        self.assertEqual(self.shown(job)["Restarts"], "1")
        self.whole()

    @unittest.skipUnless(os.environ.get("CONCDEMO_FULL"), "the other jobs: scripts/test --full --label slurm")
    def test_jobs(self):
        """Each with reduced sizes. node_check may find its nodes unlike, as they share their cores here."""
        jobs = (("tour", ["SIZE=1M"], ["--ntasks-per-node=2", "--cpus-per-task=1"]),
                ("hybrid", ["SIZE=200x300x400"], ["--ntasks-per-node=1", "--cpus-per-task=2"]),
                ("sweep", ["WORKLOADS=sum:1M,sumsq:10k", "BUDGET=10s"], ["--ntasks-per-node=2"]),
                ("scaling_array", ["ELEMENTS=1k"], ["--array=0-3%1", "--ntasks-per-node=1", "--cpus-per-task=2"]),
                ("scaling_array", ["ELEMENTS=1k"], ["--array=3", "--ntasks-per-node=1", "--cpus-per-task=2"]),
                ("node_check", [], ["--cpus-per-task=2"]))
        for name, variables, options in jobs:
            nodes = "--nodes=1" if name == "tour" else "--nodes=2"
            done = self.sandbox("run", "env", *variables, "sbatch", "--wait", "--account=any", "--partition=sandbox", "--output=%A_%a.log", nodes,
                                *options, os.path.join(JOBS, name + ".sbatch"), cwd=self.folder, check=False)
            code = 1 if name == "node_check" and "Slow: " in self.logs() else 0
            self.assertEqual(done.returncode, code, f"{name}: {done.stderr}\n{self.logs()}")
        with open(self.path("scaling.jsonl")) as file:
            records = [program.json.loads(line) for line in file]
        self.assertEqual([(each["size"], each["layout"]["nodes"]) for each in records],
                         [([1000], 1), ([1000], 2), ([1000], 1), ([2000], 2), ([2000], 2)])
        self.assertIn("sum: fastest as", self.logs())
        self.assertIn("sumsq: fastest as", self.logs())
        self.assertIn("Messages between two nodes", self.logs())
        self.assertEqual(self.logs().count("Same: "), 3)  # two tours and a sweep

    @unittest.skipUnless(os.environ.get("CONCDEMO_FULL"), "a chain of jobs: scripts/test --full --label slurm")
    def test_a_chain_where_nothing_is_requeued(self):
        """The successor has the account, nodes and limits of the first, and is submitted from its folder."""
        stopped = self.started_heat("stopped.h5", more=["--no-requeue"])
        self.sandbox("run", "scancel", "--batch", "--signal=USR1", stopped)
        self.wait_for_state(stopped, "FAILED")
        self.assertEqual(self.shown(stopped)["ExitCode"], "75:0")
        self.assertIn("is saved: submit it again; CHAIN=1 needs no requeue", self.logs("stopped.h5"))

        first = self.started_heat(ranks_a_node=1, more=["--no-requeue", "--time=7"], variables=["CHAIN=1"])
        self.sandbox("run", "scancel", "--batch", "--signal=USR1", first)
        self.wait_for_state(first, "COMPLETED")
        successor = str(int(first) + 1)
        self.wait_for_state(successor, "COMPLETED")
        kept = ("Account", "Partition", "NumNodes", "CPUs/Task", "NtasksPerN:B:S:C", "TimeLimit", "WorkDir", "MinMemoryNode")
        first, successor = self.shown(first), self.shown(successor)
        self.assertEqual([first.get(name) for name in kept], [successor.get(name) for name in kept])
        self.assertEqual((first["Account"], first["NumNodes"], first["TimeLimit"]), ("any", "2", "00:07:00"))
        self.whole()

    def test_the_sandbox_itself(self):
        for variables, arguments, code, says in (
                ({"SLURM_SANDBOX": self.path("another")}, ["up"], 1, "port 6850 is in use: set SLURM_SANDBOX_PORT"),
                ({"SLURM_SANDBOX": self.path("with space")}, ["up"], 1, "with space': give a full path"),
                ({}, ["run"], 2, "run wants a command"), ({}, ["off", "n3"], 2, "off wants n1 or n2"),
                ({}, ["run", "srun", "-N", "3", "true"], 1, "nvalid")):  # at once, not queued for ever
            done = run([SANDBOX, *arguments], env={**self.environment, **variables}, capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
            self.assertIn(says, done.stderr)
        self.assertEqual(os.listdir(self.folder), [])
        self.sandbox("run", "srun", "-N", "2", "sh", "-c", "sleep 0.2 & true")
        zombies = run(["ps", "-eo", "stat=,comm="], capture_output=True, text=True).stdout.splitlines()
        self.assertEqual([line for line in zombies if line.startswith("Z") and "slurmstepd" in line], [])

    def test_srun_without_pmi(self):
        done = self.sandbox("run", "srun", "--mpi=none", "-N", "2", "-n", "2", program.CONCDEMO, "run", "sum",
                            check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("sum =", done.stdout)
        self.assertEqual(done.stderr.count("concdemo: warning: srun started 2 copies of this program without PMIx"), 1)
        self.assertIn("`srun --mpi=pmix -n 2 concdemo ...`", done.stderr)


if __name__ == "__main__":
    if missing():
        print(f"SKIPPED: no SLURM sandbox here, {missing()}", file=sys.stderr)
        sys.exit(77)
    program.main()
