"""mistakes: every lesson on any number of ranks, texts and exit codes, and that the lines it shows are the sources'."""
import json
import os
import re
import unittest

import program

LOCAL = ["cpu-under-one-lock", "race", "exit-before-threads", "unjoined-thread", "result-before-join", "lock-order",
         "false-sharing", "unordered-sum", "queue-without-condition", "no-limit"]
BETWEEN_RANKS = ["head-to-head", "missing-rank", "buffer-reuse"]
ONE_CPU = ("taskset", "-c", str(min(os.sched_getaffinity(0))))


class Mistakes(program.TestCase):
    def test_all_in_brief_at_1_to_3_ranks(self):
        for ranks in (1, 2, 3):
            run = LOCAL + (BETWEEN_RANKS if ranks > 1 else [])
            out = self.succeeds("mistakes", ranks=ranks).out
            self.assertEqual(re.findall(r"^([a-z-]+): ", out, re.M), LOCAL + BETWEEN_RANKS, out)
            self.assertEqual(len(re.findall(r"^  broken  ", out, re.M)), len(run), out)
            self.assertEqual(out.count("not run: needs 2 ranks: mpirun -n 2 concdemo mistakes\n"), 13 - len(run), out)
            self.assertIn(f"{len(run)} lessons: each broken one was caught, each mended one is right", out)

    def test_on_one_cpu(self):
        out = self.succeeds("mistakes", "--quiet", ranks=2, prefix=ONE_CPU).out
        self.assertEqual(re.findall(r"^([a-z-]+) +caught, mended$", out, re.M), LOCAL + BETWEEN_RANKS, out)

    def test_one_in_full_shows_lines_of_the_sources(self):
        for name, ranks in [*((name, 1) for name in LOCAL), *((name, 2) for name in BETWEEN_RANKS)]:
            out = self.succeeds("mistakes", name, ranks=ranks).out
            self.assertTrue(out.startswith(name + ": "), out)
            for part in ("The mistake\n", "\nBroken (", "\nMended by ", "\n    Seen: ", "\nThe rule\n"):
                self.assertIn(part, out)
            shown = re.findall(r"^(?:Broken|Mended by .*) \((src/lessons/\w+\.cpp):(\d+)\)\n((?:      .*\n|\n)+)",
                               out, re.M)
            self.assertGreaterEqual(len(shown), 2, out)
            for file, line, text in shown:
                with open(os.path.join(program.SOURCE, file)) as source:
                    lines = source.read().split("\n")[int(line) - 1:]
                for there, here in zip(lines, text.rstrip("\n").split("\n")):
                    self.assertEqual(there.strip(), here.strip(), f"{name}: {file}:{line}")

    def test_json_is_one_object(self):
        for ranks in (1, 2):
            result = self.succeeds("mistakes", "--json", ranks=ranks)
            self.assertEqual(result.out.count("\n"), 1)
            record = json.loads(result.out)
            names = [lesson["name"] for lesson in record["lessons"]]
            self.assertEqual(names, LOCAL + (BETWEEN_RANKS if ranks > 1 else []))
            self.assertEqual([each["name"] for each in record["not_run"]], [] if ranks > 1 else BETWEEN_RANKS)
            self.assertEqual((record["schema"], record["ranks"], record["right"]), (1, ranks, True))
            for lesson in record["lessons"]:
                self.assertTrue(lesson["broken"]["caught"], lesson)
                self.assertTrue(lesson["mended"] and all(way["right"] for way in lesson["mended"]), lesson)
            race = record["lessons"][1]
            self.assertGreater(race["broken"]["lost"], 0)
            self.assertEqual([way["by"] for way in race["mended"]], ["a mutex", "an atomic", "an OpenMP reduction"])

    def test_the_list(self):
        for ranks in (1, 3):
            out = self.succeeds("mistakes", "--list", ranks=ranks).out
            self.assertEqual([line.split()[0] for line in out.splitlines()], LOCAL + BETWEEN_RANKS)

    def test_bad_arguments(self):
        for args, says in (
            (("lock-ordr",), ["lock-ordr", "did you mean lock-order?"]),
            (("weather",), ["weather", "there are", "buffer-reuse"]),
            (("",), "empty"),
            (("race", "lock-order"), "lock-order"),
            (("--list", "race"), "--list"),
            (("--list", "--json"), "--list"),
            (("--jsn",), "did you mean --json?"),
        ):
            self.fails(2, "mistakes", *args, says=says)
        self.fails(2, "mistakes", "lock-ordr", says="did you mean lock-order?", ranks=3)
        for name in BETWEEN_RANKS:
            self.fails(2, "mistakes", name, says=["needs 2 ranks", f"mpirun -n 2 concdemo mistakes {name}"])

    def test_output_that_cannot_be_written_is_said(self):
        self.fails(3, "mistakes", "result-before-join", says="standard output",
                   prefix=("bash", "-c", 'exec "$@" > /dev/full', "bash"))

    def test_nothing_is_left_running(self):
        marker = f"CONCDEMO_TEST_MARKER={os.getpid()}"
        name, value = marker.split("=")
        self.succeeds("mistakes", "lock-order", env={name: value})
        left = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if marker.encode() in file.read().split(b"\0"):
                        left.append(pid)
            except OSError:
                pass
        self.assertEqual(left, [])


if __name__ == "__main__":
    program.main()
