"""Figures as inline SVG whose colours are the page's CSS variables, and the texts of numbers."""
import dataclasses
import html
import io
import re

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure  # noqa: E402

# What is drawn in one of these takes the value that the page's light or dark scheme gives the variable.
INK, FAINT, GRID, PAGE = "#1c2126", "#5b6570", "#d5dae0", "#fdfefe"
SERIES = ["#1f5fae", "#c2570b", "#2c7a3f", "#7a4bb0", "#b3261f", "#00767a", "#8a6a1f", "#b0448a", "#4d5b6b", "#5a7d0c"]
VARIABLES = {INK: "--ink", FAINT: "--faint", GRID: "--grid", PAGE: "--page",
             **{color: f"--c{i}" for i, color in enumerate(SERIES)}}
MARKERS = "osD^vP*Xhp"

matplotlib.rcParams.update({
    "svg.fonttype": "none", "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.edgecolor": FAINT, "xtick.color": FAINT,
    "ytick.color": FAINT, "grid.color": GRID, "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False, "legend.frameon": False, "axes.titlesize": 10.5, "axes.unicode_minus": False})


@dataclasses.dataclass
class Picture:
    title: str
    body: str  # HTML
    meaning: str  # what it shows, and what to do next


@dataclasses.dataclass
class Absent:
    title: str
    why: str


def new_figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def inline(figure, alt):
    """The figure as an <svg> element that stands in a page by itself: no prologue, no metadata, no foreign address."""
    inline.count += 1
    matplotlib.rcParams["svg.hashsalt"] = f"figure {inline.count}"  # ids differ from figure to figure
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    svg = re.sub(r'\bid="([a-z]+[\w.]*_\d+)"', rf'id="f{inline.count}-\1"', svg)  # of groups, to which nothing refers
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href", "href")
    svg = svg.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    width, height = (float(value) for value in re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups())
    for color, variable in VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    head = f'<svg role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width:g} {height:g}" ' \
           f'style="max-width:{width * 4 / 3:.0f}px">'
    return head + svg[svg.index(">") + 1:]


inline.count = 0


def prefixed(value, unit, steps=((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))):
    for size, prefix in steps:
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


def rate_text(value, unit):
    return prefixed(value, unit)


def time_text(seconds):
    return prefixed(seconds, "s", ((1, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n")))


def size_text(size):
    if len(size) != 1:
        return "x".join(map(str, size))
    return str(size[0]) if size[0] < 100_000 else prefixed(size[0], "").strip()


def layout_text(nodes, ranks, threads):
    start = f"{nodes} nodes, " if nodes > 1 else ""
    return f"{start}{ranks} rank{'s' * (ranks > 1)} x {threads} thread{'s' * (threads > 1)}"
