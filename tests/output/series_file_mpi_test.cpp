#include "output/series_file.hpp"

#include <filesystem>

#include "format/file_header.hpp"
#include "format/verify_file.hpp"
#include "support/catch.hpp"
#include "support/series.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace fs = std::filesystem;

TEST_CASE("a stepped file is the same for every layout, writer and interruption") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  struct Case {
    std::uint64_t ny, nx, snapshots;
  };
  for (const auto& [ny, nx, snapshots] : {Case{1, 1, 1}, Case{3, 5, 2}, Case{500, 301, 5}, Case{2, 131072, 3}}) {
    CAPTURE(ny, nx);
    const auto spec = series(folder.path() + "/whole.h5", ny, nx, snapshots);
    {
      const auto file = SeriesFile::create(comm, spec, {});
      CHECK(file->committed() == 0);
      write_snapshots(comm, *file, snapshots, 2);
      const auto stats = file->close();
      CHECK(file->committed() == snapshots);
      CHECK(stats.bytes == fs::file_size(spec.path));
    }
    CHECK_FALSE(fs::exists(spec.path + ".lock"));
    CHECK_FALSE(fs::exists(spec.path + ".partial"));
    const auto report = verify_file(comm, spec.path);
    CHECK(report.sound);
    REQUIRE(report.series.has_value());
    CHECK(report.series->finished);
    CHECK(report.series->committed == snapshots);

    // By one band each, in several runs, on the main thread, with checkpoints.
    auto parts = spec;
    parts.path = folder.path() + "/parts.h5";
    SeriesFile::create(comm, parts, {.async = false, .reserve = false})->close();
    for (std::uint64_t end = 0; end <= snapshots; ++end) {
      const auto file = SeriesFile::open(comm, parts.path, {.async = end % 2 == 0, .ring_depth = 1});
      CHECK(file->committed() == (end == 0 ? 0 : end - 1));
      CHECK(file->messages().empty());
      CHECK_FALSE(file->finished());
      for (std::uint64_t s = 0; s < file->committed(); ++s) CHECK(holds(comm, *file, s, 2));
      write_snapshots(comm, *file, end, 1, true);
      file->close();
      const auto now = verify_file(comm, parts.path);
      CHECK(now.sound);
      CHECK(now.series->committed == end);
      CHECK(now.series->finished == (end == snapshots));
    }
    CHECK(same_contents(parts.path, spec.path));
    CHECK_FALSE(fs::exists(parts.path + ".checkpoint"));
    CHECK(SeriesFile::open(comm, parts.path, {})->finished());
    comm.barrier();
    if (comm.is_root()) {
      fs::remove(parts.path);
      fs::remove(spec.path);
    }
    comm.barrier();
  }
}

TEST_CASE("as on NFS, where every write is synchronous, the bytes are the same") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = series(folder.path() + "/usual.h5", 50, 31, 3);
  for (const bool is_nfs : {false, true}) {
    if (is_nfs) {
      ::setenv("CONCDEMO_NFS", "1", 1);
      spec.path = folder.path() + "/nfs.h5";
    }
    const auto file = SeriesFile::create(comm, spec, {});
    write_snapshots(comm, *file, 3, 2, true);
    file->close();
  }
  ::unsetenv("CONCDEMO_NFS");
  comm.barrier();
  CHECK(same_contents(folder.path() + "/usual.h5", folder.path() + "/nfs.h5"));
}

TEST_CASE("a run that ends without a word leaves what was committed, and resume sees its parameters") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = series(folder.path() + "/out.h5", 40, 30, 6);
  std::uint64_t committed = 0;
  {
    const auto file = SeriesFile::create(comm, spec, {});
    write_snapshots(comm, *file, 4, 2);
    while (committed < 3) committed = file->agree(0).committed;
  }
  comm.barrier();
  const auto report = verify_file(comm, spec.path);
  CHECK(report.sound);
  CHECK(report.series->committed >= 3);
  CHECK_FALSE(report.series->finished);
  const auto file = SeriesFile::open(comm, spec.path, {});
  CHECK(file->committed() >= committed);
  CHECK(file->rows() == 40);
  CHECK(file->columns() == 30);
  CHECK(file->snapshots() == 6);
  CHECK(std::get<double>(file->attributes()[1].second) == 0.1);
  write_snapshots(comm, *file, 6, 1);
  file->close();
  CHECK(verify_file(comm, spec.path).series->finished);
}

TEST_CASE("signals reach all ranks at the same call") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto file = SeriesFile::create(comm, series(folder.path() + "/out.h5", 8, 8, 1), {});
  CHECK(file->agree(comm.rank() == comm.size() - 1 ? 10 : 0).signal == 0);
  CHECK(file->agree(0).signal == 10);
  CHECK(file->agree(0).signal == 0);
  file->close();
}

TEST_CASE("one run at a time writes a file, and an existing one is replaced on demand") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = series(folder.path() + "/out.h5", 8, 8, 2);
  {
    const auto file = SeriesFile::create(comm, spec, {});
    const auto other = [&] {
      spec.force = true;
      CHECK(code_of([&] { SeriesFile::create(comm, spec, {}); }) == ExitCode::usage);
      CHECK(code_of([&] { SeriesFile::open(comm, spec.path, {}); }) == ExitCode::usage);
    };
    other();
    write_snapshots(comm, *file, 2, 2);
    other();
    file->close();
  }
  comm.barrier();
  spec.force = false;
  CHECK(code_of([&] { SeriesFile::create(comm, spec, {}); }) == ExitCode::usage);
  CHECK(verify_file(comm, spec.path).sound);
  spec.force = true;
  spec.snapshots = 3;
  const auto file = SeriesFile::create(comm, spec, {});
  write_snapshots(comm, *file, 3, 2);
  file->close();
  CHECK(verify_file(comm, spec.path).series->snapshots == 3);
  comm.barrier();
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);  // out.h5, out.xmf
}

TEST_CASE("mistakes in the order and in places of blocks stop all ranks") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const std::vector<double> data(1000);
  const bool is_last = comm.rank() == comm.size() - 1;
  for (int mistake = 0; mistake < 4; ++mistake) {
    CAPTURE(mistake);
    auto spec = series(folder.path() + "/out.h5", 4, 4, 2);
    spec.force = true;
    comm.barrier();  // the locks of the file before are gone
    const auto file = SeriesFile::create(comm, spec, {});
    if (is_last && mistake == 0) file->submit(1, 0, 0, {data.data(), 1, 1, 1});
    if (is_last && mistake == 1) file->submit(0, 3, 0, {data.data(), 2, 1, 1});
    if (is_last && mistake == 2) file->fail({ExitCode::system, "out of luck"});
    if (is_last && mistake == 3) file->submit(0, 0, 0, {data.data(), 3, 4, 4});  // not all of it
    file->finish(0, 0, scalars_of(0));
    CHECK(code_of([&] { file->close(); }) == ExitCode::system);
  }
  for (const auto& [ny, snapshots] : {std::pair{0, 1}, std::pair{4, 0}}) {
    const auto spec =
        series(folder.path() + "/none.h5", static_cast<std::uint64_t>(ny), 4, static_cast<std::uint64_t>(snapshots));
    CHECK(code_of([&] { SeriesFile::create(comm, spec, {}); }) == ExitCode::usage);
  }
  CHECK(code_of([&] { SeriesFile::open(comm, folder.path() + "/missing.h5", {}); }) == ExitCode::usage);
  CHECK(code_of([&] { SeriesFile::open(comm, folder.path(), {}); }) == ExitCode::usage);
  write_file(comm, vectors(folder.path() + "/vectors.h5", {100}), {});
  CHECK(code_of([&] { SeriesFile::open(comm, folder.path() + "/vectors.h5", {}); }) == ExitCode::usage);
}
