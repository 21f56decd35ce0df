"""Names and texts from outside never act upon a screen, and never make a line that looks like the program's own."""
import csv
import json
import os
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml

import h5py
import numpy

import program
from misbehaving_server import MisbehavingServer

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(program.SOURCE, "scripts"))
from printable import printable  # noqa: E402

# A line of its own, escape sequences of 7 and 8 bits, carriage return, bell, backspace, DEL, reversed text, no width.
TEXT = "a\nconcdemo: forged\x1b[2J\x9b1m\r\x07\x08\x7f\u202e\u2066\u200b\u2028\ufeff"
MARK = TEXT + "\udcff"  # and a byte that is not UTF-8, as Python passes it on
SEEN = r"a\nconcdemo: forged\x1b[2J\u009b1m\r\x07\x08\u007f\u202e\u2066\u200b\u2028\ufeff"


def options_of(*command):
    """Those of its help that take any text."""
    text = program.run(*command, "--help").out
    return re.findall(r"^ +(--[a-z0-9-]+) [A-Z:,.]+ ", text, re.M)


class Printable(program.TestCase):
    def said(self, *args, code=None, shows=SEEN, **options):
        """What it said, on stdout and stderr, is printable, has no forged line, and shows the mark."""
        result = program.run(*args, cwd=self.folder, **options)
        own = result.err.split("\n-----")[0]  # then the launcher
        for text in (result.out, own):
            self.assertEqual(printable(text).replace(r"\n", "\n"), text.replace(r"\n", "\n"), (args, text))
            self.assertIsNone(re.search("^(concdemo: )?forged|^concdemo: forged", text, re.M), (args, text))
        if code is not None:
            self.assertEqual(result.code, code, (args, own, result.out))
        if shows:
            self.assertIn(shows, result.out + own, args)
        return result

    def test_the_rules_are_one(self):
        """Those of the scripts and of the program, with Python's own decoder."""
        self.assertEqual(printable(MARK), SEEN + r"\xff")
        self.assertIn(SEEN + r"\xff", self.said("run", MARK).err)
        for text in ("é 日本語 😀", "\U000e0041", "Lahore لاہور"):
            self.assertIn(printable(text), self.said("run", text, shows=None).err)

    def test_arguments(self):
        bases = {"run": ["sum"], "resume": ["x.h5"], "verify": ["x.h5"], "peaks": [], "placement": [], "sweep": [],
                 "compare": [], "mistakes": ["race"], "fetch": ["http://127.0.0.1:9/x"]}
        for command, base in bases.items():
            for option in options_of(command):
                if option in ("--record", "--output", "--folder", "--into"):  # which may be called so
                    continue
                self.said(command, *base, option, MARK, shows=None)
            self.said(command, *base, "--" + MARK)
            self.said(command, *base, MARK, shows=None)
            self.said(command, MARK)
        for option in ("--size", "--seed", "--values", "--fill", "--simd", "--threads", "--buffers", "--input"):
            self.said("run", "sum", option, MARK, code=2)
        self.said("run", "heat", "--input", "x.h5", "--slice", MARK, "--alpha", MARK, code=2)
        self.said(MARK, code=2)
        self.said("--" + MARK, code=2)
        self.said("run", "sum", "--values", MARK, ranks=3, code=2)

    def test_files(self):
        name = MARK + ".h5"
        for ranks in (1, 3):
            self.said("run", "sum", "--input", name, ranks=ranks, code=2)
        out = self.said("run", "square", "--size", 9, "--output", name, "--record", MARK, code=0).out
        self.assertIn(SEEN, out)
        for ranks in (1, 3):
            self.said("run", "sum", "--input", name, "--progress", "on", env={"CONCDEMO_PROGRESS_S": "0.001"}, ranks=ranks)
            self.said("verify", name, code=0, ranks=ranks)
        self.said("run", "square", "--size", 9, "--output", name, code=2)
        self.said("run", "sum", "--size", 9, "--record", name, code=2)
        with open(self.path(MARK), "rb") as file:
            line, = file.read().decode().splitlines()
        self.assertEqual(printable(line), line)
        self.assertEqual(json.loads(line)["output"]["file"], TEXT + "\ufffd.h5")
        with open(self.path(name), "r+b") as file:
            file.seek(-8, os.SEEK_END)
            file.write(b"damaged!")
        for ranks in (1, 3):
            self.said("verify", name, code=4, ranks=ranks)
        self.said("resume", name)
        self.said("run", "heat", "--size", "9x9", "--steps", 3, "--output", name, "--force", code=0)
        self.said("resume", name, code=0)
        with open(self.path(name), "wb") as file:
            file.write(b"\x89HDF\r\n\x1a\n" + bytes(600))
        self.said("run", "sum", "--input", name, code=2)

    def test_lines_that_are_drawn(self):
        """On a terminal, where the program's own cursor movements are the only ones."""
        name = MARK + ".h5"
        self.said("run", "square", "--size", 9, "--output", name, code=0)
        for args in (("verify", name), ("run", "square", "--size", 9, "--output", name, "--force")):
            screen = program.run_on_terminal(*args, cwd=self.folder, env={"CONCDEMO_PROGRESS_S": "0.001"}).err
            self.assertIn(SEEN[:30], screen)
            text = re.sub(r"\r\x1b\[K|\r\n", "", screen)
            self.assertEqual(printable(text), text)

    def test_names_in_files(self):
        with h5py.File(self.path("names.h5"), "w") as file:
            for path in map(os.fsencode, (f"{MARK}1", f"{MARK}2", f"group/{MARK}", f"{MARK}group/x")):
                file[path] = numpy.ones(3)
            file[os.fsencode(f"{MARK}text")] = "text"
            file["attributes"] = numpy.ones(3)
            for attribute in ("units", "_Unsigned", "NAME", "coordinates", "long_name"):
                file["attributes"].attrs[attribute] = TEXT
            for attribute in ("scale_factor", "_FillValue", "valid_range"):
                file[f"text {attribute}"] = numpy.ones(3)
                file[f"text {attribute}"].attrs[attribute] = TEXT
            file["soft"] = h5py.SoftLink(f"/{TEXT}nowhere")
            file["external"] = h5py.ExternalLink(f"{TEXT}.h5", f"/{TEXT}")
            paths = [f":/{MARK}{end}" for end in ("1", "text", "group", "nothing")]
        for path in ("", *paths):
            for ranks in (1, 3):
                self.said("run", "sum", "--input", "names.h5" + path, ranks=ranks)
        for path in ("attributes", "soft", "external", "group", "text scale_factor", "text _FillValue", "text valid_range"):
            self.said("run", "sum", "--input", f"names.h5:/{path}", shows=None)
        self.said("run", "square", "--input", f"names.h5:/{MARK}2", "--output", "o.h5", code=0)
        self.said("run", "sum", "--input", f"names.h5:/{MARK}1", "--json", shows=None, code=0)

    def test_description_of_snapshots(self):
        name = "a\nb\tc\u202e<&\"'>é" + "\x1b\udcff.h5"
        self.said("run", "heat", "--size", "9x9", "--steps", 3, "--output", name, code=0, shows=None)
        with open(self.path(name.replace(".h5", ".xmf")), encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(printable(text).replace(r"\n", "\n"), text)
        source = next(item.text for item in xml.fromstring(text).iter("DataItem") if item.get("Format") == "HDF")
        self.assertEqual(source, name.replace("\x1b", r"\x1b").replace("\udcff", r"\xff") + ":/u")

    def test_environment(self):
        for variable, value in {"OMP_NUM_THREADS": "1," + MARK, "TMPDIR": MARK, "CONCDEMO_FAULT": MARK,
                                "SLURM_JOB_ID": MARK, "SLURM_STEP_NUM_TASKS": MARK, "OMPI_COMM_WORLD_SIZE": MARK,
                                "SLURM_CPUS_ON_NODE": MARK, "HDF5_PLUGIN_PATH": MARK}.items():
            self.said("run", "sum", "--values", "1", env={variable: value}, shows=None)
        self.said("run", "sum", "--values", "1", "--json", env={"SLURM_JOB_ID": MARK}, shows=None, code=0)
        link = self.path(MARK)
        os.symlink(program.CONCDEMO, link)
        done = subprocess.run([link], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1," + MARK})
        self.assertEqual(printable(done.stdout).replace(r"\n", "\n"), done.stdout.replace(r"\n", "\n"))
        self.assertIn(f"{printable(link)} run sumsq", done.stdout)
        self.assertNotIn("\nconcdemo: forged", done.stdout + done.stderr)

    def test_host_names(self):
        # The test's own name space: without root's rights there is none.
        name, seen = "h\nconcdemo: forged\x1b[2J\u202e\udcff", r"h\nconcdemo: forged\x1b[2J\u202e\xff"
        renamed = "import os, socket, sys; socket.sethostname(os.fsencode(sys.argv[1])); os.execvp(sys.argv[2], sys.argv[2:])"
        own = ("unshare", "--uts", sys.executable, "-c", renamed, name)
        if program.run("--version", prefix=own).code != 0:
            self.skipTest("a host name of one's own needs root")
        self.said("placement", prefix=own, shows=seen, code=0)
        self.said("peaks", "--json", prefix=own, shows=json.dumps(seen)[1:-1], code=0)

    def test_fetching(self):
        server = MisbehavingServer()
        self.addCleanup(server.stop)
        with open(self.path(MARK), "wb") as file:
            file.write(os.fsencode(f"{server.url('/ok/a')} name={MARK.split()[0]}\u202e\n"))
        for ranks in (1, 3):
            self.said("fetch", "http://127.0.0.1:9/\u202e\u200b\x7f", ranks=ranks, shows=None)
            self.said("fetch", *(server.url(f"/raw/hostile-{what}") for what in ("words", "length", "name", "place")),
                      "--force", shows=None, code=3, ranks=ranks)
        self.said("fetch", "--list", MARK, code=2)
        with open(self.path(MARK), "wb") as file:
            file.write(os.fsencode(f"{server.url('/ok/a')} \x1b[2J\udcff"))
        self.said("fetch", "--list", MARK, code=2)
        for more in ([], ["--quiet"], ["--json"]):
            self.said("fetch", server.url("/ok/\u202e"), "--into", MARK + "folder", "--force", *more, code=0,
                      shows=SEEN if "--quiet" in more else None)
        self.said("fetch", server.url("/ok/x"), "--ca-file", MARK, code=None)
        self.said("compare", "--kind", "http", "--tasks", 2, "--url", server.url("/ok/\u202e"), shows=r"/ok/\u202e")

    def script(self, name, *args, code):
        done = subprocess.run([os.path.join(program.SOURCE, "scripts", name), *map(str, args)], cwd=self.folder,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        for text in (done.stdout, done.stderr):
            self.assertEqual(printable(text).replace(r"\n", "\n"), text.replace(r"\n", "\n"))
            self.assertIsNone(re.search("^concdemo: forged", text, re.M), text)
        return done.stdout + done.stderr

    def test_reports(self):
        self.said("run", "sum", "--values", "1", "--record", "records", shows=None, code=0)
        with open(self.path("records")) as file:
            record = json.loads(file.read())
        record["environment"].update(host=f"<b>{TEXT}", commit=TEXT, omp={TEXT: TEXT})
        record.update(verified_against=TEXT)
        with open(self.path(MARK), "wb") as file:
            unusable = {**record, "workload": TEXT}
            file.write(json.dumps(record).encode() + b"\n" + json.dumps(unusable).encode() + b"\n" + os.fsencode(MARK.replace("\n", " ")) + b"\n[\"\x1b\"\n")
        self.assertIn(SEEN, self.script("report", MARK, "-o", MARK + ".html", code=0))
        with open(self.path(MARK + ".html"), encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(printable(page).replace(r"\n", "\n"), page.replace(r"\n", "\n"))
        self.assertIn("&lt;b&gt;a", page)
        self.script("report", MARK + "nothing", code=2)
        self.script("report", "--" + MARK, code=2)

    def test_tables(self):
        with open(self.path(MARK + ".csv"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["x\x1b[2J" + TEXT, "y" + TEXT], [1, "text"], [2, TEXT]])
        self.assertIn(r"\x1b[2J", self.script("sample_data", "convert", MARK + ".csv", code=0))
        self.script("sample_data", "convert", MARK, code=2)
        self.script("sample_data", MARK, code=2)


if __name__ == "__main__":
    program.main()
