"""Data in several files: all ranks read the same ones, and what no source covers is said once."""
import os
import stat

import h5py
import numpy

import program


class Sources(program.TestCase):
    def make(self, folder, hole=0):
        """vds.h5:/x, of 8 elements and a hole, over s0.h5 and s1.h5."""
        os.makedirs(self.path(folder), exist_ok=True)
        for i in range(2):
            with h5py.File(self.path(f"{folder}/s{i}.h5"), "w") as file:
                file["data"] = numpy.arange(4.0) + 10 * i
        layout = h5py.VirtualLayout((8 + hole,), "f8")
        for i in range(2):
            layout[4 * i:4 * i + 4] = h5py.VirtualSource(f"s{i}.h5", "data", (4,))
        with h5py.File(self.path(f"{folder}/vds.h5"), "w", libver="latest") as file:
            file.create_virtual_dataset("x", layout, fillvalue=-1)
            file["away"] = h5py.ExternalLink("s0.h5", "/data")

    def refused_on_rank_1(self, lines, dataset, *says):
        """Of 3 ranks, one does what the first line says, the others what the second does, before the program starts."""
        script = self.path("by_rank")
        with open(script, "w") as file:
            file.write('#!/bin/sh\nif [ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then %s; else %s; fi\nexec "$@"\n' % lines)
        os.chmod(script, stat.S_IRWXU)
        self.fails(2, "run", "sum", "--input", dataset, prefix=[*program.launcher.launch(3), script],
                   says=["rank 1", *says])

    def test_every_rank_reads_the_files_that_rank_0_looked_at(self):
        self.make("a")
        self.make("b")
        self.succeeds("run", "sum", "--input", self.path("a/vds.h5:/x"), ranks=3)
        here = "/proc/self/cwd/vds.h5"  # a whole path, and yet each process's own
        apart = (f"cd {self.path('b')}", f"cd {self.path('a')}")
        self.refused_on_rank_1(apart, f"{here}:/x", "not the same on all ranks")
        self.refused_on_rank_1(apart, f"{here}:/away")
        os.remove(self.path("b/s1.h5"))
        self.refused_on_rank_1(apart, f"{here}:/x", "s1.h5 is missing")

    def test_elements_without_a_source_are_told_once(self):
        self.make(".", hole=3)
        for ranks in (1, 3):
            out = self.succeeds("run", "sum", "--input", "vds.h5:/x", ranks=ranks).out
            self.assertEqual(out.count("uncovered 3 elements of vds.h5:/x, which no source covers"), 1, out)
            self.assertTrue(out.startswith("sum = 49\n"), out)
        record = self.succeeds("run", "sum", "--input", "vds.h5:/x", "--json").record()
        self.assertEqual(record["input"][0]["uncovered"], 3)
        self.make(".")
        self.assertNotIn("uncovered", self.succeeds("run", "sum", "--input", "vds.h5:/x").out)


if __name__ == "__main__":
    program.main()
