#include "system/hdf5_read.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message.hpp"
#include "system/hdf5_write.hpp"

using namespace concdemo;
using test::contains;
using test::message_of;
using namespace concdemo::hdf5;

namespace {

// Removed with everything in it.
struct Folder {
  Folder() {
    path = std::filesystem::temp_directory_path() / ("concdemo_input_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directory(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
  std::filesystem::path path;
};

// The real files beside the project, or nothing and a visible word.
std::string shared_data(const std::string& name) {
  const auto file = std::filesystem::path(CONCDEMO_SOURCE).parent_path() / "shared" / "data" / name;
  if (std::filesystem::exists(file)) return file.string();
  std::fprintf(stderr, "skipped: there is no %s beside the project\n", ("shared/data/" + name).c_str());
  return {};
}

}  // namespace

TEST_CASE("a description survives the broadcast whatever its names and numbers") {
  DatasetInfo info;
  info.file = "caf\xe9 \"x\"\n.h5";
  info.path = "/group/\xff";
  info.shape = {3, 0, std::uint64_t{1} << 62};
  info.chunk = {1, 2, 3};
  info.format = {ElementKind::unsigned_integer, 2, true};
  info.library_conversion = true;
  info.packing = {true, 0x1.23456789abcdep-1000, -0.0, {~std::uint64_t{0}, 0}, ValidRange{1, ~std::uint64_t{0}}};
  info.storage = {2, 0, 1};
  info.notes = {"its attribute \xff is ignored"};
  info.type_name = "big-endian uint16";
  info.files = {{"/caf\xe9.h5", ~std::uint64_t{0}, 2, 3, -4, 5}, {}};
  info.uncovered = 7;
  info.library_way = "filter \xff";
  info.filters = {{2, {8}}, {1, {}}};
  info.address = ~std::uint64_t{0} - 1;
  info.unwritten = {0xff, 0, 1};
  const auto same = from_cbor(to_cbor(info));
  CHECK(same == info);
  CHECK(std::signbit(same.packing.offset));
  CHECK(from_cbor(to_cbor({})) == DatasetInfo{});
}

TEST_CASE("unusable files are refused by name") {
  const Folder folder;
  const auto inspecting = [&](const std::string& name) {
    return message_of(ExitCode::usage, [&] { inspect(folder.file(name), ""); });
  };
  CHECK(contains(inspecting("absent.h5"), "cannot read " + folder.file("absent.h5") + ": there is no such file"));
  CHECK(contains(inspecting("."), "folder"));
  std::ofstream(folder.file("empty.h5"));
  CHECK(contains(inspecting("empty.h5"), "empty"));
  std::ofstream(folder.file("table.csv")) << "mark\n12\n";
  CHECK(contains(inspecting("table.csv"), "is not an HDF5 or netCDF-4 file"));
  std::ofstream(folder.file("beginning.h5"), std::ios::binary) << "\x89HDF\r\n\x1a\n";
  CHECK(contains(inspecting("beginning.h5"), "truncated"));
}

TEST_CASE("what the program writes it reads: choice, refusals and ranges of float64") {
  const Folder folder;
  const std::string file = folder.file("written.h5");
  const DatasetSpec field{"field", {6, 50}, {}, {{"scale_factor", 2.0}, {"missing_value", std::int64_t{30}}}};
  const auto skeleton = write_skeleton(file, 1 << 20, {field}, {{"field", {1}}}, {});
  std::vector<double> values(300);
  std::iota(values.begin(), values.end(), 0.0);
  {
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(skeleton.data.at(0).offset));
    stream.write(reinterpret_cast<const char*>(values.data()), 2400);
  }
  std::filesystem::resize_file(file, std::max<std::uint64_t>(skeleton.file_bytes, std::filesystem::file_size(file)));
  const auto info = inspect(file, "field");
  CHECK(info.path == "/field");
  CHECK(info.shape == Shape{6, 50});
  CHECK(info.type_name == "float64");
  for (const std::uint64_t buffer : {1, 8, 100, 1 << 20}) {
    DatasetReader reader(info, buffer);
    for (const Range range : {Range{0, 300}, Range{29, 31}, Range{49, 151}, Range{7, 7}}) {
      std::vector<double> out(range.size(), -1.0);
      std::vector<std::uint8_t> mask(range.size(), 9);
      const auto counts = reader.read(range, out, mask);
      const bool has_missing = range.begin <= 30 && range.end > 30;
      CHECK(counts.missing == (has_missing ? 1u : 0u));
      for (std::uint64_t i = range.begin; i < range.end; ++i) {
        const double got = out[i - range.begin];
        if (!(i == 30 ? std::isnan(got) : got == 2.0 * static_cast<double>(i))) FAIL("element " << i << ": " << got);
        if (mask[i - range.begin] != (i == 30)) FAIL("mask of element " << i);
      }
    }
    std::vector<double> out(3);
    CHECK_THROWS_AS(reader.read({298, 301}, out), std::invalid_argument);
    CHECK_THROWS_AS(reader.read({0, 2}, out), std::invalid_argument);
  }
  {
    std::vector<DatasetReader> readers;  // growing moves them
    for (int i = 0; i < 5; ++i) readers.emplace_back(info, 1 << 20);
    std::vector<double> out(300);
    for (DatasetReader& reader : readers) {
      std::fill(out.begin(), out.end(), -1.0);
      reader.read({0, 300}, out, {}, 3);
      CHECK(out[299] == 598.0);
    }
  }
  const auto wrong_name = message_of(ExitCode::usage, [&] { inspect(file, "/fields"); });
  CHECK(contains(wrong_name, "did you mean " + file + ":/field?"));
  auto elsewhere = info;
  elsewhere.shape = {50, 6};
  CHECK(contains(message_of(ExitCode::usage, [&] { DatasetReader(elsewhere, 100); }), "rank 0"));
  {
    DatasetReader reader(info, 100);
    std::vector<double> out(3);
    reader.read({0, 3}, out);
    const auto before = std::filesystem::last_write_time(file);
    std::filesystem::last_write_time(file, before + std::chrono::seconds(1));
    const auto reading = [&] { return message_of(ExitCode::usage, [&] { reader.read({0, 3}, out); }); };
    CHECK(contains(reading(), file + " has changed while it was read"));
    CHECK(contains(message_of(ExitCode::usage, [&] { DatasetReader(info, 100); }), "has changed"));
    std::filesystem::last_write_time(file, before);
    reader.read({0, 3}, out);
    std::filesystem::copy_file(file, folder.file("copy.h5"));
    std::filesystem::last_write_time(folder.file("copy.h5"), before);
    std::filesystem::rename(folder.file("copy.h5"), file);
    CHECK(contains(reading(), "has changed"));
  }
  std::filesystem::resize_file(file, (1 << 20) + 2000);  // behind the user block
  CHECK(contains(message_of(ExitCode::usage, [&] { inspect(file, "/field"); }), "is truncated: 1050576 bytes of"));
}

TEST_CASE("real data: a compressed netCDF-4 field and a plain column") {
  if (const auto file = shared_data("era_interim_uvz.nc"); !file.empty()) {
    const auto info = inspect(file, "/u");
    CHECK(info.shape == Shape{2, 3, 241, 480});
    CHECK(info.chunk.size() == 4);
    std::vector<double> whole(element_count(info.shape));
    DatasetReader reader(info, 1 << 20);
    reader.read({0, whole.size()}, whole, {}, 2);
    std::uint64_t chunks = 1;
    for (std::size_t d = 0; d < 4; ++d) chunks *= (info.shape[d] - 1) / info.chunk[d] + 1;
    CHECK(reader.cost().chunks == chunks);
    // numpy: u[...] * scale_factor + add_offset, its mean
    const double mean = std::accumulate(whole.begin(), whole.end(), 0.0) / static_cast<double>(whole.size());
    CHECK(std::fabs(mean - 6.941047864317103) < 1e-9);
    std::vector<double> part(1000);
    reader.read({345678, 346678}, part);
    CHECK(std::equal(part.begin(), part.end(), whole.begin() + 345678));
    CHECK(list_datasets(file).size() == 7);
    CHECK(contains(message_of(ExitCode::usage, [&] { inspect(file, ""); }), file + ":/u  int16  2x3x241x480"));
    const auto small = message_of(ExitCode::usage, [&] { DatasetReader(info, 100); });
    CHECK(contains(small, "--buffers 14640"));
  }
  if (const auto file = shared_data("exam_marks.h5"); !file.empty()) {
    const auto info = inspect(file, "mark");
    std::vector<double> marks(element_count(info.shape));
    DatasetReader(info, 1 << 20).read({0, marks.size()}, marks);
    CHECK(std::accumulate(marks.begin(), marks.end(), 0.0) == 11841.0);
  }
}
