"""heat --writer hdf5: the values of the usual writer, or a refusal where HDF5 is a serial build."""
import os
import unittest

import h5py
import xarray

import program

RUN = ("run", "heat", "--size", "61x83", "--steps", 45, "--snapshot-every", 10, "--quiet", "--output")


class ParallelHdf5(program.TestCase):
    def setUp(self):
        super().setUp()
        result = program.run(*RUN, "probe.h5", "--writer", "hdf5", cwd=self.folder)
        self.is_serial = "serial" in result.err
        if not self.is_serial:
            os.remove(self.path("probe.h5"))

    def test_same_values_on_any_layout(self):
        if self.is_serial:
            self.fails(2, *RUN, "x.h5", "--writer", "hdf5", ranks=2, says=["--writer hdf5", "serial", "async or sync"])
            self.assertEqual(os.listdir(self.folder), [])
            return
        self.succeeds(*RUN, "out.h5")
        bytes_of = set()
        for ranks in (1, 2, 3):
            self.succeeds(*RUN, "other.h5", "--writer", "hdf5", "--force", ranks=ranks)
            with h5py.File(self.path("out.h5")) as out, h5py.File(self.path("other.h5")) as other:
                self.assertEqual(set(out) - {"concdemo"}, set(other))
                for name in other:
                    self.assertEqual(other[name].shape, out[name].shape)
                    self.assertEqual(other[name][:].tobytes(), out[name][:].tobytes(), (ranks, name))
                self.assertEqual(dict(other.attrs), dict(out.attrs))
            with open(self.path("other.h5"), "rb") as file:
                bytes_of.add(file.read())
        self.assertEqual(len(bytes_of), 1)  # of any layout, at any time
        with xarray.open_dataset(self.path("other.h5"), engine="h5netcdf") as data:
            self.assertEqual(data.u.dims, ("time", "y", "x"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["other.h5", "out.h5", "out.xmf"])

    def test_refusals(self):
        self.fails(2, "run", "square", "--size", 9, "--output", "x.h5", "--writer", "hdf5", says="hdf5 is for heat")
        if not self.is_serial:
            self.fails(2, *RUN, "x.h5", "--writer", "hdf5", "--checkpoint-every", 5, says="--checkpoint-every")
            self.succeeds(*RUN, "x.h5", "--writer", "hdf5")
            self.fails(2, *RUN, "x.h5", "--writer", "hdf5", says=["x.h5 exists", "--force"], ranks=2)
            self.fails(2, "resume", "x.h5", says="cannot be resumed")
            self.fails(2, "verify", "x.h5", says="of --writer hdf5")


if __name__ == "__main__":
    program.main()
