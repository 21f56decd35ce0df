"""Files of concdemo that say what cannot be, rightly sealed: each a field away from a sound one, or one that is sound in
itself and of which nothing is there."""
import copy
import json
import struct

import numpy

import read_format

NUMBERS = [0, -1, 1, 2**24, 2**31, 2**53, 2**63, 2**64 - 1, 1e308, 0.5]
OTHERS = ["", "12", "ffffffffffffffff", "x" * 300, "two\nlines", None, [], [[]], {}, True]


def sealed_copy(text, copy_bytes):
    text = text.ljust(copy_bytes - len(read_format.seal_of(b"")) - 1) + b"\n"
    return text + read_format.seal_of(text)


def with_header(contents, line, magic=read_format.PAGE.magic.encode()):
    """The file with another line of JSON in both copies of its header, rightly sealed."""
    if not isinstance(line, bytes):
        line = json.dumps(line, separators=(",", ":")).encode()
    _, copy_bytes = read_format.header_copies(contents)
    copy = sealed_copy(magic + line + b"\n", copy_bytes)
    if len(copy) != copy_bytes:
        raise ValueError(f"{len(line)} bytes of JSON do not fit into {copy_bytes}")
    return copy + copy + contents[2 * copy_bytes:]


def sealed_sector(words, place):
    """A commit entry of its first words, all but the seal, sealed for its place in the table."""
    text = numpy.array(words, dtype="<u8").tobytes()
    return text + struct.pack("<Q", read_format.checksum(text, place * read_format.PAGE.commit_bytes))


def sector_words(contents, offset):
    """The words of a commit entry, all but the seal."""
    return list(struct.unpack(f"<{read_format.WORDS.seal}Q", contents[offset:][:8 * read_format.WORDS.seal]))


def fields(value, path=()):
    """The paths to all values of a header, lists and objects too."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from fields(member, (*path, key))


def replaced(header, path, value):
    header = copy.deepcopy(header)
    at = header
    for key in path[:-1]:
        at = at[key]
    if value is fields:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return header


def lines_of(header):
    """(name, path, value, line of JSON): every field of the header with every strange value, missing, and there twice; and
    lines that are no header at all."""
    def line_of(changed):
        return json.dumps(changed, separators=(",", ":"))
    sound = line_of(header)
    for path in fields(header):
        name, key = ".".join(map(str, path)), path[-1]
        for value in [*NUMBERS, *OTHERS]:
            if line_of(replaced(header, path, value)) != sound:
                yield f"{name} = {value!r:.20}", path, value, line_of(replaced(header, path, value)).encode()
        yield f"{name} missing", path, None, line_of(replaced(header, path, fields)).encode()
        if isinstance(key, str):
            marked, value = line_of(replaced(header, path, "here")), line_of(header_at(header, path))
            for both in (f'"{key}":7,"{key}":{value}', f'"{key}":{value},"{key}":7'):
                yield f"{name} twice", path, None, marked.replace(f'"{key}":"here"', both).encode()
    for name, line in (("nothing", ""), ("a list", "[]"), ("a number", "1"), ("no JSON", sound[:-1]), ("more", sound + "1"),
                       ("depth", "[" * 1000), ("closed depth", "[" * 400 + "]" * 400),
                       ("a field more", sound[:-1] + ',"x":1}'), ("a blank", sound.replace(":", ": ", 1)),
                       ("a NaN", sound.replace('"steps":', '"steps":NaN,"s":'))):
        if line != sound:
            yield name, (), None, line.encode()


def header_at(header, path):
    for key in path:
        header = header[key]
    return header


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def sparse_series(path, contents, snapshots, rows, columns, entries=(), has_times=False, length=None, scalars=2):
    """Makes a file of snapshots of this size, sound in itself, of which little is there: its header (of `contents`), short
    axes, snapshot 0 if it is small, and the commit entries of these numbers (`snapshots`: the end's)."""
    header = copy.deepcopy(read_format.header_of(contents))
    datasets, series = header["datasets"], header["series"]
    del datasets[2 + scalars:4]
    series["snapshots"], series["scalars"], values = snapshots, scalars, 2 + scalars
    at = header["header_bytes"] + 4096
    gaps, pieces = [(header["header_bytes"], 4096)], []

    def place(target, offset_key, bytes_key, size):
        nonlocal at
        target[offset_key], target[bytes_key] = at, size
        gaps.append((at + size, -size % 4096))
        at += size + gaps[-1][1]

    def add_table(dataset, data, count):
        place(dataset, "table_offset", "table_bytes", 8 * count)
        sums = b"".join(struct.pack("<Q", read_format.checksum(data[i:i + (1 << 20)], 0, 1))
                        for i in range(0, len(data), 1 << 20))
        pieces.append((dataset["table_offset"], sums))
        return read_format.checksum(sums)

    for dataset, extent in zip(datasets[values:], (rows, columns)):
        data = struct.pack(f"<{extent}d", *range(extent)) if extent <= 2**16 else b""
        dataset["shape"] = [extent]
        place(dataset, "offset", "bytes", 8 * extent)
        pieces.append((dataset["offset"], data))
        dataset["table_checksum"] = f"{add_table(dataset, data, -(-extent // 131072)):016x}"
    for dataset in datasets[1:values]:
        dataset["shape"] = [snapshots]
        place(dataset, "offset", "bytes", 8 * snapshots)
        if has_times:
            values_there = [float("nan")] * snapshots
            for number in (number for number in entries if number < snapshots):
                values_there[number] = float(number) if dataset["name"] == "time" else 0.0
            pieces.append((dataset["offset"], struct.pack(f"<{snapshots}d", *values_there)))
    field = datasets[0]
    field["shape"] = [snapshots, rows, columns]
    place(field, "offset", "bytes", 8 * snapshots * rows * columns)
    start = bytes(8 * rows * columns) if rows * columns < 131072 else b""  # zeros, which no data need be there for
    row = add_table(field, start, snapshots * -(-rows * columns // 131072))
    pieces += [(field["table_offset"] + 8 * number, pieces[-1][1]) for number in entries if 0 < number < snapshots and start]
    place(series, "commits_offset", "commits_bytes", read_format.PAGE.commit_bytes * (snapshots + 1))
    for number in entries:
        words = sector(2, number, 0, []) if number == snapshots else sector(1, number, float(number), [0.0] * scalars, row)
        pieces.append((series["commits_offset"] + read_format.PAGE.commit_bytes * number, sealed_sector(words, number)))
    header["attributes"].update(steps=snapshots - 1, snapshot_every=1)
    header["file_bytes"] = at
    header["metadata_checksum"] = f"{sum(read_format.checksum(bytes(size), begin) for begin, size in gaps) % 2**64:016x}"
    whole = with_header(contents, header)[:header["header_bytes"]]
    with open(path, "wb") as file:
        file.truncate(at if length is None else length)
        for offset, piece in [(0, whole), *pieces]:
            if length is None or offset < length:
                file.seek(offset)
                file.write(piece)
    return header


def sector(kind, number, time, scalars, row_checksum=0):
    words = [0x74696D6D6F636463, kind, number, bits(time), row_checksum, 0, len(scalars), *map(bits, scalars)]
    return words + [0] * (63 - len(words))


def sectors(sound):
    """(name, words): a commit entry with each word strange."""
    strange = (0, 1, 2, 3, 48, 49, 2**31, 2**53, 2**63, 2**64 - 1, bits(float("nan")), bits(float("inf")), bits(-1e308))
    for i in range(9):
        for value in strange:
            if sound[i] != value:
                yield f"word {i} = {value:#x}", [*sound[:i], value, *sound[i + 1:]]
