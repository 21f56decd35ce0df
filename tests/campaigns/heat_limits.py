"""What a run meets outside of itself: a disk or a size limit that is too small, at reservation or in mid-run; SIGTERM
while it drains; a second run on its file. The run ends with one message (the second is refused), no acknowledged step
is lost, and once there is room it goes on to the right sha256.
"""
import contextlib
import hashlib
import os
import signal
import subprocess
import time

import campaign
import launcher


class Limits(campaign.Run):
    FAULTS = "limits met"
    digests = {}

    def expect(self, result, code, *says):
        messages = result.err.count("concdemo: ")
        if result.code != code or messages != 1 or not all(word in result.err for word in says):
            raise campaign.Lost(f"exit {code} with one message was expected ({says}): {result}")
        self.struck += 1

    @contextlib.contextmanager
    def small_disk(self, size):
        """A tmpfs on the run's folder. Where it may not be mounted, the same is played with a limit on file sizes."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.folder], capture_output=True)
        if done.returncode != 0:
            yield False
            return
        try:
            yield True
        finally:
            subprocess.run(["umount", "-l", self.folder], check=True)

    def disk_full_at_reservation(self, ranks):
        with self.small_disk(len(self.whole) // 2) as mounted:
            if not mounted:
                return self.size_limit_at_reservation(ranks)
            self.expect(self.do(self.RUN, ranks), 3, "bytes", "free")
            if list(self.folder.iterdir()):
                raise campaign.Lost(f"left behind: {list(self.folder.iterdir())}")
        self.go_on()

    def size_limit_at_reservation(self, ranks):
        if ranks > 1:  # MPI makes files of its own, in /dev/shm
            self.play_another(size="1500x1000", steps=4, every=1)
        limit = ("prlimit", f"--fsize={40_000_000 if ranks > 1 else len(self.whole) // 2}")
        self.expect(self.do(self.RUN, ranks, prefix=limit), 3, "limit on file sizes")
        if list(self.folder.iterdir()):
            raise campaign.Lost(f"left behind: {list(self.folder.iterdir())}")
        self.go_on()

    def disk_full_in_mid_run(self, ranks):
        with self.small_disk(2 * len(self.whole)) as mounted:
            if not mounted:
                return self.size_limit_in_mid_run(ranks)
            # Room for some snapshots, and the rest when the filler is gone.
            free = len(self.whole) * self.choices.randrange(10, 90) // 100 // 4096 * 4096
            filler = self.folder / "filler"
            filler.write_bytes(bytes(2 * len(self.whole) - free - 65536))
            result = self.do(self.RUN, ranks, env={"CONCDEMO_UNRESERVED": "1"})
            self.expect(result, 3, "No space left")
            filler.unlink()
            self.go_on()

    def size_limit_in_mid_run(self, ranks):
        """The limit of one rank is lowered while the run goes on."""
        self.play_another(size="120x90", steps=40000, every=1000)
        process = self.start(self.RUN, ranks, env={"CONCDEMO_UNRESERVED": "1"})
        self.wait_for_file(process)
        limit = self.choices.choice([4096, len(self.whole) // 3])
        subprocess.run(["prlimit", f"--fsize={limit}", "--pid", str(self.one_of(process, ranks))])
        self.expect(self.finish(process), 3, "File too large")
        self.go_on()

    def play_another(self, size, steps, every):
        """From now on RUN is of this size, and its right sha256 is known."""
        self.RUN = ["run", "heat", "--size", size, "--steps", steps, "--snapshot-every", every, "--quiet", "--output",
                    "heat.h5"]
        if str(self.RUN) not in Limits.digests:
            self.do(self.RUN)
            Limits.digests[str(self.RUN)] = hashlib.sha256(self.file.read_bytes()).hexdigest()
            for path in self.folder.iterdir():
                path.unlink()
        self.right = Limits.digests[str(self.RUN)]

    def wait_for_file(self, process):
        while not self.file.exists() and process.poll() is None:
            time.sleep(0.005)

    def one_of(self, process, ranks):
        """The process of some rank; ProcessLookupError when the run is over."""
        if ranks == 1:
            return process.pid
        found = launcher.ranks_of(process.pid, campaign.CONCDEMO)
        if not found:
            raise ProcessLookupError
        return self.choices.choice(found)

    def term_while_it_drains(self, ranks):
        """Twice: the first one makes it stop and drain, if it is not about to end anyway."""
        self.play_another(size="600x500", steps=40, every=2)
        process = self.start(self.RUN, ranks)
        self.wait_for_file(process)
        time.sleep(self.choices.uniform(0, 0.2))
        with contextlib.suppress(ProcessLookupError):
            victim = self.one_of(process, ranks)
            for _ in range(2):
                os.kill(victim, signal.SIGTERM)
                time.sleep(self.choices.uniform(0, 0.1))
        result = self.finish(process, 20)
        if result.code not in (0, 75) and "checksum" not in result.out:  # at its very end it may end as one likes
            raise campaign.Lost(f"TERM while it drains: {result}")
        self.struck += result.code == 75
        self.go_on()

    def second_run(self, ranks):
        endless = [{"400": "100000000", "50": "20000000"}.get(word, word) for word in self.RUN]
        process = self.start(endless, ranks)
        self.wait_for_file(process)
        time.sleep(self.choices.uniform(0, 0.2))
        other = self.choices.choice([self.RESUME, [*self.RUN, "--force"]])
        result = self.do(other, self.choices.choice([1, 2]))
        os.kill(self.one_of(process, ranks), signal.SIGTERM)
        first = self.finish(process)
        self.expect(result, 2, "another run holds")
        if first.code != 75:
            raise campaign.Lost(f"the first run: {first}")
        result = self.do([*self.RUN, "--force"], self.choices.choice([1, 2]))
        if result.code != 0:
            raise campaign.Lost(f"after both: {result}")
        self.require_right()

    def play(self):
        kinds = (self.disk_full_at_reservation, self.size_limit_at_reservation, self.disk_full_in_mid_run,
                 self.size_limit_in_mid_run, self.term_while_it_drains, self.second_run)
        try:
            self.choices.choice(kinds)(self.choices.choice([1, 2, 3]))
        except ProcessLookupError:
            raise campaign.Lost("a run ended before anything was done to it") from None


campaign.main(Limits, __doc__, 6)
