#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "format/checksum.hpp"
#include "format/file_header.hpp"
#include "format/verify_file.hpp"
#include "support/catch.hpp"
#include "support/output.hpp"
#include "system/files.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace fs = std::filesystem;

namespace {

void flip(const std::string& path, std::uint64_t bit) {
  files::Descriptor file;
  REQUIRE(files::open(path, O_RDWR, file) == 0);
  std::byte byte{};
  std::size_t got = 0;
  REQUIRE(files::read_all(file.get(), std::span(&byte, 1), bit / 8, got) == 0);
  REQUIRE(got == 1);
  byte ^= static_cast<std::byte>(1 << (bit % 8));
  REQUIRE(files::write_all(file.get(), std::span(&byte, 1), bit / 8) == 0);
}

// What a report must say about damage at this byte.
std::string place_of(const FileHeader& header, std::uint64_t at) {
  if (at < header.header_bytes) return at < header.header_bytes / 2 ? "header copy 1" : "header copy 2";
  for (const auto& dataset : header.datasets) {
    const auto in = [&](const hdf5::Place& place) { return at >= place.offset && at - place.offset < place.bytes; };
    if (in(dataset.table)) return "checksum table of /" + dataset.name;
    if (!in(dataset.data)) continue;
    const auto block = (at - dataset.data.offset) / block_bytes;
    const auto first = block * block_elements;
    const auto last = std::min(first + block_elements, dataset.shape[0]) - 1;
    return "/" + dataset.name + " block " + std::to_string(block) + ", elements " + std::to_string(first) + ".." +
           std::to_string(last);
  }
  return "metadata";
}

}  // namespace

TEST_CASE("in a small file a flipped bit in any byte is found and its place named") {
  const auto comm = mpi::Comm::world();
  const auto alone = comm.split(comm.rank());
  const SharedFolder folder(alone);
  const auto spec = vectors(folder.path() + "/out.h5", {11, 3});
  write_file(alone, spec, {});
  const auto header = read_header(spec.path);
  REQUIRE(header.has_value());
  std::size_t wrong = 0;
  const auto step = static_cast<std::uint64_t>(comm.size());
  for (auto at = static_cast<std::uint64_t>(comm.rank()); at < header->file_bytes; at += step) {
    const auto bit = 8 * at + at / step % 8;
    flip(spec.path, bit);
    const auto report = verify_file(alone, spec.path);
    const bool right = !report.sound && report.damage == std::vector{place_of(*header, at)};
    flip(spec.path, bit);
    if (right) continue;
    ++wrong;
    UNSCOPED_INFO("byte " << at << ": " << (report.damage.empty() ? "sound" : report.damage[0]));
  }
  CHECK(wrong == 0);
  CHECK(verify_file(alone, spec.path).sound);
}

TEST_CASE("flipped bits in a larger file are found by all ranks together") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {4 * block_elements + 1, 1000});
  write_file(comm, spec, {});
  const auto header = read_header(spec.path);
  REQUIRE(header.has_value());
  std::mt19937_64 random(11);
  for (int i = 0; i < 15; ++i) {
    const auto bit = random() % (8 * header->file_bytes);
    if (comm.is_root()) flip(spec.path, bit);
    comm.barrier();
    const auto report = verify_file(comm, spec.path);
    CHECK_FALSE(report.sound);
    CHECK(report.damage == std::vector{place_of(*header, bit / 8)});
    comm.barrier();
    if (comm.is_root()) flip(spec.path, bit);
    comm.barrier();
  }
  CHECK(verify_file(comm, spec.path).sound);
}

TEST_CASE("much damage is listed in order, then counted") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {30 * block_elements});
  write_file(comm, spec, {});
  const auto header = read_header(spec.path);
  REQUIRE(header.has_value());
  if (comm.is_root()) {
    for (std::uint64_t i = 0; i < 30; ++i) flip(spec.path, 8 * (header->datasets[0].data.offset + i * block_bytes));
  }
  comm.barrier();
  const auto report = verify_file(comm, spec.path);
  REQUIRE(report.damage.size() == 21);
  CHECK(report.damage[0] == "/v0 block 0, elements 0..131071");
  CHECK(report.damage[19] == "/v0 block 19, elements 2490368..2621439");
  CHECK(report.damage[20] == "and 10 more");
  CHECK(report.blocks == 30);
}

TEST_CASE("a shortened or lengthened file is damaged, and an emptied one not ours") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto spec = vectors(folder.path() + "/out.h5", {2 * block_elements, 100});
  write_file(comm, spec, {});
  const auto bytes = fs::file_size(spec.path);
  const auto whole = contents(spec.path);
  comm.barrier();
  for (const auto length : {bytes + 1, bytes + 4096, bytes - 1, bytes / 2, std::uintmax_t{5000}, std::uintmax_t{4096},
                            std::uintmax_t{3000}, std::uintmax_t{2048}, std::uintmax_t{20}}) {
    CAPTURE(length);
    if (comm.is_root()) fs::resize_file(spec.path, length);
    comm.barrier();
    const auto report = verify_file(comm, spec.path);
    CHECK_FALSE(report.sound);
    CHECK_FALSE(report.damage.empty());
    comm.barrier();
    if (comm.is_root()) put_text(spec.path, whole);
    comm.barrier();
  }
  CHECK(verify_file(comm, spec.path).sound);
}

TEST_CASE("files that are not ours, and headers made by hand, are refused without a crash") {
  const auto comm = mpi::Comm::world();
  const SharedFolder folder(comm);
  const auto path = folder.path() + "/other";
  const auto refusal_of = [&](const std::string& text) {
    if (comm.is_root()) put_text(path, text);
    comm.barrier();
    std::string message;
    try {
      verify_file(comm, path);
    } catch (const Error& error) {
      CHECK(error.code == ExitCode::usage);
      message = error.what();
    }
    comm.barrier();
    return message;
  };
  const std::string signature("\x89HDF\r\n\x1a\n");
  CHECK(refusal_of("").find("it is empty") != std::string::npos);
  CHECK(refusal_of("hello").find("not an HDF5 file") != std::string::npos);
  CHECK(refusal_of(signature + std::string(10000, 'x')).find("another program") != std::string::npos);
  CHECK(refusal_of(std::string(4096, '\0') + signature).find("unfinished") != std::string::npos);
  CHECK(code_of([&] { verify_file(comm, folder.path()); }) == ExitCode::usage);
  CHECK(code_of([&] { verify_file(comm, folder.path() + "/none"); }) == ExitCode::usage);
  CHECK(code_of([&] { verify_file(comm, "/dev/null"); }) == ExitCode::usage);

  // Parts that overlap, leave the file or wrap round: sealed well, and still no header.
  FileHeader header;
  header.header_bytes = 4096;
  header.file_bytes = 8192;
  header.datasets = {{"v", {512}, {4096, 4096}, {0, 0}, 0}};
  const auto huge = ~std::uint64_t{0} - 7;
  for (const auto& place : {hdf5::Place{4096, 4096}, hdf5::Place{8192, 4096}, hdf5::Place{huge, 4096},
                            hdf5::Place{4096, huge}, hdf5::Place{0, 4096}}) {
    header.datasets[0].data = place;
    if (comm.is_root()) put_text(path, to_text(header) + std::string(4096, '\0'));
    comm.barrier();
    CHECK_FALSE(read_header(path).has_value());
    CHECK_FALSE(verify_file(comm, path).sound);
    comm.barrier();
  }
}
