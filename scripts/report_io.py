"""Input and output behind the computation: when it happened, or what it took in all."""
import matplotlib.lines
import matplotlib.patches

from report_svg import INK, SERIES, Absent, Picture, inline, layout_text, new_figure, size_text, time_text

TITLE = "Input and output behind the computation"
COLORS = {"compute": SERIES[0], "stall": SERIES[4], "write": SERIES[1], "read": SERIES[2], "sync": SERIES[3]}
MOST = 4  # runs in lanes
LANES = ["computing", "writing", "syncing"]


def spans_of(timeline):
    """{what: [(begin, end, busy)]}; compute is where the main thread does not wait."""
    waits = [(s["begin_s"], s["end_s"], s["busy_s"]) for s in timeline["waits"]]
    writes = [(b["write_begin_s"], b["write_end_s"], b["write_s"]) for b in timeline["blocks"]]
    syncs = [(s["begin_s"], s["end_s"], s["busy_s"]) for s in timeline["syncs"]]
    whole = max(end for spans in (waits, writes, syncs) for _, end, _ in spans)
    first = min([timeline["blocks"][0]["submitted_s"], *(begin for begin, _, _ in waits)])
    at = max(0.0, first - 0.1 * (whole - first))  # what came before, reading or generating, is not told
    computes = []
    for begin, end, busy in waits:
        computes += [(at, begin, begin - at), (begin, end, end - begin - busy)]
        at = max(at, end)
    computes.append((at, whole, whole - at))
    return {"compute": [span for span in computes if span[2] > 0], "stall": waits, "write": writes, "sync": syncs}


def draw_lanes(axis, spans, timeline):
    """Bars as high as the part of their time that was busy."""
    start = spans["compute"][0][0] if spans["compute"] else 0.0
    for what, y in (("compute", 2), ("stall", 2), ("write", 1), ("sync", 0)):
        rows = [(begin, end - begin, 0.8 * min(1.0, busy / (end - begin)))
                for begin, end, busy in spans[what] if end > begin]
        for begin, width, height in rows:
            bottom = y + 0.4 - height if what == "stall" else y - 0.4  # of one lane: together they fill it
            axis.bar(begin, height, width, bottom, align="edge", color=COLORS[what], linewidth=0)
    durable = [b["durable_s"] for b in timeline["blocks"]]
    axis.plot(durable, [-0.6] * len(durable), "^", color=INK, ms=5, ls="", clip_on=False)
    axis.set(yticks=[2, 1, 0], ylim=(-0.8, 2.6), xlim=(start, max(end for _, end, _ in spans["sync"])))
    axis.set_yticklabels(LANES, color=INK)
    axis.tick_params(axis="y", length=0)
    axis.grid(False, axis="y")
    return start


def told(record, spans, start):
    timeline = record.data["output"]["timeline"]
    blocks = timeline["blocks"]
    totals_s = {what: sum(busy for _, _, busy in spans[what]) for what in spans}
    count = sum(block["count"] for block in blocks)
    latest = max(block["durable_s"] - block["submitted_s"] for block in blocks)
    first, last = blocks[0], blocks[-1]
    return (f"{record.workload} {size_text(record.size)}, {layout_text(*record.layout)}, rank {timeline['rank']}: "
            f"from {time_text(start)} to {time_text(last['durable_s'])}, computing {time_text(totals_s['compute'])}, "
            f"stalled {time_text(totals_s['stall'])}; {count} block{'s' * (count > 1)} handed over from "
            f"{time_text(first['submitted_s'])} on, written from {time_text(first['write_begin_s'])} to "
            f"{time_text(last['write_end_s'])} in {time_text(totals_s['write'])}, synced in "
            f"{time_text(totals_s['sync'])}; the first durable at {time_text(first['durable_s'])}, "
            f"at most {time_text(latest)} after it was handed over")


def lanes(shown):
    figure = new_figure(10.2, 0.6 + 1.5 * len(shown))
    words = []
    axes = figure.subplots(len(shown), squeeze=False)[:, 0]
    for axis, record in zip(axes, shown):
        timeline = record.data["output"]["timeline"]
        spans = spans_of(timeline)
        start = draw_lanes(axis, spans, timeline)
        words.append(told(record, spans, start))
        streamed = ", streamed" if record.data.get("pipeline") else ""
        axis.set_title(f"{record.workload} {size_text(record.size)}{streamed}", loc="left", color=INK)
    axes[-1].set_xlabel("s from when the file was made")
    handles = [matplotlib.patches.Patch(color=COLORS[what], label=what) for what in ("compute", "stall", "write", "sync")]
    handles.append(matplotlib.lines.Line2D([], [], color=INK, marker="^", ls="", label="durable"))
    axes[0].legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncol=5)
    meaning = ("What rank 0 did in the newest run of each kind; computing includes verifying and what was measured "
               "beside it. Writing below computing is hidden; red is what "
               "computing waited for: for the writer, and at the end for the disk. A triangle: from here on what was "
               "handed over before survives any crash. Where there were many blocks, neighbours are drawn as one, as "
               "high as the part of its time that was busy. Red in the middle means that the disk is slower than the "
               "computation: write less often, or to a faster file system; red at the end alone, that the run is too "
               "short to hide its last output. ")
    if any(record.data.get("pipeline") for record in shown):
        meaning += "Where a file was streamed, computing includes its waiting for the reader."
    return Picture(TITLE, inline(figure, "Timeline of output. " + "; ".join(words)), meaning)


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
    timed = [r for r in newest.values() if (r.data.get("output") or {}).get("timeline")]
    others = [r for r in newest.values() if r not in timed]
    return ([lanes(timed[-MOST:])] if timed else []) + ([totals(others[-8:])] if others else [])
