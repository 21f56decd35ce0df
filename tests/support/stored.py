"""Datasets whose storage is chosen down to the chunk, by h5py: layouts, filters in any order, chunks that went through
some of them, chunks that nobody wrote."""
import ctypes
import itertools
import pathlib
import zlib

import h5py
import numpy

FORMATS = {"old": "earliest", "v108": ("v108", "v108"), "new": "latest"}  # and with them the indices of chunks
MASKABLE = {"deflate", "shuffle", "fletcher32"}  # encoded() knows them


def add_filter(creation, name):
    """Filters are applied in the order in which they are added."""
    if name == "deflate":
        creation.set_deflate(4)
    elif name == "shuffle":
        creation.set_shuffle()
    elif name == "fletcher32":
        creation.set_fletcher32()
    elif name == "lzf":
        creation.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
    elif name == "szip":
        creation.set_szip(h5py.h5z.SZIP_NN_OPTION_MASK, 8)
    else:
        raise ValueError(name)


def checksum(data):
    """Fletcher's of 32 bits as HDF5 stores it: of big-endian words, an odd byte's low half zero, in little-endian order."""
    words = numpy.frombuffer(data + bytes(len(data) % 2), ">u2").astype(object)
    totals = (int(words.sum()), int((words * numpy.arange(words.size, 0, -1).astype(object)).sum()))
    low, high = (total % 65535 or (65535 if total else 0) for total in totals)
    return (high << 16 | low).to_bytes(4, "little")


def encoded(values, filters, mask):
    """A chunk as it is stored when the filters with a bit in `mask` are left out for it."""
    data = values.tobytes()
    for bit, name in enumerate(filters):
        if mask >> bit & 1:
            continue
        if name == "deflate":
            data = zlib.compress(data, 4)
        elif name == "fletcher32":
            data += checksum(data)
        else:
            size = values.itemsize
            whole = len(data) // size * size
            planes = numpy.frombuffer(data[:whole], "u1").reshape(-1, size).T
            data = planes.tobytes() + data[whole:]
    return data


def chunk_starts(shape, chunks):
    return itertools.product(*(range(0, n, c) for n, c in zip(shape, chunks)))


def leave_edges_unfiltered(creation):
    """H5Pset_chunk_opts, which h5py does not have, of the HDF5 that h5py uses. False where it is not to be found."""
    maps = pathlib.Path("/proc/self/maps").read_text().split()
    found = [word for word in maps if "libhdf5" in word and "_hl" not in word]
    if not found:
        return False
    return ctypes.CDLL(found[0]).H5Pset_chunk_opts(ctypes.c_int64(creation.id), ctypes.c_uint(2)) >= 0


def store(file, name, values, chunks=None, filters=(), growing=(), fill=None, is_written=None, mask_of=None,
          compact=False, early=False, never=False, edges=False):
    """Creates a dataset of `values`. `growing`: dimensions without a limit; is_written(start) and mask_of(start): of the
    chunk that begins there; `early`: storage is allocated at once; `never`: without fill values being written."""
    values = numpy.asarray(values)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if fill is not None:
        creation.set_fill_value(numpy.asarray(fill, values.dtype))
    if compact:
        creation.set_layout(h5py.h5d.COMPACT)
    if early:
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    if never:
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    if chunks:
        creation.set_chunk(chunks)
        for each in filters:
            add_filter(creation, each)
        if edges and not leave_edges_unfiltered(creation):
            raise RuntimeError("h5py's HDF5 is not to be found")
    extents = tuple(h5py.h5s.UNLIMITED if d in growing else n for d, n in enumerate(values.shape))
    space = h5py.h5s.create_simple(values.shape, extents) if values.shape else h5py.h5s.create(h5py.h5s.SCALAR)
    made = h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(values.dtype), space, creation)
    dataset = h5py.Dataset(made)
    if is_written is None and mask_of is None:
        if values.size:
            dataset[...] = values
        return dataset
    for start in chunk_starts(values.shape, chunks):
        if is_written is not None and not is_written(start):
            continue
        part = tuple(slice(s, s + c) for s, c in zip(start, chunks))
        mask = mask_of(start) if mask_of is not None else 0
        if mask == 0:
            dataset[part] = values[part]
            continue
        whole = numpy.zeros(chunks, values.dtype)
        whole[tuple(slice(0, n) for n in values[part].shape)] = values[part]
        made.write_direct_chunk(start, encoded(whole, filters, mask), mask)
    return dataset
