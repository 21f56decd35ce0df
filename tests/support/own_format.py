"""The files that concdemo writes, as another program would make them: headers, commit entries and their seals."""
import json

import numpy

MAGIC = b"concdemo file 1\n"
SEAL_BYTES = len("checksum ") + 16 + 1
SECTOR = 512
STEP, FIRST, SECOND = (numpy.uint64(word) for word in (0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53))


def mixed_sum(contents, first, step):
    words = numpy.frombuffer(contents + bytes(-len(contents) % 8), dtype="<u8")
    keys = (numpy.arange(len(words), dtype="u8") * numpy.uint64(step) + numpy.uint64((first + 1) % 2**64)) * STEP
    mixed = (words ^ keys) * FIRST
    mixed ^= mixed >> numpy.uint64(32)
    mixed *= SECOND
    mixed ^= mixed >> numpy.uint64(29)
    return int(mixed.sum(dtype="u8"))


def checksum(contents, offset=0):
    """Of bytes at an offset of the file: sum over words of 8, padded with zeros, each mixed with its place."""
    return mixed_sum(contents, offset, 8)


def checksum_of_values(contents, first=0):
    """Of float64 values, from element `first` of their dataset."""
    return mixed_sum(contents, first, 1)


def copy_bytes_of(contents):
    size = 2048
    while contents[size:size + len(MAGIC)] != MAGIC:
        size *= 2
    return size


def header_of(contents):
    return json.loads(contents[len(MAGIC):copy_bytes_of(contents) - SEAL_BYTES])


def sealed_copy(line, copy_bytes, magic=MAGIC):
    text = (magic + line).ljust(copy_bytes - SEAL_BYTES - 1) + b"\n"
    return text + b"checksum %016x\n" % checksum(text)


def with_header(contents, line, magic=MAGIC):
    """The file with another line of JSON in both copies of its header, rightly sealed."""
    if not isinstance(line, bytes):
        line = json.dumps(line, separators=(",", ":")).encode()
    copy_bytes = copy_bytes_of(contents)
    copy = sealed_copy(line + b"\n", copy_bytes, magic)
    if len(copy) != copy_bytes:
        raise ValueError(f"{len(line)} bytes of JSON do not fit into {copy_bytes}")
    return copy + copy + contents[2 * copy_bytes:]


def sealed_sector(words, place):
    """A commit entry of its 63 first words, sealed for its place in the table."""
    text = numpy.array(words, dtype="<u8").tobytes()
    return text + numpy.array([checksum(text, place * SECTOR)], dtype="<u8").tobytes()
