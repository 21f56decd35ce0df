# concdemo as a Spack package, for Spack 1.0 or later: older ones know neither `api: v2.0` nor spack_repo.builtin.
# Spack.yaml in the project's root builds the checkout it lies in with it. tests/recipes_test.py holds it against
# CMakeLists.txt; `spack install` itself was not run: there was no Spack where this was written.
from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Concdemo(CMakePackage):
    """Hybrid MPI + OpenMP kernels with the same bits on any layout."""

    license("Apache-2.0")

    version("main", branch="main")  # of the checkout that is developed; to fetch it, name its `git` here

    variant("fetch", default=True, description="downloads, with a demonstration that needs no network")
    variant("hwloc", default=True, description="NUMA nodes and cores in placement and peaks")
    variant("tests", default=False, description="build the tests, and have all they need")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.22:", type="build")
    conflicts("%gcc@:11", msg="it is written in C++20: GCC 12 or Clang 14")

    depends_on("mpi")
    depends_on("hdf5@1.10.5:+hl")
    depends_on("cli11@2.1:", type="build")
    depends_on("fmt@8:")
    depends_on("nlohmann-json@3.9:")
    depends_on("highway@1.0.3:")
    depends_on("boost", type="build")
    depends_on("liblzf")
    depends_on("libdeflate")
    depends_on("hwloc", when="+hwloc")
    with when("+fetch"):
        depends_on("curl@7.66:")
        depends_on("openssl@1.1:")
        depends_on("libmicrohttpd")
    with when("+tests"):
        depends_on("catch2", type="build")
        depends_on("gmp", type="build")
        depends_on("mpfr", type="build")
        depends_on("python", type="build")
        for module in ("numpy", "h5py", "xarray", "h5netcdf", "netcdf4", "matplotlib", "pyyaml"):
            depends_on(f"py-{module}", type="build")

    def cmake_args(self):
        return [
            self.define_from_variant("CONCDEMO_FETCH", "fetch"),
            self.define_from_variant("CONCDEMO_HWLOC", "hwloc"),
            self.define_from_variant("CONCDEMO_TESTS", "tests"),
            self.define("FETCHCONTENT_FULLY_DISCONNECTED", True),  # what is missing is an error, not a download
        ]
