"""Data larger than --buffers pass through a rank block by block: the same bits as in memory, bounded memory, any type."""
import hashlib
import os
import unittest

import h5py
import numpy

import program


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Stream(program.TestCase):
    def record(self, *args, **options):
        return self.succeeds("run", *args, "--json", **options).record()

    def write_inputs(self):
        """A name and a dataset of each kind: 400,000 elements in every type, order and storage that differs in the reading."""
        random = numpy.random.default_rng(5)
        values = random.standard_normal((400, 1000)) * 10.0 ** random.integers(-30, 30, (400, 1000))
        packed = random.integers(-30000, 30000, (400, 1000)).astype("i2")
        packed[random.random(packed.shape) < 0.05] = -32768
        with h5py.File(self.path("in.h5"), "w") as file:
            file["f64"] = values
            file["f32"] = values.astype("f4")
            file.create_dataset("big_endian", data=values, dtype=">f8", chunks=(7, 300), compression="gzip")
            file.create_dataset("packed", data=packed, chunks=(50, 1000), compression="gzip", shuffle=True)
            file["packed"].attrs.update(scale_factor=0.01, add_offset=273.15, _FillValue=numpy.int16(-32768))
            file["long"] = random.integers(-2**62, 2**62, 400_000)
        return "f64", "f32", "big_endian", "packed", "long"

    def test_reductions_keep_their_bits(self):
        for name in self.write_inputs():
            for workload in ("sum", "stats") if name != "f64" else ("sum", "sumsq", "stats"):
                source = ("run", workload, "--input", f"in.h5:/{name}", "--json")
                whole = self.succeeds(*source).record()
                self.assertIsNone(whole["pipeline"])
                for ranks, threads in ((1, 1), (2, 2), (3, 1)):
                    found = self.succeeds(*source, "--buffers", "700kB", ranks=ranks, threads=threads).record()
                    self.assertGreater(found["reading"]["bytes"], 200_000)
                    self.assertEqual(found["reading"]["chunks"], whole["reading"]["chunks"])  # each decoded once
                    for key in ("result", "missing", "inexact_inputs", "verified"):
                        self.assertEqual(found[key], whole[key], (name, workload, ranks, key))
                claimed = self.succeeds(*source, "--schedule", "dynamic", ranks=2, threads=2).record()
                for key in ("result", "missing", "inexact_inputs", "verified"):
                    self.assertEqual(claimed[key], whole[key], (name, workload, key))
                self.assertEqual(claimed["reading"]["chunks"], whole["reading"]["chunks"])
        two = ("dot", "--input", "in.h5:/f64", "--input", "in.h5:/packed")
        whole, found = self.record(*two), self.record(*two, "--buffers", "1MB", ranks=2)
        self.assertGreater(found["pipeline"]["blocks"], 1)
        self.assertEqual((found["result"], found["missing"]), (whole["result"], whole["missing"]))
        self.assertGreater(found["missing"], 10_000)

    def test_square_writes_the_same_file(self):
        for name in self.write_inputs():
            line = ("run", "square", "--input", f"in.h5:/{name}", "--output", "out.h5", "--force", "--json")
            whole = self.succeeds(*line).record()
            expected = sha256(self.path("out.h5"))
            for ranks, threads, writer in ((1, 2, "async"), (2, 1, "async"), (3, 2, "sync")):
                found = self.succeeds(*line, "--buffers", "700kB", "--writer", writer, ranks=ranks, threads=threads).record()
                self.assertGreater(found["pipeline"]["blocks"], 1)
                self.assertGreater(found["pipeline"]["write_s"], 0)
                self.assertEqual((sha256(self.path("out.h5")), found["result"]), (expected, whole["result"]), (name, ranks))
        self.succeeds("verify", "out.h5")

    def test_the_timeline_of_reading(self):
        """Each block is read, and waited for, before the last one is computed; the clock is that of the output."""
        self.succeeds("run", "fill", "--size", "400k", "--output", "in.h5")
        for args, ranks in ((("square",), 2), (("square", "--output", "out.h5", "--force"), 1),
                            (("square", "--output", "out.h5", "--force", "--repeat", 2), 2)):
            record = self.succeeds("run", *args, "--input", "in.h5", "--buffers", "700kB", "--json", ranks=ranks).record()
            pipeline = record["pipeline"]
            timeline = pipeline["timeline"]
            self.assertEqual(timeline["rank"], 0)
            self.assertEqual(timeline["begin_s"] > 0, "--output" in args, timeline)  # from when the file was made
            for kind in ("reads", "waits"):
                spans = timeline[kind]
                self.assertEqual(len(spans), pipeline["blocks"])
                for span, following in zip(spans, spans[1:] + [spans[-1]]):
                    self.assertLessEqual(timeline["begin_s"] - 1e-6, span["begin_s"])
                    self.assertLessEqual(span["begin_s"], following["begin_s"])
                    self.assertLessEqual(span["end_s"], timeline["begin_s"] + pipeline["wall_s"] + 2e-6)
                    self.assertAlmostEqual(span["busy_s"], span["end_s"] - span["begin_s"], delta=3e-6)
            for read, wait in zip(timeline["reads"], timeline["waits"]):
                self.assertLessEqual(read["end_s"], wait["end_s"] + 2e-6)
            if record["output"]:
                first = record["output"]["timeline"]["blocks"][0]
                self.assertLessEqual(timeline["reads"][0]["end_s"], first["submitted_s"] + 2e-6)

    def test_memory_is_bounded(self):
        self.succeeds("run", "fill", "--size", "30M", "--output", "big.h5")  # 240 MB
        line = ("run", "square", "--input", "big.h5", "--output", "out.h5", "--force", "--json", "--buffers", "16MiB")
        for ranks in (1, 2):
            found = self.succeeds(*line, ranks=ranks, threads=1).record()
            self.assertLess(found["peak_rss_bytes"], (16 + 100) << 20)
        os.remove(self.path("big.h5"))

    def test_buffers_that_are_too_small_are_refused(self):
        self.write_inputs()
        for name in ("f64", "packed"):
            self.fails(2, "run", "sum", "--input", f"in.h5:/{name}", "--buffers", "50kB", says=["--buffers", name], ranks=2)

    def test_a_damaged_chunk_ends_a_stream_on_all_ranks(self):
        self.write_inputs()
        with h5py.File(self.path("in.h5"), "r") as file:
            chunks = file["packed"].id
            place = chunks.get_chunk_info(chunks.get_num_chunks() - 2)
        with open(self.path("in.h5"), "r+b") as file:
            file.seek(place.byte_offset + place.size // 2)
            file.write(bytes(64))
        for ranks in (1, 3):
            for line in (("sum",), ("square", "--output", "out.h5")):
                self.fails(3, "run", *line, "--input", "in.h5:/packed", "--buffers", "700kB", "--quiet",
                           says=["packed", "chunk from index [300, 0]", "damaged"], ranks=ranks)
        self.assertEqual(os.listdir(self.folder), ["in.h5"])


if __name__ == "__main__":
    program.main()
