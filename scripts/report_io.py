"""Input and output behind the computation: when it happened, or what it took in all."""
import matplotlib.lines
import matplotlib.patches

from report_svg import INK, SERIES, Absent, Picture, inline, layout_text, new_figure, size_text, time_text

TITLE = "Input and output behind the computation"
COLORS = {"compute": SERIES[0], "stall": SERIES[4], "write": SERIES[1], "read": SERIES[2], "sync": SERIES[3]}
MOST = 4  # runs in lanes
LANES = {"reading": ("read",), "computing": ("compute", "stall"), "writing": ("write",), "syncing": ("sync",)}


def reading_of(record):
    return (record.data.get("pipeline") or {}).get("timeline")


def writing_of(record):
    return (record.data.get("output") or {}).get("timeline")


def shares(spans, edges):
    """Of each interval between two edges, the part that was busy; no edge is within a span."""
    def share(at, till):
        return sum(busy / (end - begin) for begin, end, busy in spans if begin <= at < till <= end)

    return [min(1.0, share(at, till)) for at, till in zip(edges, edges[1:])]


def spans_of(record):
    """{what: [(begin, end, busy)]}, begin and end of all, in s from when the file was made, or else the stream began;
    compute is where the main thread waits for nobody. "for reader" and "for writer" are the parts of stall."""
    reading, writing = reading_of(record), writing_of(record)

    def triples(timeline, name):
        return [(span["begin_s"], span["end_s"], span["busy_s"]) for span in timeline[name]] if timeline else []

    blocks = writing["blocks"] if writing else []
    spans = {"read": triples(reading, "reads"), "for reader": triples(reading, "waits"),
             "for writer": triples(writing, "waits"), "sync": triples(writing, "syncs"),
             "write": [(b["write_begin_s"], b["write_end_s"], b["write_s"]) for b in blocks]}
    last = max([end for each in spans.values() for _, end, _ in each], default=0.0)
    if reading:
        first = reading["begin_s"]
        last = max(last, first + record.data["pipeline"]["wall_s"])
    else:
        first = min([blocks[0]["submitted_s"], *(begin for begin, _, _ in spans["for writer"])])
        first = max(0.0, first - 0.1 * (last - first))  # what came before, reading or generating, is not told
    waits = spans["for reader"] + spans["for writer"]
    edges = sorted({first, last, *(at for begin, end, _ in waits for at in (begin, end) if first < at < last)})
    intervals = [(at, till, share) for at, till, share in zip(edges, edges[1:], shares(waits, edges))]
    spans["stall"] = [(at, till, share * (till - at)) for at, till, share in intervals if share > 0]
    spans["compute"] = [(at, till, (1 - share) * (till - at)) for at, till, share in intervals if share < 1]
    return spans, first, last


def lanes_of(spans):
    return [lane for lane, kinds in LANES.items() if any(spans[what] for what in kinds)]


def draw_lanes(axis, record, spans, first, last):
    """Bars as high as the part of their time that was busy."""
    lanes = lanes_of(spans)
    for y, lane in enumerate(reversed(lanes)):
        for what in LANES[lane]:
            for begin, end, busy in spans[what]:
                if end > begin:
                    height = 0.8 * min(1.0, busy / (end - begin))
                    bottom = y + 0.4 - height if what == "stall" else y - 0.4  # of one lane: together they fill it
                    axis.bar(begin, height, end - begin, bottom, align="edge", color=COLORS[what], linewidth=0)
    if writing_of(record):
        durable = [b["durable_s"] for b in writing_of(record)["blocks"]]
        axis.plot(durable, [-0.6] * len(durable), "^", color=INK, ms=5, ls="", clip_on=False)
    axis.set(yticks=range(len(lanes)), ylim=(-0.8, len(lanes) - 0.4), xlim=(first, last))
    axis.set_yticklabels(reversed(lanes), color=INK)
    axis.tick_params(axis="y", length=0)
    axis.grid(False, axis="y")


def told(record, spans, first, last):
    def total(what):
        return time_text(sum(busy for _, _, busy in spans[what]))

    def plural(count):
        return f"{count} block{'s' * (count > 1)}"

    reading, writing = reading_of(record), writing_of(record)
    rank = (writing or reading)["rank"]
    words = [f"{record.workload} {size_text(record.size)}, {layout_text(*record.layout)}, rank {rank}: "
             f"from {time_text(first)} to {time_text(last)}, computing {total('compute')}, stalled {total('stall')}"
             + (f", {total('for reader')} of it for the reader" if reading else "")]
    if reading:
        words.append(f"{plural(record.data['pipeline']['blocks'])} read in {total('read')}")
    if writing:
        blocks = writing["blocks"]
        latest = max(block["durable_s"] - block["submitted_s"] for block in blocks)
        words.append(f"{plural(sum(block['count'] for block in blocks))} handed over from "
                     f"{time_text(blocks[0]['submitted_s'])} on, written from {time_text(blocks[0]['write_begin_s'])} to "
                     f"{time_text(blocks[-1]['write_end_s'])} in {total('write')}, synced in {total('sync')}; "
                     f"the first durable at {time_text(blocks[0]['durable_s'])}, at most {time_text(latest)} after it "
                     "was handed over")
    return "; ".join(words)


def lanes(shown):
    words, used = [], set()
    timed = [spans_of(record) for record in shown]
    heights = [1 + len(lanes_of(spans)) for spans, _, _ in timed]
    figure = new_figure(10.2, 0.6 + 0.7 * len(shown) + 0.3 * sum(heights))
    axes = figure.subplots(len(shown), squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axis, record, (spans, first, last) in zip(axes, shown, timed):
        draw_lanes(axis, record, spans, first, last)
        used |= {what for what in COLORS if spans[what]}
        words.append(told(record, spans, first, last))
        streamed = ", streamed" if record.data.get("pipeline") else ""
        axis.set_title(f"{record.workload} {size_text(record.size)}{streamed}", loc="left", color=INK)
    axes[-1].set_xlabel("s from when the file was made, or else from when reading began")
    handles = [matplotlib.patches.Patch(color=color, label=what) for what, color in COLORS.items() if what in used]
    if "write" in used:
        handles.append(matplotlib.lines.Line2D([], [], color=INK, marker="^", ls="", label="durable"))
    axes[0].legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncol=6)
    meaning = ("What rank 0 did in the newest run of each kind; computing includes verifying and what was measured "
               "beside it. Reading and writing beside computing are hidden; red is what computing waited for: for the "
               "reader, for the writer, and at the end for the disk. A triangle: from here on what was handed over "
               "before survives any crash. Where there were many blocks, neighbours are drawn as one, as high as the "
               "part of its time that was busy. Red in the middle of a run that writes means that the disk is slower "
               "than the computation: write less often, or to a faster file system; red at the end alone, that the run "
               "is too short to hide its last output. Red all along beside full reading means that the input is what "
               "takes the time: more ranks read with more readers, and a contiguous or less compressed file is read "
               "faster.")
    return Picture(TITLE, inline(figure, "Timeline of input and output. " + "; ".join(words)), meaning)


def io_bars(record):
    """[(lane, [(what, seconds)])] of a record: what each of its threads did in all."""
    pipeline, output = record.data.get("pipeline"), record.data.get("output")
    if pipeline:
        wall = pipeline["wall_s"]
        lanes = [("reading", [("read", pipeline["read_s"])]),
                 ("computing", [("compute", pipeline["compute_s"]),
                                ("stall", max(0, wall - pipeline["compute_s"]))])]
        return lanes + ([("writing", [("write", pipeline["write_s"])])] if pipeline["write_s"] > 0 else [])
    stall = min(output["stall_s"], record.seconds)
    return [("computing", [("compute", record.seconds - stall), ("stall", stall)]),
            ("I/O threads", [("write", output["io_busy_s"])])]


def totals(shown):
    """What is known of records without a timeline."""
    rows = []
    for r in shown:
        whole = max(sum(seconds for _, seconds in spans) for _, spans in io_bars(r)) or 1
        rows += [(r, lane, spans, whole) for lane, spans in io_bars(r)]
    figure = new_figure(10.2, 0.9 + 0.42 * len(rows) + 0.15 * len(shown))
    axis = figure.subplots()
    words, labels, used, y, last = [], [], set(), 0.0, None
    for r, lane, spans, whole in rows:
        y -= 1.0 if r is last else 1.4
        start, told = 0.0, []
        for what, seconds in spans:
            axis.barh(y, 100 * seconds / whole, left=100 * start / whole, height=0.8, color=COLORS[what],
                      label=None if what in used else what)
            used.add(what)
            told.append(f"{what} {time_text(seconds)}")
            start += seconds
        axis.text(100 * start / whole + 1, y, ", ".join(told), va="center", color=INK)
        labels.append((y, lane if r is last else f"{r.workload} {size_text(r.size)}, {lane}"))
        words.append(f"{r.workload} {size_text(r.size)}, {lane}: " + ", ".join(told))
        last = r
    axis.set_yticks([at for at, _ in labels], [name for _, name in labels])
    axis.tick_params(axis="y", colors=INK, length=0)
    axis.set(xlim=(0, 145), xticks=range(0, 101, 25))
    axis.grid(False, axis="y")
    axis.set_xlabel("% of the longer of the two")
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=4)
    meaning = ("Times in all of the newest run of each kind, beside each other: they overlapped, the order within a "
               "lane is not "
               "recorded. What shows as stall is what computing waited for; the rest was hidden behind it. Much stall "
               "means that the disk is slower than the computation: write less often, or to a faster file system.")
    return Picture(TITLE + ", in all", inline(figure, "Input and output in all. " + "; ".join(words)), meaning)


def io_pictures(records):
    newest = {}
    for r in sorted(records, key=lambda r: r.environment["time"]):
        if r.command == "run" and (r.data.get("output") or r.data.get("pipeline")):
            newest[r.workload, bool(r.data.get("pipeline"))] = r
    if not newest:
        return [Absent(TITLE, "no run wrote or streamed a file; "
                       "concdemo run square --size 20M --output y.h5 --record FILE")]
    # In lanes: whose every stage has times, and that did something.
    timed = [r for r in newest.values() if (writing_of(r) or not r.data.get("output"))
             and (reading_of(r) or not r.data.get("pipeline")) and (writing_of(r) or reading_of(r)["reads"])]
    others = [r for r in newest.values() if r not in timed]
    return ([lanes(timed[-MOST:])] if timed else []) + ([totals(others[-8:])] if others else [])
