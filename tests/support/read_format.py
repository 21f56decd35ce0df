"""Reads the files of concdemo by the page that specifies them, src/format/README.md: the constants are the page's own.

read_format.py FILE...: what is damaged in output files, a line each, in the words of `concdemo verify`.
"""
import ast
import json
import pathlib
import re
import sys
import types

import numpy

TEXT = (pathlib.Path(__file__).resolve().parents[2] / "src" / "format" / "README.md").read_text(encoding="utf-8")
CONSTANTS = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", TEXT, re.M)
PAGE = types.SimpleNamespace(**{name: ast.literal_eval(value) for name, value in CONSTANTS})
WORDS = types.SimpleNamespace(**{name: int(i) for i, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", TEXT, re.M)})


def checksum(contents, first=0, step=8):
    """Of bytes numbered from `first`, or with a step of 1 of float64 elements."""
    words = numpy.frombuffer(contents + bytes(-len(contents) % 8), "<u8")
    numbers = numpy.arange(len(words), dtype="u8") * numpy.uint64(step) + numpy.uint64((first + 1) % 2**64)
    mixed = words ^ numbers * numpy.uint64(PAGE.index_step)
    for factor, shift in ((PAGE.first_factor, PAGE.first_shift), (PAGE.second_factor, PAGE.second_shift)):
        mixed *= numpy.uint64(factor)
        mixed ^= mixed >> numpy.uint64(shift)
    return int(mixed.sum(dtype="u8"))


def seal_of(text):
    return b"%s%016x\n" % (PAGE.seal_word.encode(), checksum(text))


def header_copies(contents):
    """The JSON of each copy of the header, None where its seal is wrong; and the bytes of a copy."""
    magic, size, seal_bytes = PAGE.magic.encode(), PAGE.min_bytes, len(seal_of(b""))
    while size <= min(PAGE.max_bytes, len(contents) // 2):
        copies = contents[:size], contents[size:2 * size]
        sound = [copy.startswith(magic) and copy.endswith(seal_of(copy[:-seal_bytes])) for copy in copies]
        if any(sound):
            return [json.loads(copy[len(magic):-seal_bytes]) if ok else None for copy, ok in zip(copies, sound)], size
        size *= 2
    raise ValueError("no header of concdemo")


def header_of(contents):
    front, back = header_copies(contents)[0]
    return front or back


def entry_of(contents, table_offset, place):
    """The words of a commit entry; its kind is 0 where it is blank or its seal is wrong."""
    sector = contents[table_offset + place * PAGE.commit_bytes:][:PAGE.commit_bytes]
    words = numpy.frombuffer(sector, "<u8").tolist()
    seal = checksum(sector[:8 * WORDS.seal], place * PAGE.commit_bytes)
    if words[WORDS.magic] != PAGE.commit_magic or words[WORDS.seal] != seal:
        words[WORDS.kind] = 0
    return words


def says(entry, kind, number, scalars):
    return (entry[WORDS.kind], entry[WORDS.number], entry[WORDS.scalars]) == (kind, number, scalars)


def part_of(contents, owner, prefix="", part=0, parts=1):
    """Bytes at the place of data, a table or commit entries, or of one of its equal parts."""
    size = owner[prefix + "bytes"] // parts
    return contents[owner[prefix + "offset"] + part * size:][:size]


def damaged_blocks(name, data, table, table_checksum):
    if checksum(table) != table_checksum:
        return ["checksum table of " + name]
    blocks = [data[at:at + 8 * PAGE.block_elements] for at in range(0, len(data), 8 * PAGE.block_elements)]
    firsts = [number * PAGE.block_elements for number in range(len(blocks))]
    return [f"{name} block {number}, elements {first}..{first + len(block) // 8 - 1}"
            for number, (block, first, wanted) in enumerate(zip(blocks, firsts, numpy.frombuffer(table, "<u8").tolist()))
            if checksum(block, first, 1) != wanted]


def has_metadata(contents, header):
    """Whether all that is not header, data, tables or commit entries has its checksum."""
    owners = [(dataset, prefix) for dataset in header["datasets"] for prefix in ("", "table_")]
    owners += [(header["series"], "commits_")] if "series" in header else []
    places = [(owner[prefix + "offset"], owner[prefix + "bytes"]) for owner, prefix in owners]
    total = end = 0
    for offset, size in sorted([(0, header["header_bytes"]), (header["file_bytes"], 0), *places]):
        total += checksum(contents[end:offset], end)
        end = offset + size
    return total % 2**64 == int(header["metadata_checksum"], 16)


def read_series(contents, header):
    """How many snapshots are committed, whether the end is sealed, and what is damaged."""
    series, (field, *others) = header["series"], header["datasets"]
    count, scalars, damage = series["snapshots"], series["scalars"], []
    *entries, last = [entry_of(contents, series["commits_offset"], i) for i in range(count + 1)]
    sound = [says(entry, PAGE.snapshot_kind, i, scalars) for i, entry in enumerate(entries)]
    is_sealed, finished = any(last), says(last, PAGE.end_kind, count, 0)
    written = count if is_sealed else max((i + 1 for i in range(count) if any(entries[i])), default=0)
    damage += ["commit entry of the end"] if is_sealed and not finished else []
    damage += [f"commit entry {i}" for i in range(written) if not sound[i]]
    for i in (i for i in range(count) if sound[i]):
        damage += damaged_blocks(f"/{field['name']} snapshot {i}", part_of(contents, field, "", i, count),
                                 part_of(contents, field, "table_", i, count), entries[i][WORDS.checksum])
    for dataset, word in zip(others, (WORDS.time, *range(WORDS.values, WORDS.values + scalars))):
        for i, value in enumerate(numpy.frombuffer(part_of(contents, dataset), "<u8").tolist()):
            may_lack = i >= written or (i + 1 == written and not is_sealed)
            is_right = (value == PAGE.quiet_nan and may_lack) or (sound[i] and value == entries[i][word])
            if not is_right and (sound[i] or i >= written):
                damage.append(f"/{dataset['name']} of snapshot {i}")
    return [*sound, False].index(False), finished, damage


def read(contents):
    """(committed snapshots or None, finished, damage) of an output file."""
    copies, _ = header_copies(contents)
    header = copies[0] or copies[1]
    damage = [f"header copy {i + 1}" for i in (0, 1) if not copies[i]]
    if len(contents) != header["file_bytes"]:
        damage.append(f"length: {len(contents)} bytes instead of {header['file_bytes']}")
    damage += [] if has_metadata(contents, header) else ["metadata"]
    committed, finished, more = read_series(contents, header) if "series" in header else (None, True, [])
    for dataset in header["datasets"]:
        if int(dataset["table_checksum"], 16):
            damage += damaged_blocks("/" + dataset["name"], part_of(contents, dataset), part_of(contents, dataset, "table_"),
                                     int(dataset["table_checksum"], 16))
    return committed, finished, damage + more


def read_checkpoint(checkpoint, contents):
    """(step, field as bytes) of the newest in FILE.checkpoint that is whole and of FILE, whose contents these are."""
    slot, (_, copy_bytes) = len(checkpoint) // 2, header_copies(contents)
    _, rows, columns = header_of(contents)["datasets"][0]["shape"]
    fields = [checkpoint[i * slot + PAGE.page_bytes:][:8 * rows * columns] for i in (0, 1)]
    entries = [entry_of(checkpoint, i * (slot - PAGE.commit_bytes), i) for i in (0, 1)]
    binding = checksum(contents[:2 * copy_bytes])
    sound = [(entry[WORDS.number], field) for entry, field in zip(entries, fields) if entry[WORDS.binding] == binding and
             entry[WORDS.kind] == PAGE.checkpoint_kind and entry[WORDS.checksum] == checksum(field, 0, 1)]
    return max(sound, default=(None, b""))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for line in read(pathlib.Path(name).read_bytes())[2] or ["sound"]:
            print(f"{name}: {line}")
