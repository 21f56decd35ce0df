#include "system/file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "support/catch.hpp"
#include "support/fault.hpp"
#include "support/folder.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::message_of;

TEST_CASE("what fails with a file says what, where and why, also by a fault at its point") {
  const test::Folder folder;
  const auto path = folder.path + "/a";
  const std::vector<std::byte> bytes(10, std::byte{7});
  CHECK(message_of(ExitCode::system, [&] { files::File::open(path, O_RDWR); }) ==
        "cannot open " + path + ": No such file or directory");
  auto file = files::File::open(path, O_RDWR | O_CREAT);
  file.write(bytes, 4, "write");
  CHECK(file.size() == 14);
  std::vector<std::byte> found(10);
  file.read(found, 4, "read");
  CHECK(found == bytes);
  CHECK(message_of(ExitCode::system, [&] { file.read(found, 5, "read"); }) == path + " ends at byte 14");
  struct Case {
    std::string fault, message;
    std::function<void()> call;
  };
  for (const auto& [fault, message, call] :
       {Case{"table:1:eio", "cannot write " + path + " at byte 3: Input/output error",
             [&] { file.write(bytes, 3, "table"); }},
        Case{"read:1:eio", "cannot read " + path + " at byte 3: Input/output error",
             [&] { file.read(found, 3, "read"); }},
        Case{"sync:1:eio", path + ": fdatasync: Input/output error", [&] { file.sync_data("sync"); }},
        Case{"fsync:1:enospc", path + ": fsync: No space left on device", [&] { file.sync_all("fsync"); }},
        Case{"names:1:eio", "folder of " + path + ": fsync: Input/output error",
             [&] { files::sync_folder_of(path, "names"); }}}) {
    const test::Fault armed(fault);
    fault::arm(0);
    CHECK(message_of(ExitCode::system, call) == message);
    CHECK(message_of(ExitCode::system, call) == "");  // it strikes once
  }
  activity::Slot slot{};
  activity::watch(&slot, nullptr);
  file.write(bytes, 0, "table");
  CHECK(activity::text_of(slot) == "writing " + path + " at byte 0 (table)");
  file.sync_data("sync");
  CHECK(activity::text_of(slot) == "fdatasync of " + path + " (sync)");
  activity::watch(nullptr, nullptr);
  file.close();
  CHECK(message_of(ExitCode::system, [&] { file.sync_data("sync"); }) == path + ": fdatasync: Bad file descriptor");
}

TEST_CASE("work at a point ends at the first error that it requires to be none") {
  int done = 0;
  const auto work = [&] {
    files::require(0);
    ++done;
    files::require(EDQUOT);
    ++done;
  };
  CHECK(files::at_point("point", "working", work) == EDQUOT);
  CHECK(done == 1);
  CHECK_THROWS_AS(files::at_point("point", "working", [] { throw usage_error("no"); }), Error);
}

TEST_CASE("a block of a matrix is read from rows that lie apart, in one piece where they do not") {
  const test::Folder folder;
  const auto file = files::File::open(folder.path + "/a", O_RDWR | O_CREAT);
  std::vector<double> matrix(12);  // 3 x 4
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<double>(i);
  file.write(std::as_bytes(std::span(matrix)), 16, "write");
  std::vector<double> block(6, -1);  // 2 x 2 in rows of 3
  file.read({block.data(), 2, 2, 3}, 4, 16 + 5 * sizeof(double), "read");
  CHECK(block == std::vector<double>{5, 6, -1, 9, 10, -1});
  std::vector<double> all(12);
  file.read({all.data(), 3, 4, 4}, 4, 16, "read");
  CHECK(all == matrix);
}
