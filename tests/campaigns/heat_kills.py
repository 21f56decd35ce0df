"""kill -9 of a rank or of mpirun at random moments of heat runs, also while a rank stands still at a chosen point of the
program, or of a rank at that very point; then resume, on other layouts, until the file is whole: it must have every
acknowledged snapshot at once, and the sha256 of a run that nobody interrupted.
"""
import os
import signal
import time

os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
import h5py  # noqa: E402  (reads the variable when it is loaded)
import numpy  # noqa: E402

import campaign  # noqa: E402
import launcher  # noqa: E402

# Points of the program, and how often it comes there at least.
OF_RUN = {"skeleton": 1, "reserve": 1, "header": 4, "fsync": 1, "rename": 1, "folder": 1}
OF_RESUME = {"reset": 4, "reset_sync": 1, "found_sync": 1, "xdmf_folder": 1}
OF_BOTH = {"lock": 1, "write": 6, "sync": 6, "table": 6, "table_sync": 6, "commit": 6, "commit_sync": 6, "scalar": 9,
           "time": 6, "time_sync": 1, "end": 1, "end_sync": 1, "end_names": 1, "checkpoint": 1, "checkpoint_commit": 9,
           "checkpoint_sync": 9, "checkpoint_folder": 1, "xdmf": 1}
OF_ANY_RANK = {"write"}  # the others are rank 0's


class Kills(campaign.Run):
    FAULTS = "kills"
    RUN = ["run", "heat", "--size", "500x400", "--steps", "20000", "--snapshot-every", "1500", "--checkpoint-every",
           "200", "--quiet", "--output", "heat.h5"]
    RESUME = ["resume", "heat.h5", "--checkpoint-every", "200", "--quiet"]
    acknowledged = 0  # snapshots seen in the file while it was written

    def watch(self):
        """Counts the snapshots that a reader of the file is shown."""
        try:
            with h5py.File(self.file, "r") as file:
                times = file["time"][:]
            shown = int(numpy.argmax(numpy.isnan(times))) if numpy.isnan(times).any() else len(times)
            self.acknowledged = max(self.acknowledged, shown)
        except (OSError, KeyError):
            pass  # not there yet

    def disturb(self, arguments):
        """Starts the program and kills some of it; True when it ended well before that."""
        ranks = self.choices.choice([1, 2, 3, 4])
        how = self.choices.choice(["rank", "launcher", "point"])
        fault = None
        if how == "point" or self.choices.random() < 0.4:
            points = {**(OF_RUN if arguments is self.RUN else OF_RESUME), **OF_BOTH}
            point = self.choices.choice(list(points))
            rank = self.choices.randrange(ranks) if point in OF_ANY_RANK else 0
            fault = f"{point}:{self.choices.randint(1, points[point])}:{'kill' if how == 'point' else 'hang'}:{rank}"
        moment = self.choices.uniform(0.2, 1.6)
        process = self.start(arguments, ranks, fault)
        start = time.monotonic()
        while process.poll() is None and (time.monotonic() - start < moment or how == "point"):
            self.watch()
            time.sleep(0.01)
            if time.monotonic() - start > campaign.LONGEST_S:
                os.killpg(process.pid, signal.SIGKILL)
                raise campaign.Lost(f"hang: {process.args} {fault}")
        if process.poll() is None:
            victims = [process.pid]
            if how == "rank" and ranks > 1:
                victims = launcher.ranks_of(process.pid, campaign.CONCDEMO) or victims
            try:
                os.kill(self.choices.choice(victims), signal.SIGKILL)
            except ProcessLookupError:
                pass
        result = self.finish(process)
        if self.is_refused(result):  # by ranks that outlive their launcher
            return False
        if result.code not in (0, 137, -9) and "signal 9" not in str(result):
            raise campaign.Lost(f"{process.args} {fault}: {result}")
        self.struck += result.code != 0
        return result.code == 0

    def play(self):
        whole = self.disturb(self.RUN)
        while not whole:
            time.sleep(self.choices.choice([0, 0, 2.5]))
            if self.file.exists() and self.committed() != 0 and self.choices.random() < 0.4:
                whole = self.disturb(self.RESUME)
            else:
                return self.go_on(self.acknowledged)
        self.require_right()


if __name__ == "__main__":
    campaign.main(Kills, __doc__, 5)
