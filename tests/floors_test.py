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

# What a folder's files may include of the project, besides their own folder.
FLOORS = {
    "kernels": set(),
    "src/base": set(),
    "src/system": {"base", "kernels"},
    "src/engine": {"base", "system", "kernels"},
    "src/pool": {"base", "system"},
    "src/workloads": {"base", "system", "engine", "kernels", "pool"},
    "src/fetch": {"base", "system", "engine"},
    "src/lessons": {"base", "system", "engine", "kernels", "pool"},
    "src/commands": {"base", "system", "engine", "kernels", "pool", "workloads", "fetch", "lessons"},
}
COMMON_TO_COMMANDS = {"command", "options", "result"}  # what a command is, and the options several have
# Headers of things outside the program, and the one place that may see them.
WRAPPERS = {
    r"mpi\.h": r"src/system/mpi",
    r"hdf5(_hl)?\.h|H5.*public\.h": r"src/system/hdf5",
    r"curl/.*": r"src/system/http(?!_server)",
    r"microhttpd\.h": r"src/system/http_server\.",
    r"openssl/.*": r"src/system/sha256\.",
    r"lzf\.h": r"src/system/hdf5_lzf\.",
    r"hwloc(/.*|\.h)": r"src/system/topology",
    r"omp\.h": r"kernels/|src/(system|engine|pool|workloads|lessons)/|tests/",
    r"hwy/.*": r"kernels/",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def sources(*folders):
    return sorted(path for folder in folders for path in (SOURCE / folder).rglob("*") if path.suffix in (".hpp", ".cpp"))


def name(path):
    return path.relative_to(SOURCE).as_posix()


def wrong_includes(path, text):
    """What the file at `path` (relative to the root) includes and must not."""
    folder = "/".join(path.split("/")[: 1 if path.startswith("kernels/") else 2])
    wrong = []
    for kind, header in INCLUDE.findall(text):
        for pattern, home in WRAPPERS.items():
            if re.fullmatch(pattern, header) and not re.match(home, path):
                wrong.append(f"{path} includes {header}, which belongs behind {home}")
        if folder not in FLOORS:
            continue
        floor = header.split("/")[0]
        own = folder.split("/")[-1]
        if kind == '"' and "/" in header and floor != own and floor not in FLOORS[folder]:
            wrong.append(f"{path} includes {header}: {folder} may include {sorted(FLOORS[folder]) or 'only itself'}")
        if kind == '"' and floor == own == "commands":
            if pathlib.PurePath(header).stem not in COMMON_TO_COMMANDS | {pathlib.PurePath(path).stem}:
                wrong.append(f"{path} includes {header}: commands never include one another")
        if kind == "<" and folder == "src/base" and not re.fullmatch(r"[a-z_]+|fmt/.*", header):
            wrong.append(f"{path} includes <{header}>: base is std and fmt only")
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
                    home = space or home
                    if what:
                        found.setdefault(f"{home}::{what}", []).append(name(path))
        twice = {what: paths for what, paths in found.items() if len(paths) > 1}
        self.assertEqual(twice, {})

    def test_includes_go_downwards(self):
        wrong = [line for path in sources("src", "kernels") for line in wrong_includes(name(path), path.read_text())]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_the_rules_find_what_they_forbid(self):
        for path, line in [
            ("kernels/sum.cpp", '#include "base/error.hpp"'),
            ("src/base/text.hpp", '#include "system/mpi.hpp"'),
            ("src/base/text.hpp", "#include <unistd.h>"),
            ("src/system/files.cpp", '#include "engine/output.hpp"'),
            ("src/engine/output.cpp", "#include <mpi.h>"),
            ("src/engine/output.cpp", '#include "workloads/sum.hpp"'),
            ("src/workloads/sum.cpp", "#  include <hdf5.h>"),
            ("src/workloads/sum.cpp", '#include "commands/run.hpp"'),
            ("src/commands/run.cpp", '#include "commands/tour.hpp"'),
            ("src/commands/run.cpp", "#include <hwy/highway.h>"),
        ]:
            self.assertEqual(len(wrong_includes(path, f"#pragma once\n{line}\n")), 1, (path, line))
        self.assertEqual(wrong_includes("src/commands/run.cpp", '#include "commands/run.hpp"\n#include <array>\n'), [])

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
