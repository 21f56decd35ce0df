#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <utility>

#include "format/verify_file.hpp"
#include "support/catch.hpp"
#include "support/fault.hpp"
#include "support/message.hpp"
#include "support/output.hpp"
#include "support/small_disk.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace fs = std::filesystem;

TEST_CASE("a full disk is found at create, or told by commit where nothing was reserved; the older file stays whole") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const SmallDisk disk(comm, folder.path());
  if (!disk.is_mounted()) {
    WARN("SKIPPED: mounting a small tmpfs is not permitted here");
    return;
  }
  auto spec = vectors(folder.path() + "/out.h5", {1000});
  CHECK(write_file(comm, spec, {}).reserved);
  const auto before = contents(spec.path);
  comm.barrier();
  spec = vectors(spec.path, {500000});
  spec.force = true;
  for (const bool async : {true, false}) {
    auto message = message_of(ExitCode::system, [&] { OutputFile::create(comm, spec, {.async = async}); });
    CAPTURE(message);
    CHECK(contains(message, "needs 40"));  // 4 million bytes and some
    CHECK(contains(message, " free"));
    CHECK_FALSE(fs::exists(spec.path + ".partial"));
    comm.barrier();
    const auto file = OutputFile::create(comm, spec, {.async = async, .reserve = false});
    submit_mine(comm, *file, spec, 0);
    message = message_of(ExitCode::system, [&] { file->commit(); });
    CHECK(contains(message, spec.path + ".partial at byte "));
    CHECK(contains(message, "No space left on device"));
    CHECK(contains(message, "rank ") == (comm.size() > 1));
    comm.barrier();
    CHECK_FALSE(fs::exists(spec.path + ".partial"));
    CHECK((contents(spec.path) == before));
  }
}

TEST_CASE("a write that fails on one rank is the same error on all, and the ring does not jam") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {1000000});
  const int last = comm.size() - 1;
  const auto file = OutputFile::create(comm, spec, {.ring_depth = 1});
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto limited = before;
  if (comm.rank() == last) limited.rlim_cur = 10000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limited) == 0);
  submit_mine(comm, *file, spec, 0);
  const auto message = message_of(ExitCode::system, [&] { file->commit(); });
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CAPTURE(message);
  CHECK(contains(message, "File too large"));
  CHECK(contains(message, spec.path));
  if (last > 0) CHECK(contains(message, "rank " + std::to_string(last)));
  CHECK(comm.all_gather(message) == std::vector(static_cast<std::size_t>(comm.size()), message));
  comm.barrier();
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a fault at any point of one rank's writing is the same error on all, and an older file stays whole") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = vectors(folder.path() + "/out.h5", {100000, 10});
  write_file(comm, spec, {});
  comm.barrier();
  const auto before = contents(spec.path);
  spec.force = true;
  const auto last = std::to_string(comm.size() - 1);
  for (const auto& [fault, says] : {std::pair<std::string, const char*>{"write:2:enospc:" + last, " at byte "},
                                    {"write:1:throw:" + last, "thrown at write"},
                                    {"table:2:eio", " at byte "},
                                    {"header:1:eio", " at byte 0"},
                                    {"fsync:1:eio", "fsync"}}) {
    CAPTURE(fault);
    comm.barrier();
    const Fault armed(fault);
    const auto message = message_of(ExitCode::system, [&] { write_file(comm, spec, {}); });
    CHECK(contains(message, says));
    CHECK(comm.broadcast(message) == message);
    comm.barrier();
    CHECK((contents(spec.path) == before));
    CHECK_FALSE(fs::exists(spec.path + ".partial"));
  }
}

TEST_CASE("a partial file that vanishes is an error, not a missing result") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {1000});
  const auto file = OutputFile::create(comm, spec, {});
  submit_mine(comm, *file, spec, 0);
  if (comm.is_root()) fs::remove(spec.path + ".partial");
  CHECK(contains(message_of(ExitCode::system, [&] { file->commit(); }), "removed or replaced"));
}
