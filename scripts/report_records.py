"""Lines of `--record` files as Records; lines that are none are named."""
import dataclasses
import json

from printable import printable


@dataclasses.dataclass
class Record:
    place: str  # file:line
    command: str  # run, sweep, compare or peaks
    workload: str
    size: list
    nodes: int
    ranks: int
    threads: int  # of a rank
    cores: int
    seconds: float  # median; of peaks: of the whole measurement
    verified: bool
    environment: dict
    data: dict  # the whole line

    @property
    def layout(self):
        return (self.nodes, self.ranks, self.threads)


MOST = 1e30  # of any number; what is more is damage


def number(value):
    """0, or a number from 1e-30 to 1e30; else ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (value == 0 or 1 / MOST <= value <= MOST):
        raise ValueError(f"{value!r} is no number from 0 to 1e30")
    return value


def whole(value, most=2**63):
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{value!r} is no whole number from 1 to {most}")
    return value


def count(value):
    return whole(value, 10**8)


def positive(value):
    if number(value) == 0:
        raise ValueError("a time of 0 s")
    return value


def flag(value):
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def text(value):
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def schema(value):
    if value != 1:
        raise ValueError(f"schema {value!r}; this program reads schema 1")
    return value


def label(value):
    if len(text(value)) > 100 or "$" in value or printable(value) != value:  # $: matplotlib would take it for a formula
        raise ValueError(f"{value!r} is no name")
    return value


# The members that the page uses, and what they must be.
ENVIRONMENT = {"time": text, "host": text, "cpu": label, "commit": text}
LAYOUT = {"nodes": count, "ranks": count, "threads": count, "simd": label}
PEAKS_RATE = {"name": label, "unit": label, "all": number}
COMPARE = {"kind": label, "way": label, "workers": count, "speed_up": number, "task_us": number}
RUN = {"method": label, "schedule": label, "flops": number, "traffic_bytes": number}
RATE = {"value": number, "unit": label}
PEAK = {"name": label, "value": number, "fraction": number}
OUTPUT = {"file": text, "bytes": number, "io_busy_s": number, "stall_s": number, "durable_s": number}
BLOCK = {"count": count, "submitted_s": number, "write_begin_s": number, "write_end_s": number, "write_s": number,
         "durable_s": number}
SPAN = {"begin_s": number, "end_s": number, "busy_s": number}
PIPELINE = {"read_s": number, "compute_s": number, "write_s": number, "wall_s": number}


def check(data, members):
    if not isinstance(data, dict):
        raise ValueError(f"{data!r} is no JSON object")
    for name, kind in members.items():
        kind(data[name])


def check_timeline(timeline, members, never_empty):
    whole(timeline["rank"] + 1)
    for name, kind in members.items():
        for entry in timeline[name]:
            check(entry, kind)
    for name in never_empty:
        if not timeline[name]:
            raise ValueError(f"a timeline without {name}")


def check_run(data):
    check(data, RUN)
    check(data["rate"], RATE)
    for name, members in (("peak", PEAK), ("output", OUTPUT), ("pipeline", PIPELINE)):
        if data.get(name):
            check(data[name], members)
    if data.get("output") and data["output"].get("timeline"):
        check_timeline(data["output"]["timeline"], {"blocks": BLOCK, "waits": SPAN, "syncs": SPAN}, ("blocks", "syncs"))
    if data.get("pipeline") and data["pipeline"].get("timeline"):
        number(data["pipeline"]["timeline"]["begin_s"])
        check_timeline(data["pipeline"]["timeline"], {"reads": SPAN, "waits": SPAN}, ())
    if data["steps"] is not None:
        whole(data["steps"])
    for operand in data["input"]:
        check(operand, {"kind": label})


def record_of(data, place):
    """A Record; KeyError, TypeError or ValueError when the line is not what concdemo writes."""
    check(data, {"schema": schema})
    environment = data["environment"]
    check(environment, ENVIRONMENT)
    for members in (environment["versions"], environment["omp"]):
        check(members, {name: text for name in members})
    if data.get("command") == "peaks":
        for rate in data["rates"]:
            check(rate, PEAKS_RATE)
        for node in data["nodes"]:
            check(node, {"host": text})
        ranks, threads = count(data["ranks"]), count(data["threads"])
        return Record(place, "peaks", "peaks", [], max(1, len(data["nodes"])), ranks, threads, ranks * threads,
                      number(data["seconds"]), True, environment, data)
    workload, layout, sweep = label(data["workload"]), data["layout"], data.get("sweep")
    check(layout, LAYOUT)
    if sweep:
        check(sweep, {"cores": count, "weak": flag})
    command = "compare" if workload == "compare" else "sweep" if sweep else "run"
    if command == "compare":
        check(data, COMPARE)
    else:
        check_run(data)
    cores = sweep["cores"] if sweep else layout["ranks"] * layout["threads"]
    size = [whole(extent) for extent in data["size"]]
    if not size:
        raise ValueError("no size in it")
    return Record(place, command, workload, size, layout["nodes"], layout["ranks"], layout["threads"], cores,
                  positive(data["seconds"]["median"]), flag(data["verified"]), environment, data)


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def read(path):
    """(records, damaged) of a file: damaged lines as "file:line: why". OSError when it cannot be read."""
    records, damaged = [], []
    with open(path, "rb") as file:
        for count, line in enumerate(file, 1):
            if not line.strip():
                continue
            place = f"{path}:{count}"
            try:
                data = json.loads(line.decode("utf-8"), parse_constant=no_constant)
                records.append(record_of(data, place))
            except KeyError as error:
                damaged.append(f"{place}: no {error.args[0]!r} in it")
            except json.JSONDecodeError as error:  # whose text "Invalid control character at" goes on with the place
                damaged.append(f"{place}: not JSON at column {error.colno}: {error.msg.removesuffix(' at')}")
            except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
                damaged.append(f"{place}: {str(error)[:200]}")
    return records, damaged
