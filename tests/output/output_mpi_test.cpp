#include "output/output.hpp"

#include <sys/resource.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/partition.hpp"
#include "format/checksum.hpp"
#include "format/file_header.hpp"
#include "format/verify_file.hpp"
#include "support/catch.hpp"
#include "support/output.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace fs = std::filesystem;

TEST_CASE("a committed file is sound, durable in name and the same for every layout and writer") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto sizes = std::vector<std::uint64_t>{0, 1, 3, 1000, block_elements, 3 * block_elements + 17};
  for (const auto n : sizes) {
    const auto spec = vectors(folder.path() + "/out.h5", {n, 2 * n + 5});
    const auto stats = write_file(comm, spec, {});
    CHECK(stats.file == spec.path);
    CHECK(stats.bytes == fs::file_size(spec.path));
    CHECK(stats.durable_s > 0);
    CHECK_FALSE(fs::exists(spec.path + ".partial"));
    const auto report = verify_file(comm, spec.path);
    CHECK(report.sound);
    CHECK(report.damage.empty());
    CHECK(report.blocks == block_count(n) + block_count(2 * n + 5));

    // One rank alone, the main thread writing, nothing reserved: the same bytes.
    const auto alone = comm.split(comm.rank());
    if (comm.is_root()) {
      auto other = spec;
      other.path = folder.path() + "/alone.h5";
      const auto sync_stats = write_file(alone, other, {.async = false, .ring_depth = 1, .reserve = false});
      CHECK_FALSE(sync_stats.reserved);
      CHECK(same_contents(other.path, spec.path));
      fs::remove(other.path);
      fs::remove(spec.path);
    }
    comm.barrier();
  }
}

TEST_CASE("the header says what is where and carries the attributes") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = vectors(folder.path() + "/out.h5", {5, 7});
  spec.attributes = {{"workload", "fill"}, {"seed", std::int64_t{-3}}, {"scale", 0.5}, {"bad", "\xff\n\""}};
  write_file(comm, spec, {});
  const auto header = read_header(spec.path);
  REQUIRE(header.has_value());
  CHECK(header->header_bytes == 4096);
  CHECK(header->file_bytes == fs::file_size(spec.path));
  REQUIRE(header->datasets.size() == 2);
  CHECK(header->datasets[1].name == "v1");
  CHECK(header->datasets[1].shape == Shape{7});
  REQUIRE(header->attributes.size() == 5);
  CHECK(std::get<std::string>(header->attributes[0].second) == "CF-1.8");
  CHECK(std::get<std::int64_t>(header->attributes[2].second) == -3);
  CHECK(std::get<double>(header->attributes[3].second) == 0.5);
  CHECK(verify_file(comm, spec.path).sound);

  spec.path = folder.path() + "/long.h5";
  spec.attributes = {{"history", std::string(40000, 'x')}};
  write_file(comm, spec, {});
  CHECK(read_header(spec.path)->header_bytes == 131072);
  CHECK(verify_file(comm, spec.path).sound);
}

TEST_CASE("an existing file is refused without force, and stays whole until the commit with it") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = vectors(folder.path() + "/out.h5", {1000});
  write_file(comm, spec, {});
  const auto before = contents(spec.path);
  comm.barrier();
  CHECK(code_of([&] { OutputFile::create(comm, spec, {}); }) == ExitCode::usage);
  spec.force = true;
  spec.attributes.emplace_back("run", std::int64_t{2});
  {
    const auto file = OutputFile::create(comm, spec, {});
    submit_mine(comm, *file, spec, 1);
    CHECK((contents(spec.path) == before));
  }  // given up
  comm.barrier();
  CHECK((contents(spec.path) == before));
  CHECK_FALSE(fs::exists(spec.path + ".partial"));
  comm.barrier();
  write_file(comm, spec, {});
  CHECK((contents(spec.path) != before));
  CHECK(verify_file(comm, spec.path).sound);
  comm.barrier();
  if (comm.is_root()) fs::create_symlink(spec.path, folder.path() + "/link.h5");
  comm.barrier();
  const auto target = spec.path;
  spec.path = folder.path() + "/link.h5";
  write_file(comm, spec, {});
  CHECK(fs::is_symlink(spec.path));
  CHECK(fs::is_regular_file(fs::symlink_status(target)));
}

TEST_CASE("what another program makes in the meantime is kept") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {1000});
  const auto file = OutputFile::create(comm, spec, {});
  submit_mine(comm, *file, spec, 0);
  if (comm.is_root()) put_text(spec.path, "theirs");
  CHECK(code_of([&] { file->commit(); }) == ExitCode::system);
  comm.barrier();
  CHECK(contents(spec.path) == "theirs");
  CHECK_FALSE(fs::exists(spec.path + ".partial"));
}

TEST_CASE("the leftover of a killed run is replaced, that of a living one respected") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {1000});
  const auto partial = spec.path + ".partial";
  if (comm.is_root()) put_text(partial, "somebody's own");
  comm.barrier();
  CHECK(code_of([&] { OutputFile::create(comm, spec, {}); }) == ExitCode::usage);
  CHECK(contents(partial) == "somebody's own");
  comm.barrier();
  // Anybody may have zeros, or a text that begins like ours; a run was killed before the header was written, or after
  // it.
  for (const auto& text : {std::string(100000, '\0'), std::string(100000, 'c')}) {
    if (comm.is_root()) put_text(partial, text);
    comm.barrier();
    CHECK(code_of([&] { OutputFile::create(comm, spec, {}); }) == ExitCode::usage);
    CHECK(contents(partial) == text);
    comm.barrier();
  }
  if (comm.is_root()) fs::remove(partial);
  std::string left;
  {
    const auto file = OutputFile::create(comm, spec, {});
    left = contents(partial);
    comm.barrier();
  }
  for (const bool has_header : {false, true}) {
    if (comm.is_root()) {
      if (has_header) fs::rename(spec.path, partial);
      else put_text(partial, left);
    }
    comm.barrier();
    const auto file = OutputFile::create(comm, spec, {});
    CHECK(code_of([&] { OutputFile::create(comm, spec, {}); }) == ExitCode::usage);
    submit_mine(comm, *file, spec, 0);
    file->commit();
  }
  CHECK(verify_file(comm, spec.path).sound);
}

TEST_CASE("paths that cannot be written are usage errors") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  for (const auto& path : {std::string(""), folder.path(), folder.path() + "/none/out.h5", std::string("/proc/out.h5"),
                           std::string("/dev/null"), folder.path() + "/" + std::string(300, 'n')}) {
    auto spec = vectors(path, {10});
    CAPTURE(path);
    CHECK(code_of([&] { OutputFile::create(comm, spec, {}); }) == ExitCode::usage);
    spec.force = true;
    CHECK(code_of([&] { OutputFile::create(comm, spec, {}); }) == ExitCode::usage);
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a forgotten or misplaced part is found at commit") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {1000});
  const std::vector<double> data(1000);
  for (const std::uint64_t first : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    const auto file = OutputFile::create(comm, spec, {});
    if (comm.rank() == comm.size() - 1) file->submit(0, first, data);
    CHECK(code_of([&] { file->commit(); }) == ExitCode::system);
  }
  const auto file = OutputFile::create(comm, spec, {});
  if (comm.is_root()) file->submit(0, 0, std::span(data).first(999));
  CHECK(code_of([&] { file->commit(); }) == ExitCode::system);
  comm.barrier();
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a size beyond the limit on file sizes or beyond the disk is found at create") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto limited = before;
  limited.rlim_cur = 100000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limited) == 0);
  const auto code = code_of([&] { OutputFile::create(comm, vectors(folder.path() + "/out.h5", {20000}), {}); });
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(code == ExitCode::system);
  for (const std::uint64_t n : {std::uint64_t{1} << 45, std::uint64_t{1} << 56, std::uint64_t{1} << 62}) {
    CAPTURE(n);
    CHECK(code_of([&] { OutputFile::create(comm, vectors(folder.path() + "/out.h5", {n}), {}); }) != ExitCode::ok);
  }
  comm.barrier();
  CHECK(fs::is_empty(folder.path()));
}
