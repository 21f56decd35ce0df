"""scripts/report: one page of real records, which needs nothing from elsewhere and says what it left out."""
import html.parser
import importlib.util
import json
import os
import re
import subprocess
import sys
import unittest

import program

SCRIPT = os.path.join(program.SOURCE, "scripts", "report")
VOID = {"meta", "link", "img", "br"}
OPTIONAL_END = {"li", "td", "th"}  # HTML lets them end by what follows


class Page(html.parser.HTMLParser):
    """Elements and ids of a page; `wrong` lists end tags that end nothing."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.wrong, self.words = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL_END:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.words += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "this Python has no matplotlib: scripts/setup report")
class Report(program.TestCase):
    def report(self, *args):
        return subprocess.run([SCRIPT, *args], capture_output=True, text=True, timeout=60, cwd=self.folder)

    def page(self, *args):
        done = self.report(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("report.html"), encoding="utf-8") as file:
            self.text = file.read()
        page = Page(self.text)
        self.assertEqual((page.wrong, page.open), ([], []))
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        self.assertEqual(len(ids), len(set(ids)))
        for tag, attributes in page.elements:
            self.assertNotIn(tag, ("script", "iframe", "object", "embed"))
            for name in ("src", "href", "xlink:href"):
                if name in attributes:
                    self.assertRegex(attributes[name], r"^(data:|#)")
                    self.assertIn(attributes[name][1:] if attributes[name][0] == "#" else ids[0], ids)
        for target in re.findall(r"url\(([^)]*)\)", self.text):
            self.assertIn(target.strip("'\"")[1:], ids)
        self.assertNotRegex(self.text, r"https?://|@import")
        for image in page.of("img"):
            self.assertRegex(image["alt"], r"\d")
        for figure in page.of("svg"):
            self.assertEqual(figure["role"], "img")
            self.assertRegex(figure["aria-label"], r"\d")
        return done, page

    def measure(self):
        for options in (("sum", "--size", "200k", "--threads", 1), ("sum", "--size", "200k", "--threads", 2),
                        ("matmul", "--size", "64x64x64"), ("square", "--size", "200k", "--output", "y.h5"),
                        ("square", "--input", "y.h5", "--buffers", "700kB"),
                        ("heat", "--size", "20x30", "--steps", 40, "--snapshot-every", 10, "--output", "heat.h5")):
            self.succeeds("run", *options, "--record", "r.jsonl", "--quiet")
        with open(self.path("r.jsonl"), encoding="utf-8") as file:
            of_square = [json.loads(line) for line in file][-3]
        del of_square["output"]["timeline"]  # as records were before
        of_square["workload"] = "fill"
        with open(self.path("r.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(of_square) + "\n")
        self.succeeds("compare", "--kind", "sleep", "--tasks", 2, "--latency", 1, "--repeat", 1, "--record", "r.jsonl",
                      "--quiet")

    def test_every_figure_with_data(self):
        self.measure()
        with open(self.path("r.jsonl"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        wrong = json.loads(lines[0])
        wrong["verified"], wrong["workload"] = False, "<b>sum</b>"
        no_rate = json.loads(lines[0])
        del no_rate["rate"]
        no_blocks = next(json.loads(line) for line in lines if '"blocks"' in line)
        no_blocks["output"]["timeline"]["blocks"] = []
        damaged = ['{"schema":1,"wor', '{"a": "\t"}', "[1]", json.dumps(no_blocks), json.dumps(no_rate), json.dumps({**wrong, "schema": 2}), "\ufffd"]
        with open(self.path("r.jsonl"), "a", encoding="utf-8") as file:
            file.write("\n".join([json.dumps(wrong), *damaged]) + "\n")
        done, page = self.page("r.jsonl")
        first = len(lines) + 2
        for place in range(first, first + len(damaged)):
            self.assertIn(f"skipped r.jsonl:{place}: ", done.stderr)
            self.assertIn(f"r.jsonl:{place}: ", page.words)
        self.assertIn("no 'rate' in it", done.stderr)
        self.assertIn("not JSON at column 8: Invalid control character\n", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), len(damaged), done.stderr)
        labels = [figure["aria-label"].split()[0] for figure in page.of("svg")]
        self.assertEqual(labels, ["Roofline", "Speed-ups.", "Layouts.", "Timeline", "Input", "Speed-ups", "Residual"])
        timeline, totals = (figure["aria-label"] for figure in page.of("svg")[3:5])
        self.assertRegex(timeline, r"square 200 k, 1 rank x \d+ threads?, rank 0: from [\d.]+ \w*s to [\d.]+ m?s, comp")
        self.assertRegex(timeline, r"heat 20x30, .*; 5 blocks handed over from [\d.]+ \w*s on, written from .*, synced in")
        self.assertRegex(timeline, r"square 200 k, .*for the reader; \d+ blocks read in [\d.]+ \w*s")
        self.assertRegex(totals, r"fill 200 k, I/O threads: write [\d.]+ \w*s")
        roofline = page.of("svg")[0]["aria-label"]
        for workload in ("sum", "matmul", "square", "heat"):
            self.assertRegex(roofline, rf"{workload} [\d.]+ \w*flop/s")
        self.assertEqual(len(page.of("img")), 4)  # snapshots
        self.assertIn("1 wrong result: r.jsonl:", page.words)
        self.assertNotIn("<b>", self.text)
        self.assertEqual(len(page.of("tr")), 1 + len(lines) + 1)
        self.assertRegex(page.words, r"[\d.]+x by best times")
        self.assertIn("--task-us", page.words)  # how to measure the figure that was left out

    def test_figures_without_data_are_left_out_by_name(self):
        self.succeeds("run", "sum", "--size", "1k", "--record", "r.jsonl", "--quiet")
        _, page = self.page("r.jsonl")
        self.assertEqual(len(page.of("svg")), 1)
        for title in ("Scaling", "Which layout", "Input and output", "Threads, processes", "How small", "Heat"):
            self.assertIn(f"Left out, {title}", page.words)

    def test_heat_alone_and_other_hdf5(self):
        self.succeeds("run", "heat", "--size", "20x30", "--steps", 20, "--snapshot-every", 10, "--output", "heat.h5")
        self.succeeds("run", "square", "--size", "1k", "--output", "y.h5", "--record", "r.jsonl", "--quiet")
        done, page = self.page("heat.h5")
        self.assertEqual(done.stdout, "report.html: 1 figure of heat.h5\n")
        self.assertEqual((done.stderr, len(page.of("img"))), ("", 3))
        done, page = self.page("r.jsonl", "heat.h5")
        self.assertEqual((done.stderr, len(page.of("img"))), ("", 3))
        done = self.report("r.jsonl", "y.h5")
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("y.h5: not a file of heat: no /u, /time and /residual in it, but /concdemo, /y", done.stderr)

    def test_the_model_is_found_again(self):
        sys.path.insert(0, os.path.dirname(SCRIPT))
        from report_scaling import fit_usl
        cores = [1, 2, 4, 8, 16, 32]
        for sigma, kappa in ((0.05, 1e-3), (0.2, 0), (0, 0)):
            times = [3 * (1 + sigma * (n - 1) + kappa * n * (n - 1)) / n for n in cores]
            for found, expected in zip(fit_usl(cores, times), (sigma, kappa, 3)):
                self.assertAlmostEqual(found, expected, 12)
        self.assertIsNone(fit_usl(cores[:4], times[:4]))

    def test_what_cannot_be(self):
        with open(self.path("empty"), "w", encoding="utf-8"):
            pass
        for args, code, says in ((["missing"], 2, "missing: No such file"), (["empty"], 2, "no usable record in empty"),
                                 (["."], 2, ".: Is a directory")):
            done = self.report(*args)
            self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
            self.assertIn(says, done.stderr)
        self.succeeds("run", "sum", "--size", "1k", "--record", "r.jsonl", "--quiet")
        before = os.path.getsize(self.path("r.jsonl"))
        done = self.report("r.jsonl", "-o", "r.jsonl")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--output r.jsonl: holds something other than a page", done.stderr)
        self.assertEqual(os.path.getsize(self.path("r.jsonl")), before)
        for _ in range(2):  # a page is replaced
            self.assertEqual(self.report("r.jsonl", "-o", "r.html").returncode, 0)
        done = self.report("r.jsonl", "-o", "nowhere/r.html")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("nowhere/r.html: No such file", done.stderr)


if __name__ == "__main__":
    program.main()
