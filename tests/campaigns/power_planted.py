"""Faults planted in what was recorded, as if the program had them: each of its syncs left out, and the operations
before and after it changed round. power_cut.py has to notice each."""
import os

from campaign import Lost

# Faults without a loss, listed as such with their reason.
TIMED = "ends the timed part of a run with its data on disk; its commit syncs them itself"
HARMLESS = {
    ("left out", "heat.h5 after data"): TIMED,
    ("changed round", "heat.h5 after data"): TIMED,
    ("changed round", "heat.h5.checkpoint after length"): "what follows makes the file as long, and is synced itself",
    ("changed round", "heat.xmf.partial after data"): "the whole text begins with the first lines that are written alone",
}


def marks_of(operations):
    return list(dict.fromkeys(operation.mark for operation in operations if operation.mark))


def left_out(operations, mark):
    return [operation for operation in operations if operation.mark != mark]


def changed_round(operations, mark):
    """None where no operation of that process stands on both sides."""
    planted, done = list(operations), False
    for begin, sync in enumerate(operations):
        if sync.mark != mark or sync.flag != "b":
            continue
        end = next((i for i in range(begin, len(operations)) if operations[i].mark == mark and operations[i].flag == "e"
                    and operations[i].process == sync.process), len(operations))  # or it was killed meanwhile

        def is_before(operation):
            name = operation.other or operation.path
            its = name == sync.path if sync.path != "." else (os.path.dirname(name) or ".") == sync.path
            return its and operation.kind in ("W" if sync.path != "." else "RU")

        mine = [i for i, operation in enumerate(operations)
                if (operation.process, operation.run) == (sync.process, sync.run)]
        before = next((i for i in reversed(mine) if i < begin and is_before(operations[i])), None)
        after = next((i for i in mine if i > end and operations[i].kind in "WRUC"), None)
        made = [(operation.inode, operation.path) for operation in operations[before:after] if operation.kind == "C"]
        if after is not None and (operations[after].kind == "C" or operations[after].inode in [inode for inode, _ in made]
                                  or operations[after].path in [path for _, path in made]):
            after = None  # what follows is done to a file that was not there before
        if before is not None and after is not None:
            planted[before], planted[after] = planted[after], planted[before]
            done = True
    return planted if done else None


FAULTS = {"left out": left_out, "changed round": changed_round}


def faults_of(recordings):
    """(how, mark) of all, with the recordings in which each can be planted."""
    found = {}
    for recording in recordings:
        for mark in marks_of(recording.operations):
            for how in FAULTS:
                found.setdefault((how, mark), []).append(recording)
    return found


def caught(recording, operations, choices, cuts):
    """What is noticed first, or None; only by looking at what is left. Cuts where the fault is, and anywhere."""
    changed = [i for i, operation in enumerate(operations) if operation is not recording.operations[i]] or [0]
    near = [min(len(operations), choices.choice([changed[0], choices.choice(changed)]) + choices.randint(0, 7))
            for _ in range(cuts // 2)]
    anywhere = [choices.randint(changed[0], len(operations)) for _ in range(cuts // 2)]
    for moment, left, promise in recording.cut(choices, operations, [*near, *anywhere, len(operations)]):
        try:
            recording.story.look(left, promise)
        except Lost as why:
            return f"{recording.story.name}, cut after operation {moment}: {why}"
    return None


def noticed(how, mark, recordings, choices, cuts, rounds):
    """By which case it was; an empty text where by none, None where it cannot be planted."""
    planted = [(recording, FAULTS[how](recording.operations, mark)) for recording in recordings]
    planted = [(recording, operations) for recording, operations in planted if operations is not None]
    for i in range(max(2 * len(planted), rounds) if planted else 0):  # each case at least twice
        if found := caught(*planted[i % len(planted)], choices, cuts):
            return found
    return "" if planted else None


def plant(recordings, more, choices, most=None, cuts=50):
    """Prints a line for each fault; how many were not noticed. `more()` makes the other recordings, one by one."""
    missed, faults = 0, faults_of(recordings)
    for recording in recordings:
        if why := caught(recording, recording.operations, choices, cuts):
            missed += 1
            print(f"without a fault: {why}", flush=True)
    for how, mark in sorted(faults) if most is None else choices.sample(sorted(faults), min(most, len(faults))):
        if reason := HARMLESS.get((how, mark)):
            print(f"{how}: {mark}: no loss: {reason}", flush=True)
            continue
        found = noticed(how, mark, faults[how, mark], choices, cuts, 8 if most else 24)
        if found is None:
            continue
        for recording in more() if not found else ():  # its promise may be another story's
            if mark in marks_of(recording.operations) and (found := noticed(how, mark, [recording], choices, cuts, 24)):
                break
        missed += not found
        print(f"{how}: {mark}: {found or 'NOT NOTICED'}", flush=True)
    return missed
