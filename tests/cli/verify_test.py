"""verify tells the truth: of files that are damaged, unfinished, not there, and of such as say what cannot be."""
import json
import os
import resource

import h5py

import program
from heat_case import HeatTest

import hostile
import read_format

MOST_BYTES = 400 << 20  # of memory, of any process here
WORDS_OF_BUGS = ("std::", "bad_alloc", "json.exception", "out of memory", "wrong index", "a bug in this program")


class Verify(HeatTest):
    def require_sober(self, result):
        for words in WORDS_OF_BUGS:
            self.assertNotIn(words, result.err + result.out)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10, MOST_BYTES)

    def verified(self, code, *files, options=(), ranks=1):
        """What --json prints, an object a file; many files at once are as quick as one."""
        result = program.run("verify", "--json", *options, *files, ranks=ranks, cwd=self.folder)
        self.assertEqual(result.code, code, result.err[-2000:])
        told = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual([each["file"] for each in told], list(files))
        self.require_sober(result)
        return told

    def test_headers_that_cannot_be_are_damaged(self):
        self.make("heat.h5")
        self.succeeds("run", "square", "--size", 300, "--output", "square.h5")
        for origin, ranks in (("heat.h5", 1), ("square.h5", 3)):
            contents = self.read(origin)
            cases, refused = [], 0
            for number, (what, path, value, line) in enumerate(hostile.lines_of(read_format.header_of(contents))):
                try:
                    cases.append((what, path, value, self.put(f"{number}.h5", hostile.with_header(contents, line))))
                except ValueError:
                    continue  # too long for this header
            self.assertGreater(len(cases), 400)
            for (what, path, value, name), told in zip(cases, self.verified(4, *[case[3] for case in cases], ranks=ranks)):
                # What attributes and names are is the file's own: any text, any float64, any int64, or none.
                is_number = isinstance(value, float) or type(value) is int and -2**63 <= value < 2**63
                is_one = path[:1] == ("attributes",) and len(path) == 2
                is_attribute = isinstance(value, str) or is_number if is_one else path == ("attributes",) and value == {}
                is_gone = is_one and what.endswith("missing")
                is_name = path[-1:] == ("name",) and isinstance(value, str) and 0 < len(value) < 256 and "\n" not in value
                if is_attribute or is_gone or is_name:
                    self.assertTrue(told["sound"], what)
                    continue
                self.assertFalse(told["sound"], what)
                is_newer = path == ("version",) and (bool(told["error"]) if "twice" in what else
                                                     type(value) is int and value > 1)
                self.assertEqual(bool(told["error"]), is_newer, what)
                found = [line[:13] for line in told["damage"]]
                # Nothing is wrong with a header of which another checksum, or fewer datasets, are said.
                if found not in (["metadata"], ["checksum tabl"]):
                    self.assertEqual(found, [] if is_newer else ["header copy 1", "header copy 2"], what)
                    refused += 1
                os.remove(self.path(name))
            self.assertGreater(refused, 300)

    def test_a_header_costs_what_its_file_holds(self):
        contents = self.make("heat.h5")
        for number, (snapshots, rows, columns, others) in enumerate((
                (2**24, 30, 20, {"length": 66000}), (2**24, 30, 20, {}), (2**24, 1, 1, {"entries": (0,)}),
                (2**24, 1, 1, {"entries": (0, 2**24 - 1)}), (2**24, 1, 1, {"entries": (0, 2**24)}),
                (2**33, 1, 1, {"length": 2**42}), (2**33, 1, 1, {"length": 2**42, "entries": (0,)}),
                (3, 2**19, 2**19, {"entries": (0,)}),
                (1, 2**29, 2**29, {"length": 2**43}), (2**12, 2**13, 2**13, {"entries": (0, 1), "has_times": True}))):
            name = f"{number}.h5"
            try:
                hostile.sparse_series(self.path(name), contents, snapshots, rows, columns, **others)
            except OSError as error:
                self.skipTest(f"no sparse file of that size here: {error}")
            told = self.verified(4, name)[0]
            self.assertTrue(told["damage"], told)
            for command in (("resume", name), ("run", "sum", "--input", f"{name}:/u")):
                result = program.run(*command, cwd=self.folder, timeout=30)
                self.assertIn(result.code, (2, 4), (command, others, result.err))
                self.assertEqual(len(result.messages()), 1, result.err)
                self.require_sober(result)

    def test_commit_entries_that_cannot_be_are_damaged(self):
        contents = self.make("heat.h5")
        series = read_format.header_of(contents)["series"]
        cases = []
        for place in (1, series["snapshots"]):
            at = series["commits_offset"] + place * read_format.PAGE.commit_bytes
            words = hostile.sector_words(contents, at)
            self.assertEqual(hostile.sealed_sector(words, place), contents[at:at + read_format.PAGE.commit_bytes])
            for number, (what, strange) in enumerate(hostile.sectors(words)):
                changed = contents[:at] + hostile.sealed_sector(strange, place) + contents[at + read_format.PAGE.commit_bytes:]
                cases.append((what, self.put(f"{place}-{number}.h5", changed)))
        told = self.verified(4, *[name for _, name in cases])
        for (what, _), each in zip(cases, told):
            # Of the end's entry time, checksum and scalars say nothing.
            self.assertEqual(each["error"], None, what)
        self.assertGreater(sum(not each["sound"] for each in told), 150)

    def test_a_later_version_is_no_damage(self):
        contents = self.make("heat.h5")
        header = read_format.header_of(contents)
        line = json.dumps(header, separators=(",", ":")).encode()
        self.put("magic.h5", hostile.with_header(contents, line, b"concdemo file 2\n"))
        header["version"] = 3
        self.put("version.h5", hostile.with_header(contents, header))
        self.put("unsealed.h5", self.read("magic.h5").replace(b"checksum ", b"checkSUM ", 2))
        one = bytearray(contents)
        one[14] = ord("2")
        self.put("flipped.h5", one)  # one copy of two: damage
        for name, number in (("magic.h5", 2), ("version.h5", 3), ("unsealed.h5", 2)):
            for command in (("verify", name), ("resume", name), ("run", "sum", "--input", f"{name}:/u")):
                self.fails(2, *command, says=[name, f"written by a newer concdemo (format {number})"])
        self.fails(2, "resume", "magic.h5", says="written by a newer concdemo (format 2)", ranks=3)
        self.fails(4, "verify", "flipped.h5", says="header copy 1")

    def test_finished_and_several_files(self):
        self.make("whole.h5")
        self.make("part.h5", "commit:3:kill")
        self.make("start.h5", "commit:1:kill")
        damaged = bytearray(self.read("whole.h5"))
        with h5py.File(self.path("whole.h5")) as file:
            damaged[file["u"].id.get_offset() + 30 * 20 * 8] ^= 1
        self.put("damaged.h5", damaged)
        for ranks in (1, 3):
            out = self.succeeds("verify", "part.h5", "start.h5", "whole.h5", ranks=ranks)
            self.assertIn("part.h5: sound, unfinished: 2 of 5 snapshots committed", out.out)
            self.assertIn("to go on: concdemo resume part.h5", out.err)
            self.assertIn("start.h5 has not even its start: begin again with run --force", out.err)
            self.succeeds("verify", "--finished", "whole.h5", ranks=ranks)
            for name, says in (("part.h5", ["2 of 5", "resume part.h5"]), ("start.h5", ["0 of 5", "run --force"])):
                stopped = program.run("verify", "--finished", name, "whole.h5", ranks=ranks, cwd=self.folder)
                self.assertEqual((stopped.code, len(stopped.messages())), (75, 1), stopped.err)
                self.assertIn("whole.h5: sound", stopped.out)
                for word in [name, *says]:
                    self.assertIn(word, stopped.messages()[0])
        every = ("none.h5", "part.h5", "damaged.h5", "whole.h5")
        finished = ("--finished",)
        for code, files, options in ((4, every, finished), (4, every[::-1], ()), (0, ("whole.h5", "part.h5"), ()),
                                     (2, ("whole.h5", "none.h5", "part.h5"), finished),
                                     (75, ("part.h5", "whole.h5"), finished)):
            told = {each["file"]: each for each in self.verified(code, *files, options=options)}
            self.assertEqual(told["part.h5"]["snapshots"] if "part.h5" in told else None, {"committed": 2, "total": 5})
            size = os.path.getsize(self.path("whole.h5"))
            self.assertEqual({name: each["bytes"] for name, each in told.items()},
                             {name: 0 if name == "none.h5" else size for name in files})
        told = {each["file"]: each for each in self.verified(4, *every, ranks=3)}
        self.assertEqual([(told[name]["sound"], told[name]["finished"]) for name in every],
                         [(False, False), (True, False), (False, True), (True, True)])
        self.assertIn("none.h5", told["none.h5"]["error"])
        self.assertEqual(told["damaged.h5"]["damage"], ["/u snapshot 1 block 0, elements 0..599"])
        self.assertEqual([told[name]["blocks"] for name in every], [0, 4, 7, 7])


if __name__ == "__main__":
    program.main()
