"""src/format/README.md says what the bytes of our files are: a reader made from that page alone reads them, and finds what
verify finds. The reader has its constants from the page, each of which some file here depends upon."""
import json
import os
import random
import re
import signal
import subprocess
import time

import h5py

import program
from heat_case import HEAT, HeatTest

import read_format
from read_format import PAGE, WORDS

SQUARE = ("run", "square", "--size", "300k", "--quiet", "--output")  # of three blocks


class Format(HeatTest):
    def stopped(self, name):
        """A run that was told to stop when it had saved something."""
        process = subprocess.Popen([program.CONCDEMO, "run", "heat", "--size", "300x200", "--steps", "100000", "--quiet",
                                    "--snapshot-every", "500", "--output", name], cwd=self.folder, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (os.path.exists(self.path(name)) and read_format.read(self.read(name))[0]):
            time.sleep(0.01)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(timeout=60), 75)
        return self.read(name)

    def samples(self):
        """{name: (contents, committed snapshots, finished)}."""
        self.succeeds(*SQUARE, "square.h5", ranks=3)
        found = {"square.h5": (self.read("square.h5"), None, True), "whole.h5": (self.make("whole.h5"), 5, True)}
        for fault, committed in (("table:3", 2), ("commit:3", 2), ("scalar:5", 3), ("time:3", 3), ("end:1", 5), ("write:1", 0)):
            name = fault.replace(":", "-") + ".h5"
            found[name] = self.make(name, fault + ":kill"), committed, False
        return found

    def verified(self, *names):
        result = program.run("verify", "--json", *names, cwd=self.folder, timeout=120)
        return [json.loads(line) for line in result.out.splitlines()]

    def test_files_at_every_moment(self):
        for name, (contents, committed, finished) in self.samples().items():
            self.assertEqual(read_format.read(contents), (committed, finished, []), name)
        contents = self.stopped("stopped.h5")
        committed, finished, damage = read_format.read(contents)
        self.assertEqual((finished, damage), (False, []))
        step, field = read_format.read_checkpoint(self.read("stopped.h5.checkpoint"), contents)
        self.assertGreaterEqual(step, 500 * (committed - 1))
        self.succeeds("run", "heat", "--size", "300x200", "--steps", step, "--quiet", "--output", "again.h5")
        with h5py.File(self.path("again.h5")) as file:
            self.assertEqual(file["u"][-1].tobytes(), field)

    def test_the_header_says_what_hdf5_says(self):
        self.samples()
        for name in ("square.h5", "whole.h5"):
            header = read_format.header_of(self.read(name))
            with h5py.File(self.path(name)) as file:
                self.assertEqual(file.userblock_size, header["header_bytes"])
                attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in file.attrs.items()}
                self.assertEqual(attributes, header["attributes"])
                for dataset in header["datasets"]:
                    data = file[dataset["name"]]
                    self.assertEqual((list(data.shape), data.dtype.str, data.id.get_offset()),
                                     (dataset["shape"], "<f8", dataset["offset"]))
                    if dataset["table_bytes"]:
                        table = file["concdemo"][dataset["name"]]
                        self.assertEqual((table.dtype.str, table.id.get_offset()), ("<u8", dataset["table_offset"]))
                if "series" in header:
                    self.assertEqual(file["concdemo/commits"].id.get_offset(), header["series"]["commits_offset"])

    def test_a_flipped_bit_is_found_as_verify_finds_it(self):
        choices = random.Random(16)
        for name, (contents, _, finished) in self.samples().items():
            cases = []
            for number in range(60):
                at = choices.randrange(len(contents)) if number % 2 else choices.randrange(12288 % len(contents))
                damaged = bytearray(contents)
                damaged[at] ^= 1 << choices.randrange(8)
                cases.append((at, bytes(damaged), self.put(f"{number}-{name}", damaged)))
            for (at, damaged, _), told in zip(cases, self.verified(*[case[2] for case in cases])):
                *_, damage = read_format.read(damaged)
                runs = any(" to " in line for line in told["damage"])
                self.assertEqual(len(damage) if runs else sorted(damage), len(damage) if runs else sorted(told["damage"]), at)
                self.assertEqual(bool(damage), not told["sound"], at)
                self.assertTrue(damage or not finished, at)

    def test_helper_files_bear_their_marks(self):
        self.killed("skeleton:1:kill", *HEAT, "early.h5")
        part = self.make("part.h5", "commit:3:kill", "--checkpoint-every", 10)
        checkpoint = self.read("part.h5.checkpoint")
        for contents, mark in ((self.read("early.h5.partial"), PAGE.partial_mark), (self.read("part.h5.lock"), PAGE.lock_mark),
                               (checkpoint[PAGE.commit_bytes:], PAGE.checkpoint_mark)):
            self.assertTrue(contents.startswith(mark.encode()))
        step, field = read_format.read_checkpoint(checkpoint, part)
        self.assertEqual(len(field), 30 * 20 * 8)
        for at in (8, 16, 32, 60, PAGE.page_bytes + 4000):
            slot = len(checkpoint) // 2
            newest = max((0, 1), key=lambda i: int.from_bytes(checkpoint[i * slot + 16:][:8], "little"))
            damaged = bytearray(checkpoint)
            damaged[newest * slot + at] ^= 1
            self.assertNotEqual(read_format.read_checkpoint(bytes(damaged), part)[0], step, at)

    def test_every_constant_of_the_page_counts(self):
        """A reader with another one misreads a file: so the page says what the program does."""
        samples = {contents: [*expected, []] for contents, *expected in self.samples().values()}
        part = self.make("part.h5", "commit:3:kill", "--checkpoint-every", 10)
        checkpoint = self.read("part.h5.checkpoint")

        def is_read():
            try:
                return (read_format.read_checkpoint(checkpoint, part) == newest and
                        all(list(read_format.read(contents)) == expected for contents, expected in samples.items()))
            except (ValueError, IndexError):
                return False

        newest = read_format.read_checkpoint(checkpoint, part)
        self.assertTrue(is_read())
        limits = {"max_bytes", "max_scalars"}  # of what is written; and marks are above
        for table in (PAGE, WORDS):
            for name, value in list(vars(table).items()):
                if name in limits or name.endswith("_mark"):
                    continue
                setattr(table, name, value + ("?" if isinstance(value, str) else 1))
                self.assertFalse(is_read(), name)
                setattr(table, name, value)
        self.assertTrue(is_read())
        code = ""
        for name in ("header_copy", "commit_entry"):
            with open(f"{program.SOURCE}/src/format/{name}.hpp", encoding="utf-8") as file:
                code += file.read()
        for name in limits:
            number, shift = re.search(rf" {name} = (?:std::uint64_t)?{{?(\d+)}}?(?: << (\d+))?;", code).groups()
            self.assertEqual(int(number) << int(shift or 0), getattr(PAGE, name), name)


if __name__ == "__main__":
    program.main()
