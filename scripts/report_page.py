"""The page: style, words, figures, table of all records, environment. Nothing in it comes from elsewhere."""
import collections
import html

from report_svg import VARIABLES, Absent, layout_text, rate_text, size_text, time_text

DARK = {"--page": "#15191d", "--ink": "#e6e9ec", "--faint": "#9aa5b1", "--grid": "#39414a",
        "--c0": "#6fa8ee", "--c1": "#f0985a", "--c2": "#6cc17f", "--c3": "#b794e8", "--c4": "#f07f78",
        "--c5": "#52bfc3", "--c6": "#d0b060", "--c7": "#e78cc7", "--c8": "#a5b3c2", "--c9": "#a5c655"}
STYLE = """
:root { color-scheme: light dark; --box: #f5f7f9; LIGHT }
@media (prefers-color-scheme: dark) { :root { --box: #1e242a; DARK } }
body { background: var(--page); color: var(--ink); font: 16px/1.5 "DejaVu Sans", system-ui, sans-serif; margin: 0 auto;
  max-width: 66rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
p { max-width: 50rem; margin: .4rem 0; } .faint { color: var(--faint); } .wrong { color: var(--c4); font-weight: bold; }
.when { max-width: none; }
svg { display: block; margin-top: .6rem; width: 100%; height: auto; } code { overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; flex: 1 1 12rem; max-width: 20rem; }
img { width: 100%; image-rendering: pixelated; border-radius: 3px; }
figcaption { color: var(--faint); font-size: .85rem; }
.table { max-height: 34rem; overflow: auto; border: 1px solid var(--grid); border-radius: 4px; }
table { border-collapse: collapse; font-size: .78rem; width: 100%; white-space: nowrap; }
th { position: sticky; top: 0; background: var(--box); text-align: left; }
th, td { padding: .2rem .4rem; border-bottom: 1px solid var(--grid); } .n { text-align: right; }
ul { padding-left: 1.2rem; margin: .4rem 0; }
"""


def escape(value):
    return html.escape(str(value))


def style():
    light = " ".join(f"{variable}: {color};" for color, variable in VARIABLES.items())
    dark = " ".join(f"{variable}: {color};" for variable, color in DARK.items())
    return STYLE.replace("LIGHT", light).replace("DARK", dark)


def listing(lines):
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>" if lines else ""


def row(record):
    data, name, what = record.data, record.workload, size_text(record.size) if record.size else ""
    rate, part = "", ""
    if record.command == "compare":
        name = f"compare {data['kind']}"
        what = f"{what} tasks, {data['way']}"
        rate = f"{data['speed_up']:.2f}x by best times"
    elif record.command == "peaks":
        rate = ", ".join(rate_text(each["all"], each["unit"]) for each in data["rates"][:1])
        what = data["rates"][0]["name"] if data["rates"] else ""
    else:
        name += "".join(f", {data[key]}" for key in ("method", "schedule") if data[key] not in ("exact", "static"))
        rate = rate_text(data["rate"]["value"], data["rate"]["unit"])
        part = f"{100 * data['peak']['fraction']:.0f} %" if data.get("peak") else ""
    against = escape(data.get("verified_against", ""))
    ok = "" if record.command == "peaks" else f'<td title="{against}">yes' if record.verified else \
        f'<td class="wrong" title="{against}">WRONG'
    cells = [("", record.environment["time"]), ("", record.command), ("", name), ("", what),
             ("", layout_text(*record.layout)), ("n", time_text(record.seconds)), ("n", rate), ("n", part)]
    line = "".join(f'<td class="{kind}">{escape(text)}' if kind else f"<td>{escape(text)}" for kind, text in cells)
    return f"<tr>{line}{ok or '<td>'}<td>{escape(record.place)}</tr>\n"


def table(records):
    heads = ["time", "command", "workload", "size", "layout", "median", "rate", "of peak", "verified", "record"]
    head = "".join(f"<th>{name}" for name in heads)
    return f'<div class="table" tabindex="0" role="region" aria-label="All records"><table>' \
           f'<thead><tr>{head}</tr></thead>' \
           f'<tbody>{"".join(row(record) for record in records)}</tbody></table></div>'


def environments(records):
    """One line for each machine and build, the most frequent first."""
    seen = collections.Counter()
    for r in records:
        e = r.environment
        versions = ", ".join(f"{name} {value}" for name, value in sorted(e["versions"].items()))
        omp = ", ".join(f"{name}={value}" for name, value in sorted(e["omp"].items()))
        job = f"SLURM job {e['slurm_job']}" if e.get("slurm_job") else ""
        parts = (f"{e['host']}, {e['cpu']}", f"commit {e['commit']}", versions, omp, job)
        seen["; ".join(part for part in parts if part)] += 1
    lines = [f"{escape(text)} <span class=faint>({count} record{'s' * (count > 1)})</span>"
             for text, count in seen.most_common(50)]
    if len(seen) > 50:
        lines.append(f"and {len(seen) - 50} more")
    return listing(lines)


def summary(records, pictures):
    """What stands out, in sentences of HTML."""
    lines = []
    wrong = [r for r in records if not r.verified]
    if wrong:
        places = ", ".join(escape(r.place) for r in wrong[:10]) + (" ..." if len(wrong) > 10 else "")
        lines.append(f'<span class="wrong">{len(wrong)} wrong result{"s" * (len(wrong) > 1)}</span>: {places}. They '
                     "are in no figure; nothing else on this page matters until they are explained.")
    best = {}
    for r in records:
        peak = r.data.get("peak")
        if r.command == "run" and r.verified and peak and peak["fraction"] > best.get(r.workload, (-1,))[0]:
            best[r.workload] = (peak["fraction"], peak["name"])
    if best:
        told = ", ".join(f"{escape(name)} {100 * part:.0f} % of the {escape(peak)}"
                         for name, (part, peak) in sorted(best.items(), key=lambda item: -item[1][0]))
        lines.append(f"At best the workloads reached, of the peak measured beside them: {told}.")
    machines = sorted({r.environment["cpu"] for r in records})
    if len(machines) > 1:
        names = escape(", ".join(machines))
        lines.append(f"The records come from {len(machines)} kinds of CPU ({names}); curves mix none.")
    lines += [f"Left out, {escape(p.title)}: {escape(p.why)}." for p in pictures if isinstance(p, Absent)]
    return listing(lines)


def page(records, damaged, pictures):
    """The HTML of the report. `damaged`: lines that were no records, as file:line: why."""
    times = sorted(r.environment["time"] for r in records)
    when = f", {escape(times[0])} to {escape(times[-1])}" if records else ""
    commands = collections.Counter(r.command for r in records)
    counted = ", ".join(f"{count} of {name}" for name, count in commands.most_common())
    count = f"{len(records)} record{'s' * (len(records) != 1)}" + f" ({counted})" * bool(records)
    parts = [f'<h1>concdemo: what was measured</h1><p class="faint when">{count}{when}</p>',
             summary(records, pictures)]
    for picture in pictures:
        if not isinstance(picture, Absent):
            parts.append(f"<section><h2>{escape(picture.title)}</h2>{picture.body}"
                         f"<p>{escape(picture.meaning)}</p></section>")
    if records:
        parts.append(f"<h2>All records</h2>{table(records)}")
    if damaged:
        parts.append(f"<h2>Damaged lines</h2><p>{len(damaged)} skipped:</p>{listing(map(escape, damaged))}")
    if records:
        parts.append(f"<h2>Environment</h2>{environments(records)}")
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f'<title>concdemo report</title><link rel="icon" href="data:,"><style>{style()}</style></head>\n<body>'
            + "\n".join(parts) + "\n</body></html>\n")
