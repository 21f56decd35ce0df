"""What power_cut.py lets the program do, and what has to be left of it. A Story says which runs follow one another on a
folder, how a reader of the folder is promised something, and what a power cut must then have left.
"""
import dataclasses
import json
import re

import numpy

from campaign import Lost


@dataclasses.dataclass
class Step:
    """One run of the program, and how it ends."""
    arguments: list
    ranks: int = 1
    env: dict = dataclasses.field(default_factory=dict)
    fault: str = ""
    stopped: bool = False  # by USR1, once there is a file
    ends_with: tuple = (0,)


class Story:
    """`before`: the folder's files at first, all durable. `steps` follow one another without a power cut."""

    def __init__(self, name, before, steps):
        self.name, self.before, self.steps = name, before, steps

    def role(self, operation):
        """In a few words what an operation on a file is, for the names of syncs."""
        return {"W": "data", "C": "creation", "R": "renaming", "U": "removal", "M": "creation"}.get(operation.kind, "length")

    def label(self, path):
        """A file's name among those of syncs."""
        return path

    def learn(self, disk, operation):
        """Is told of each operation when it is recorded."""

    def promised(self, disk, exits):
        """What a person could rely on, now that a reader sees this; `exits` are the codes of the runs that ended."""
        return {"done": len(exits) == len(self.steps) and exits[-1] == 0}

    def look(self, left, promise):
        """Throws Lost when what is left breaks the promise; needs no program."""
        raise NotImplementedError

    def resumed(self, left, promise):
        """The story of going on from there, where it is one to be cut as well."""
        return None

    def go_on(self, run, left, promise):
        """Lets the program go on from what is left in run.folder; throws Lost."""
        raise NotImplementedError


def require(condition, why):
    if not condition:
        raise Lost(why)


class Whole(Story):
    """Files that are there at once and whole: {name: contents}. An older one of that name stays whole until then."""

    def __init__(self, name, before, steps, whole, again):
        super().__init__(name, before, steps)
        self.whole, self.again = whole, again

    def label(self, path):
        """The same for all where there are several, as the same lines of the program make them durable."""
        name = path.removesuffix(".part")
        return path.replace(name, "a fetched file") if name in self.whole and len(self.whole) > 1 else path

    def look(self, left, promise):
        for name, whole in self.whole.items():
            allowed = [whole] if promise["done"] else [whole, self.before.get(name)]
            found = left.get(name)
            require(found in allowed, f"{name} is {'gone' if found is None else 'neither the old file nor the new one'}")

    def go_on(self, run, left, promise):
        for name in self.whole:
            if name in left and name.endswith(".h5"):
                result = run.do(["verify", name])
                require(result.code == 0, f"verify: {result}")
        result = run.do(self.again, run.choices.choice([1, 1, 1, 3]))
        require(result.code == 0, f"once more: {result}")
        for name, whole in self.whole.items():
            require((run.folder / name).read_bytes() == whole, f"{name} is not as it should be after another run")


class Records(Story):
    """Lines of records: none that a run has ended with is lost, and no line but the one under way is torn."""
    FILE = "records.jsonl"

    def promised(self, disk, exits):
        count = self.before.get(self.FILE, b"").count(b"\n") + len(exits)  # one a run
        return {"lines": b"".join((disk.seen(self.FILE) or b"").splitlines(keepends=True)[:count])}

    def look(self, left, promise):
        found, lines = left.get(self.FILE), promise["lines"] or self.before.get(self.FILE, b"")
        require((found or b"").startswith(lines), "a line of records is lost")
        require(found is not None or self.FILE not in self.before, "the older file of records is gone")

    def go_on(self, run, left, promise):
        if left.get(self.FILE, b"{")[:1] == b"\0":
            return  # the first line of all is torn: the program says so, and takes it for no file of records
        result = run.do(self.steps[-1].arguments)
        require(result.code == 0, f"another record: {result}")
        lines = (run.folder / self.FILE).read_bytes().split(b"\n")
        require(lines.pop() == b"", "the file of records does not end with a line")
        sound = [line for line in lines if line.startswith(b"{") and is_json(line)]
        promised = promise["lines"].count(b"\n")
        require(sound == lines or len(sound) == len(lines) - 1, "more than one line is torn")
        require(len(sound) > promised and is_json(lines[-1]), "the new record is not there")


def is_json(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


class Parts:
    """Where what is in a file of snapshots."""

    def __init__(self, whole):
        header = json.loads(whole.split(b"\n", 2)[1])
        self.whole, self.snapshots = whole, header["series"]["snapshots"]
        datasets = header["datasets"]
        values = datasets[1:2 + header["series"]["scalars"]]

        def rows(offset, length):
            each = length // self.snapshots
            return [slice(offset + i * each, offset + (i + 1) * each) for i in range(self.snapshots)]

        self.header = slice(0, header["header_bytes"])
        self.data = rows(datasets[0]["offset"], datasets[0]["bytes"])
        self.tables = rows(datasets[0]["table_offset"], datasets[0]["table_bytes"])
        self.values = {dataset["name"]: rows(dataset["offset"], dataset["bytes"]) for dataset in values}
        first = header["series"]["commits_offset"]
        self.entries = [slice(first + 512 * i, first + 512 * (i + 1)) for i in range(self.snapshots + 1)]
        self.end = self.entries.pop()
        self.kinds = {"header": [self.header], "data": self.data, "table": self.tables, "commit entry": self.entries,
                      "end entry": [self.end], **self.values}

    def kind(self, offset):
        found = [kind for kind, places in self.kinds.items()
                 if places[0].start <= offset < places[-1].stop]
        return found[0] if found else "metadata"

    def shown(self, contents):
        """How many snapshots a reader is shown: their time is not NaN."""
        times = numpy.frombuffer(contents[self.values["time"][0].start:self.values["time"][-1].stop])
        return int(numpy.argmax(numpy.isnan(times))) if numpy.isnan(times).any() else len(times)

    def is_of_this_run(self, contents):
        return contents[self.header] == self.whole[self.header]


class Heat(Story):
    """heat.h5 of snapshots, heat.xmf and heat.h5.checkpoint beside it. `damaged`: snapshots from this one on may be
    wrong at first, where a bit of a stored one was flipped."""
    FILE, XMF, CHECKPOINT = "heat.h5", "heat.xmf", "heat.h5.checkpoint"
    MAGIC = b"cdcommit"

    def __init__(self, name, before, steps, whole, run, at_least=0, damaged=None):
        super().__init__(name, before, steps)
        self.parts, self.run, self.at_least, self.damaged = Parts(whole), run, at_least, damaged
        self.slots = {}  # of checkpoints: the entry -> the field it stands for
        self.newest, self.relied_on = 0, {}  # step -> moment: a run was stopped with it, or writes over the one before
        self.is_resume = self.FILE in before and self.parts.is_of_this_run(before[self.FILE])

    def role(self, operation):
        if operation.kind == "W" and operation.path.removesuffix(".partial") == self.FILE:
            return self.parts.kind(operation.offset)
        if operation.kind == "W" and operation.path == self.CHECKPOINT and operation.data.startswith(self.MAGIC):
            return "entry"
        return super().role(operation)

    def learn(self, disk, operation):
        if self.role(operation) == "entry":
            field = self.slot_of(disk.seen(self.CHECKPOINT), operation.offset)
            self.slots[operation.data] = field
            self.newest = int.from_bytes(operation.data[16:24], "little")
        is_next = operation.kind == "W" and operation.path == self.CHECKPOINT and self.role(operation) == "data"
        if is_next or (operation.kind == "X" and operation.offset == 75):
            self.relied_on[self.newest] = min(disk.moment, self.relied_on.get(self.newest, disk.moment))

    def slot_of(self, checkpoint, entry_at):
        return checkpoint[entry_at + 4096:entry_at + 4096 + self.parts.data[0].stop - self.parts.data[0].start]

    def entries_of(self, checkpoint):
        """(step, entry, field) of each slot that has an entry."""
        found = []
        for at in (0, len(checkpoint) // 2):
            entry = checkpoint[at:at + 512]
            if entry.startswith(self.MAGIC):
                found.append((int.from_bytes(entry[16:24], "little"), entry, self.slot_of(checkpoint, at)))
        return found

    def promised(self, disk, exits):
        seen = disk.seen(self.FILE)
        shown = self.parts.shown(seen) if seen and self.parts.is_of_this_run(seen) else 0
        return {"done": super().promised(disk, exits)["done"], "snapshots": max(self.at_least, shown),
                "step": max((step for step, moment in self.relied_on.items() if moment <= disk.moment), default=0)}

    def look(self, left, promise):
        contents, wanted = left.get(self.FILE), promise["snapshots"]
        is_new = contents is not None and (self.is_resume or contents != self.before.get(self.FILE))
        if not is_new:
            require(wanted == 0, f"{wanted} snapshots were shown, {'no' if contents is None else 'the old'} file is left")
            require(contents is not None or self.FILE not in self.before, "the older file is gone")
        found = self._look_at_snapshots(contents, wanted) if is_new else 0
        if promise["done"]:
            require(contents == self.parts.whole, "the run had ended, its file is not whole")
            names = sorted(name for name in left)
            require(names == [self.FILE, self.XMF], f"the run had ended, these are left: {names}")
        self._look_at_xmf(left.get(self.XMF), found if is_new else None, promise["done"])
        if contents != self.parts.whole:
            self._look_at_checkpoint(left.get(self.CHECKPOINT), found, promise["step"])

    def _look_at_snapshots(self, contents, wanted):
        """How many entries there are."""
        parts, whole = self.parts, self.parts.whole
        require(len(contents) == len(whole), f"{len(contents)} of {len(whole)} bytes are left")
        fixed = [numpy.frombuffer(text, numpy.uint8).copy() for text in (contents, whole)]
        for kind in ("data", "table", "commit entry", "end entry", *parts.values):
            for text in fixed:
                text[parts.kinds[kind][0].start:parts.kinds[kind][-1].stop] = 0
        require(numpy.array_equal(*fixed), "the header, the metadata or an axis is not whole")
        entries = [contents[place] == whole[place] for place in parts.entries]
        for i, place in enumerate(parts.entries):
            require(entries[i] or not any(contents[place]), f"commit entry {i} is torn")
        found = entries.index(False) if False in entries else len(entries)
        require(not any(entries[found:]) or self.damaged is not None, f"commit entry {found} is missing, later ones are there")
        require(found >= wanted or self.damaged is not None, f"{wanted} snapshots were shown, {found} are there")
        for i in range(found if self.damaged is None else min(found, self.damaged)):
            for kind, place in (("data", parts.data[i]), ("checksums", parts.tables[i])):
                require(contents[place] == whole[place], f"snapshot {i} has its entry, but not its {kind}")
        for name, places in parts.values.items():
            for i, place in enumerate(places):
                is_shown = not numpy.isnan(numpy.frombuffer(contents[place]))[0]
                require(not is_shown or entries[i], f"/{name} of snapshot {i} is there, its commit entry is not")
                require(not is_shown or contents[place] == whole[place], f"/{name} of snapshot {i} is wrong")
                require(contents[place] == whole[place] or i + 1 >= found or self.damaged is not None,
                        f"/{name} of snapshot {i} is missing")
        require(not any(contents[parts.end]) or contents == whole, "the end is sealed, the file is not whole")
        return found

    def _look_at_xmf(self, text, found, done):
        if text is None or (found is None and text == self.before.get(self.XMF)):
            return
        listed = text.count(b"<Time Value=")
        require(text.endswith(b"</Xdmf>\n"), "heat.xmf is torn")
        require(listed <= (found or 0), f"heat.xmf lists {listed} snapshots, {found or 0} are there")
        require(not done or listed == self.parts.snapshots, "the run had ended, heat.xmf does not list all")

    def _look_at_checkpoint(self, contents, found, step):
        slots = self.entries_of(contents) if contents else []
        newest = max(slots, default=None)
        require(step == 0 or (newest and newest[0] >= step), f"step {step} was saved, its checkpoint is gone")
        if newest and newest[1] in self.slots:
            require(newest[2] == self.slots[newest[1]], f"the checkpoint of step {newest[0]} is not whole")
        elif newest and found and not self.is_resume:
            raise Lost(f"the checkpoint of step {newest[0]} of an older run stands beside {found} new snapshots")

    def resumed(self, left, promise):
        if promise["snapshots"] == 0 or self.damaged is not None or left == self.before:
            return None
        return Heat(f"{self.name}; cut; resumed", left, [Step(["resume", self.FILE, "--quiet"], 1)], self.parts.whole,
                    self.run, promise["snapshots"])

    def go_on(self, run, left, promise):
        resumes = self.is_resume or left.get(self.FILE) not in (None, self.before.get(self.FILE))
        found = 0
        if self.FILE in left and self.damaged is None:
            result = run.do(["verify", self.FILE])
            require(result.code == 0, f"verify: {result}")
            count = re.search(r"(\d+) of (\d+) snapshots", result.out)
            found = int(count[1]) if count else self.parts.snapshots
            require(found >= promise["snapshots"] or not resumes, f"verify finds fewer snapshots than were shown: {result}")
        elif self.FILE in left:
            found = 1
        arguments = ["resume", self.FILE, "--quiet"] if resumes and found else [*self.run, "--force"]
        result = run.do(arguments, run.choices.choice([1, 1, 2, 3]))
        require(result.code == 0, f"{' '.join(arguments)}: {result}")
        require(self.damaged is not None or not re.search("damaged|ignored", result.err), f"resume: {result}")
        require(run.file.read_bytes() == self.parts.whole, "the file is not that of an uninterrupted run")
        names = sorted(path.name for path in run.folder.iterdir())
        require(names == [self.FILE, self.XMF], f"left behind: {names}")
