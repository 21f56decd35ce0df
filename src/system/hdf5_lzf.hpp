#pragma once

namespace concdemo::hdf5 {

// Lets HDF5 read what h5py and AnnData compress by lzf, which HDF5 itself does not know. Nothing in a build without
// liblzf. Called once, under the Lock.
void register_lzf();

}  // namespace concdemo::hdf5
