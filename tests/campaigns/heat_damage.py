"""One flipped bit, or a truncation, anywhere in a file of snapshots, metadata and padding included. Of a finished file
verify names every one. Finished or not, resume falls back to a sound snapshot or mends what was damaged, and reaches the
right sha256, or it is refused with a message and stays as it was.
"""
import campaign

FINISHED = 0.8  # of the runs


class Damage(campaign.Run):
    FAULTS = "damaged files"
    unfinished = {}  # by the fault that ended them

    def damage(self, contents):
        contents = bytearray(contents)
        if self.choices.random() < 0.1:
            del contents[self.choices.randrange(len(contents)):]
            what = f"cut to {len(contents)} bytes"
        else:
            # Half of them in the first pages and the last: header, metadata, tables, commit entries.
            near = self.choices.choice([len(contents), 20000])
            byte = self.choices.choice([1, -1]) * self.choices.randrange(near) % len(contents)
            bit = self.choices.randrange(8)
            contents[byte] ^= 1 << bit
            what = f"bit {bit} of byte {byte} flipped"
        self.file.write_bytes(contents)
        self.struck += 1
        return what

    def begin(self):
        """The contents of a run that was killed; made once for each fault."""
        fault = self.choices.choice(["commit:4:kill", "time:3:kill", "table:5:kill", "table_sync:3:kill", "end:1:kill"])
        if fault not in Damage.unfinished:
            result = self.do(self.RUN, fault=fault)
            if result.code != -9:
                raise campaign.Lost(f"{fault}: {result}")
            Damage.unfinished[fault] = self.file.read_bytes()
            for path in self.folder.iterdir():
                path.unlink()
        return fault, Damage.unfinished[fault]

    def play(self):
        is_finished = self.choices.random() < FINISHED
        fault, before = ("finished", self.whole) if is_finished else self.begin()
        what = f"{fault}, {self.damage(before)}"
        if is_finished:
            result = self.do(["verify", "heat.h5"])
            header_is_gone = result.code == 2 and "not an output file" in result.err
            if not (result.code == 4 and "damaged" in result.err) and not (header_is_gone and "cut to" in what):
                raise campaign.Lost(f"{what}: verify: {result}")
        damaged = self.file.read_bytes()
        result = self.do(self.RESUME, self.choices.choice([1, 1, 1, 2]))
        if is_finished and "is whole: nothing" in result.err:
            raise campaign.Lost(f"{what}: verify says damaged, resume: {result}")
        if result.code == 0:
            try:
                return self.require_right()
            except campaign.Lost as why:
                raise campaign.Lost(f"{what}: {why}; resume: {result}") from None
        if result.code not in (2, 4) or "concdemo: " not in result.err:
            raise campaign.Lost(f"{what}: resume: {result}")
        if self.file.read_bytes() != damaged or [path.name for path in self.folder.iterdir()] != ["heat.h5"]:
            raise campaign.Lost(f"{what}: refused, but changed: {result}")


campaign.main(Damage, __doc__, 30)
