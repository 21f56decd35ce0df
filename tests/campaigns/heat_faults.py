"""A system call that fails (EIO, ENOSPC, EDQUOT), an exception, or a hang, in one rank at each point of the program,
in its main thread or its I/O thread, of a run or of a resume: all ranks end with one message, a hang with the name of
its rank and where it is; then the run goes on, on another layout, to the right sha256.
"""
import re
import time

import campaign

# Points of rank 0, of its I/O thread, and of any rank; and how often a run comes there at least.
OF_RUN = {"skeleton": 1, "reserve": 1, "header": 4, "fsync": 1, "rename": 1, "folder": 1, "lock": 1}
OF_RESUME = {"lock": 1, "reset": 4, "reset_sync": 1, "found_sync": 1, "xdmf_folder": 1}
OF_BOTH = {"table": 3, "table_sync": 3, "commit": 3, "commit_sync": 3, "scalar": 6, "time": 3, "time_sync": 1, "end": 1,
           "end_sync": 1, "end_names": 1, "checkpoint": 1, "checkpoint_folder": 1, "checkpoint_commit": 2,
           "checkpoint_sync": 2, "sync": 3}
OF_ANY_RANK = {"write": 5, "advance": 20, "state": 3, "verify": 1}
STARTS = {"start": 1}
READS = {"read": 1}  # of what a resume goes on from


class Faults(campaign.Run):
    FAULTS = "faults that struck"
    RUN = [*campaign.Run.RUN, "--checkpoint-every", "20"]
    RESUME = [*campaign.Run.RESUME, "--checkpoint-every", "20"]
    begun = None  # the contents of a run that was killed

    def begin(self):
        if Faults.begun is None:
            self.do(self.RUN, fault="commit:4:kill")
            Faults.begun = self.file.read_bytes()
            for path in self.folder.iterdir():
                path.unlink()
        self.file.write_bytes(Faults.begun)

    def play(self):
        ranks = self.choices.choice([1, 2, 3, 4])
        of_resume = self.choices.random() < 0.4
        if of_resume:
            self.begin()
        anywhere = {**OF_ANY_RANK, **(READS if of_resume else STARTS)}
        points = {**(OF_RESUME if of_resume else OF_RUN), **OF_BOTH, **anywhere}
        point = self.choices.choice(list(points))
        action = self.choices.choice(["eio", "enospc", "edquot", "throw", "throw", "hang"])
        rank = self.choices.randrange(ranks) if point in anywhere else 0
        fault = f"{point}:{self.choices.randint(1, points[point])}:{action}:{rank}"
        arguments = self.RESUME if of_resume else self.RUN
        if action == "hang":
            arguments = [*arguments, "--hang-timeout", "1"]
        before = self.committed() if of_resume else 0
        start = time.monotonic()
        result = self.do(arguments, ranks, fault=fault)
        where = f"{arguments[0]} on {ranks} ranks with {fault}"
        messages = re.findall(r"^concdemo: (?!layout|warning|heat.h5: snapshot)(.*)", result.err, re.M)
        says = {"eio": "", "enospc": "", "edquot": "", "throw": "", "hang": f"rank {rank} on "}[action]
        if result.code not in (2, 3) or len(messages) != 1 or says not in messages[0]:
            raise campaign.Lost(f"{where}: {result}")
        if result.code == 2 and not (point == "lock"):
            raise campaign.Lost(f"{where}: {result}")
        if time.monotonic() - start > 20:
            raise campaign.Lost(f"{where}: took {time.monotonic() - start:.0f} s")
        self.struck += 1
        try:
            self.go_on(before)
        except campaign.Lost as why:
            raise campaign.Lost(f"{where}: {why}") from None


campaign.main(Faults, __doc__, 12)
