"""The figures that need no series of layouts: roofline, heat."""
import base64
import collections
import io
import os

import numpy

from matplotlib import colormaps, image

from report_svg import (FAINT, INK, MARKERS, SERIES, Absent, Picture, inline, layout_text, new_figure, rate_text,
                        size_text, time_text)

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # a run may still write the file


def roofs(records, cpu):
    """{name: (value, unit)} of the most cores of this CPU, and what measured them."""
    measured = [r for r in records if r.command == "peaks" and r.environment["cpu"] == cpu]
    if measured:
        record = max(measured, key=lambda r: (r.cores, r.environment["time"]))
        rates = {rate["name"]: (rate["all"], rate["unit"]) for rate in record.data["rates"] if rate["all"] > 0}
        fma = [name for name in rates if name.startswith("FMA")]
        chosen = {"read bandwidth": rates.get("read bandwidth"), "copy bandwidth": rates.get("copy bandwidth")}
        if fma:
            name = max(fma, key=lambda name: rates[name][0])
            chosen[name] = rates[name]
        return {name: rate for name, rate in chosen.items() if rate}, \
            f"peaks of {layout_text(*record.layout)}, {record.place}"
    found = {}
    for r in records:
        peak = r.data.get("peak") if r.command in ("run", "sweep") and r.environment["cpu"] == cpu else None
        if peak and peak["value"] > found.get(peak["name"], (0, ""))[0]:
            found[peak["name"]] = (peak["value"], r.data["rate"]["unit"])
    return found, "the highest peak beside a run"


def roofline(records):
    title = "Roofline"
    runs = [r for r in records if r.command in ("run", "sweep") and r.verified and not r.data.get("pipeline")
            and r.data["traffic_bytes"] > 0]
    if not runs:
        return Absent(title, "no verified run from memory; concdemo run sum --size 20M --record FILE")
    workloads = collections.defaultdict(set)
    for r in runs:
        workloads[r.environment["cpu"]].add(r.workload)
    cpu = max(workloads, key=lambda name: len(workloads[name]))
    best = {}
    for r in runs:
        if r.environment["cpu"] == cpu:
            work = r.data["flops"] or r.data["traffic_bytes"]
            speed = work / r.seconds
            if speed > best.get(r.workload, (0,))[0]:
                best[r.workload] = (speed, r)
    lines, source = roofs(records, cpu)
    intensities = [r.data["flops"] / r.data["traffic_bytes"] for _, r in best.values() if r.data["flops"]]
    low, high = min(intensities, default=0.1) / 4, max(intensities, default=10) * 4
    fma = [(name, value) for name, (value, unit) in lines.items() if unit == "flop/s"]
    top = max((value for _, value in fma), default=None)
    slopes = [(name, value) for name, (value, unit) in lines.items() if unit == "B/s"]
    if top and slopes:
        high = max(high, 4 * top / min(value for _, value in slopes))
    figure = new_figure(10.2, 5.2)
    axis = figure.subplots()
    axis.set(xscale="log", yscale="log")
    x = numpy.geomspace(low, high, 200)
    words = []
    for i, (name, value) in enumerate(slopes):
        y = numpy.minimum(x * value, top) if top else x * value
        axis.plot(x, y, color=INK if i == 0 else FAINT, ls="-" if i == 0 else "--", lw=1.6,
                  label=f"{name} {rate_text(value, 'B/s')}")
        words.append(f"{name} {rate_text(value, 'B/s')}")
    for name, value in fma:
        ridge = value / max((slope for _, slope in slopes), default=value / low)
        axis.plot([ridge, max(high, ridge)], [value, value], color=INK, lw=1.6,
                  label=f"{name} {rate_text(value, 'flop/s')}")
        words.append(f"{name} {rate_text(value, 'flop/s')}")
    ordered = sorted(best.items(), key=lambda item: (not item[1][1].data["flops"], -item[1][0]))
    for i, (name, (speed, r)) in enumerate(ordered):
        traffic_rate = r.data["traffic_bytes"] / r.seconds
        moves_only = not r.data["flops"]
        at = low * 1.15 if moves_only else r.data["flops"] / r.data["traffic_bytes"]
        told = f"{name} {rate_text(traffic_rate, 'B/s')}, no flops" if moves_only else \
            f"{name} {rate_text(speed, 'flop/s')} at {at:.3g} flop/B"
        axis.plot([at], [traffic_rate * at], MARKERS[i % 10], color=SERIES[i % 10], ms=8, ls="",
                  mfc="none" if moves_only else SERIES[i % 10], label=told)
        words.append(f"{told} ({layout_text(*r.layout)}, size {size_text(r.size)})")
    axis.set(xlabel="flops for each byte that has to move", ylabel="flop/s")
    axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02))
    over = [name for name, (_, r) in best.items() if slopes
            and r.data["traffic_bytes"] / r.seconds > 1.05 * max(value for _, value in slopes)]
    meaning = (f"The fastest record of each workload on {cpu}. Below the slope a workload waits for memory: more "
               f"cores of the same "
               "memory do not help, fewer bytes do. Below the flat roof it computes: better vector code or more cores "
               "help. "
               "Hollow marks move bytes only; they are drawn at the left edge, at their height under the slope. ")
    meaning += f"Roofs: {source}. " if lines else "There are no roofs: concdemo peaks --record FILE measures them. "
    if over:
        meaning += f"Above the slope: {', '.join(over)}; their data came from caches (a larger --size shows " \
                   "memory), or the machine was busier when its peaks were measured. "
    if top and any(r.data["flops"] and speed > 1.05 * top for speed, r in best.values()):
        meaning += "Something lies above the flat roof: the machine was busier then; measure the peaks again."
    return Picture(title, inline(figure, f"Roofline of {cpu}. " + "; ".join(words)), meaning)


def png(field, step):
    """A snapshot as an image, dark to light from the 2nd to the 98th percentile of its points."""
    there = field[numpy.isfinite(field)]
    low, high = numpy.percentile(there, [2, 98]) if there.size else (0.0, 0.0)
    scaled = (numpy.nan_to_num(field, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1)
    stream = io.BytesIO()
    image.imsave(stream, colormaps["inferno"](scaled, bytes=True), format="png")
    data = base64.b64encode(stream.getvalue()).decode()
    told = f"step {step:g}: {low:.4g} to {high:.4g}"
    return f'<figure><img src="data:image/png;base64,{data}" alt="Temperature at {told}">' \
           f"<figcaption>{told}</figcaption></figure>"


def heat(path):
    """Snapshots and residuals of a file that `heat` wrote; an exception of h5py, or ValueError, when it is none."""
    import h5py
    with h5py.File(path, "r") as file:
        u, time, residual = file["u"], file["time"][:], file["residual"][:]
        if u.ndim != 3 or time.shape != u.shape[:1] or residual.shape != time.shape:
            raise ValueError("u, time and residual do not go together")
        there = numpy.flatnonzero(numpy.isfinite(time))
        if there.size == 0:
            raise ValueError("no snapshot is committed yet")
        chosen = there[numpy.unique(numpy.linspace(0, there.size - 1, min(4, there.size)).round().astype(int))]
        step = max(1, -(-max(u.shape[1:]) // 320))
        fields = [u[index, ::step, ::step] for index in chosen]
        shape = u.shape[1:]
    images = "".join(png(field, time[index]) for field, index in zip(fields, chosen))
    steps, norms = time[there], residual[there]
    usable = numpy.isfinite(norms) & (norms > 0)
    name = os.path.basename(path)
    body = f'<div class="row">{images}</div>'
    if usable.sum() > 1:
        figure = new_figure(7.2, 2.8)
        axis = figure.subplots()
        axis.semilogy(steps[usable], norms[usable], "o-", color=SERIES[0], ms=4)
        for end in (0, -1):
            axis.annotate(f"{norms[usable][end]:.3g}", (steps[usable][end], norms[usable][end]), (4, 6),
                          textcoords="offset points", color=INK)
        axis.margins(x=0.08, y=0.2)
        axis.set(xlabel="step", ylabel="2-norm of a step's change")
        body += inline(figure, f"Residual of {name}: {norms[usable][0]:.3g} at step {steps[usable][0]:g}, "
                       f"{norms[usable][-1]:.3g} at step {steps[usable][-1]:g}")
    meaning = (f"{there.size} of {time.size} snapshots are committed, {shape[0]} x {shape[1]} points; dark to light "
               "is from the 2nd to the 98th percentile of an image's points, given below it. The curve is how much a "
               "step still changes: where it is flat the field has come to rest.")
    if there.size < time.size:
        meaning += f" The rest: concdemo resume {name}."
    return Picture(f"Heat: {name}", body, meaning)
