"""concdemo fetch beside curl --parallel, alternating, medians: many small files at 20 ms latency; then the memory of
one large file. The server is an nginx on loopback that answers late (its echo module).

Usage: fetch_bench.py [CONCDEMO] [rounds]   (default: build/release/concdemo, 11)
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from nginx import Nginx  # noqa: E402

FILES, BYTES, PARALLEL, LATENCY_S, LARGE = 200, 100_000, 50, 0.02, 10**9
ECHO = "/usr/lib/nginx/modules/ngx_http_echo_module.so"


def timed(command):
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return time.monotonic() - start, done.stdout


def peak_kib(command):
    """VmHWM of the program itself; /usr/bin/time would also count what was there before exec."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max([peak] + [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")])
        time.sleep(0.002)
    if process.wait() != 0:
        sys.exit(f"{command}: exit {process.returncode}")
    return peak


def small_files(nginx, folder, concdemo, rounds):
    names = [f"f{i:03}.bin" for i in range(FILES)]
    for name in names:
        pathlib.Path(nginx.files, name).write_bytes(os.urandom(BYTES))
    urls = [nginx.url(f"late/{name}") for name in names]
    into = folder / "into"
    (folder / "list").write_text("\n".join(urls))
    config = "\n".join(f'url = "{url}"\noutput = "{into / name}"' for url, name in zip(urls, names))
    (folder / "config").write_text(config)
    parallel = str(PARALLEL)
    fetch = [concdemo, "fetch", "--list", folder / "list", "--into", into, "--parallel", parallel, "--json", "--quiet"]
    curl = ["curl", "--silent", "--fail", "--parallel", "--parallel-max", parallel, "--config", folder / "config"]
    commands = {
        "curl --parallel": curl,
        "concdemo": fetch,
        "concdemo, threads": [*fetch, "--with", "threads"],
    }
    whole, own = {name: [] for name in commands}, {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            shutil.rmtree(into, ignore_errors=True)
            into.mkdir()
            seconds, out = timed(command)
            if sum(path.stat().st_size for path in into.iterdir()) != FILES * BYTES:
                sys.exit(f"{name}: not everything came")
            if turn > 0:  # the first round warms up
                whole[name].append(seconds)
                own[name].append(json.loads(out)["seconds"] if out else seconds)
    base = statistics.median(whole["curl --parallel"])
    print(f"{FILES} files of {BYTES // 1000} kB at {LATENCY_S * 1000:.0f} ms, {PARALLEL} at a time; "
          f"medians of {rounds}, over curl's in brackets")
    for name in commands:
        process, fetching = statistics.median(whole[name]), statistics.median(own[name])
        print(f"  {name:<18} whole process {process * 1000:6.1f} ms ({process / base:4.2f})   "
              f"fetching {fetching * 1000:6.1f} ms ({fetching / base:4.2f})")


def large_file(nginx, folder, concdemo):
    with open(pathlib.Path(nginx.files, "large.bin"), "wb") as file:
        file.truncate(LARGE)
    pathlib.Path(nginx.files, "small.bin").write_bytes(b"x")
    peaks = {}
    for name in ("small.bin", "large.bin"):
        peaks[name] = peak_kib([concdemo, "fetch", nginx.url(name), "--into", folder, "--force"])
        size = (folder / name).stat().st_size
    if size != LARGE:
        sys.exit("not everything came")
    large, small = peaks["large.bin"] / 1024, peaks["small.bin"] / 1024
    print(f"1 GB file: VmHWM {large:.1f} MiB, {large - small:.1f} MiB over that of a file of 1 byte")


def main():
    concdemo = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "release" / "concdemo")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    if not os.path.exists(ECHO):
        sys.exit(f"{ECHO} is missing: apt-get install libnginx-mod-http-echo")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="concdemo-bench-"))
    nginx = Nginx(f"location /late/ {{ echo_sleep {LATENCY_S}; echo_exec @files; }} "
                  "location @files { rewrite ^/late/(.*)$ /$1 break; }", modules=[ECHO])
    try:
        small_files(nginx, folder, concdemo, rounds)
        large_file(nginx, folder, concdemo)
    finally:
        nginx.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
