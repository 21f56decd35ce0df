"""heat into a file of snapshots: numpy's steps, the same bytes on every layout, stopped and resumed."""
import hashlib
import math
import os
import signal
import subprocess
import time
import unittest

os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
import h5py  # noqa: E402  (reads the variable when it is loaded)
import numpy  # noqa: E402
import xarray  # noqa: E402

import program  # noqa: E402
import launcher  # noqa: E402

ERA = os.path.join(program.DATA, "era_interim_uvz.nc")


def advanced(u, steps, alpha):
    for _ in range(steps):
        inner = u[1:-1, 1:-1]
        vertical, horizontal = u[:-2, 1:-1] + u[2:, 1:-1], u[1:-1, :-2] + u[1:-1, 2:]
        following = u.copy()
        following[1:-1, 1:-1] = inner + alpha * ((vertical + horizontal) - 4 * inner)
        u, before = following, u
    return u, math.sqrt(math.fsum(((u - before) ** 2).ravel())) if steps else math.nan


class Heat(program.TestCase):
    def digest(self, name="out.h5"):
        return hashlib.sha256(self.read(name)).hexdigest()

    def test_steps_are_numpys_and_bytes_those_of_every_layout(self):
        arguments = ("run", "heat", "--size", "61x83", "--steps", 25, "--snapshot-every", 10, "--alpha", 0.24,
                     "--output")
        self.succeeds(*arguments, "out.h5")
        with h5py.File(self.path("out.h5")) as file:
            u, times = file["u"][:], file["time"][:]
            self.assertEqual(list(times), [0, 10, 20, 25])
            for i, (before, steps) in enumerate(((0, 10), (1, 10), (2, 5)), start=1):
                expected, change = advanced(u[before], steps, 0.24)
                self.assertEqual(u[i].tobytes(), expected.tobytes())
                self.assertEqual(file["total"][i], math.fsum(expected.ravel()))
                self.assertAlmostEqual(file["residual"][i], change, delta=1e-14 * change)
        with xarray.open_dataset(self.path("out.h5"), engine="h5netcdf") as data:
            self.assertEqual(data.u.dims, ("time", "y", "x"))
        for ranks, threads, options in ((1, 1, ["--simd", "scalar"]), (2, 2, []), (3, 1, ["--writer", "sync"]),
                                        (4, 1, ["--checkpoint-every", 3])):
            self.succeeds(*arguments, "other.h5", "--force", *options, ranks=ranks, threads=threads)
            self.assertEqual(self.digest("other.h5"), self.digest(), (ranks, threads, options))
        self.assertEqual(sorted(os.listdir(self.folder)), ["other.h5", "other.xmf", "out.h5", "out.xmf"])

    def interrupted(self, number, to_launcher, ranks):
        """A long run that gets a signal when it has shown two snapshots; returns (code, snapshots seen)."""
        command = [program.CONCDEMO, "run", "heat", "--size", "600x500", "--steps", "20000", "--snapshot-every", "500",
                   "--output", "long.h5", "--quiet", "--threads", "1"]
        if os.path.exists(self.path("long.h5")):
            os.remove(self.path("long.h5"))
        if ranks > 1:
            command = [*launcher.launch(ranks), *command]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        shown = 0
        deadline = time.monotonic() + 60
        while shown < 2 and process.poll() is None and time.monotonic() < deadline:
            try:
                with h5py.File(self.path("long.h5")) as file:
                    shown = int(numpy.isfinite(file["time"][:]).sum())
            except (OSError, KeyError):
                pass  # not there yet
            time.sleep(0.01)
        victim = process.pid
        if ranks > 1 and not to_launcher:
            victim = launcher.ranks_of(process.pid, program.CONCDEMO)[0]
        os.kill(victim, number)
        _, err = process.communicate(timeout=60)
        return process.returncode, shown, err

    def test_signals_stop_at_a_step_that_is_saved_and_resume_reaches_the_same_bytes(self):
        self.succeeds("run", "heat", "--size", "600x500", "--steps", 20000, "--snapshot-every", 500, "--quiet",
                      "--output", "out.h5")
        hydra = not launcher.is_open_mpi()  # MPICH 4.0's exits with 0 or with the ranks' code when it passes a signal on
        for number, to_launcher, ranks, code in ((signal.SIGUSR1, True, 2, 75), (signal.SIGTERM, False, 2, 75),
                                                 (signal.SIGINT, True, 1, 75), (signal.SIGKILL, False, 1, -9),
                                                 (signal.SIGTERM, True, 2, 75 if hydra else 1)):
            with self.subTest(signal=number, to_launcher=to_launcher, ranks=ranks):
                found, shown, err = self.interrupted(number, to_launcher, ranks)
                self.assertIn(found, (code, 0) if hydra and to_launcher and ranks > 1 else (code,), err)
                self.assertGreaterEqual(shown, 2)
                if code == 75:
                    self.assertIn("concdemo resume long.h5", err)
                time.sleep(2.5 if code == 1 else 0)  # ranks outlive a launcher that was ended
                said = self.succeeds("verify", "long.h5").out
                self.assertIn("unfinished", said)
                with h5py.File(self.path("long.h5")) as file:
                    self.assertGreaterEqual(int(numpy.isfinite(file["time"][:]).sum()), shown)
                self.succeeds("resume", "long.h5", "--quiet", ranks=3 if ranks == 1 else 1, timeout=120)
                self.assertEqual(self.digest("long.h5"), self.digest())
                self.assertFalse(os.path.exists(self.path("long.h5.checkpoint")))
        self.assertIn("is whole", self.succeeds("resume", "long.h5").err)

    def test_a_resumed_run_goes_on_with_its_checkpoints(self):
        """As often as it was told at the beginning, or is told now."""
        begin = ("run", "heat", "--size", "300x300", "--steps", 20000, "--snapshot-every", 10000, "--output", "out.h5", "--force")
        for first, second, goes_on in ((("--checkpoint-every", 100), (), True), ((), (), False),
                                       ((), ("--checkpoint-every", 100), True),
                                       (("--checkpoint-every", 100), ("--checkpoint-every", 0), False)):
            killed = program.run(*begin, *first, env={"CONCDEMO_FAULT": "commit:2:kill"}, cwd=self.folder)
            self.assertEqual(killed.code, -9)
            self.fails(2, *begin[:-1], says="out.h5 is an unfinished run; go on with: concdemo resume out.h5")
            again = program.run("resume", "out.h5", *second, env={"CONCDEMO_FAULT": "checkpoint_commit:2:kill"}, cwd=self.folder)
            self.assertEqual(again.code, -9 if goes_on else 0, (first, second))
            if goes_on:
                os.remove(self.path("out.h5.checkpoint"))
        self.fails(2, *begin, "--repeat", 2, says="leave --repeat out")

    def test_starts_from_a_plane_of_a_file(self):
        if not os.path.exists(ERA):
            self.skipTest(f"{ERA} is not there")
        with xarray.open_dataset(ERA) as data:
            plane = numpy.asarray(data.u[0, 1], dtype="f8")
        arguments = ("run", "heat", "--input", f"{ERA}:/u", "--slice", "0,1,:,:", "--steps", 12, "--output", "out.h5")
        self.succeeds(*arguments)
        with h5py.File(self.path("out.h5")) as file:
            self.assertTrue(numpy.allclose(file["u"][0], plane, rtol=1e-6))
            self.assertEqual(file["u"][1].tobytes(), advanced(file["u"][0], 12, 0.2)[0].tobytes())
        first = self.digest()
        self.succeeds(*arguments, "--force", ranks=3)
        self.assertEqual(self.digest(), first)
        self.fails(2, "run", "heat", "--input", f"{ERA}:/u", says=["2 dimensions", "/u"])
        self.fails(2, "run", "heat", "--input", f"{ERA}:/u", "--slice", "0,9,:,:", says=["--slice 0,9,:,:", "index 9"])
        self.fails(2, "run", "heat", "--input", f"{ERA}:/u", "--slice", "0,:,:", says="--slice 0,:,:")

    def test_what_is_not_committed_is_no_data(self):
        killed = program.run("run", "heat", "--size", "30x20", "--steps", 100, "--snapshot-every", 10, "--output", "k.h5",
                             cwd=self.folder, env={"CONCDEMO_FAULT": "commit:4:kill"})
        self.assertEqual(killed.code, -signal.SIGKILL, killed.err)
        for ranks in (1, 3):
            for dataset in ("u", "total"):
                self.fails(2, "run", "stats", "--input", f"k.h5:/{dataset}", ranks=ranks,
                           says=["3 of 11 snapshots are committed", "concdemo resume k.h5", "u[0:3]", "--slice 2,:,:"])
            self.fails(2, "run", "heat", "--input", "k.h5:/u", "--slice", "3,:,:", says="3 of 11 snapshots", ranks=ranks)
            taken = self.succeeds("run", "heat", "--input", "k.h5:/u", "--slice", "2,:,:", ranks=ranks)
            self.assertEqual(taken.messages(), [])
            self.succeeds("run", "sum", "--input", "k.h5:/x", ranks=ranks)  # whole from the start
        self.succeeds("resume", "k.h5")
        self.assertIn(f"count = {11 * 30 * 20}\n", self.succeeds("run", "stats", "--input", "k.h5:/u", ranks=2).out)

    def test_an_unusable_start_costs_no_older_file(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            data = file.create_dataset("u", data=numpy.ones((5, 6)))
            data.attrs["_FillValue"] = 7.0
            data[2, 2] = 7.0
        self.succeeds("run", "heat", "--size", "9x9", "--steps", 3, "--output", "out.h5")
        before = self.digest()
        for ranks in (1, 3):
            self.fails(2, "run", "heat", "--input", "in.h5:/u", "--output", "out.h5", "--force", ranks=ranks,
                       says="the input has 1 missing value")
            self.assertEqual(self.digest(), before)
            self.assertEqual(sorted(os.listdir(self.folder)), ["in.h5", "out.h5", "out.xmf"])

    def test_refusals(self):
        self.fails(2, "run", "heat", "--alpha", 0.3, says=["--alpha 0.3", "0.25"])
        self.fails(2, "run", "heat", "--size", 100, says="NYxNX")
        self.fails(2, "run", "heat", "--snapshot-every", 0, "--output", "x.h5", says="--snapshot-every 0")
        self.fails(2, "run", "heat", "--snapshot-every", 5, says=["--snapshot-every", "--output"])
        self.fails(2, "run", "sum", "--steps", 5, says="--steps")
        self.fails(2, "run", "sum", "--slice", "0,:,:", says="--slice")
        self.fails(2, "resume", "nothing.h5", says="nothing.h5")
        self.succeeds("run", "square", "--size", 1000, "--output", "square.h5")
        self.fails(2, "resume", "square.h5", says="square.h5")
        self.assertEqual(os.listdir(self.folder), ["square.h5"])


if __name__ == "__main__":
    program.main()
