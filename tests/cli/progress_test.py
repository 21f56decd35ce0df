"""Progress: on a terminal a line that is gone at the end, without one nothing or, asked for, plain lines; never on stdout."""
import re

import program

FAST = {"CONCDEMO_PROGRESS_S": "0.002"}  # instead of a second, and instead of a minute
NEVER = {"CONCDEMO_PROGRESS_S": "1000"}
LINE = re.compile(r"\r\033\[K([^\r]+), (\d+) s \.\.\.")
HEAT = ("run", "heat", "--size", "700x600", "--steps", 400, "--snapshot-every", 20, "--output", "heat.h5", "--force")


class Progress(program.TestCase):
    def shows(self, args, *phases, ranks=1, env=None):
        """Lines of progress that match each of `phases`; at the end the screen is clear."""
        result = program.run_on_terminal(*args, ranks=ranks, env={**FAST, **(env or {})}, cwd=self.folder)
        self.assertEqual(result.code, 0, result.err + result.out)
        self.assertNotIn("\033", result.out)
        self.assertNotIn("\r", result.out)
        lines = [phase for phase, _ in LINE.findall(result.err)]
        for phase in phases:
            self.assertTrue(any(re.search(phase, line) for line in lines), f"{phase} in {args}: {sorted(set(lines))}")
        self.assertNotIn(" ...", result.err.rsplit("\r\033[K", 1)[1], "the last line is cleared")
        return result

    def test_run(self):
        for ranks in (1, 2):
            self.shows(("run", "sum", "--size", "20M", "--repeat", 20), "^sum: reading or generating",
                       r"^sum: computing, run \d+ of 20", "^sum: verifying", "^sum: measuring the peak", ranks=ranks)
        self.shows(("run", "heat", "--size", "1000x1000", "--steps", 400), r"^heat: computing, \d+ of 400 steps")
        self.shows(("run", "sum", "--size", "50M", "--schedule", "dynamic"), r"^sum: computing, \d+ of \d+ blocks", ranks=2)

    def test_files(self):
        self.shows(("run", "fill", "--size", "20M", "--output", "x.h5"), r"^fill: (computing|verifying)",
                   "^fill: writing x.h5")
        self.shows(("run", "stats", "--input", "x.h5:/x"), r"^stats: computing, [\d.]+ [MKG]?i?B of 153 MiB$")
        self.shows(("run", "sum", "--input", "x.h5:/x"), r"^sum: computing, [\d.]+ [MKG]?i?B of 153 MiB$")
        self.shows(("verify", "x.h5"), r"^verifying x.h5, \d+ of 153 blocks", ranks=1)
        self.shows(("run", "square", "--input", "x.h5:/x", "--buffers", "4MiB", "--output", "y.h5"),
                   r"^square: computing, \d+ of \d+ blocks")

    def test_heat(self):
        for ranks in (1, 2):
            self.shows(HEAT, "^heat: step 0 of 400", r"^heat: step \d+ of 400, \d+ of 21 snapshots durable",
                       "^heat: making the last|^heat: writing|^heat: verifying", ranks=ranks)
        stopped = program.run(*HEAT, env={"CONCDEMO_FAULT": "commit:15:kill"}, cwd=self.folder)
        self.assertEqual(stopped.code, -9)
        self.shows(("resume", "heat.h5"), r"^reading heat.h5", r"^heat: step \d+ of 400, 1\d of 21")

    def test_machine(self):
        self.shows(("peaks", "--folder", "."), "^measuring all ranks at once: read bandwidth", "once: durable writes$",
                   "^measuring messages", ranks=2)
        self.shows(("placement",), "^measuring what the placement costs", ranks=2, env={"OMP_NUM_THREADS": "4"})
        self.shows(("sweep", "--workloads", "sum:2M", "--rounds", 2),
                   r"^round 1 of 2, 1 rank x 1 thread, sum: (reading|computing|verifying)", "^measuring the peaks")

    def test_lessons_and_tour(self):
        self.shows(("compare", "--kind", "sleep", "--tasks", 2, "--repeat", 2), r"^sleep tasks: threads, run 2 of 2")
        self.shows(("mistakes", "race"), "^race$")
        self.shows(("fetch", "--demo"), "^three requests", "^5 files, one after the other", "^5 files at once")
        tour = self.shows((), "^one core, fill: ", "^1 node, .*, matmul: verifying", "^writing concdemo.h5")
        self.assertIn("Wrote concdemo.h5", tour.out)

    def test_a_long_line_is_cut_and_a_short_run_shows_nothing(self):
        name = "x" * 150 + ".h5"
        result = self.shows(("run", "fill", "--size", "5M", "--output", name))
        self.assertLessEqual(max(len(text) for text in re.findall(r"\033\[K([^\r]*) \.\.\.", result.err)), 76)
        quick = program.run_on_terminal("run", "sum", "--size", "1k", cwd=self.folder, env=NEVER)
        self.assertNotIn("\033", quick.err)

    def test_without_a_terminal(self):
        for args, shown in (((), False), (("--progress", "on"), True), (("--progress", "off"), False),
                            (("--progress", "on", "--quiet"), False)):
            for ranks in (1, 2):
                result = self.succeeds("run", "sum", "--size", "20M", *args, ranks=ranks, env=FAST)
                self.assertNotIn("\033", result.err + result.out)
                found = re.findall(r"^concdemo: sum: .*, \d+ s$", result.err, re.MULTILINE)
                self.assertEqual(bool(found), shown, result.err)
        quick = self.succeeds("run", "sum", "--size", "1k", "--progress", "on", env=NEVER)
        self.assertNotIn("concdemo: sum:", quick.err)

    def test_none_on_a_terminal_where_it_is_not_wanted(self):
        for args in (("--progress", "off"), ("--quiet",)):
            result = program.run_on_terminal("run", "sum", "--size", "20M", *args, env=FAST, cwd=self.folder)
            self.assertNotIn("\033", result.err)


if __name__ == "__main__":
    program.main()
