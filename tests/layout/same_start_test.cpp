#include "layout/same_start.hpp"

#include "support/catch.hpp"
#include "system/process.hpp"

using namespace concdemo;
using Lines = std::vector<std::string>;

namespace {

Start start(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment = {},
            bool uses_folder = false) {
  return this_start(arguments, environment, uses_folder);
}

}  // namespace

TEST_CASE("starts that are alike do not differ") {
  CHECK(difference({}, {}, 1).empty());
  CHECK(difference(start({"run", "sum"}), start({"run", "sum"}), 1).empty());
  const Start a{{"working folder", "inode 7 named w", "/home/w on a"}},
      b{{"working folder", "inode 7 named w", "/auto/w on b"}};
  CHECK(difference(a, b, 1).empty());  // one folder, mounted by two names
}

TEST_CASE("a difference names both values, their ranks, and what they are of") {
  CHECK(difference(start({"run", "sum", "--size", "10k"}), start({"run", "sum", "--size", "20k"}), 2) ==
        Lines{"arguments of rank 0: run sum --size 10k", "arguments of rank 2: run sum --size 20k"});
  CHECK(difference(start({}), start({"--help"}), 10) ==
        Lines{"arguments of rank 0:  (none)", "arguments of rank 10: --help"});
  const Start a{{"working folder", "inode 7", "/work on vm"}}, b{{"working folder", "inode 9", "/work on vm"}};
  CHECK(difference(a, b, 1) ==
        Lines{"working folder of rank 0: /work on vm (inode 7)", "working folder of rank 1: /work on vm (inode 9)"});
}

TEST_CASE("arguments are told apart exactly") {
  const std::vector<std::vector<std::string>> all{{"a b"},    {"a", "b"}, {"'a", "b'"}, {"a", "", "b"},
                                                  {"(none)"}, {},         {"'"},        {"a\nb"}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < all.size(); ++k) CHECK(difference(start(all[i]), start(all[k]), 1).empty() == (i == k));
  }
}

TEST_CASE("variables count that choose what is done, and not those that place a rank") {
  const std::map<std::string, std::string> plain{
      {"OMP_NUM_THREADS", "1"}, {"TMPDIR", "/a"}, {"CONCDEMO_OWN_CPUS", "0"}};
  const std::map<std::string, std::string> other{
      {"OMP_NUM_THREADS", "2"}, {"TMPDIR", "/b"}, {"CONCDEMO_OWN_CPUS", "1"}};
  CHECK(difference(start({}, plain), start({}, other), 1).empty());
  CHECK(difference(start({}, {}), start({}, {{"CONCDEMO_NFS", ""}}), 1) ==
        Lines{"CONCDEMO_NFS of rank 0: not set", "CONCDEMO_NFS of rank 1: ''"});
  CHECK(difference(start({}, {{"HDF5_USE_FILE_LOCKING", "FALSE"}}), start({}, {}), 1) ==
        Lines{"HDF5_USE_FILE_LOCKING of rank 0: FALSE", "HDF5_USE_FILE_LOCKING of rank 1: not set"});
}

TEST_CASE("of a long value the place is shown where it begins to differ") {
  const std::string left = std::string(5000, '1') + ",7," + std::string(5000, '2');
  const std::string right = std::string(5000, '1') + ",8," + std::string(5000, '2');
  const Lines lines = difference(start({left}), start({right}), 1);
  REQUIRE(lines.size() == 2);
  for (const std::string& line : lines) CHECK(line.size() < 300);
  CHECK(lines[0].find("11,7,22") != std::string::npos);
  CHECK(lines[1].find("11,8,22") != std::string::npos);
}

TEST_CASE("a build and a folder are known") {
  CHECK(build_id().size() >= 16);
  CHECK(build_id() == build_id());
  const WorkingFolder folder = working_folder();
  CHECK(folder.path.front() == '/');
  CHECK(folder.key.find("inode") != std::string::npos);
  CHECK(difference(start({}, {}, true), start({}, {}, false), 1).size() == 2);
}
