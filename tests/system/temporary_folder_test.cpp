#include "system/temporary_folder.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace concdemo;
namespace fs = std::filesystem;

namespace {

struct Base {
  std::string path = (fs::temp_directory_path() / "concdemo-test-XXXXXX").string();
  Base() {
    if (::mkdtemp(path.data()) == nullptr) std::abort();
  }
  ~Base() { fs::remove_all(path); }
  auto count() const { return std::distance(fs::directory_iterator(path), fs::directory_iterator()); }
};

}  // namespace

TEST_CASE("a temporary folder goes with its object, and no run removes it before") {
  const Base base;
  {
    const TemporaryFolder folder(base.path);
    std::ofstream(folder.path() + "/data") << "x";
    TemporaryFolder::remove_abandoned(base.path);
    CHECK(fs::exists(folder.path() + "/data"));
    CHECK(base.count() == 1);
  }
  CHECK(base.count() == 0);
}

TEST_CASE("a temporary folder without its owner is removed, other folders of that name are not") {
  const Base base;
  const std::string left = base.path + "/concdemo-tmp-aaaaaa", foreign = base.path + "/concdemo-tmp-bbbbbb";
  for (const std::string& folder : {left, foreign}) {
    fs::create_directories(folder + "/inside");
    std::ofstream(folder + "/inside/data") << "x";
  }
  std::ofstream(left + "/.concdemo-owner");
  fs::create_directory(base.path + "/concdemo-tmp-empty1");
  fs::create_directory_symlink(foreign, base.path + "/concdemo-tmp-linked");
  TemporaryFolder::remove_abandoned(base.path);
  CHECK_FALSE(fs::exists(left));
  CHECK_FALSE(fs::exists(base.path + "/concdemo-tmp-empty1"));
  CHECK(fs::exists(foreign + "/inside/data"));
  CHECK(fs::is_symlink(base.path + "/concdemo-tmp-linked"));
}

TEST_CASE("owners that begin while others remove what is left keep their folders") {
  const Base base;
  std::vector<std::thread> threads;
  std::atomic<int> lost = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        TemporaryFolder::remove_abandoned(base.path);
        const TemporaryFolder folder(base.path);
        std::ofstream(folder.path() + "/data") << "x";
        TemporaryFolder::remove_abandoned(base.path);
        if (!fs::exists(folder.path() + "/data")) ++lost;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(lost == 0);
  CHECK(base.count() == 0);
}

TEST_CASE("where no temporary folder can be made, TMPDIR is named") {
  CHECK_THROWS_WITH(TemporaryFolder("/nowhere/at/all"),
                    test::containing("/nowhere/at/all") && test::containing("TMPDIR"));
}
