"""The stories that power_cut.py plays."""
import contextlib
import functools
import hashlib
import http.server
import threading

from power_stories import Heat, Records, Step, Whole

# 9 snapshots, of which each of three ranks writes whole pages past the page cache.
GRID = ["--size", "200x160", "--steps", "200", "--snapshot-every", "25", "--quiet", "--output", "heat.h5"]
HEAT = ["run", "heat", *GRID, "--checkpoint-every", "10"]
OLD_HEAT = ["run", "heat", *GRID, "--seed", "2"]
LONG_HEAT = ["run", "heat", "--size", "200x160", "--steps", "40000", "--snapshot-every", "5000", "--quiet", "--output",
             "heat.h5", "--checkpoint-every", "100"]
RESUME = ["resume", "heat.h5", "--quiet"]
BUFFERED, DSYNC, NODES = {"CONCDEMO_BUFFERED": "1"}, {"CONCDEMO_NFS": "1"}, {"JOURNAL_NODES": "2"}
ARRAYS = {"square": ["--size", "100k"], "fill": ["--size", "90k"], "matmul": ["--size", "130x120x110"],
          "transpose": ["--size", "220x170"], "matvec": ["--size", "9kx30"],
          "square in blocks": ["--size", "300k", "--buffers", "1MiB"]}
KILLS = ["table:4:kill", "table_sync:4:kill", "commit:4:kill", "commit_sync:4:kill", "scalar:7:kill", "time:4:kill",
         "checkpoint_commit:2:kill", "checkpoint_sync:2:kill", "time_sync:1:kill", "end_sync:1:kill"]


class Lab:
    """Makes what stories begin with and end in. `run(arguments, fault)` gives the files of a run of its own."""

    def __init__(self, run):
        self.run = functools.cache(run)

    def whole(self, arguments):
        return self.run(tuple(arguments))[arguments[arguments.index("--output") + 1]]


def heat(name, *steps, before=None, run=HEAT, **more):
    return lambda lab: Heat(name, before(lab) if before else {}, list(steps), lab.whole(run), run, **more)


def killed(fault, ranks, env):
    """A run that is killed, and resumed: the page cache outlives it, not the power."""
    return heat(f"kill at {fault.rsplit(':', 1)[0]}, then resume on {ranks}", Step(HEAT, ranks, env, fault, ends_with=(-9, 137)),
                Step(RESUME, ranks, env))


def older(lab):
    """A finished file of another seed, and the checkpoint of an unfinished run of this one's parameters."""
    files = {**lab.run(tuple(OLD_HEAT))}
    files["heat.h5.checkpoint"] = lab.run(tuple(HEAT), "commit:6:kill")["heat.h5.checkpoint"]
    return files


def damaged(lab):
    """Killed late, without a checkpoint, with all 6 snapshots in its .xmf, and a bit of snapshot 3 has flipped."""
    files = {**lab.run(tuple(HEAT), "commit:7:kill")}
    files.pop("heat.h5.checkpoint", None)
    files.pop("heat.h5.lock", None)
    place = Heat("", {}, [], lab.whole(HEAT), HEAT).parts.data[3]
    contents = bytearray(files["heat.h5"])
    contents[place.start + 1000] ^= 4
    opening = b'<Grid Name="u" GridType="Uniform">'
    start, *grids = lab.run(tuple(HEAT))["heat.xmf"].split(opening)
    end = grids[-1][grids[-1].index(b"</Grid>\n") + 8:]
    return {**files, "heat.h5": bytes(contents), "heat.xmf": opening.join([start, *grids[:6]]) + end}


def arrays(name, ranks, env, is_older):
    arguments = ["run", name.split()[0], *ARRAYS[name], "--quiet", "--output", "y.h5"]
    where = f"{ranks} ranks{' of 2 nodes' if env is NODES else ''}{', --force' if is_older else ''}"

    def make(lab):
        before = {"y.h5": lab.whole(["run", "square", "--size", "70k", "--output", "y.h5"])} if is_older else {}
        return Whole(f"{name} on {where}", before, [Step([*arguments, "--force"], ranks, env)],
                     {"y.h5": lab.whole(arguments)}, [*arguments, "--force"])
    return make


def records(is_older, ranks):
    arguments = ["run", "sum", "--size", "10k", "--quiet", "--record", Records.FILE]
    return lambda lab: Records(f"{'more' if is_older else 'new'} records on {ranks}",
                               dict(lab.run(tuple(arguments))) if is_older else {}, [Step(arguments, ranks)] * 3)


class Server:
    """Three files over HTTP on this machine, while the campaign lasts."""
    FILES = {"a.bin": bytes(range(256)) * 300, "b.bin": b"b" * 5000, "c.bin": bytes(range(100))}

    def __init__(self):
        files = self.FILES

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = files[self.path[1:]]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def urls(self):
        return [f"http://127.0.0.1:{self.server.server_port}/{name}" for name in self.FILES]


server = functools.cache(Server)


def fetched(ranks, way, is_older, into="new/folder"):
    def make(lab):
        before = {f"{into}/a.bin": b"older"} if is_older else {}
        arguments = ["fetch", *server().urls(), "--quiet", "--into", into, "--with", way, "--force"]
        return Whole(f"fetch by {way} on {ranks}{', --force' if is_older else ''}", before, [Step(arguments, ranks)],
                     {f"{into}/{name}": body for name, body in Server.FILES.items()}, arguments)
    return make


def fetched_before(lab):
    """Killed when it had renamed the file; the next run finds it there."""
    body = Server.FILES["a.bin"]
    arguments = ["fetch", server().urls()[0], "--quiet", "--into", ".", "--sha256", hashlib.sha256(body).hexdigest()]
    return Whole("fetch of what a killed one left", {},
                 [Step(arguments, env={"JOURNAL_KILL": "R"}, ends_with=(-9,)), Step(arguments)], {"a.bin": body}, arguments)


MAKERS = [
    heat("heat on 1", Step(HEAT, 1)),
    heat("heat on 3", Step(HEAT, 3)),
    heat("heat on 3, buffered", Step(HEAT, 3, BUFFERED)),
    heat("heat on 3, O_DSYNC", Step(HEAT, 3, DSYNC)),
    heat("heat on 3 of 2 nodes", Step(HEAT, 3, NODES)),
    heat("heat on 4", Step(HEAT, 4)),
    heat("heat on 1 by a waiting writer", Step([*HEAT, "--writer", "sync"], 1)),
    heat("heat --force over an older file", Step([*HEAT, "--force"], 1), before=older),
    heat("heat --force over an older file, on 3", Step(["run", "heat", *GRID, "--force"], 3, BUFFERED), before=older),
    heat("heat stopped by USR1", Step(LONG_HEAT, 1, stopped=True, ends_with=(75,)), run=LONG_HEAT),
    heat("heat on 3 stopped by USR1, then resumed", Step(LONG_HEAT, 3, BUFFERED, stopped=True, ends_with=(75,)),
         Step(RESUME, 1), run=LONG_HEAT),
    heat("resume where a bit flipped", Step(RESUME, 1), before=damaged, damaged=3),
    heat("resume where a bit flipped, on 3", Step(RESUME, 3), before=damaged, damaged=3),
    *(killed(fault, 3 if i % 4 == 3 else 1, BUFFERED if i % 2 else {}) for i, fault in enumerate(KILLS)),
    *(arrays(name, ranks, env, is_older) for name, ranks, env, is_older in (
        ("square", 1, {}, False), ("square", 3, NODES, True), ("square in blocks", 3, BUFFERED, False),
        ("fill", 1, BUFFERED, True), ("matmul", 3, {}, False), ("matmul", 1, {}, True), ("transpose", 3, {}, True),
        ("matvec", 1, {}, False))),
    records(False, 1), records(True, 3),
    fetched_before, fetched(1, "event-loop", False), fetched(1, "threads", True), fetched(3, "event-loop", True),
]
