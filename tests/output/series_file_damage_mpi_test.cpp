#include <algorithm>
#include <filesystem>

#include "format/file_header.hpp"
#include "format/verify_file.hpp"
#include "support/catch.hpp"
#include "support/series.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace fs = std::filesystem;

namespace {

bool inside(std::uint64_t byte, const hdf5::Place& place, std::uint64_t from = 0) {
  return byte >= place.offset + from && byte < place.offset + place.bytes;
}

void make(const mpi::Comm& comm, const SeriesSpec& spec, std::uint64_t snapshots) {
  const auto file = SeriesFile::create(comm, spec, {});
  write_snapshots(comm, *file, snapshots, 2);
  file->close();
}

}  // namespace

TEST_CASE("verify finds every flipped bit of a finished file, and of an unfinished one where it counts") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto alone = comm.split(comm.rank());
  if (!comm.is_root()) return;
  for (const std::uint64_t done : {3, 2}) {
    auto spec = series(folder.path() + "/out.h5", 30, 20, 3);
    spec.force = true;
    make(alone, spec, done);
    const auto header = read_header(spec.path).value();
    const auto& field = header.datasets[0];
    const auto size = fs::file_size(spec.path);
    unsigned found = 0, flips = 0;
    for (std::uint64_t byte = 0; byte < size; byte += byte % 13 == 0 ? 61 : 17, ++flips) {
      const auto bit = static_cast<unsigned>(byte % 8);
      flip(spec.path, byte, bit);
      const bool counts = done == 3 || !(inside(byte, field.data, done * field.data.bytes / 3) ||
                                         inside(byte, field.table, done * field.table.bytes / 3));
      const auto report = verify_file(alone, spec.path);
      flip(spec.path, byte, bit);
      if (report.sound != counts) ++found;
      else UNSCOPED_INFO("byte " << byte << " bit " << bit << " of " << size);
    }
    CHECK(found == flips);
    CHECK(flips > 500);
    CHECK(verify_file(alone, spec.path).sound);
  }
}

TEST_CASE("damage is named by its place") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = series(folder.path() + "/out.h5", 300, 500, 3);
  make(comm, spec, 3);
  const auto header = read_header(spec.path).value();
  const auto snapshot_bytes = header.datasets[0].data.bytes / 3;
  for (const auto& [byte, name] : std::vector<std::pair<std::uint64_t, std::string>>{
           {header.datasets[0].data.offset + snapshot_bytes, "/u snapshot 1 block 0, elements 0..131071"},
           {header.datasets[0].data.offset + 3 * snapshot_bytes - 1, "/u snapshot 2 block 1, elements 131072..149999"},
           {header.datasets[0].table.offset + 16, "checksum table of /u snapshot 1"},
           {header.series->commits.offset + 512 + 300, "commit entry 1"},
           {header.series->commits.offset + 3 * 512, "commit entry of the end"},
           {header.datasets[1].data.offset, "/time of snapshot 0"},
           {header.datasets[3].data.offset + 16, "/total of snapshot 2"},
           {header.datasets[4].data.offset, "/y block 0, elements 0..299"}}) {
    CAPTURE(name);
    comm.barrier();
    if (comm.is_root()) flip(spec.path, byte, 2);
    comm.barrier();
    const auto report = verify_file(comm, spec.path);
    CHECK(report.damage == std::vector<std::string>{name});
    comm.barrier();
    if (comm.is_root()) flip(spec.path, byte, 2);
  }
}

TEST_CASE("resume goes a step back from damage, as far as it must, and reaches the same bytes") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = series(folder.path() + "/whole.h5", 300, 500, 5);
  make(comm, spec, 5);
  comm.barrier();
  const auto expected = contents(spec.path);
  spec.path = folder.path() + "/out.h5";
  spec.force = true;
  const auto header = read_header(folder.path() + "/whole.h5").value();
  const auto& field = header.datasets[0];
  const auto snapshot = field.data.bytes / 5, row = field.table.bytes / 5;
  struct Case {
    std::vector<std::uint64_t> bytes;
    std::uint64_t committed;
    std::size_t messages;
  };
  for (const auto& [bytes, committed, messages] :
       {Case{{header.series->commits.offset + 2 * 512 + 100}, 2, 1}, Case{{field.data.offset + 3 * snapshot - 8}, 2, 1},
        Case{{field.table.offset + 2 * row}, 2, 1},
        Case{{field.data.offset + 2 * snapshot, field.table.offset + row}, 1, 1},
        Case{{field.data.offset + snapshot + 8}, 1, 1}, Case{{header.datasets[1].data.offset}, 3, 1}, Case{{100}, 3, 1},
        Case{{header.series->commits.offset + 3 * 512 + 8}, 3, 1},
        Case{{header.series->commits.offset + 5 * 512}, 3, 1}}) {
    CAPTURE(bytes[0], header.series->commits.offset);
    comm.barrier();
    make(comm, spec, 3);
    comm.barrier();
    for (const auto byte : bytes) {
      if (comm.is_root()) flip(spec.path, byte, 5);
    }
    comm.barrier();
    CHECK_FALSE(verify_file(comm, spec.path).sound);
    const auto file = SeriesFile::open(comm, spec.path, {});
    CHECK(file->committed() == committed);
    CHECK(file->messages().size() == messages);
    CHECK(verify_file(comm, spec.path).sound);
    write_snapshots(comm, *file, 5, 1);
    file->close();
    CHECK((contents(spec.path) == expected));
  }
}

TEST_CASE("resume that needs a start leaves a file without one as it is, a damaged header included") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = series(folder.path() + "/out.h5", 30, 50, 5);
  make(comm, spec, 0);
  comm.barrier();
  if (comm.is_root()) flip(spec.path, 40, 5);
  comm.barrier();
  const auto before = contents(spec.path);
  CHECK(code_of([&] { SeriesFile::open(comm, spec.path, {}, [](const SeriesFile&) {}); }) == ExitCode::usage);
  CHECK((contents(spec.path) == before));
  CHECK_FALSE(fs::exists(spec.path + ".lock"));
  comm.barrier();
  CHECK(SeriesFile::open(comm, spec.path, {})->messages().size() == 1);
}

TEST_CASE("resume refuses a file whose start is damaged, and leaves what follows to its owner") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = series(folder.path() + "/out.h5", 30, 50, 5);
  make(comm, spec, 3);
  const auto header = read_header(spec.path).value();
  for (const auto byte :
       {header.series->commits.offset, header.datasets[0].data.offset, header.datasets[0].table.offset}) {
    comm.barrier();
    if (comm.is_root()) flip(spec.path, byte, 5);
    comm.barrier();
    const auto before = contents(spec.path);
    CHECK(code_of([&] { SeriesFile::open(comm, spec.path, {}); }) == ExitCode::verification);
    CHECK((contents(spec.path) == before));
    CHECK_FALSE(fs::exists(spec.path + ".lock"));
    comm.barrier();
    if (comm.is_root()) flip(spec.path, byte, 5);
  }
}

TEST_CASE("a file cut short is found; resume computes again what is missing, or refuses") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  auto spec = series(folder.path() + "/out.h5", 100, 50, 4);
  spec.force = true;
  make(comm, spec, 4);
  comm.barrier();
  const auto expected = contents(spec.path);
  for (const auto left : {0.0, 0.01, 0.2, 0.5, 0.9, 0.999}) {
    CAPTURE(left);
    comm.barrier();
    if (comm.is_root())
      fs::resize_file(spec.path, static_cast<std::uintmax_t>(left * static_cast<double>(expected.size())));
    comm.barrier();
    CHECK(code_of([&] {
            if (!verify_file(comm, spec.path).sound) throw Error(ExitCode::verification, "damaged");
          }) != ExitCode::ok);
    const auto code = code_of([&] {
      const auto file = SeriesFile::open(comm, spec.path, {});
      write_snapshots(comm, *file, 4, 1);
      file->close();
    });
    const bool same = contents(spec.path) == expected;
    CHECK((code == ExitCode::ok) == same);
    if (code != ExitCode::ok) CHECK((code == ExitCode::usage || code == ExitCode::verification));
    comm.barrier();
    if (comm.is_root()) put_text(spec.path, expected);
  }
}
