"""OUT.xmf beside OUT.h5: what it lists is in the file, committed, and nobody else's file is replaced."""
import os
import unittest
import xml.etree.ElementTree as xml

os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
import h5py  # noqa: E402  (reads the variable when it is loaded)
import numpy  # noqa: E402

import program  # noqa: E402

RUN = ("run", "heat", "--size", "61x83", "--steps", 45, "--snapshot-every", 10, "--quiet", "--output")
SNAPSHOTS = 6


class Xdmf(program.TestCase):
    def text(self, name="out.xmf"):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def listed(self, name="out.xmf"):
        """(time, file name, dataset, numpy's index) of each step, as a reader of XDMF takes them."""
        collection, = xml.fromstring(self.text(name)).findall("Domain/Grid")
        self.assertEqual((collection.get("GridType"), collection.get("CollectionType")), ("Collection", "Temporal"))
        steps = []
        for grid in collection.findall("Grid"):
            slab, = grid.findall("Attribute/DataItem")
            self.assertEqual(slab.get("ItemType"), "HyperSlab")
            self.assertEqual(slab.get("Dimensions"), grid.find("Topology").get("Dimensions"))
            selection, source = slab.findall("DataItem")
            start, stride, count = numpy.array(selection.text.split(), int).reshape(3, 3)
            self.assertEqual(slab.get("Dimensions").split(), [str(extent) for extent in count])
            self.assertEqual(selection.get("Dimensions"), "3 3")
            file, dataset = source.text.rsplit(":", 1)
            with h5py.File(self.path(file)) as h5:
                self.assertEqual(source.get("Dimensions").split(), [str(extent) for extent in h5[dataset].shape])
            index = tuple(slice(a, a + s * n, s) for a, s, n in zip(start, stride, count))
            steps.append((float(grid.find("Time").get("Value")), file, dataset, index))
        return steps

    def test_lists_every_snapshot(self):
        self.succeeds(*RUN, "out.h5")
        steps = self.listed()
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual([step[0] for step in steps], list(file["time"][:]))
            for i, (_, name, dataset, index) in enumerate(steps):
                self.assertEqual((name, dataset), ("out.h5", "/u"))
                self.assertEqual(file[dataset][index].tobytes(), file["u"][i].tobytes())
        first = self.text()
        self.succeeds(*RUN, "out.h5", "--force", ranks=3)
        self.assertEqual(self.text(), first)
        self.succeeds(*RUN, 'a&b<"1">.nc')
        self.assertEqual({step[1] for step in self.listed('a&b<"1">.xmf')}, {'a&b<"1">.nc'})
        self.succeeds(*RUN, "noon-12:00.h5")
        self.assertFalse(os.path.exists(self.path("noon-12:00.xmf")))  # XDMF cannot name such a file

    def test_lists_no_more_than_is_committed(self):
        self.succeeds(*RUN, "out.h5")
        whole = self.text()
        os.remove(self.path("out.h5"))
        killed = program.run(*RUN, "out.h5", cwd=self.folder, env={"CONCDEMO_FAULT": "commit:4:kill"})
        self.assertEqual(killed.code, -9)
        self.assertEqual([step[0] for step in self.listed()], [0])  # the others would have followed a second later
        self.succeeds("resume", "out.h5", "--quiet", ranks=2)
        self.assertEqual(self.text(), whole)
        killed = program.run(*RUN, "out.h5", "--force", cwd=self.folder, env={"CONCDEMO_FAULT": "commit:1:kill"})
        self.assertEqual(killed.code, -9)
        self.assertEqual(sorted(os.listdir(self.folder)), ["out.h5", "out.h5.lock"])

    def test_a_failed_writing_costs_nothing(self):
        self.succeeds(*RUN, "out.h5", env={"CONCDEMO_FAULT": "xdmf:1:enospc"})
        whole = self.text()
        self.assertEqual(len(self.listed()), SNAPSHOTS)
        failed = self.fails(3, *RUN, "out.h5", "--force", "--writer", "sync", env={"CONCDEMO_FAULT": "xdmf:2:enospc"},
                            says=["out.xmf", "No space left"])
        self.assertNotIn("Traceback", failed.err)
        self.assertEqual([step[0] for step in self.listed()], [0])
        self.assertIn("is whole", self.succeeds("resume", "out.h5").err)
        self.assertEqual(self.text(), whole)
        self.assertEqual(sorted(os.listdir(self.folder)), ["out.h5", "out.xmf"])

    def test_another_file_in_its_place(self):
        self.fails(2, *RUN, "out.xmf", says="name it out.h5", ranks=2)
        self.assertEqual(os.listdir(self.folder), [])
        self.put("out.xmf", "mine")
        for force in ((), ("--force",)):
            self.fails(2, *RUN, "out.h5", *force, says=["out.xmf", "not ours", "description of out.h5"], ranks=2)
        self.assertEqual(os.listdir(self.folder), ["out.xmf"])
        os.remove(self.path("out.xmf"))
        self.succeeds(*RUN, "out.h5")
        self.assertEqual(len(self.listed()), SNAPSHOTS)
        self.fails(2, *RUN, "out.nc", says=["out.xmf", "description of out.nc"])  # it is of out.h5
        os.remove(self.path("out.h5"))
        killed = program.run(*RUN, "out.h5", cwd=self.folder, env={"CONCDEMO_FAULT": "commit:3:kill"})
        self.assertEqual(killed.code, -9)  # but took the place of the one before
        self.put("out.xmf", "mine")
        with open(self.path("out.h5"), "rb") as file:
            before = file.read()
        self.fails(2, "resume", "out.h5", says=["out.xmf", "not ours"])
        self.assertEqual(self.text(), "mine")
        with open(self.path("out.h5"), "rb") as file:
            self.assertEqual(file.read(), before)
        os.remove(self.path("out.xmf"))
        os.mkdir(self.path("out.xmf"))
        self.fails(2, *RUN, "out.h5", "--force", says=["out.xmf", "regular file"])


if __name__ == "__main__":
    program.main()
