"""The launcher of the MPI that the program was built with ($CONCDEMO_MPIEXEC), and the processes that it started."""
import functools
import os
import pathlib
import subprocess

MPIEXEC = os.environ.get("CONCDEMO_MPIEXEC", "mpirun")


@functools.cache
def is_open_mpi():
    version = subprocess.run([MPIEXEC, "--version"], capture_output=True, text=True).stdout
    return "Open MPI" in version or "OpenRTE" in version


def cores():
    """How many cores this process may use, each counted once however many hyper-threads it has."""
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings"
    return len({pathlib.Path(topology.format(cpu)).read_text() for cpu in os.sched_getaffinity(0)})


def launch(ranks):
    """The words before the program's. Open MPI starts more ranks than there are cores only when it is told to."""
    permission = ["--oversubscribe"] if ranks > cores() and is_open_mpi() else []
    return [MPIEXEC, "-n", str(ranks), *permission]


def ranks_of(launcher, program):
    """The processes that run `program` below this one, in order of rank. MPICH's launcher has a process between."""
    try:
        children = pathlib.Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    found = []
    for child in map(int, children):
        try:
            is_rank = os.path.samefile(f"/proc/{child}/exe", program)
        except FileNotFoundError:
            continue
        found += [child] if is_rank else ranks_of(child, program)
    return found
