"""What many layouts of one workload tell: scaling curves with the model, and the map of layouts."""
import collections
import math
import statistics

import numpy

from matplotlib.patches import Rectangle

from report_svg import FAINT, INK, SERIES, Absent, Picture, inline, layout_text, new_figure, rate_text, size_text

MOST_PANELS = 6
FEWEST_CORE_COUNTS = 5


def groups(records):
    """Records of the same work in several layouts: {title: {layout: rate}} and {title: {layout: cores}}, where the rate
    is the median over the records of a layout; most layouts first."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for record in records:
        if record.command not in ("run", "sweep") or not record.verified:
            continue
        data = record.data
        if data.get("output") or data.get("pipeline"):
            continue
        weak = record.command == "sweep" and bool(data["sweep"].get("weak"))
        size = "weak" if weak else size_text(record.size)
        inputs = tuple(operand["kind"] for operand in data["input"])
        key = (record.workload, size, data["method"], data["schedule"], inputs, data.get("steps"),
               data["layout"]["simd"], record.environment["cpu"], data["rate"]["unit"])
        found[key][record.layout, record.cores].append(data["rate"]["value"])
    several = {}
    for key, layouts in sorted(found.items(), key=lambda item: -len(item[1])):
        if len(layouts) > 1:
            name = f"{key[0]}, {'size grows with the cores' if key[1] == 'weak' else key[1]}"
            extra = [word for word in key[2:4] if word not in ("exact", "static")]
            name = ", ".join([name, *extra, *([f"{key[5]} steps"] if key[5] else [])])
            if name in several:
                name += f", {key[6]} on {key[7]}"
            while name in several:
                name += " (other input)"
            rates = {where: statistics.median(values) for where, values in layouts.items()}
            several[name] = (key[-1], rates)
    return several


def fit_usl(cores, times):
    """(sigma, kappa, T(1)) of the Universal Scalability Law, T(n) = T(1) (1 + sigma (n-1) + kappa n (n-1)) / n, by
    least squares of relative errors with sigma, kappa >= 0, as `sweep` fits it; None below 5 numbers of cores."""
    n, y = numpy.array(cores, float), numpy.array(cores, float) * numpy.array(times, float)
    if len(set(cores)) < FEWEST_CORE_COUNTS:
        return None
    columns = numpy.stack([numpy.ones_like(n), n - 1, n * (n - 1)], axis=1) / y[:, None]
    best = None
    for used in ([0, 1, 2], [0, 1], [0, 2], [0]):
        solved, *_ = numpy.linalg.lstsq(columns[:, used], numpy.ones_like(n), rcond=None)
        values = numpy.zeros(3)
        values[used] = solved
        error = float(numpy.sum((columns @ values - 1) ** 2))
        if values[0] > 0 and min(values[1:]) >= 0 and (best is None or error < best[0]):
            best = (error, values)
    if best is None:
        return None
    base, serial, crosstalk = best[1]
    return serial / base, crosstalk / base, base


def panels(count):
    columns = min(count, 3)
    rows = math.ceil(count / columns)
    figure = new_figure(3.6 * columns + 0.4, 3.1 * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes


def left_out(several, shown):
    more = len(several) - len(shown)
    return f" {more} more of several layouts are in the table alone." if more > 0 else ""


def scaling(records):
    title = "Scaling"
    several = {}
    for name, (unit, rates) in groups(records).items():
        best = {}  # of each number of cores
        for (_, cores), rate in rates.items():
            best[cores] = max(best.get(cores, 0), rate)
        if len(best) > 1 and min(best.values()) > 0:
            several[name] = (unit, dict(sorted(best.items())))
    if not several:
        return Absent(title, "no workload at several numbers of cores; mpirun -n CORES concdemo sweep --record FILE")
    shown = list(several.items())[:MOST_PANELS]
    figure, axes = panels(len(shown))
    words = []
    for index, (axis, (name, (unit, best))) in enumerate(zip(axes, shown)):
        cores, base = list(best), next(iter(best.values())) / next(iter(best))  # rate a core on the fewest
        speed_ups = [rate / base for rate in best.values()]
        grid = numpy.linspace(cores[0], cores[-1], 100)
        axis.plot(grid, grid, "--", color=FAINT, label="ideal")
        model = fit_usl(cores, [1 / rate for rate in best.values()])
        told = f"{name}: " + ", ".join(f"{s:.2f}x on {n}" for n, s in zip(cores, speed_ups))
        if model:
            sigma, kappa, first = model
            curve = grid / (first * base * (1 + sigma * (grid - 1) + kappa * grid * (grid - 1)))
            axis.plot(grid, curve, color=SERIES[1], label="model")
            told += f"; model: {100 * sigma:.2g} % serial or contended, {100 * kappa:.2g} % waiting for one another"
        axis.plot(cores, speed_ups, "o", color=SERIES[0], label="measured")
        axis.set_title(f"{name}\n{speed_ups[-1]:.2f}x on {cores[-1]} core{'s' * (cores[-1] > 1)}")
        axis.set_xlabel("cores")
        axis.set_ylabel("speed-up" if index % 3 == 0 else "")
        axis.set(xlim=(0, cores[-1] * 1.06), ylim=(0, max(cores[-1], *speed_ups) * 1.08))
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend(loc="upper left")
        words.append(told)
    meaning = ("The fastest layout of each number of cores, over one core (or the fewest measured); dashed: what as "
               "many cores "
               "could do. Points below the line are what sharing memory, caches and the network costs. The model is "
               "the "
               "Universal Scalability Law; it takes five numbers of cores. Where points bend down, use fewer cores "
               "for a "
               "job and run more jobs at once, or larger sizes." + left_out(several, shown))
    return Picture(title, inline(figure, "Speed-ups. " + ". ".join(words)), meaning)


def layout_map(records):
    title = "Which layout"
    several = groups(records)
    if not several:
        return Absent(title, "no workload in two or more layouts; mpirun -n CORES concdemo sweep --record FILE")
    shown = list(several.items())[:MOST_PANELS]
    figure, axes = panels(len(shown))
    words, advice = [], []
    for index, (axis, (name, (unit, rates))) in enumerate(zip(axes, shown)):
        cells = {}
        for (layout, _), rate in rates.items():
            cells[layout[1:]] = max(cells.get(layout[1:], 0), rate)
        (best_layout, _), best = max(rates.items(), key=lambda item: item[1])
        ranks, threads = sorted({r for r, _ in cells}), sorted({t for _, t in cells})
        for (r, t), rate in cells.items():
            x, y, part = threads.index(t), ranks.index(r), rate / (best or 1)
            axis.add_patch(Rectangle((x - 0.48, y - 0.48), 0.96, 0.96, color=SERIES[0], alpha=0.06 + 0.5 * part, lw=0))
            if max(len(ranks), len(threads)) <= 8:
                axis.text(x, y, f"{100 * part:.0f} %", ha="center", va="center", color=INK,
                          weight="bold" if rate == best else "normal")
        axis.set_xticks(range(len(threads)), threads)
        axis.set_yticks(range(len(ranks)), ranks)
        axis.set(xlim=(-0.5, len(threads) - 0.5), ylim=(-0.5, len(ranks) - 0.5))
        axis.grid(False)
        axis.set_title(f"{name}\n100 % = {rate_text(best, unit)}")
        axis.set_xlabel("threads of a rank")
        axis.set_ylabel("ranks" if index % 3 == 0 else "")
        listed = [f"{layout_text(1, r, t)} {100 * rate / (best or 1):.0f} %" for (r, t), rate in cells.items()]
        words.append(f"{name}, 100 % is {rate_text(best, unit)}: " + ", ".join(listed[:40]))
        advice.append(f"{name}: {layout_text(*best_layout)}")
    meaning = ("Rate of each ranks x threads layout, of the best one's. Fastest: " + "; ".join(advice) + ". "
               "Differences of a few "
               "per cent are noise: concdemo sweep says which are not, and prints the launch line."
               + left_out(several, shown))
    return Picture(title, inline(figure, "Layouts. " + ". ".join(words)), meaning)
