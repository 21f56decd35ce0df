"""A disk that loses power. disk_journal.cpp wrote down what a run did to a folder; a Disk takes that in, operation by
operation, and can say at any moment what a reader sees (all of it) and what a power cut could leave.

What is assumed of a file system is little:
- A sector of 512 bytes is old or new, and as old or new as the page cache once had it. Sectors do not wait for each
  other, nor a file's length for its bytes; what was never written reads as zeros.
- fsync and fdatasync of a file make durable what had been written to it by then, through any descriptor of any process
  of the node, its length included, O_DIRECT or not; its name they do not. A write through O_DSYNC is durable itself.
- fsync of a folder makes its names durable. Until then each creation, rename, link and removal is kept or undone by
  itself, in any combination; a rename is undone or kept as one.
- Each node has a page cache of its own, and gives its copy away before another node writes to the same bytes.
"""
import dataclasses
import struct

import numpy

SECTOR = 512
RECORD = struct.Struct("=cchiQqIIQ")


@dataclasses.dataclass(eq=False)
class Operation:
    kind: str  # Write, Truncate, Allocate, Create, Rename, Link, Unlink, Makefolder, Sync, Print, eXit
    flag: str
    node: int
    process: int
    inode: int
    offset: int  # where; how long, of T and A; the descriptor, of P; the exit code, of X
    path: str  # in the folder; "." for itself
    other: str
    data: bytes
    run: int = 0    # which of several
    mark: str = ""  # of a sync: what it is for, by which a planted fault names it


def read_journal(path, folder):
    """The operations under the folder, in order; of those that had ended when the machine did."""
    contents, at, operations = path.read_bytes(), 0, []
    prefix = str(folder)

    def inside(name):
        return name[len(prefix):].lstrip("/") or "." if (name + "/").startswith(prefix + "/") else name

    while at < len(contents):
        kind, flag, node, process, inode, offset, first, second, length = RECORD.unpack_from(contents, at)
        at += RECORD.size
        names = contents[at:at + first + second].decode()
        at += first + second
        operation = Operation(kind.decode(), flag.decode().strip("\0"), node, process, inode, offset,
                              inside(names[:first].removesuffix(" (deleted)")), inside(names[first:]),
                              contents[at:at + length])
        at += length
        if operation.kind == "?":
            raise NotImplementedError(f"{operation.other} of {operation.path}: the journal cannot follow that")
        operations.append(operation)
    return operations


def folders_of(name):
    return [name[:i + 1] for i, letter in enumerate(name.rstrip("/")) if letter == "/"]


class File:
    """Bytes of an inode: durable ones, and the changes since."""

    def __init__(self, contents=b""):
        self.durable = bytearray(contents)
        self.changes = []  # (moment, operation), in the order of the page cache

    def sizes(self):
        """Its length durable, and after each change."""
        sizes = [len(self.durable)]
        for _, change in self.changes:
            end = change.offset + len(change.data)
            sizes.append(end if change.kind == "T" else max(sizes[-1], end))
        return sizes

    @staticmethod
    def _sectors(change, most):
        """Which it changes; those of a truncation reach to the end of what there ever was."""
        if change.kind == "A":
            return 0, 0
        end = most if change.kind == "T" else change.offset + len(change.data)
        return change.offset // SECTOR, max(change.offset // SECTOR, -(-end // SECTOR))

    def contents(self, newest=None, size=None):
        """Sector by sector as after its newest change that got there (all of them); cut or filled up to the size."""
        sizes = self.sizes()
        most = -(-max(sizes) // SECTOR) * SECTOR
        found = bytearray(self.durable) + bytes(most - len(self.durable))
        for i, (_, change) in enumerate(self.changes):
            begin, end = self._sectors(change, most)
            if change.kind == "T":
                offset, data = change.offset, bytes(max(0, most - change.offset))
            else:
                offset, data = change.offset, change.data
            got_there = numpy.ones(end - begin, bool) if newest is None else newest[begin:end] >= i
            if got_there.all():
                found[offset:offset + len(data)] = data
                continue
            for sector in numpy.flatnonzero(got_there) + begin:
                first, last = max(offset, sector * SECTOR), min(offset + len(data), (sector + 1) * SECTOR)
                found[first:last] = data[first - offset:last - offset]
        size = sizes[-1] if size is None else size
        return bytes(found[:size]) + bytes(max(0, size - len(found)))

    def after_cut(self, choices):
        """What a power cut leaves of it."""
        if not self.changes:
            return bytes(self.durable)
        sizes = self.sizes()
        most = -(-max(sizes) // SECTOR) * SECTOR
        newest = numpy.full(most // SECTOR, -1)
        chance = choices.choice([0, 0.1, 0.5, 0.9, 1])
        torn = choices.choice([0, 0.3, 1])
        dice = numpy.random.default_rng(choices.getrandbits(32))
        kept = []
        for i, (_, change) in enumerate(self.changes):
            begin, end = self._sectors(change, most)
            if choices.random() < torn:
                newest[begin:end][dice.random(end - begin) < choices.random()] = i
            elif choices.random() < chance:
                newest[begin:end] = i
                kept.append(i)
        needed = max([sizes[0], *(sizes[i + 1] for i in kept)])
        return self.contents(newest, choices.choice([needed, sizes[-1], choices.choice(sizes)]))

    def settle(self, is_due):
        """The changes that are due are durable."""
        later = []
        for at, change in self.changes:
            if not is_due(at, change):
                later.append((at, change))
                continue
            end = change.offset + len(change.data)
            self.durable.extend(bytes(max(0, end - len(self.durable))))
            if change.kind == "T":
                del self.durable[end:]
            self.durable[change.offset:end] = change.data
        self.changes = later


class Disk:
    """A folder's names and files. Folders are names without a file: they end in "/"."""

    def __init__(self, contents, inodes=None):
        self.names = {name: File(data) for name, data in contents.items()}
        for name in contents:
            self.names.update({folder: File() for folder in folders_of(name) if folder not in self.names})
        self.durable_names = dict(self.names)
        self.name_changes = []  # (moment, {name: File or None})
        self.by_inode = {inode: self.names[name] for name, inode in (inodes or {}).items()}
        self.syncs = {}  # begun: (process, inode) -> moment
        self.moment = 0

    def _rename(self, changes):
        self.names.update(changes)
        self.names = {name: file for name, file in self.names.items() if file is not None}
        self.name_changes.append((self.moment, changes))

    def take(self, operation):
        self.moment += 1
        kind, path = operation.kind, operation.path
        if kind == "C":
            file = self.by_inode[operation.inode] = File()
            self._rename({path: file})
        elif kind == "M":
            self._rename({path + "/": File()})
        elif kind == "R":
            moved = {name: self.names[name] for name in (path, path + "/") if name in self.names}
            self._rename({**{name: None for name in moved}, **{operation.other + name[len(path):]: file
                                                               for name, file in moved.items()}})
        elif kind == "L":
            self._rename({operation.other: self.names[path]})
        elif kind == "U":
            self._rename({path + "/" if path + "/" in self.names else path: None})
        elif kind in "WTA":
            file = self.by_inode[operation.inode]
            end = operation.offset + len(operation.data)
            apart = [change for _, change in file.changes if kind == "W" == change.kind and change.node != operation.node
                     and change.offset < end and operation.offset < change.offset + len(change.data)]
            if apart:  # another node first gives its copy away, and one server keeps the lengths
                file.settle(lambda _, change: change in apart or change.kind != "W")
            file.changes.append((self.moment, operation))
            if operation.flag == "d":
                file.settle(lambda _, change: change is operation)
        elif kind == "S":
            self._sync(operation)

    def _sync(self, operation):
        key = operation.process, operation.inode
        if operation.flag == "b":
            self.syncs[key] = self.moment
        elif operation.inode in self.by_inode and operation.path + "/" not in self.names and operation.path != ".":
            self.by_inode[operation.inode].settle(lambda at, change: at < self.syncs[key] and
                                                  (change.kind != "W" or change.node == operation.node))
        else:
            folder = "" if operation.path == "." else operation.path + "/"
            later = []
            for moment, changes in self.name_changes:
                mine = {name: file for name, file in changes.items()
                        if moment < self.syncs[key] and "/" not in name.removeprefix(folder).rstrip("/")
                        and name.startswith(folder) and name != folder}
                self._apply(self.durable_names, mine)
                if rest := {name: file for name, file in changes.items() if name not in mine}:
                    later.append((moment, rest))
            self.name_changes = later

    @staticmethod
    def _apply(names, changes):
        for name, file in changes.items():
            names.pop(name, None)
            if file is not None:
                names[name] = file

    def seen(self, name):
        """What a reader finds there; None where there is nothing."""
        return self.names[name].contents() if name in self.names else None

    def all_seen(self):
        return {name: file.contents() for name, file in self.names.items()}

    def after_cut(self, choices):
        """{name: contents} that a power cut could leave now."""
        names = dict(self.durable_names)
        chance = choices.choice([0, 0.5, 0.5, 1])
        for _, changes in self.name_changes:
            if choices.random() < chance:
                self._apply(names, changes)
        left, made = {}, {}
        for name, file in sorted(names.items()):
            if all(folder in names for folder in folders_of(name)):
                left[name] = made[file] = made[file] if file in made else file.after_cut(choices)
        return left
