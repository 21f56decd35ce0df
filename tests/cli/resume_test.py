"""resume tells the truth: what it mends, what it computes again, what it refuses, and why."""
import hashlib
import os

import h5py
import numpy

import program
from heat_case import HEAT, HeatTest

import hostile
import read_format


class Resume(HeatTest):
    def places(self, contents):
        """Byte offsets by name."""
        header = read_format.header_of(contents)
        found = {dataset["name"]: dataset["offset"] for dataset in header["datasets"]}
        found.update({"table of " + dataset["name"]: dataset["table_offset"] for dataset in header["datasets"]})
        found.update({"commits": header["series"]["commits_offset"], "header": header["header_bytes"]})
        return {**found, "snapshot": 30 * 20 * 8}  # bytes

    def left(self):
        return sorted(os.listdir(self.folder))

    def test_a_finished_file_is_mended_or_refused(self):
        whole = self.make("heat.h5")
        at = self.places(whole)
        zeros, ones = bytes(40), b"\xff" * 40
        mended = [("/time of snapshot 2", {at["time"] + 17: b"\x01"}), ("/time of snapshots 0 to 4", {at["time"]: ones}),
                  ("/total of snapshots 0 to 4", {at["total"]: zeros}),
                  ("/residual of snapshot 4", {at["residual"] + 39: b"\x01"}),
                  ("/time of snapshot 1, /total of snapshot 3", {at["time"] + 8: b"x", at["total"] + 24: b"x"}),
                  ("header copy 1", {100: b"#"}), ("header copy 2", {at["header"] - 3: b"#"}),
                  ("commit entry of the end", {at["commits"] + 5 * 512 + 9: b"#"}),
                  ("7 bytes that followed its end", {len(whole): ones[:7]})]
        again = [("snapshot 2 is damaged; going on from 2 snapshots", {at["u"] + 2 * at["snapshot"] + 5: b"#"}),
                 ("snapshot 4 is damaged", {at["table of u"] + 32: b"#"}),
                 ("commit entry 3 is damaged; going on from 3 snapshots", {at["commits"] + 3 * 512 + 100: b"#"}),
                 ("commit entries 1 to 4", {at["commits"] + i * 512: bytes(512) for i in range(1, 5)}),
                 ("snapshot 1 is damaged", {at["u"] + at["snapshot"]: b"#", at["time"] + 24: b"#"})]
        refused = [("start (snapshot 0)", {at["u"] + 8: b"#"}), ("start (snapshot 0)", {at["commits"] + 64: b"#"}),
                   ("table of commit entries", {at["commits"]: bytes(6 * 512)}),
                   ("metadata", {at["header"] + 9: b"#"}), ("/y", {at["y"]: b"#"}), ("/x", {at["table of x"]: b"#"}),
                   ("header", {50: b"#", 50 + at["header"] // 2: b"#"}),
                   (f"{len(whole) - 8} bytes instead of {len(whole)}", {}),
                   (f"{at['commits']} bytes instead of", {})]
        for number, (says, changes) in enumerate(mended + again + refused):
            damaged = bytearray(whole)
            for offset, piece in changes.items():
                damaged[offset:offset + len(piece)] = piece
            if not changes:
                del damaged[int(says.split()[0]):]
            self.put("heat.h5", damaged)
            ranks = 3 if number % 5 == 0 else 1
            with self.subTest(says=says, ranks=ranks):
                self.assertEqual(program.run("verify", "heat.h5", cwd=self.folder).code, 4)
                if (says, changes) in refused:
                    self.fails(4, "resume", "heat.h5", says=["heat.h5 cannot be resumed", says, "is damaged"], ranks=ranks)
                    self.fails(2, *HEAT, "heat.h5", says="heat.h5 exists")  # not: nothing is lost
                    self.assertEqual((self.read("heat.h5"), self.left()), (damaged, ["heat.h5", "heat.xmf"]))
                    continue
                said = self.succeeds("resume", "heat.h5", ranks=ranks).err
                self.assertIn(says, said)
                self.assertNotIn("nothing to resume", said)
                self.assertEqual("is whole now" in said, number < len(mended), said)
                self.assertEqual(hashlib.sha256(self.read("heat.h5")).digest(), hashlib.sha256(whole).digest())
        self.put("heat.h5", whole)
        for ranks in (1, 3):
            self.assertIn("heat.h5 is whole: nothing to resume", self.succeeds("resume", "heat.h5", ranks=ranks).err)
        self.assertEqual(self.read("heat.h5"), whole)

    def test_values_of_an_unfinished_file_are_mended_and_told(self):
        whole = self.make("whole.h5")
        at = self.places(whole)
        part = bytearray(self.make("heat.h5", "commit:4:kill"))
        part[at["time"] + 8] ^= 1  # of snapshot 1
        part[at["residual"] + 32:at["residual"] + 40] = bytes(8)  # not committed yet
        self.put("heat.h5", part)
        self.fails(4, "verify", "heat.h5", says=["/time of snapshot 1", "/residual of snapshot 4"])
        said = self.succeeds("resume", "heat.h5", ranks=3).err
        self.assertIn("/time of snapshot 1, /residual of snapshot 4: damaged, and mended from the commit entries", said)
        self.assertEqual(self.read("heat.h5"), whole)

    def test_attributes_that_no_run_has(self):
        header = read_format.header_of(self.make("whole.h5"))
        part = self.make("heat.h5", "commit:3:kill")
        os.remove(self.path("heat.xmf"))
        for name, value, code, says in (
                ("steps", -1, 4, "steps"), ("steps", 0.5, 4, "steps"), ("steps", "100", 4, "steps"),
                ("steps", 2**62, 4, "steps"), ("steps", None, 2, "no attribute steps"),
                ("snapshot_every", 0, 4, "a snapshot every 0"), ("snapshot_every", -25, 4, "snapshot_every"),
                ("snapshot_every", 2**53, 4, "a snapshot every 9007199254740992"),
                ("snapshot_every", None, 2, "no attribute snapshot_every"),
                ("alpha", -0.1, 4, "alpha"), ("alpha", 1e308, 4, "alpha"), ("alpha", "nan", 4, "alpha"),
                ("alpha", 1, 4, "alpha"), ("alpha", None, 2, "no attribute alpha"),
                ("workload", "square", 2, "another workload"), ("workload", 7, 2, "another workload")):
            changed = hostile.replaced(header, ("attributes", name), hostile.fields if value is None else value)
            damaged = hostile.with_header(part, changed)
            self.put("heat.h5", damaged)
            ranks = 3 if value in (-1, None) and name == "steps" else 1
            self.fails(code, "resume", "heat.h5", says=["heat.h5", says], ranks=ranks)
            self.assertEqual((self.read("heat.h5"), self.left()), (damaged, ["heat.h5", "whole.h5", "whole.xmf"]))

    def test_checkpoints_that_cannot_be_are_ignored_or_of_use(self):
        whole = self.make("whole.h5")
        part = self.make("part.h5", "commit:3:kill", "--checkpoint-every", 10)
        checkpoint = self.read("part.h5.checkpoint")
        slot = len(checkpoint) // 2
        newest = max((0, 1), key=lambda i: int.from_bytes(checkpoint[i * slot + 16:i * slot + 24], "little"))
        words = hostile.sector_words(checkpoint, newest * slot)
        self.assertEqual(hostile.sealed_sector(words, newest), checkpoint[newest * slot:newest * slot + 512])
        cases = list(hostile.sectors(words))
        for number, (what, strange) in enumerate(cases[::8] + [("short", None), ("huge", None)]):
            changed = bytearray(checkpoint)
            if strange:
                changed[newest * slot:newest * slot + 512] = hostile.sealed_sector(strange, newest)
            self.put("part.h5", part)
            self.put("part.h5.checkpoint", changed[:5000] if what == "short" else changed)
            if what == "huge":
                os.truncate(self.path("part.h5.checkpoint"), 2**42)
            result = self.succeeds("resume", "part.h5", "--quiet", ranks=3 if number == 3 else 1)
            self.assertNotIn("std::", result.err)
            self.assertEqual(self.read("part.h5"), whole, what)

    def test_a_file_made_by_hand(self):
        """Sound to the last checksum, and as good as one that a run made, or of another kind."""
        whole = self.make("whole.h5")
        hostile.sparse_series(self.path("hand.h5"), whole, 5, 30, 20, (0, 1, 2), has_times=True)
        self.assertIn("unfinished: 3 of 5 snapshots", self.succeeds("verify", "hand.h5").out)
        self.succeeds("resume", "hand.h5", ranks=3)
        self.succeeds("verify", "--finished", "hand.h5")
        hostile.sparse_series(self.path("other.h5"), whole, 5, 30, 20, (0, 1, 2), has_times=True, scalars=1)
        self.assertIn("unfinished: 3 of 5 snapshots", self.succeeds("verify", "other.h5").out)
        before = self.read("other.h5")
        self.fails(2, "resume", "other.h5", says=["other.h5", "another workload"], ranks=3)
        self.assertEqual(before, self.read("other.h5"))

    def test_what_is_no_run_of_ours(self):
        with h5py.File(self.path("plain.h5"), "w") as file:
            file["u"] = numpy.ones(5)
        self.put("text.h5", b"some words\n")
        self.put("empty.h5", b"")
        self.succeeds("run", "square", "--size", 100, "--output", "square.h5")
        os.mkdir(self.path("folder"))
        os.symlink("nothing", self.path("link.h5"))
        self.put("plain.xmf", b"<mine/>")
        before = self.left()
        for name, says in (("plain.h5", "HDF5 file made by another program"), ("text.h5", "not an HDF5 file"),
                           ("empty.h5", "it is empty"), ("square.h5", "not a file of time steps"),
                           ("folder", "Is a directory"), ("none.h5", "No such file"), ("link.h5", "No such file"), ("", "No such file")):
            self.fails(2, "resume", name, says=[name, says], ranks=3 if name in ("plain.h5", "none.h5") else 1)
            self.assertEqual(self.left(), before)

    def test_a_run_that_was_killed_before_its_first_snapshot(self):
        whole = self.make("whole.h5")
        self.make("heat.h5", "commit:1:kill")
        for ranks in (1, 3):
            self.fails(2, "resume", "heat.h5", ranks=ranks,
                       says=["heat.h5", "no snapshot yet", "nothing is lost", "begin again with run --force"])
            self.assertIn("begin again with run --force", self.succeeds("verify", "heat.h5", ranks=ranks).err)
            self.fails(2, *HEAT, "heat.h5", says=["heat.h5", "before its first snapshot", "--force"], ranks=ranks)
        self.succeeds(*HEAT, "heat.h5", "--force")
        self.assertEqual(self.read("heat.h5"), whole)
        for fault in ("skeleton:1:kill", "fsync:1:kill"):
            self.killed(fault, *HEAT, "early.h5")
            self.assertIn("early.h5.partial", self.left())
            for command in ("resume", "verify"):
                self.fails(2, command, "early.h5",
                           says=["early.h5 is not there", "early.h5.partial", "begin again with run"])
            self.fails(2, "resume", "early.h5.partial", says=["early.h5.partial"])
            self.succeeds(*HEAT, "early.h5")
            self.assertEqual(self.read("early.h5"), whole)
            os.remove(self.path("early.h5"))


if __name__ == "__main__":
    program.main()
