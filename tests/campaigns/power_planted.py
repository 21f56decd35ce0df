"""Faults planted in what was recorded, as if the program had them: each of its syncs left out, and the operations
before and after it changed round. power_cut.py has to notice each."""
import os

from campaign import Lost

# Syncs that are no part of a promise: they are left out without a loss, and listed as such.
TIMED_ONLY = {
    "heat.h5 after data": "ends the timed part of a run with its data on disk; its commit syncs them itself",
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
        end = next(i for i in range(begin, len(operations))
                   if operations[i].mark == mark and operations[i].flag == "e" and operations[i].process == sync.process)

        def is_before(operation):
            name = operation.other or operation.path
            its = name == sync.path if sync.path != "." else (os.path.dirname(name) or ".") == sync.path
            return its and operation.kind in ("W" if sync.path != "." else "RU")

        mine = [i for i, operation in enumerate(operations)
                if (operation.process, operation.run) == (sync.process, sync.run)]
        before = next((i for i in reversed(mine) if i < begin and is_before(operations[i])), None)
        after = next((i for i in mine if i > end and operations[i].kind in "WRUC"), None)
        if after is not None and operations[after].kind == "C":
            after = None  # what follows is a file that is not there before
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
    """What is noticed first, or None; only by looking at what is left."""
    moments = sorted(choices.randint(1, len(operations)) for _ in range(cuts))
    for moment, left, promise in recording.cut(choices, operations, [*moments, len(operations)]):
        try:
            recording.story.look(left, promise)
        except Lost as why:
            return f"{recording.story.name}, cut after operation {moment}: {why}"
    return None


def plant(recordings, choices, most=None, cuts=400):
    """Prints a line for each fault; how many were not noticed."""
    missed, faults = 0, faults_of(recordings)
    for recording in recordings:
        if why := caught(recording, recording.operations, choices, cuts // 4):
            raise Lost(f"without a fault: {why}")
    for how, mark in sorted(faults) if most is None else choices.sample(sorted(faults), min(most, len(faults))):
        found, possible = None, False
        for recording in faults[how, mark]:
            planted = FAULTS[how](recording.operations, mark)
            if planted is None:
                continue
            possible = True
            for _ in range(cuts // 50):
                found = found or caught(recording, planted, choices, 50)
            if found:
                break
        if not possible:
            continue
        excuse = TIMED_ONLY.get(mark)
        missed += not found and not excuse
        print(f"{how}: {mark}: {found or (f'no loss: {excuse}' if excuse else 'NOT NOTICED')}", flush=True)
    return missed
