"""Headers, commit entries, checkpoints and sizes that say what cannot be, each rightly sealed and one, two or three fields
away from a sound file's. verify, resume and `run --input` end with 0, 2, 4 or 75, a message that is true, in seconds and
in little memory; what resume calls whole is whole for verify; where it refuses, the file stays as it was.
"""
import json
import resource

import campaign
import hostile
import read_format

MOST_BYTES = 400 << 20  # of memory, of any process
LONGEST_S = 30
WORDS_OF_BUGS = ("std::", "bad_alloc", "json.exception", "out of memory", "wrong index", "a bug in this program",
                 "terminate called")


class Hostile(campaign.Run):
    FAULTS = "hostile files"
    origins = {}  # contents by the fault that ended the run

    def origin(self, fault):
        if fault not in Hostile.origins:
            result = self.do([*self.RUN, "--checkpoint-every", "20"], fault=fault)
            if result.code != (-9 if fault else 0):
                raise campaign.Lost(f"{fault}: {result}")
            beside = self.folder / "heat.h5.checkpoint"
            Hostile.origins[fault] = self.file.read_bytes(), beside.read_bytes() if beside.exists() else None
            for path in self.folder.iterdir():
                path.unlink()
        return Hostile.origins[fault]

    def with_hostile_header(self, contents):
        header, names = read_format.header_of(contents), []
        for _ in range(self.choices.choice([1, 1, 2, 3])):
            name, _, _, line = self.choices.choice(list(hostile.lines_of(header)))
            names.append(name)
            try:
                contents = hostile.with_header(contents, line)
                header = json.loads(line)
            except ValueError:  # no JSON any more, or too long
                break
            if not isinstance(header, dict):
                break
        return ", ".join(names), contents

    def with_hostile_entry(self, contents):
        series = read_format.header_of(contents)["series"]
        place = self.choices.choice([0, 1, 3, series["snapshots"]])
        at = series["commits_offset"] + place * read_format.PAGE.commit_bytes
        name, words = self.choices.choice(list(hostile.sectors(hostile.sector_words(contents, at))))
        entry = hostile.sealed_sector(words, place)
        return f"entry {place}: {name}", contents[:at] + entry + contents[at + len(entry):]

    def put_sizes(self, contents):
        def size():
            return 2**self.choices.randrange(33)
        snapshots, rows, columns = size(), size(), size()
        while snapshots * (rows * columns + 64) > 2**39:
            snapshots, rows, columns = 1 + snapshots // 4, 1 + rows // 2, 1 + columns // 2
        places = self.choices.sample([0, 1, snapshots // 2, snapshots - 1, snapshots], 2)
        entries = sorted({place for place in places if place <= snapshots})
        others = {"entries": entries, "has_times": snapshots < 2**17 and self.choices.random() < 0.5,
                  "length": self.choices.choice([None, 2**16, 2**20, 2**43])}
        hostile.sparse_series(self.file, contents, snapshots, rows, columns, **others)
        return f"{snapshots}x{rows}x{columns}, {others}"

    def put_checkpoint(self, contents):
        slot = len(contents) // 2
        newest = self.choices.choice([0, 1])
        name, words = self.choices.choice(list(hostile.sectors(hostile.sector_words(contents, newest * slot))))
        changed = bytearray(contents)
        changed[newest * slot:newest * slot + read_format.PAGE.commit_bytes] = hostile.sealed_sector(words, newest)
        length = self.choices.choice([None, None, 2**42, slot, 5000])
        with open(self.folder / "heat.h5.checkpoint", "wb") as file:
            file.write(changed)
            file.truncate(length)
        return f"checkpoint {newest}: {name}, {length or len(changed)} bytes"

    def require_sober(self, what, result):
        if result.code not in (0, 2, 4, 75) or any(word in result.err + result.out for word in WORDS_OF_BUGS):
            raise campaign.Lost(f"{what}: {result}")
        if result.code != 0 and "concdemo: " not in result.err:
            raise campaign.Lost(f"{what}: without a word: {result}")
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        if most > MOST_BYTES:
            raise campaign.Lost(f"{what}: {most} bytes of memory: {result}")

    def play(self):
        contents, checkpoint = self.origin(self.choices.choice([None, "commit:4:kill"]))
        kind = self.choices.choice(["header", "header", "entry", "sizes", "checkpoint"])
        if kind == "sizes":
            what = self.put_sizes(contents)
        elif kind == "checkpoint" and checkpoint:
            self.file.write_bytes(contents)
            what = self.put_checkpoint(checkpoint)
        else:
            what, changed = self.with_hostile_entry(contents) if kind == "entry" else self.with_hostile_header(contents)
            self.file.write_bytes(changed)
        self.struck += 1
        before = self.file.read_bytes() if kind != "sizes" else None
        ranks = self.choices.choice([1, 1, 1, 1, 3])
        verified = self.finish(self.start(["verify", "heat.h5"], ranks), LONGEST_S)
        self.require_sober(f"{what}: verify", verified)
        summed = self.finish(self.start(["run", "sum", "--input", "heat.h5:/u", "--quiet"], 1), LONGEST_S)
        self.require_sober(f"{what}: run", summed)
        resumed = self.finish(self.start(self.RESUME, ranks), LONGEST_S)
        self.require_sober(f"{what}: resume", resumed)
        if "is whole: nothing" in resumed.err and (verified.code != 0 or "unfinished" in verified.out):
            raise campaign.Lost(f"{what}: whole for resume: {resumed}, but not for verify: {verified}")
        if resumed.code != 0:
            if before is not None and self.file.read_bytes() != before:
                raise campaign.Lost(f"{what}: refused, but changed: {resumed}")
            return
        after = self.finish(self.start(["verify", "heat.h5", "--finished"], 1), LONGEST_S)
        if after.code != 0:
            raise campaign.Lost(f"{what}: resumed, but {after}")


campaign.main(Hostile, __doc__, 40)
