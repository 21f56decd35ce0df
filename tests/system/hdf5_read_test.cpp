#include "system/hdf5_read.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <set>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message.hpp"
#include "system/hdf5_slabs.hpp"
#include "system/hdf5_write.hpp"

using namespace concdemo;
using test::contains;
using test::message_of;
using namespace concdemo::hdf5;

namespace {

// What a read of `box` out of the array 0, 1, 2, ... of this shape gives.
std::vector<std::uint64_t> elements_of(const Shape& shape, const Box& box) {
  std::vector<std::uint64_t> elements{0};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    std::vector<std::uint64_t> longer;
    for (const std::uint64_t outer : elements) {
      for (std::uint64_t i = 0; i < box.count[d]; ++i) longer.push_back(outer * shape[d] + box.start[d] + i);
    }
    elements = longer;
  }
  return elements;
}

std::vector<std::uint64_t> numbers(Range range) {
  std::vector<std::uint64_t> all(range.size());
  std::iota(all.begin(), all.end(), range.begin);
  return all;
}

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
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const auto file = root.parent_path() / "shared" / "data" / name;
  if (std::filesystem::exists(file)) return file.string();
  std::fprintf(stderr, "skipped: there is no %s beside the project\n", ("shared/data/" + name).c_str());
  return {};
}

}  // namespace

TEST_CASE("boxes cover exactly the range, chunk boxes each chunk it touches once") {
  std::mt19937 random(3);
  const auto below = [&](std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random); };
  for (int round = 0; round < 3000; ++round) {
    Shape shape(below(5)), chunk;
    for (std::uint64_t& extent : shape) {
      extent = 1 + below(7);
      chunk.push_back(1 + below(extent + 2));
    }
    const std::uint64_t count = element_count(shape);
    Range range{below(count + 1), below(count + 1)};
    if (range.begin > range.end) std::swap(range.begin, range.end);
    const std::uint64_t limit = 1 + below(60);

    std::vector<std::uint64_t> seen;
    visit_runs_as_boxes(shape, range, limit, [&](const Box& box) {
      if (box.elements() > limit) FAIL("a box of " << box.elements());
      for (const std::uint64_t element : elements_of(shape, box)) seen.push_back(element);
    });
    if (seen != numbers(range)) FAIL("runs of " << to_text(shape) << " [" << range.begin << ", " << range.end << ")");

    std::set<std::uint64_t> wanted, covered;
    visit_chunk_boxes(shape, chunk, range, limit, [&](const Box& box) {
      std::uint64_t chunks = 1;
      for (std::size_t d = 0; d < shape.size(); ++d) {
        const std::uint64_t end = box.start[d] + box.count[d];
        if (box.start[d] % chunk[d] != 0 || (end % chunk[d] != 0 && end != shape[d])) FAIL("not whole chunks");
        chunks *= (box.count[d] + chunk[d] - 1) / chunk[d];
      }
      if (chunks > 1 && box.elements() > limit) FAIL("a box of " << box.elements());
      const auto elements = elements_of(shape, box);
      bool touched = false;
      for (const std::uint64_t element : elements) {
        if (!covered.insert(element).second) FAIL("element " << element << " twice");
        touched |= element >= range.begin && element < range.end;
      }
      if (!touched) FAIL("a box without an element of the range");
      visit_runs_of_box(shape, box, box, range, [&](Range flat, std::uint64_t offset) {
        for (std::uint64_t i = flat.begin; i < flat.end; ++i) {
          if (elements[offset + i - flat.begin] != i || !wanted.insert(i).second) FAIL("element " << i);
        }
      });
    });
    const auto all = numbers(range);
    if (!(wanted == std::set(all.begin(), all.end()))) FAIL("chunks of " << to_text(shape));
  }
}

TEST_CASE("a range is cut where storage ends, whatever dimensions are shorter there") {
  const Shape shape = {3, 4, 2, 3};
  for (const Shape& storage : {Shape{3, 4, 2, 3}, Shape{2, 4, 2, 3}, Shape{3, 2, 2, 3}, Shape{1, 3, 2, 2},
                               Shape{0, 4, 2, 3}, Shape{2, 4, 1, 3}}) {
    for (const Range range : {Range{0, 72}, Range{5, 5}, Range{7, 8}, Range{1, 50}, Range{23, 49}}) {
      std::uint64_t at = range.begin;
      visit_runs_in_storage(shape, storage, range, [&](Range run, bool is_there) {
        CHECK(run.begin == at);
        CHECK(run.begin < run.end);
        for (std::uint64_t i = run.begin; i < run.end; ++i) {
          const Shape index = {i / 24, i / 6 % 4, i / 3 % 2, i % 3};
          bool inside = true;
          for (std::size_t d = 0; d < 4; ++d) inside = inside && index[d] < storage[d];
          if (inside != is_there) FAIL("element " << i << " of storage " << to_text(storage));
        }
        at = run.end;
      });
      CHECK(at == range.end);
    }
  }
}

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
