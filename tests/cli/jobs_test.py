"""jobs/*.sbatch without a SLURM: stand-ins for its commands say how they were called. slurm_test.py has the real one."""
import glob
import os
import re
import subprocess
import time

import program

JOBS = os.path.join(program.SOURCE, "jobs")
SITES = ("account", "partition", "nodes", "ntasks-per-node", "cpus-per-task", "array", "hint", "exclusive", "mem", "requeue")


class Jobs(program.TestCase):
    def stand_in(self, name, script):
        """A command that first appends its arguments, and CHAIN where set, to the file `calls`."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(f'#!/bin/bash\necho "{name} $*${{CHAIN:+ CHAIN=$CHAIN}}" >>calls\n{script}\n')
        os.chmod(self.path(name), 0o755)

    def setUp(self):
        super().setUp()
        for name in ("srun", "scontrol", "sbatch"):
            self.stand_in(name, "")
        self.stand_in("squeue", "echo 1:00:00")
        self.stand_in("a program", "")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM")}
        self.environment.update(PATH=f'{self.folder}:{os.environ["PATH"]}', SLURM_SUBMIT_DIR=self.folder, SLURM_JOB_ID="7",
                                SLURM_JOB_NUM_NODES="4", SLURM_NTASKS_PER_NODE="2", SLURM_CPUS_PER_TASK="16",
                                PROGRAM=self.path("a program"))

    def start(self, name, **variables):
        return subprocess.Popen(["bash", os.path.join(JOBS, name + ".sbatch")], cwd="/", text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**self.environment, **variables})

    def job(self, name, code=0, **variables):
        """(stderr, calls of SLURM's commands)"""
        process = self.start(name, **variables)
        out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, out), (code, ""), err)
        return err, self.calls()

    def calls(self):
        if not os.path.exists(self.path("calls")):
            return []
        with open(self.path("calls"), encoding="utf-8") as file:
            calls = file.read().splitlines()
        os.remove(self.path("calls"))
        return [line for line in calls if not line.startswith("squeue")]

    def test_a_program_that_is_not_there_is_said_once(self):
        for path in glob.glob(os.path.join(JOBS, "*.sbatch")):
            name = os.path.basename(path).removesuffix(".sbatch")
            err, calls = self.job(name, 2, PROGRAM="nowhere/concdemo", SLURM_ARRAY_TASK_ID="0")
            self.assertEqual(calls, [], name)
            self.assertIn("no program 'nowhere/concdemo': set PROGRAM, or build it:\ncmake -S . -B build/release -D", err)
            err, _ = self.job(name, 2, CONTAINER="nowhere exec a.sif", SLURM_ARRAY_TASK_ID="0")
            self.assertIn("no program 'nowhere'", err)

    def test_a_program_in_a_container_or_with_a_space_in_its_path(self):
        self.assertIn(f" --cpu-bind=cores {self.folder}/a program peaks ", self.job("node_check")[1][0])
        _, calls = self.job("tour", CONTAINER="env -u  X", PROGRAM="concdemo")
        self.assertEqual(calls[0], "srun --cpus-per-task=16 --cpu-bind=cores env -u X concdemo")

    def test_what_a_site_decides_is_marked(self):
        for path in glob.glob(os.path.join(JOBS, "*.sbatch")):
            words, marked = "", set()
            with open(path, encoding="utf-8") as file:
                for line in file:
                    option = re.match(r"##?SBATCH --([\w-]+)(.*)", line)
                    if option and option[1] in SITES:
                        self.assertIn("EDIT", words + option[2], f"{path}: {line}")
                        marked.add(option[1])
                    elif not option:
                        words = line
            self.assertLessEqual({"account", "partition", "nodes", "ntasks-per-node", "cpus-per-task", "mem"}, marked, path)

    def test_scaling(self):
        def sizes(elements, indices, nodes, **more):
            found = []
            for index in indices:
                _, calls = self.job("scaling_array", ELEMENTS=elements, SLURM_ARRAY_TASK_ID=str(index),
                                    SLURM_JOB_NUM_NODES=str(nodes), **more)
                found.append(re.search(r"--nodes=(\d+) --ntasks=(\d+) .* --size (\w+) ", calls[0]).groups())
            return found

        self.assertEqual(sizes("1M", range(6), 4), [("1", "2", "1M"), ("2", "4", "1M"), ("4", "8", "1M"),
                                                    ("1", "2", "1M"), ("2", "4", "2M"), ("4", "8", "4M")])
        self.assertEqual(sizes("010", (2, 5), 7, SLURM_ARRAY_TASK_COUNT="2"), [("4", "8", "010"), ("4", "8", "40")])
        self.assertEqual(sizes("1000", (0, 1), 1), [("1", "2", "1000"), ("1", "2", "1000")])
        for variables, says in (({"SLURM_ARRAY_TASK_ID": "6"}, "no element 6 on 4 nodes, which have 0 to 5"),
                                ({"SLURM_ARRAY_TASK_ID": "0", "ELEMENTS": "1.5M"}, "ELEMENTS=1.5M: give a whole number")):
            err, calls = self.job("scaling_array", 2, **variables)
            self.assertEqual(calls, [])
            self.assertIn(says, err)

    def test_heat_goes_on(self):
        self.stand_in("srun", "exit 75")
        for code in (75, 138):
            self.stand_in("srun", f"exit {code}")
            err, calls = self.job("heat_requeue")
            self.assertRegex(calls[0], "run heat .*--output heat.h5 --checkpoint-every 2000 --record concdemo.jsonl")
            self.assertEqual((calls[1:], err), (["scontrol requeue 7"], ""))
        with open(self.path("heat.h5"), "w", encoding="utf-8"):
            pass
        err, calls = self.job("heat_requeue", SLURM_RESTART_COUNT="0", CHECKPOINT_EVERY="9", RECORD="r")
        self.assertIn("program resume heat.h5 --checkpoint-every 9 --record r", calls[0])
        self.assertIn("heat.h5 is there: it is resumed as it was begun; SIZE, STEPS and SNAPSHOT_EVERY are not used", err)
        self.assertEqual(self.job("heat_requeue", SLURM_RESTART_COUNT="1")[0], "")
        self.assertEqual(self.job("heat_requeue", CHAIN="successor")[0], "")
        self.stand_in("srun", "exit 4")
        self.assertEqual(len(self.job("heat_requeue", 4)[1]), 1)

    def test_heat_that_cannot_go_on_says_so(self):
        self.stand_in("srun", "exit 75")
        self.stand_in("scontrol", "exit 1")
        self.assertIn("is saved: submit it again; CHAIN=1 needs no requeue", self.job("heat_requeue", 75)[0])
        self.stand_in("sbatch", "exit 1")
        self.assertIn("is saved: submit it again", self.job("heat_requeue", 75, CHAIN="1")[0])

    def test_a_successor_gets_what_the_job_had(self):
        self.stand_in("srun", "exit 75")
        _, calls = self.job("heat_requeue", CHAIN="1", SLURM_JOB_ACCOUNT="a", SLURM_JOB_PARTITION="p", SLURM_JOB_QOS="q",
                            SLURM_MEM_PER_NODE="5000")
        self.assertEqual(calls[1], "sbatch --dependency=afterany:7 --nodes=4 --cpus-per-task=16 --time=1:00:00 "
                         f"--ntasks-per-node=2 --account=a --partition=p --qos=q --mem=5000 {JOBS}/heat_requeue.sbatch "
                         "CHAIN=successor")

    def test_usr1_at_any_moment(self):
        """To the job while its modules load, while the program starts, and while it computes."""
        self.stand_in("srun", 'trap "exit 75" USR1; touch up; while :; do sleep 0.1; done')
        process = self.start("heat_requeue")
        while not os.path.exists(self.path("up")):
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        process.send_signal(10)
        self.assertEqual(process.communicate(timeout=30), ("", ""))
        self.assertEqual((process.returncode, self.calls()[1:]), (0, ["scontrol requeue 7"]))

        self.stand_in("srun", "kill -USR1 $PPID; kill -USR1 $$; sleep 20")  # before it can take one
        self.assertEqual(self.job("heat_requeue")[1][1:], ["scontrol requeue 7"])

        with open(os.path.join(JOBS, "heat_requeue.sbatch"), encoding="utf-8") as file:
            text = file.read()
        slow = text.replace("# module load gcc", "kill -USR1 $$ # module load gcc")
        self.assertNotEqual(slow, text)
        done = subprocess.run(["bash", "-c", slow], env=self.environment, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, self.calls()), (0, ["scontrol requeue 7"]), done.stderr)


if __name__ == "__main__":
    program.main()
