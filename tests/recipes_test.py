"""What the recipe for Spack says of dependencies, versions and options, held against what CMake asks for: a small
stand-in for Spack's directives takes down what the recipe declares. And whether both recipes of the container agree.

Usage: recipes_test.py (CONCDEMO_SOURCE: project root)
"""
import contextlib
import os
import pathlib
import re
import sys
import types
import unittest

import yaml

SOURCE = pathlib.Path(os.environ.get("CONCDEMO_SOURCE", pathlib.Path(__file__).resolve().parents[1]))
CMAKE = "".join((SOURCE / folder / "CMakeLists.txt").read_text()
                for folder in ("", "tests", "tests/oracles", "tests/bench"))
ENVIRONMENT = yaml.safe_load((SOURCE / "Spack.yaml").read_text())["spack"]
REPOSITORY = SOURCE / ENVIRONMENT["repos"]["concdemo"]

# What CMake calls a thing, and what Spack does.
SPACK_NAMES = {"MPI": "mpi", "HDF5": "hdf5", "CLI11": "cli11", "fmt": "fmt", "nlohmann_json": "nlohmann-json",
               "HWY": "highway", "CURL": "curl", "OpenSSL": "openssl", "Catch2": "catch2", "hwloc.h": "hwloc",
               "microhttpd.h": "libmicrohttpd", "boost/multiprecision/cpp_int.hpp": "boost", "lzf.h": "liblzf", "mpfr.h": "mpfr",
               "gmp.h": "gmp", "libdeflate.h": "libdeflate"}
OF_THE_COMPILER = {"OpenMP", "Threads"}
# The commit in --version; what stands in for libdeflate; peers that only benches measure.
NOT_NEEDED = {"Git", "ZLIB", "cblas.h", "fftw3-mpi.h"}
# Options of a developer, of which a package needs none.
DEVELOPERS = {"CONCDEMO_WERROR", "CONCDEMO_PRECOMPILE", "CONCDEMO_SANITIZE", "HDF5_PREFER_PARALLEL"}


class Recipe:
    """The recipe's class and what its directives said: needs, name -> (version, variants); when, name -> condition."""

    def __init__(self, path):
        self.needs, self.when, self.variants, self.versions = {}, {}, {}, []
        conditions = [None]

        @contextlib.contextmanager
        def when(condition):
            conditions.append(condition)
            yield
            conditions.pop()

        def depends_on(spec, type=None, when=None):
            name, version, variants = re.fullmatch(r"([\w-]+)(?:@([\d.]+):)?([+~]\w+)*", spec).groups()
            self.needs[name] = (version, variants)
            self.when[name] = when or conditions[-1]

        class CMakePackage:
            def define(self, name, value):
                return name, value

            def define_from_variant(self, name, variant):
                return name, self.chosen[variant]

        names = {"CMakePackage": CMakePackage, "when": when, "depends_on": depends_on,
                 "variant": lambda name, default, description: self.variants.update({name: default}),
                 "version": lambda name, **_: self.versions.append(name),
                 "license": lambda name: None, "conflicts": lambda spec, msg: None}
        modules = ["spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems",
                   "spack_repo.builtin.build_systems.cmake", "spack", "spack.package"]
        for name in modules:
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(names)
        own = {}
        exec(compile(path.read_text(), str(path), "exec"), own)
        for name in modules:
            del sys.modules[name]
        self.package = own["Concdemo"]

    def cmake_args(self, **chosen):
        package = self.package()
        package.chosen = {**self.variants, **chosen}
        return dict(package.cmake_args())


class SpackTest(unittest.TestCase):
    def setUp(self):
        self.recipe = Recipe(REPOSITORY / "packages" / "concdemo" / "package.py")

    def test_every_dependency_of_cmake_is_one_of_the_recipe_with_the_same_version(self):
        asked = re.findall(r"find_package\((\w+)(?: ([\d.]+))?", CMAKE)
        asked += [(header, "") for header in re.findall(r"find_path\(\w+ ([\w./-]+)", CMAKE)]
        self.assertGreater(len(asked), 12)
        wanted = {"cmake": re.search(r"cmake_minimum_required\(VERSION ([\d.]+)", CMAKE)[1]}
        for name, version in asked:
            if name not in OF_THE_COMPILER | NOT_NEEDED:
                self.assertIn(name, SPACK_NAMES, "CMake asks for what the recipe may lack")
                wanted[SPACK_NAMES[name]] = version or None
        said = {name: version for name, (version, _) in self.recipe.needs.items()
                if name not in ("c", "cxx", "python") and not name.startswith("py-")}
        self.assertEqual(said, wanted)
        self.assertEqual(self.recipe.needs["hdf5"][1], "+hl")

    def test_python_modules_of_the_tests_are_those_that_setup_installs(self):
        setup = (SOURCE / "scripts" / "setup").read_text()
        installed = set(re.findall(r"\bpython3-(\w+)", setup))
        said = {name.removeprefix("py-") for name in self.recipe.needs if name.startswith("py-")}
        self.assertEqual(said, {{"yaml": "pyyaml"}.get(name, name) for name in installed})

    def test_options_exist_and_follow_the_variants(self):
        options = set(re.findall(r"option\((\w+)", CMAKE)) | set(re.findall(r"set\((\w+) [^)]*\bCACHE\b", CMAKE))
        own = {name for name in self.recipe.cmake_args() if not name.startswith(("CMAKE_", "FETCHCONTENT_"))}
        self.assertEqual(own, options - DEVELOPERS)
        for variant in self.recipe.variants:
            for value in (True, False):
                self.assertIs(self.recipe.cmake_args(**{variant: value})[f"CONCDEMO_{variant.upper()}"], value)
        self.assertEqual({name: condition for name, condition in self.recipe.when.items()
                          if condition not in (None, "+tests")},
                         {"hwloc": "+hwloc", "curl": "+fetch", "openssl": "+fetch", "libmicrohttpd": "+fetch"})

    def test_the_environment_develops_this_checkout(self):
        self.assertEqual(yaml.safe_load((REPOSITORY / "repo.yaml").read_text()),
                         {"repo": {"namespace": "concdemo", "api": "v2.0"}})
        self.assertEqual(REPOSITORY.parts[-2:], ("spack_repo", "concdemo"))  # as that API wants it
        [spec] = ENVIRONMENT["specs"]
        name, *chosen = spec.split()
        self.assertEqual({word[1:] for word in chosen}, set(self.recipe.variants))
        self.assertEqual(ENVIRONMENT["develop"], {"concdemo": {"spec": name, "path": "."}})
        self.assertEqual([name], [f"concdemo@{version}" for version in self.recipe.versions])


class ContainerTest(unittest.TestCase):
    def test_both_recipes_take_the_same_steps_on_files_that_exist(self):
        folder = SOURCE / "scripts" / "container"
        docker, apptainer = (folder / "Dockerfile").read_text(), (folder / "concdemo.def").read_text()

        def steps(text):
            return re.findall(r"^FROM:? \S+|\S+/container/build.*|xargs apt-get install [^&\n]*packages|PATH=\S+", text,
                              re.M | re.I)
        self.assertEqual(len(steps(docker)), 5, steps(docker))
        self.assertEqual({step.lower().replace(": ", " ") for step in steps(docker)},
                         {step.lower().replace(": ", " ") for step in steps(apptainer)})
        copied = re.findall(r"^    (\S+) /source/$", apptainer, re.M)
        self.assertGreater(len(copied), 5)
        for name in copied:
            self.assertTrue((SOURCE / name).exists(), name)


if __name__ == "__main__":
    unittest.main()
