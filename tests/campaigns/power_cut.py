"""The power fails at random moments of runs: what a file system could then have left (disk.py says what it may) must
hold every snapshot, file, record and checkpoint that a person could rely on, and the program goes on from it to the
right bytes. A run is recorded once (disk_journal.cpp) and cut at many moments; a third of what is left of heat runs is
resumed, and cut again. Environment: CONCDEMO_JOURNAL, the library.

--planted: each sync of the program is left out in turn, and the writes before and after it change places, in what was
recorded; each time the campaign must notice. It lists which case did.
"""
import os
import pathlib
import random
import shutil
import signal
import tempfile
import time

import campaign
import disk as disks
import launcher
import power_list
import power_planted
from campaign import Lost

JOURNAL = os.environ["CONCDEMO_JOURNAL"]


class Recording:
    """What the runs of a story did, operation by operation; `ends`: how many there were when each run had ended."""

    def __init__(self, story, folder):
        self.story, self.operations, self.ends = story, [], []
        fill(folder, story.before)
        self.inodes = {name: (folder / name).stat().st_ino for name in story.before}
        with tempfile.NamedTemporaryFile(prefix="concdemo-journal-") as journal:
            path = pathlib.Path(journal.name)
            for step in story.steps:
                self._do(step, campaign.Run(folder, None, None), path)
                self.operations = disks.read_journal(path, folder)
                self.ends.append(len(self.operations))
        for run, (begin, end) in enumerate(zip([0, *self.ends], self.ends)):
            for operation in self.operations[begin:end]:
                operation.run = run
        for moment, disk, _ in self.passing(self.operations, range(len(self.operations) + 1)):
            if moment:
                story.learn(disk, self.operations[moment - 1])
        seen = disk.all_seen()
        there = {name: contents for name, contents in seen.items() if not name.endswith("/")}
        if there != contents_of(folder):
            wrong = sorted(name for name in {**there, **contents_of(folder)} if there.get(name) != contents_of(folder).get(name))
            raise NotImplementedError(f"{story.name}: the journal did not see all that was done to {wrong}")
        self.mark()

    def _do(self, step, run, journal):
        nodes = step.env.get("JOURNAL_NODES", "1")
        env = {**step.env, "JOURNAL": journal, "JOURNAL_FOLDER": run.folder, "JOURNAL_NODES": nodes, "LD_PRELOAD": JOURNAL}
        words = ["env", *(f"{key}={value}" for key, value in env.items())]
        process = run.start(step.arguments, step.ranks, step.fault, prefix=words)
        while step.stopped and process.poll() is None:
            time.sleep(0.002)
            if journal.stat().st_size > 1 << 21:
                self._stop(process)
                break
        result = run.finish(process)
        if result.code not in step.ends_with:
            raise Lost(f"{self.story.name}: {process.args}: {result}")

    @staticmethod
    def _stop(process):
        os.kill((launcher.ranks_of(process.pid, campaign.CONCDEMO) or [process.pid])[0], signal.SIGUSR1)

    def mark(self):
        """Names each sync by its file and by what its process did to that last."""
        last, begun = {}, {}
        for operation in self.operations:
            key = operation.process, operation.path
            if operation.kind == "S" and operation.flag == "b":
                what = last.get(key, "start")
                node = f" on node {operation.node}" if operation.node else ""
                name = "the folder" if operation.path == "." else self.story.label(operation.path)
                operation.mark = begun[operation.process, operation.inode] = f"{name} after {what}{node}"
            elif operation.kind == "S":
                operation.mark = begun[operation.process, operation.inode]
            elif operation.kind in "CRULM":
                folder = os.path.dirname(operation.path) or "."
                name = operation.other or operation.path
                last[operation.process, folder] = f"{self.story.role(operation)} of {self.story.label(name)}"
                last[operation.process, name] = self.story.role(operation)
            elif operation.kind in "WTA":
                last[key] = self.story.role(operation)

    def passing(self, operations, moments):
        """The disk at each of these moments, and the codes of the runs that had ended."""
        disk, exits, at = disks.Disk(self.story.before, self.inodes), [], 0
        for moment in sorted(moments):
            for operation in operations[at:moment]:
                disk.take(operation)
                if operation.kind == "X" and len(exits) <= operation.run:
                    exits += [None] * (operation.run - len(exits)) + [operation.offset]
            at = moment
            yield moment, disk, exits

    def cut(self, choices, operations, moments):
        """(moment, what is left, what was promised) for each moment."""
        for moment, disk, exits in self.passing(operations, moments):
            yield moment, disk.after_cut(choices), self.story.promised(disk, exits)


def fill(folder, contents):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in contents.items():
        if name.endswith("/"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


def contents_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Cuts(campaign.Run):
    """One cut of one story, or of several, where what is left is resumed and cut again."""
    FAULTS = "cuts that took something"
    recordings = {}

    def lab(self):
        def run(arguments, fault=""):
            fill(self.folder, {})
            step = campaign.Run(self.folder, None, None)
            result = step.do(list(arguments), fault=fault or None)
            if result.code != (-9 if fault else 0):
                raise Lost(f"{arguments}: {result}")
            return contents_of(self.folder)
        Cuts.made = getattr(Cuts, "made", None) or power_list.Lab(run)
        return Cuts.made

    def recording(self, index):
        if index not in Cuts.recordings:
            Cuts.recordings[index] = Recording(power_list.MAKERS[index](self.lab()), self.folder)
        return Cuts.recordings[index]

    def play(self):
        recording = self.recording(self.choices.randrange(len(power_list.MAKERS)))
        while True:
            story, operations = recording.story, recording.operations
            moment = self.choices.randint(0, len(operations))
            (_, disk, exits), = recording.passing(operations, [moment])
            left, promise = disk.after_cut(self.choices), story.promised(disk, exits)
            self.struck += left != disk.all_seen()
            where = f"{story.name}, cut after operation {moment} of {len(operations)}"
            try:
                story.look(left, promise)
                again = story.resumed(left, promise) if self.choices.random() < 0.3 else None
                if again is None:
                    fill(self.folder, left)
                    return story.go_on(self, left, promise)
                recording = Recording(again, self.folder)
            except Lost as why:
                raise Lost(f"{where}: {why}") from None


def plant(seed, most, folder):
    """Faults in all stories, or some in those that were played; how many were not noticed."""
    player = Cuts(folder, None, None)

    def more():
        for index in range(len(power_list.MAKERS)):
            if index not in Cuts.recordings:
                yield player.recording(index)

    recordings = [*Cuts.recordings.values(), *(more() if most is None else ())]
    return power_planted.plant(recordings, more, random.Random(seed), most)


if __name__ == "__main__":
    campaign.main(Cuts, __doc__, 60, plant)
