"""The rules of the folders: who includes what, headers that compile alone, files that stay short.

Usage: floors_test.py (CONCDEMO_SOURCE: project root, CONCDEMO_BUILD: a build folder with compile_commands.json)
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("CONCDEMO_SOURCE", pathlib.Path(__file__).resolve().parents[1]))
BUILD = pathlib.Path(os.environ.get("CONCDEMO_BUILD", SOURCE / "build" / "release"))
MOST_LINES = 300

# The rooms, from the bottom; a file includes its own room's headers and those of the floors below.
FLOORS = [
    ["base", "kernels"],
    ["system"],
    ["format", "screen", "pool"],
    ["input", "output", "layout", "fetch"],
    ["measure"],
    ["workloads", "lessons"],
    ["commands"],
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
COMMON_TO_COMMANDS = {"command", "options", "result", "suggest"}  # what a command is, options several have, help
# Headers of things outside the program, and the one place that may see them.
WRAPPERS = {
    r"mpi\.h": r"src/system/mpi",
    r"hdf5(_hl)?\.h|H5.*public\.h": r"src/system/hdf5",
    r"curl/.*": r"src/system/http(?!_server)",
    r"microhttpd\.h": r"src/system/http_server\.",
    r"openssl/.*": r"src/system/sha256\.",
    r"lzf\.h": r"src/system/hdf5_lzf\.",
    r"(libdeflate|zlib)\.h": r"src/system/inflate\.",
    r"hwloc(/.*|\.h)": r"src/system/topology",
    r"omp\.h": r"kernels/|src/(system|pool|input|layout|measure|workloads|lessons)/|tests/",
    r"hwy/.*": r"kernels/",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def sources(*folders):
    return sorted(path for folder in folders for path in (SOURCE / folder).rglob("*") if path.suffix in (".hpp", ".cpp"))


def name(path):
    return path.relative_to(SOURCE).as_posix()


def wrong_includes(path, text):
    """What the file at `path` (relative to the root) includes and must not."""
    own = path.removeprefix("src/").split("/")[0]
    wrong = []
    for kind, header in INCLUDE.findall(text):
        for pattern, home in WRAPPERS.items():
            if re.fullmatch(pattern, header) and not re.match(home, path):
                wrong.append(f"{path} includes {header}, which belongs behind {home}")
        if own not in FLOOR_OF:
            continue  # main.cpp, above all
        room = header.split("/")[0]
        if kind == '"' and "/" in header and room != own and FLOOR_OF.get(room, len(FLOORS)) >= FLOOR_OF[own]:
            wrong.append(f"{path} includes {header}: {own} may include {sum(FLOORS[:FLOOR_OF[own]], [])}")
        if kind == '"' and room == own == "commands":
            if pathlib.PurePath(header).stem not in COMMON_TO_COMMANDS | {pathlib.PurePath(path).stem}:
                wrong.append(f"{path} includes {header}: commands never include one another")
        if kind == "<" and own == "base" and not re.fullmatch(r"[a-z_]+|fmt/.*|nlohmann/json_fwd.hpp", header):
            wrong.append(f"{path} includes <{header}>: base is the standard library, fmt and the name of JSON")
    return wrong


class Floors(unittest.TestCase):
    def test_a_name_is_one_thing(self):
        """Two classes of one name in two headers are one to the linker, whichever of them that takes."""
        found = {}
        for path in sources("src", "kernels"):
            if path.suffix == ".hpp":
                home = ""
                for space, what in re.findall(r"^namespace ([\w:]+) \{|^(?:class|struct|enum class) (\w+)\b(?!::)[^;]*?\{",
                                              path.read_text(), re.M):
                    if space:
                        home = space if space.startswith("concdemo") else f"concdemo::{space}"  # one inside the other
                    if what:
                        found.setdefault(f"{home}::{what}", []).append(name(path))
        twice = {what: paths for what, paths in found.items() if len(paths) > 1}
        self.assertEqual(twice, {})

    def test_a_file_is_found_by_its_name(self):
        """No base name in two places, a test beside what it tests, every room in src/README.md."""
        places = {}
        for path in sources("src", "kernels"):
            places.setdefault(path.stem, set()).add(name(path.parent))
        self.assertEqual({stem: homes for stem, homes in places.items() if len(homes) > 1}, {})
        for test in sources("tests"):
            room = name(test.parent).removeprefix("tests/")
            if not test.name.endswith("_test.cpp") or room == "support":
                continue
            unit = re.sub(r"(_mpi)?_test$", "", test.stem)
            home = room if room == "kernels" else f"src/{room}"
            units = [stem for stem, homes in places.items() if home in homes]
            self.assertTrue(any(unit == stem or unit.startswith(stem + "_") for stem in units),
                            f"{name(test)} tests nothing in {home} of this name")
        rooms = {path.name for path in (SOURCE / "src").iterdir() if path.is_dir()}
        self.assertEqual(rooms | {"kernels"}, set(FLOOR_OF))
        readme = (SOURCE / "src" / "README.md").read_text()
        self.assertEqual([room for room in rooms if f"| `{room}/` |" not in readme], [], "rooms that src/README.md leaves out")

    def test_includes_go_downwards(self):
        wrong = [line for path in sources("src", "kernels") for line in wrong_includes(name(path), path.read_text())]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_the_rules_find_what_they_forbid(self):
        for path, line in [
            ("kernels/fill.cpp", '#include "base/error.hpp"'),
            ("src/base/text.hpp", '#include "system/mpi.hpp"'),
            ("src/base/text.hpp", "#include <unistd.h>"),
            ("src/system/files.cpp", '#include "output/output.hpp"'),
            ("src/output/output.cpp", '#include "input/read_ahead.hpp"'),
            ("src/output/output.cpp", "#include <mpi.h>"),
            ("src/output/output.cpp", '#include "workloads/sweep.hpp"'),
            ("src/workloads/heat/heat_plan.cpp", "#  include <hdf5.h>"),
            ("src/workloads/heat/heat_plan.cpp", '#include "commands/options.hpp"'),
            ("src/commands/run_command.cpp", '#include "commands/tour_command.hpp"'),
            ("src/commands/run_command.cpp", "#include <hwy/highway.h>"),
        ]:
            self.assertEqual(len(wrong_includes(path, f"#pragma once\n{line}\n")), 1, (path, line))
        self.assertEqual(wrong_includes("src/commands/run_command.cpp", '#include "commands/options.hpp"\n#include <array>\n'), [])

    def test_the_world_is_passed(self):
        own = ("src/system/mpi.", "tests/examples/", "tests/bench/fftw_bench")  # programs of others
        wrong = [name(path) for path in sources("src", "kernels", "tests")
                 if re.search(r"\bMPI_COMM_WORLD\b", path.read_text()) and not name(path).startswith(own)]
        self.assertEqual(wrong, [], "MPI_COMM_WORLD is src/system/mpi's alone: a communicator is passed")

    def test_files_stay_short(self):
        wrong = []
        for folder in ("src", "kernels", "tests", "scripts", "jobs"):
            for path in (SOURCE / folder).rglob("*"):
                if path.is_file() and path.suffix in ("", ".hpp", ".cpp", ".py", ".sh", ".sbatch", ".txt"):
                    lines = path.read_text().count("\n")
                    if lines > MOST_LINES:
                        wrong.append(f"{name(path)} has {lines} lines")
        self.assertEqual(wrong, [], f"at most {MOST_LINES} lines a file")

    def test_code_is_formatted(self):
        """By the clang-format of Debian 12; others break some lines elsewhere."""
        version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout
        if not re.search(r"version 14\.", version):
            self.skipTest(f"SKIPPED: not clang-format 14 but {version.strip()}")
        done = subprocess.run(["clang-format", "--dry-run", *map(str, sources("src", "kernels", "tests"))],
                              cwd=SOURCE, capture_output=True, text=True)
        wrong = sorted(set(re.findall(r"^(\S+):\d+:\d+: ", done.stderr, re.M)))
        self.assertEqual((done.returncode, wrong), (0, []), "clang-format -i FILE mends them")
        long = [f"{name(path)}:{number}" for path in sources("src", "kernels", "tests")
                for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 120]
        self.assertEqual(long, [], "lines of more than 120 columns, which it does not break")

    def test_shell_scripts_are_clean(self):
        scripts = [path for folder in ("scripts", "jobs", ".ci", "tests") for path in (SOURCE / folder).rglob("*")
                   if path.is_file() and re.match(rb"#!.*\b(ba)?sh\n|# shellcheck ", path.read_bytes())]
        self.assertGreater(len(scripts), 5)
        done = subprocess.run(["shellcheck", *map(str, scripts)], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, "\n" + done.stdout + done.stderr)

    def test_every_header_compiles_alone(self):
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        def command_of(part):
            return next(shlex.split(entry["command"]) for entry in commands if part in entry["file"])

        core, program, kernel = command_of("/src/system/mpi.cpp"), command_of("/src/main.cpp"), command_of("/kernels/")
        flag = re.compile(r"-(D|I|isystem|std|f(?!sanitize))")

        def options(command):
            kept = []
            for before, word in zip([""] + command, command):
                if flag.match(word) or before == "-isystem":
                    kept.append(word)
            return kept

        compiler = next(word for word in core if not word.endswith("ccache"))

        def compile_alone(header):
            with tempfile.TemporaryDirectory() as folder:
                # Included twice: alone, and again.
                path = pathlib.Path(folder) / "alone.cpp"
                path.write_text(f'#include "{header}"\n#include "{header}"\n')
                place = name(header)
                command = kernel if place.startswith("kernels") else program if "/commands/" in place else core
                done = subprocess.run([compiler, *options(command), "-fsyntax-only", str(path)], capture_output=True, text=True)
                return "" if done.returncode == 0 else f"{place}:\n{done.stderr[:600]}"

        # A header that its own .cpp includes before anything else is compiled alone by a build without precompiled
        # headers (the preset clang); what these would hide, includes_test.py finds.
        first = {match[1] for path in sources("src", "kernels") if path.suffix == ".cpp"
                 for match in INCLUDE.findall(path.read_text())[:1]}
        headers = [path for path in sources("src", "kernels")
                   if path.suffix == ".hpp" and name(path).removeprefix("src/") not in first]
        self.assertGreater(len(headers), 3)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            failures = [text for text in pool.map(compile_alone, headers) if text]
        self.assertEqual(failures, [], "\n" + "\n".join(failures))


if __name__ == "__main__":
    unittest.main(verbosity=1)
