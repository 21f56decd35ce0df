"""--hang-timeout: a rank or an I/O thread that hangs is named and ends the job; what only takes long does not."""
import hashlib
import os
import signal
import subprocess
import time

import program
import launcher

RUN = ("run", "heat", "--size", "300x200", "--snapshot-every", 500, "--quiet", "--output", "out.h5", "--force")


class Hang(program.TestCase):
    def digest(self):
        return hashlib.sha256(self.read("out.h5")).hexdigest()

    def test_who_hangs_is_named_the_job_ends_and_resume_goes_on(self):
        self.succeeds(*RUN, "--steps", 2000)
        expected = self.digest()
        for fault, ranks, says in (("advance:80:hang:1", 3, ["rank 1 on ", "computing steps 6", "--hang-timeout 1"]),
                                   ("commit:3:hang", 1, ["rank 0 on ", "its I/O thread", "(commit)", "resume out.h5"]),
                                   ("write:2:hang", 2, ["rank 0 on ", "rank 1 on ", "its I/O thread is at: writing out.h5"])):
            with self.subTest(fault=fault):
                self.fails(3, *RUN, "--steps", 2000, "--hang-timeout", 1, ranks=ranks, threads=1, says=says,
                           env={"CONCDEMO_FAULT": fault})
                self.succeeds("resume", "out.h5", "--quiet", "--hang-timeout", 5)
                self.assertEqual(self.digest(), expected)

    def started(self, steps, ranks):
        process = subprocess.Popen([*launcher.launch(ranks), program.CONCDEMO, *map(str, RUN), "--steps",
                                    str(steps), "--threads", "1", "--hang-timeout", "1"], cwd=self.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not os.path.exists(self.path("out.h5")) and process.poll() is None:
            time.sleep(0.01)
        return process, launcher.ranks_of(process.pid, program.CONCDEMO)

    def test_a_stopped_process_is_named_and_a_suspended_job_goes_on(self):
        process, ranks = self.started(10**6, 2)
        os.kill(ranks[1], signal.SIGSTOP)
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 3, err)
        self.assertIn("rank 1 on ", err)
        self.assertNotIn("rank 0 on ", err)
        os.remove(self.path("out.h5"))
        process, ranks = self.started(30000, 2)
        for rank in ranks:
            os.kill(rank, signal.SIGSTOP)
        time.sleep(1.5)
        for rank in ranks:
            os.kill(rank, signal.SIGCONT)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)

    def test_refusals(self):
        for seconds in ("0.5", "-1", "nan", "inf", "1e9"):
            self.fails(2, *RUN, "--hang-timeout", seconds, says=["--hang-timeout", "from 1 to"])
        self.fails(2, "run", "sum", "--hang-timeout", 5, says=["sum takes no --hang-timeout", "--hang-timeout"])
        self.fails(2, "resume", "out.h5", "--hang-timeout", "soon", says="--hang-timeout")


if __name__ == "__main__":
    program.main()
