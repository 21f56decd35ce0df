"""Damaged chunks: one message that names file, dataset and chunk, exit code 3 on any layout, in little memory."""
import math
import os
import random
import resource
import struct
import sys
import zlib

import h5py
import numpy

import program

sys.path.append(os.path.join(program.SOURCE, "tests", "support"))
import stored  # noqa: E402

VALUES = numpy.random.default_rng(4).standard_normal((40, 50))
CHUNKS = (10, 25)  # 4 x 2 of them
LAYOUTS = ((1, 1), (1, 2), (3, 1))
MOST_MEMORY = 300 << 20  # of any process
SUM = struct.pack(">d", math.fsum(VALUES.reshape(-1).tolist())).hex()


class ChunkDamage(program.TestCase):
    def make(self, filters, name="in.h5", damage=lambda dataset: None):
        with h5py.File(self.path(name), "w") as file:
            damage(stored.store(file, "x", VALUES, chunks=CHUNKS, filters=filters).id)
        with h5py.File(self.path(name)) as file:
            return [file["x"].id.get_chunk_info(i) for i in range(file["x"].id.get_num_chunks())]

    def change(self, offset, contents):
        with open(self.path("in.h5"), "r+b") as file:
            file.seek(offset)
            file.write(contents)

    seen = []  # tests that saw every layout

    def refused(self, chunk="10, 25", workload="sum"):
        """On every layout the first time in a test, then on one."""
        which = f"its chunk from index [{chunk}] on" if chunk else "what is stored of it"
        layouts = LAYOUTS if self.id() not in self.seen else [LAYOUTS[len(self.seen) % 2]]
        self.seen.append(self.id())
        for ranks, threads in layouts:
            self.fails(3, "run", workload, "--input", "in.h5:/x", ranks=ranks, threads=threads,
                       says=["in.h5:/x", which, "the file is damaged: copy it again"])
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        self.assertLess(most, MOST_MEMORY)

    def written_as(self, filters, *streams):
        """The last chunks hold these instead; the first of them is to be named."""
        starts = [(10, 25), (20, 0), (20, 25), (30, 0), (30, 25)][:len(streams)]
        self.make(filters, damage=lambda dataset: [dataset.write_direct_chunk(start, stream)
                                                   for start, stream in zip(starts, streams)])

    def test_what_does_not_inflate(self):
        for filters in (("deflate",), ("shuffle", "deflate"), ("deflate", "fletcher32")):
            chunk = self.make(filters)[3]
            self.assertEqual(chunk.chunk_offset, (10, 25))
            self.change(chunk.byte_offset + chunk.size // 2, bytes(64))
            self.refused(workload="stats")
        sound = zlib.compress(VALUES[:10, :25].tobytes())
        for stream in (b"\0" * 100, sound[:-1], sound[:50], b"x", sound[:-4] + b"\0\0\0\0"):
            self.written_as(("deflate",), stream)
            self.refused()

    def test_a_wrong_checksum(self):
        for filters in (("fletcher32",), ("fletcher32", "deflate"), ("shuffle", "fletcher32")):
            if filters[-1] == "fletcher32":
                chunk = self.make(filters)[3]
                self.change(chunk.byte_offset + 777, b"\xff\xff")
            else:
                data = stored.encoded(VALUES[10:20, 25:], ("fletcher32",), 0)
                self.written_as(filters, zlib.compress(data[:-1] + bytes([data[-1] ^ 1])))
            self.refused()

    def test_wrong_sizes(self):
        whole = VALUES[:10, :25].tobytes()
        for data in (b"", whole[:-1], whole[:-8], whole + b"x", whole * 2):
            for filters in (("deflate",), ("shuffle", "deflate")):
                self.written_as(filters, zlib.compress(data))
                self.refused()

    def test_bombs(self):
        """Far more than the chunk; stored in less than it and in more than it could take."""
        for size in (1 << 20, 400 << 20):
            self.written_as(("deflate",), zlib.compress(bytes(size), 9))
            self.refused()

    def test_all_chunks_give_one_message(self):
        self.make(("deflate",), damage=lambda dataset: [dataset.write_direct_chunk(start, b"nonsense")
                                                        for start in stored.chunk_starts(VALUES.shape, CHUNKS)])
        self.refused(chunk="0, 0")

    def test_addresses_outside_of_the_file(self):
        for filters in ((), ("deflate",)):
            for address in (1 << 20, 1 << 62):
                with self.subTest(filters=filters, address=address):
                    chunk = self.make(filters)[3]
                    contents = self.read("in.h5")
                    entry = struct.pack("<Q", chunk.byte_offset)
                    self.assertEqual(contents.count(entry), 1)
                    self.change(contents.index(entry), struct.pack("<Q", address))
                    self.refused()

    def cut_off(self, end):
        """With a superblock that says so, else HDF5 refuses the file."""
        os.truncate(self.path("in.h5"), end)
        contents = self.read("in.h5")
        self.assertEqual(contents[8], 0)  # version of the superblock
        self.change(40, struct.pack("<Q", end))

    def test_what_is_cut_off_by_the_end_of_the_file(self):
        for filters in ((), ("fletcher32",)):
            with self.subTest(filters=filters):
                chunk = max(self.make(filters), key=lambda each: each.byte_offset)
                self.assertGreaterEqual(chunk.byte_offset + chunk.size, os.path.getsize(self.path("in.h5")))
                self.cut_off(chunk.byte_offset + 100)
                self.refused(chunk=", ".join(map(str, chunk.chunk_offset)))
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = VALUES
            address = file["x"].id.get_offset()
        self.assertEqual(os.path.getsize(self.path("in.h5")), address + VALUES.nbytes)
        self.cut_off(address + 10000)
        self.refused(chunk=None)

    def test_a_type_that_is_none_is_refused_before_any_read(self):
        for kind, sound in (("<f8", bytes.fromhex("11203f0008000000")), ("<f4", bytes.fromhex("11201f0004000000")),
                            (">f8", bytes.fromhex("11213f0008000000"))):
            for how in ({}, {"chunks": CHUNKS}, {"chunks": CHUNKS, "filters": ("deflate",)}):
                for size in (255, 1, 3, 0):
                    with h5py.File(self.path("in.h5"), "w") as file:
                        stored.store(file, "x", VALUES.astype(kind), **how)
                    contents = self.read("in.h5")
                    self.assertEqual(contents.count(sound), 1)
                    self.change(contents.index(sound) + 4, bytes([size]))
                    self.fails(2, "run", "sum", "--input", "in.h5:/x", threads=1, says="in.h5")
                self.fails(2, "run", "sum", "--input", "in.h5:/x", ranks=3, threads=1, says="in.h5")

    def test_random_flips(self):
        """No signal, no hang, no other exit code; where checksums cover every chunk, no wrong result."""
        kinds = {"plain": (), "deflate": ("deflate",), "shuffle": ("shuffle", "deflate"), "fletcher32": ("fletcher32",),
                 "all": ("shuffle", "deflate", "fletcher32")}
        wholes = {}
        for kind, filters in kinds.items():
            chunks = self.make(filters)
            wholes[kind] = self.read("in.h5"), [(each.byte_offset, each.size) for each in chunks]
        codes = {0: 0, 2: 0, 3: 0}
        for index in range(3000 if os.environ.get("CONCDEMO_FULL") == "1" else 60):
            choices = random.Random(f"flips/{index}")
            kind = choices.choice(list(kinds))
            contents, chunks = wholes[kind]
            contents, is_data = bytearray(contents), choices.random() < 0.75
            for _ in range(choices.choice([1, 1, 1, 2, 8])):
                begin, size = choices.choice(chunks) if is_data else (0, len(contents))
                contents[begin + choices.randrange(size)] ^= 1 << choices.randrange(8)
            self.put("in.h5", contents)
            workload, threads = choices.choice(["sum", "stats"]), choices.choice([1, 2])
            result = program.run("run", workload, "--input", "in.h5:/x", "--json", threads=threads, cwd=self.folder,
                                 ranks=3 if choices.random() < 0.05 else 1)
            text = f"flips/{index} of {kind}: exit {result.code}: {result.err}{result.out}"
            self.assertIn(result.code, (0, 2, 3, 4), text)
            if result.code != 0:
                self.assertEqual(len(result.messages()), 1, text)
            codes[result.code] = codes.get(result.code, 0) + 1
            if result.code == 0 and is_data and "fletcher32" in (kind, *kinds[kind]) and workload == "sum":
                self.assertEqual(result.record()["result"]["sum"]["bits"], SUM, text)
        self.assertGreater(min(codes[0], codes[3]), 0)  # both were played
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10, MOST_MEMORY)


if __name__ == "__main__":
    program.main()
