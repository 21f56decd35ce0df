"""What cmake --install puts down serves others: the examples are a project of their own that finds it, builds and runs."""
import math
import os
import subprocess
import unittest

import program
import launcher

BUILD = os.path.dirname(program.CONCDEMO)


class Install(program.TestCase):
    def command(self, *args, **options):
        done = subprocess.run(args, capture_output=True, text=True, cwd=self.folder, timeout=100, **options)
        self.assertEqual(done.returncode, 0, f"{args}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def manual_and_completion(self, prefix):
        with open(f"{prefix}/share/man/man1/concdemo.1", encoding="utf-8") as file:
            page = file.read()
        for part in (".TH CONCDEMO 1", ".SH RUN\n", ".SH SWEEP\n", "\\-\\-snapshot\\-every E", ".SH FETCH\n"):
            self.assertIn(part, page)
        for line in page.splitlines():
            self.assertNotRegex(line, r"^'|^\.(?!TH|SH|B |br|nf|fi)")
        completion = f"{prefix}/share/bash-completion/completions/concdemo"
        for typed, words in (("concdemo plac", "placement"), ("concdemo run mat", "matvec matmul"),
                             ("concdemo run heat --snap", "--snapshot-every"), ("concdemo fetch --sha", "--sha256"),
                             ("concdemo mistakes lock", "lock-order"), ("concdemo verify heat", "")):
            script = f'. {completion}; COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _concdemo; echo "${{COMPREPLY[*]}}"'
            self.assertEqual(self.command("bash", "-c", script).strip(), words, typed)

    def test_examples(self):
        prefix = self.path("prefix")
        self.command("cmake", "--install", BUILD, "--prefix", prefix)
        self.assertIn("concdemo", self.command(os.path.join(prefix, "bin", "concdemo"), "--version"))
        self.manual_and_completion(prefix)
        with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
            compiler = next(line.split("=", 1)[1].strip() for line in cache if line.startswith("CMAKE_CXX_COMPILER:"))
        self.command("cmake", "-S", os.path.join(program.SOURCE, "tests", "examples"), "-B", "build",
                     f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Debug")
        self.command("cmake", "--build", "build", "--parallel", "2")
        refused = subprocess.run([compiler, "-std=c++20", "-ffast-math", "-fsyntax-only", "-x", "c++", "-", f"-I{prefix}/include",
                                  f"-I{prefix}/include/concdemo"], input="#include <concdemo/exact_sum.hpp>", text=True,
                                 capture_output=True)
        self.assertIn("without -ffast-math", refused.stderr)
        self.assertEqual(self.command("build/sites"),
                         "lahore: 21 degrees\nkarachi: 21 degrees\nislamabad: 21 degrees\nstill waiting\nmultan: 21 degrees\n")
        for ranks in (1, 3):
            self.assertEqual(self.command(*launcher.launch(ranks), "build/squares"), "55\n")
            exact, plain = self.command(*launcher.launch(ranks), "build/exact_over_ranks").split(", plain ")
            self.assertEqual(exact, f"exact {math.fsum([0.1] * 1000)!r}".replace("100.0", "100"))
            self.assertNotEqual(float(plain), math.fsum([0.1] * 1000))
            marks = self.command(*launcher.launch(ranks), "build/exam_marks").splitlines()
            self.assertEqual(marks[0], "348 of 1044 passed")
            self.assertRegex(marks[1], r"^item 700 \(rank \d, thread \d\): a mark of 99; there are 0 to 20$")


if __name__ == "__main__":
    program.main()
