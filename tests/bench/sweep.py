"""sweep: what a formed layout costs, and whether sweep finds the layout that separate launches find fastest.

Usage: sweep.py BUILD_FOLDER [--rounds 7] [--json FILE]
Launches take turns; medians.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess

from turns import rows_to

CORES = len(os.sched_getaffinity(0))
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
WORKLOADS = ("sum:100M", "square:20M", "matmul:1536x1536x1536")


def run(*command, **variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env={**kept, **MPI, **variables})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def bound(ranks, threads):
    """The launch of a layout with each thread on a core, and its variables."""
    line = ["mpirun", "-n", ranks, "--map-by", f"slot:PE={threads}", "--bind-to", "core"]
    return line, {"OMP_NUM_THREADS": str(threads), "OMP_PLACES": "cores", "OMP_PROC_BIND": "close"}


def cost(build, rounds, write):
    bench = build / "sweep_bench"
    line, variables = bound(1, CORES)
    found = {"native": [], "formed": []}
    for _ in range(rounds):
        found["native"].append(json.loads(run(*line, bench, "native", **variables)))
        found["formed"].append(json.loads(run("mpirun", "-n", CORES, bench, "formed")))
    middle = {how: {key: statistics.median(row[key] for row in rows) for key in rows[0] if key != "how"}
              for how, rows in found.items()}
    for key, what in (("fork_join_us", "fork-join"), ("fma_s", "arithmetic"), ("read_s", "reading")):
        ratio = middle["formed"][key] / middle["native"][key]
        print(f"{what:12} formed {middle['formed'][key]:.4g}, native {middle['native'][key]:.4g}: {ratio:.3f} times")
    if "parked_cpu" in middle["formed"]:
        print(f"a parked rank uses {100 * middle['formed']['parked_cpu']:.2f} % of a CPU")
    for key in ("parked_cost_fma", "parked_cost_read"):
        if key in middle["formed"]:
            print(f"parked ranks cost {100 * middle['formed'][key]:.2f} % of the time of {key.split('_')[-1]}")
    write({"bench": "formed", "cores": CORES, "rounds": rounds, **middle})


def best(build, rounds, write):
    """What sweep calls fastest beside separate launches of every layout."""
    concdemo = build / "concdemo"
    layouts = [(n, CORES // n) for n in range(1, CORES + 1) if CORES % n == 0]
    for workload in WORKLOADS:
        name, size = workload.split(":")
        out = run("mpirun", "-n", CORES, concdemo, "sweep", "--workloads", workload)
        swept = tuple(map(int, re.search(r": fastest as (\d+) ranks? x (\d+)", out).groups()))
        as_good = re.search(r"as good within the noise: (.*)", out)
        seconds = {layout: [] for layout in layouts}
        for _ in range(rounds):
            for layout in layouts:
                line, variables = bound(*layout)
                told = run(*line, concdemo, "run", name, "--size", size, "--repeat", 5, "--warmup", 1, "--json",
                           **variables)
                seconds[layout].append(json.loads(told)["seconds"]["median"])
        middle = {layout: statistics.median(samples) for layout, samples in seconds.items()}
        fastest = min(middle, key=middle.get)
        pairs = [a / b for a, b in zip(seconds[swept], seconds[fastest])]
        behind = statistics.median(pairs) - 1
        noise = statistics.median(max(samples) / min(samples) - 1 for samples in seconds.values())
        verdict = "the same" if swept == fastest else f"{100 * behind:.1f} % behind, in noise of {100 * noise:.1f} %"
        alike = f" (as good: {as_good[1]})" if as_good else ""
        print(f"{workload:24} sweep says {swept[0]} x {swept[1]}{alike}, separate launches "
              f"{fastest[0]} x {fastest[1]}: {verdict}")
        write({"bench": "best", "workload": workload, "sweep": swept, "launches": fastest, "behind": behind,
               "noise": noise, "as_good": as_good[1] if as_good else None,
               "seconds": {f"{r}x{t}": s for (r, t), s in seconds.items()}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json")
    options = parser.parse_args()

    write = rows_to(options.json)
    cost(options.build, options.rounds, write)
    best(options.build, options.rounds, write)


if __name__ == "__main__":
    main()
