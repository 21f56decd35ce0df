"""What `compare` measured: speed-ups of the ways to run tasks, and how small a task may be."""
from report_svg import FAINT, INK, MARKERS, PAGE, SERIES, Absent, Picture, inline, new_figure, time_text

MOST_PANELS = 6


def compare_bars(records):
    title = "Threads, processes or an event loop"
    kinds = {}
    for r in sorted(records, key=lambda r: r.environment["time"]):
        if r.command == "compare" and r.data["kind"] != "spin":
            kinds.setdefault((r.data["kind"], r.size[0], r.environment["cpu"]), {})[r.data["way"]] = r
    if not kinds:
        return Absent(title, "no record of compare; mpirun -n 2 concdemo compare --record FILE")
    kinds = dict(list(kinds.items())[-MOST_PANELS:])
    figure = new_figure(10.4, 1.1 + 0.3 * max(map(len, kinds.values())) * (len(kinds) + 1) // 2)
    axes = figure.subplots((len(kinds) + 1) // 2, min(2, len(kinds)), squeeze=False).ravel()
    words, best = [], []
    for axis, ((kind, count, _), ways) in zip(axes, kinds.items()):
        names = list(ways)[::-1]
        values = [ways[name].data["speed_up"] for name in names]
        axis.barh(names, values, color=[SERIES[1] if v == max(values) else SERIES[0] for v in values], height=0.7)
        for y, value in enumerate(values):
            axis.text(value + 0.02 * max(values), y, f"{value:.2f}x", va="center", color=INK,
                      bbox={"facecolor": PAGE, "linewidth": 0, "pad": 1})
        axis.axvline(1, color=FAINT, ls="--", zorder=0.5)
        axis.set_xlim(0, max(*values, 1) * 1.18)
        axis.grid(False, axis="y")
        axis.tick_params(axis="y", colors=INK, length=0)
        task_s = next(iter(ways.values())).data["task_us"] * 1e-6
        axis.set_title(f"{kind}: {count} tasks of {time_text(task_s)}")
        words.append(f"{kind}: " + ", ".join(f"{n} {v:.2f}x" for n, v in zip(names[::-1], values[::-1])))
        best.append(f"{kind}: {names[values.index(max(values))]} ({max(values):.2f}x)")
    for axis in axes[len(kinds):]:
        axis.set_visible(False)
    meaning = ("Speed-up over one task after the other (dashed: 1): the best time of that by the best time of a way. Expect "
               "of tasks that compute as much as there are cores, by threads or by ranks, and nothing under one lock; of "
               "tasks that wait as much as there are workers, or all at once in an event loop. Fastest here: "
               + "; ".join(best) + ".")
    return Picture(title, inline(figure, "Speed-ups over serial. " + ". ".join(words)), meaning)


def grain(records):
    title = "How small may a task be"
    ways = {}
    for r in sorted(records, key=lambda r: r.environment["time"]):
        if r.command == "compare" and r.data["kind"] == "spin":
            ways.setdefault(r.data["way"], {})[r.data["task_us"]] = r.data["speed_up"] / r.data["workers"]
    ways = {way: dict(sorted(points.items())) for way, points in ways.items() if len(points) > 1 and min(points) > 0}
    if not ways:
        return Absent(title, "no record of it; mpirun -n 2 concdemo compare --task-us 1,10,100,1000 --record FILE")
    figure = new_figure(10.2, 3.6)
    axis = figure.subplots()
    words = []
    for i, (way, points) in enumerate(ways.items()):
        axis.plot(list(points), [100 * v for v in points.values()], MARKERS[i % 10] + "-", color=SERIES[i % 10],
                  label=way)
        words.append(f"{way}: " + ", ".join(f"{100 * v:.0f} % at {time_text(us * 1e-6)}" for us, v in points.items()))
    axis.axhline(50, color=FAINT, ls="--")
    axis.set(xscale="log", xlabel="us of a task", ylabel="efficiency, %")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02))
    meaning = ("Speed-up over serial, by the best times, for each worker, by the time of a task. Where a curve crosses 50 % "
               "(dashed), handing a task out costs as much as doing it: put several into one below that.")
    return Picture(title, inline(figure, "Efficiencies. " + ". ".join(words)), meaning)
