#include <filesystem>

#include "format/verify_file.hpp"
#include "support/catch.hpp"
#include "support/fault.hpp"
#include "support/series.hpp"
#include "support/small_disk.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace fs = std::filesystem;

namespace {

std::string whole(const mpi::Comm& comm, const SeriesSpec& spec) {
  {
    const auto file = SeriesFile::create(comm, spec, {});
    write_snapshots(comm, *file, spec.snapshots, 2);
    file->close();
  }
  comm.barrier();
  return contents(spec.path);
}

}  // namespace

TEST_CASE("an I/O error of one rank reaches all at the same call, and the committed snapshots stay and are resumed") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = series(folder.path() + "/out.h5", 60, 50, 6);
  const auto expected = whole(comm, spec);
  spec.force = true;
  struct Case {
    const char* fault;
    const char* says;
    std::uint64_t least, most;  // snapshots committed
  };
  for (const auto& [fault, says, least, most] :
       {Case{"write:4:eio", "Input/output error", 0, 3}, Case{"write:3:throw", "thrown at write", 0, 2},
        Case{"write:1:enospc:1", "No space left", 0, 0}, Case{"sync:1:eio", "fdatasync", 0, 6},
        Case{"table:3:enospc", "No space left", 2, 2}, Case{"table_sync:3:eio", "fdatasync", 2, 2},
        Case{"commit:2:eio", "cannot write", 1, 1}, Case{"commit_sync:2:eio", "fdatasync", 2, 2},
        Case{"scalar:3:eio", "cannot write", 2, 2}, Case{"time:4:edquot", "quota", 4, 4},
        Case{"time_sync:1:eio", "fdatasync", 6, 6}, Case{"end:1:eio", "cannot write", 6, 6},
        Case{"end_sync:1:eio", "fsync", 6, 6}, Case{"checkpoint_commit:1:eio", "checkpoint", 0, 6},
        Case{"checkpoint:1:enospc:0", "go without checkpoints", 0, 6}}) {
    if (std::string(fault).ends_with("enospc:1") && comm.size() == 1) continue;  // there is no rank 1
    CAPTURE(fault);
    comm.barrier();
    std::string message;
    {
      const Fault armed(fault);
      try {
        const auto file = SeriesFile::create(comm, spec, {});
        write_snapshots(comm, *file, 6, 2, true);
        file->close();
      } catch (const Error& error) {
        CHECK(error.code == ExitCode::system);
        message = error.what();
      }
    }
    CHECK(message.find(says) != std::string::npos);
    CHECK(comm.broadcast(message) == message);
    comm.barrier();
    const auto report = verify_file(comm, spec.path);
    CHECK(report.damage.empty());
    REQUIRE(report.series.has_value());
    CHECK(report.series->committed >= least);
    CHECK(report.series->committed <= most);
    comm.barrier();
    const auto file = SeriesFile::open(comm, spec.path, {});
    CHECK(file->committed() == report.series->committed);
    write_snapshots(comm, *file, 6, 1);
    file->close();
    CHECK((contents(spec.path) == expected));
  }
}

TEST_CASE("a disk that fills in mid-run, where nothing was reserved, stops all ranks; with room again resume goes on") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const SmallDisk disk(comm, folder.path());
  if (!disk.is_mounted()) {
    WARN("SKIPPED: mounting a small tmpfs is not permitted here");
    return;
  }
  const auto spec = series(folder.path() + "/out.h5", 200, 160, 12);  // 3 MiB on a disk of 2 MiB
  CHECK(code_of([&] { SeriesFile::create(comm, spec, {}); }) == ExitCode::system);
  comm.barrier();
  CHECK(fs::is_empty(folder.path()));
  comm.barrier();
  const auto filler = folder.path() + "/filler";
  auto small = spec;
  small.snapshots = 6;
  const auto run = [&](SeriesFile& file) {
    return code_of([&] {
      write_snapshots(comm, file, file.snapshots(), 2);
      file.close();
    });
  };
  std::uint64_t committed = 0;
  {
    const auto file = SeriesFile::create(comm, small, {.reserve = false});
    if (comm.is_root()) put_text(filler, std::string(1 << 20, 'f'));
    comm.barrier();
    CHECK(run(*file) == ExitCode::system);
    committed = file->committed();
  }
  comm.barrier();
  const auto report = verify_file(comm, spec.path);
  CHECK(report.damage.empty());
  CHECK(report.series->committed >= committed);
  CHECK(report.series->committed < 6);
  comm.barrier();
  if (comm.is_root()) fs::remove(filler);
  comm.barrier();
  const auto file = SeriesFile::open(comm, spec.path, {});
  CHECK(run(*file) == ExitCode::ok);
  CHECK(verify_file(comm, spec.path).series->finished);
}

TEST_CASE("what fails before the file is there leaves nothing behind") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = series(folder.path() + "/out.h5", 6, 5, 2);
  for (const auto* fault :
       {"skeleton:1:eio", "reserve:1:enospc", "header:1:eio", "header:4:throw", "fsync:1:eio", "rename:1:eio"}) {
    CAPTURE(fault);
    const Fault armed(fault);
    CHECK(code_of([&] { SeriesFile::create(comm, spec, {}); }) == ExitCode::system);
    comm.barrier();
    CHECK(fs::is_empty(folder.path()));
    comm.barrier();
  }
  for (const auto* fault : {"write", "write:0:eio", "write:1:dance", "write:1:eio:1:2", "write:x:eio"}) {
    const Fault armed(fault);
    CHECK(code_of([&] { SeriesFile::create(comm, spec, {}); }) == ExitCode::usage);
  }
  comm.barrier();
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE(
    "a checkpoint is read on any layout, a torn, damaged or another run's one is ignored, and somebody's own refused") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = series(folder.path() + "/out.h5", 700, 301, 4);
  spec.force = true;
  const auto checkpoint = spec.path + ".checkpoint";
  const auto slot_bytes = 4096 + (700 * 301 * 8 + 4095) / 4096 * 4096;
  const auto run = [&](std::vector<std::uint64_t> steps) {
    comm.barrier();
    const auto file = SeriesFile::create(comm, spec, {});
    std::deque<RankBlock> blocks;
    for (const auto step : steps) {
      auto& block = blocks.emplace_back(block_of(comm, 700, 301, 2));
      fill(block, step);
      CHECK(file->checkpoint(step, 7, block.rows.begin, block.columns.begin, block.view()));
      CHECK_FALSE(file->checkpoint(step + 1, 7, block.rows.begin, block.columns.begin, block.view()));
      while (file->agree(0).checkpoint != step) {}
    }
    file->close();
  };
  const auto found = [&](std::size_t messages) {
    comm.barrier();
    const auto file = SeriesFile::open(comm, spec.path, {});
    const auto saved = file->saved();
    if (saved) {
      auto block = block_of(comm, 700, 301, 1);
      auto expected = block;
      fill(expected, saved->step);
      file->read_checkpoint(block.rows.begin, block.columns.begin, block.span());
      CHECK((block.values == expected.values));
    }
    CHECK(file->messages().size() == messages);
    if (saved) CHECK(saved->every == 7);
    comm.barrier();
    return saved ? saved->step : 0;
  };
  run({5, 10, 15});
  CHECK(found(0) == 15);
  if (comm.is_root()) flip(checkpoint, 4096 + 700 * 301 * 8 - 1, 3);  // slot 0 holds that of step 15
  CHECK(found(1) == 10);
  if (comm.is_root()) fs::resize_file(checkpoint, static_cast<std::uintmax_t>(2 * slot_bytes - 5000));
  CHECK(found(1) == 0);
  run({5, 10});
  if (comm.is_root()) flip(checkpoint, 100, 0);  // the entry of step 5
  CHECK(found(0) == 10);
  spec.attributes.emplace_back("other", std::int64_t{1});
  const auto foreign = contents(checkpoint);
  comm.barrier();
  SeriesFile::create(comm, spec, {})->close();
  CHECK_FALSE(fs::exists(checkpoint));  // one of an earlier file goes with it
  comm.barrier();
  if (comm.is_root()) put_text(checkpoint, foreign);
  CHECK(found(1) == 0);
  run({20});
  CHECK(found(0) == 20);
  comm.barrier();
  if (comm.is_root()) put_text(checkpoint, "somebody's own");
  comm.barrier();
  CHECK(code_of([&] { SeriesFile::open(comm, spec.path, {}); }) == ExitCode::usage);
  CHECK(contents(checkpoint) == "somebody's own");
}
