"""The record, the screen, and real data against Python's exact arithmetic."""
import json
import math
import os
import re
import struct
import unittest
from fractions import Fraction

import h5py
import numpy

import program


def number(value):
    return struct.unpack(">d", bytes.fromhex(value["bits"]))[0]


def nearest(fraction):
    """The nearest double; Python's own division rounds rightly but raises beyond the range."""
    try:
        return float(fraction)
    except OverflowError:
        return math.inf if fraction > 0 else -math.inf


def is_nearest_root(value, square):
    """Whether no double is nearer to the square root: the root lies between the midpoints to value's neighbours."""
    below = (Fraction(value) + Fraction(math.nextafter(value, 0))) / 2
    above = (Fraction(value) + Fraction(math.nextafter(value, math.inf))) / 2
    return below**2 <= square <= above**2


class Record(program.TestCase):
    def test_fields(self):
        record = self.succeeds("run", "stats", "--size", "1000", "--repeat", "3", "--warmup", "1", "--json", ranks=2,
                               threads=2, env={"SLURM_JOB_ID": "77", "OMP_WAIT_POLICY": "passive"}).record()
        self.assertEqual((record["schema"], record["workload"], record["size"], record["seed"]), (1, "stats", [1000], 1))
        self.assertEqual(record["layout"]["nodes"], 1)
        self.assertEqual(len(record["seconds"]["samples"]), 3)
        self.assertLessEqual(record["seconds"]["min"], record["seconds"]["median"])
        self.assertGreater(record["peak_rss_bytes"], 1 << 20)
        self.assertEqual(record["environment"]["slurm_job"], "77")
        self.assertEqual(record["environment"]["omp"]["OMP_WAIT_POLICY"], "passive")
        self.assertEqual(record["communication"]["messages"], 1)
        self.assertLess(record["communication"]["bytes"], 2048)
        for key in ("dtype", "input", "flops", "traffic_bytes", "rate", "peak", "verified_against", "slowest", "output"):
            self.assertIn(key, record)

    def test_the_timeline_of_output(self):
        """Its blocks are all there, each handed over, written and durable in this order, and its size has a bound."""
        heat = ("run", "heat", "--size", "30x20", "--output", "heat.h5", "--force")
        for args, blocks in ((("run", "square", "--size", "8M", "--threads", 1, "--output", "y.h5", "--force"), 4),
                             ((*heat, "--steps", 50, "--snapshot-every", 10), 6),
                             ((*heat, "--steps", 50, "--snapshot-every", 10, "--writer", "sync"), 6),
                             ((*heat, "--steps", 300, "--snapshot-every", 1), 301)):
            output = self.succeeds(*args, "--json", ranks=2).record()["output"]
            timeline = output["timeline"]
            self.assertEqual(timeline["rank"], 0)
            self.assertEqual(sum(block["count"] for block in timeline["blocks"]), blocks, args)
            latest = 0
            for block in timeline["blocks"]:
                moments = [latest, *(block[name] for name in ("submitted_s", "write_begin_s", "write_end_s", "durable_s"))]
                self.assertEqual(moments, sorted(moments), (args, block))
                latest = block["submitted_s"]
                self.assertLessEqual(block["durable_s"], output["durable_s"] + 1e-6)
            for kind in ("blocks", "waits", "syncs"):
                self.assertLessEqual(len(timeline[kind]), 64)
            for span in timeline["waits"] + timeline["syncs"]:
                self.assertLessEqual(0, span["begin_s"])
                self.assertLessEqual(span["busy_s"], span["end_s"] - span["begin_s"] + 2e-6, (args, span))

    def test_special_values(self):
        result = self.succeeds("run", "stats", "--values", "nan,1,inf", "--json").record()["result"]
        self.assertEqual(result["mean"], {"value": None, "bits": "7ff8000000000000"})
        result = self.succeeds("run", "sum", "--values", "inf,1", "--json").record()["result"]
        self.assertEqual(result["sum"], {"value": None, "bits": "7ff0000000000000"})

    def test_records_are_appended(self):
        for seed in (1, 2):
            self.succeeds("run", "sum", "--size", "1k", "--seed", seed, "--record", "all.jsonl", ranks=2)
        with open(self.path("all.jsonl")) as file:
            self.assertEqual([json.loads(line)["seed"] for line in file], [1, 2])

    def test_a_torn_last_line_costs_no_record_but_itself(self):
        with open(self.path("all.jsonl"), "w") as file:
            file.write('{"schema":1,"work')
        for seed in (1, 2):
            self.succeeds("run", "sum", "--size", "1k", "--seed", seed, "--record", "all.jsonl", ranks=2)
        with open(self.path("all.jsonl")) as file:
            lines = file.read().splitlines()
        self.assertEqual(lines[0], '{"schema":1,"work')
        self.assertEqual([json.loads(line)["seed"] for line in lines[1:]], [1, 2])

    def test_output_in_the_record(self):
        output = self.succeeds("run", "fill", "--size", "100k", "--output", "x.h5", "--json").record()["output"]
        self.assertEqual(output["bytes"], os.path.getsize(self.path("x.h5")))
        for key in ("file", "io_busy_s", "stall_s", "durable_s"):
            self.assertIn(key, output)

    def test_names_that_are_no_utf8_are_recorded(self):
        name = os.fsdecode(b"bad\xff\xfe.h5")
        with h5py.File(self.path("good.h5"), "w") as file:
            file["a"] = [1.0, 2.0]
        os.rename(self.path("good.h5"), self.path(name))
        self.assertEqual(self.succeeds("run", "sum", "--input", name, "--json").record()["result"]["sum"]["value"], 3)

    def test_inexact_and_missing(self):
        with h5py.File(self.path("i.h5"), "w") as file:
            file["big"] = numpy.array([2**53, 2**53 + 1, 2**63 - 1], dtype="i8")
            packed = file.create_dataset("packed", data=numpy.array([1, 2, -99, 4], dtype=">i2"))
            packed.attrs["scale_factor"] = 0.5
            packed.attrs["add_offset"] = 10.0
            packed.attrs["_FillValue"] = numpy.int16(-99)
        record = self.succeeds("run", "sum", "--input", "i.h5:/big", "--json", ranks=2).record()
        self.assertEqual(record["inexact_inputs"], 2)
        record = self.succeeds("run", "stats", "--input", "i.h5:/packed", "--json", ranks=3).record()
        self.assertEqual((record["result"]["count"], record["result"]["missing"], record["missing"]), (3, 1, 1))
        self.assertEqual(number(record["result"]["mean"]), (10.5 + 11 + 12) / 3)

    def test_what_a_person_reads_of_missing_values_and_of_arrays(self):
        with h5py.File(self.path("i.h5"), "w") as file:
            file["x"] = numpy.array([1.0, 7.0])
            file["x"].attrs["_FillValue"] = 7.0
            file["flags"] = numpy.array([True, False, True])
        self.assertIn("missing   1 value, left out\n", self.succeeds("run", "sum", "--input", "i.h5:/x").out)
        square = ("run", "square", "--input", "i.h5:/x")
        out = self.succeeds(*square, ranks=2).out
        self.assertIn("missing   1 value, NaN in the result\n", out)
        self.assertIn("array     y of 2 elements, not kept: --output FILE writes it\n", out)
        for extra in (("--quiet",), ("--json",), ("--output", "y.h5")):
            self.assertNotIn("not kept", self.succeeds(*square, *extra).out)
        with h5py.File(self.path("y.h5")) as file:
            numpy.testing.assert_array_equal(file["y"][:], [1, numpy.nan])
        self.assertEqual(self.succeeds("run", "sum", "--input", "i.h5:/flags", "--quiet", ranks=2).out, "2\n")
        help_text = self.succeeds("run", "--help").out
        for word in ("_FillValue", "ddof=0", "--values LIST  "):
            self.assertIn(word, help_text)
        self.assertNotIn("\n\n\n", help_text + self.succeeds("peaks", "--help").out)

    def check_against_fractions(self, values, args):
        result = self.succeeds("run", "stats", *args, "--json", ranks=2).record()["result"]
        exact = [Fraction(value) for value in values]
        mean = sum(exact) / len(exact)
        variance = sum((value - mean) ** 2 for value in exact) / len(exact)
        self.assertEqual(result["count"], len(values))
        self.assertEqual((number(result["min"]), number(result["max"])), (min(values), max(values)))
        self.assertEqual(number(result["mean"]), nearest(mean))
        self.assertEqual(number(result["variance"]), nearest(variance))
        self.assertTrue(is_nearest_root(number(result["std"]), variance), (values, result["std"]))
        total = self.succeeds("run", "sum", *args, "--json").record()["result"]["sum"]
        self.assertEqual(number(total), nearest(sum(exact)))

    def test_statistics_of_hostile_values(self):
        hostile = ([5e-324], [1e16, 1.0, -1e16, 3.0], [1e308, 1e308, -1e308, 5e-324], [1e154, -1e154, 1.0],
                   [2.0**-1074, 2.0**-1073, -(2.0**-1070)], [1e-160, 3e-160, 2e-165],
                   [1e200, -1e200], [0.1, 0.2, 0.4], [3e-310, 1e-309])
        for values in hostile:
            self.check_against_fractions(values, ("--values", ",".join(map(repr, values))))

    def test_exam_marks(self):
        path = os.path.join(program.DATA, "exam_marks.h5")
        if not os.path.exists(path):
            self.skipTest("shared data are not beside the project")
        with h5py.File(path) as file:
            self.check_against_fractions([float(value) for value in file["mark"][:]], ("--input", path + ":/mark"))

    def test_reanalysis(self):
        path = os.path.join(program.DATA, "era_interim_uvz.nc")
        if not os.path.exists(path):
            self.skipTest("shared data are not beside the project")
        with h5py.File(path) as file:
            u = file["u"]
            values = u[:].astype("f8") * float(u.attrs["scale_factor"][0]) + float(u.attrs["add_offset"][0])
        result = self.succeeds("run", "stats", "--input", path + ":/u", "--json", ranks=3).record()["result"]
        self.assertEqual(number(result["mean"]), float(sum(map(Fraction, values.flat)) / values.size))
        self.assertAlmostEqual(number(result["variance"]), values.var(), places=9)

    def test_help_and_version_start_no_mpi(self):
        without_mpi = {"OMPI_MCA_btl": "none", "PMIX_MCA_gds": "none"}
        self.assertLessEqual(len(self.succeeds("--help", env=without_mpi).out.splitlines()), 30)
        self.assertEqual(len(self.succeeds("--version", env=without_mpi).out.splitlines()), 1)
        workloads = re.findall(r"^  ([a-z]+) +\S.*$", self.succeeds("run", "--help").out.split("\nWorkloads")[1], re.M)
        self.assertGreater(len(workloads), 9)
        for name in workloads:  # a screen each
            self.assertLess(len(self.succeeds("run", name, "--help", env=without_mpi).out.splitlines()), 50, name)

    def test_a_workload_has_options_of_its_own(self):
        heat = self.succeeds("run", "heat", "--help").out
        self.assertLess(heat.index("Options of heat:\n  --steps S"), heat.index("\nOptions:"))
        self.assertNotIn("--method", heat)  # heat has one
        for name in ("sum", ""):
            self.assertNotIn("--steps", self.succeeds("run", *filter(None, [name]), "--help").out)
        for ranks in (1, 3):
            self.fails(2, "run", "sum", "--steps", 3, ranks=ranks, says="sum takes no --steps; leave it out (heat takes it)")
            alone = program.run("run", cwd=self.folder, ranks=ranks)
            self.assertEqual((alone.code, alone.out), (2, self.succeeds("run", "--help").out))
            self.assertIn("Name a workload", alone.err)
        records = {name: self.succeeds("run", name, "--size", size, "--json").record()
                   for name, size in (("heat", "9x9"), ("sum", 9))}
        self.assertEqual([(records[name]["steps"], records[name]["alpha"]) for name in records], [(100, 0.2), (None, None)])
        self.assertEqual(self.succeeds("--version", ranks=3).out.count("concdemo"), 1)


if __name__ == "__main__":
    program.main()
