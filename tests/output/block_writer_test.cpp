#include "output/block_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <string>
#include <thread>
#include <utility>

#include "base/tally.hpp"
#include "format/checksum.hpp"
#include "support/catch.hpp"

using namespace concdemo;

namespace {

// A file that goes when it is closed.
files::File unnamed_file() {
  auto path = (std::filesystem::temp_directory_path() / "concdemo-test-XXXXXX").string();
  files::Descriptor file(::mkstemp(path.data()));
  REQUIRE(file.valid());
  ::unlink(path.c_str());
  return {std::move(file), path};
}

std::vector<double> ramp(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = 0.5 * static_cast<double>(i);
  return values;
}

// The sums of its blocks, and their number.
std::vector<std::uint64_t> sums_of(std::span<const double> data) {
  std::vector<std::uint64_t> sums(block_count(data.size()));
  add_block_checksums(0, data, sums);
  sums.push_back(data.size());
  return sums;
}

MatrixView row(std::span<const double> data) { return {data.data(), 1, data.size(), data.size()}; }

void submit_all(BlockWriter& writer, const std::shared_ptr<OutputArray>& array, std::span<const double> data) {
  for (std::size_t at = 0, length = 1; at < data.size(); at += length, length = 2 * length + 1) {
    length = std::min(length, data.size() - at);
    writer.submit(array, at, length, row(data.subspan(at, length)));
  }
}

std::vector<double> stored(const files::File& file, std::uint64_t offset, std::size_t count) {
  std::vector<double> values(count);
  file.read(std::as_writable_bytes(std::span(values)), offset, "read");
  return values;
}

}  // namespace

TEST_CASE("everything submitted is in the file after drain, with its checksums, for any ring and writer") {
  const auto data = ramp(2 * block_elements + 100);
  for (const bool async : {true, false}) {
    for (const int depth : {0, 1, 4}) {
      const auto file = unnamed_file();
      WriterOptions options;
      options.async = async;
      options.ring_depth = depth;
      BlockWriter writer(options);
      const auto array = std::make_shared<OutputArray>(file, 4096, data.size());
      const auto other = std::make_shared<OutputArray>(file, 512, 3);
      submit_all(writer, array, data);
      writer.drain();
      CHECK_FALSE(writer.failed());
      CHECK(array->pending == 0);
      CHECK((array->sums == sums_of(data)));
      CHECK(other->sums == std::vector<std::uint64_t>{0, 0});
      CHECK((stored(file, 4096, data.size()) == data));
      CHECK(writer.thread().busy_s() > 0);
    }
  }
}

TEST_CASE("rows that lie apart in the file and in memory, with the checksums of the whole") {
  const std::size_t rows = 4100, width = 411;  // longer than a run
  const auto data = ramp(rows * width);
  for (const std::uint64_t offset : {4096, 4091}) {
    const auto file = unnamed_file();
    const auto array = std::make_shared<OutputArray>(file, offset, data.size());
    BlockWriter writer({});
    for (const auto& [first, columns] : {std::pair<std::size_t, std::size_t>{0, 200}, {200, 1}, {201, 210}}) {
      writer.submit(array, first, width, {data.data() + first, rows - 1, columns, width});
    }
    const std::size_t last = (rows - 1) * width;
    writer.submit(array, last, width, {data.data() + last, 1, width, width});
    writer.drain();
    CHECK_FALSE(writer.failed());
    CHECK((array->sums == sums_of(data)));
    CHECK((stored(file, offset, data.size()) == data));
    const auto whole = std::make_shared<OutputArray>(file, offset, data.size());
    writer.submit(whole, 0, width, {data.data(), rows, width, width});
    writer.drain();
    CHECK((whole->sums == array->sums));
  }
}

TEST_CASE("what does not fit is a failure of the writer: elements beyond the end, rows over one another or torn") {
  const auto data = ramp(1000);
  const auto file = unnamed_file();
  struct Wrong {
    std::uint64_t first, stride;
    std::size_t rows, columns;
  };
  for (const auto& [first, stride, rows, columns] : {Wrong{1, 1000, 1, 1000}, Wrong{1001, 1, 1, 1}, Wrong{0, 9, 10, 10},
                                                     Wrong{5, 10, 10, 6}, Wrong{6, 100, 10, 95}}) {
    CAPTURE(first, stride, rows, columns);
    const auto array = std::make_shared<OutputArray>(file, 0, data.size());
    BlockWriter writer({});
    writer.submit(array, first, stride, {data.data(), rows, columns, columns});
    CHECK(writer.failed());
    CHECK(writer.failure().text.find("handed to an output dataset of 1000") != std::string::npos);
    writer.submit(array, 0, 1000, row(data));
    writer.drain();
    CHECK(array->sums.back() == 0);
  }
}

TEST_CASE("a writer that goes away with work left neither hangs nor touches the data again") {
  const auto file = unnamed_file();
  for (int i = 0; i < 20; ++i) {
    const auto data = ramp(100000);
    BlockWriter writer({});
    submit_all(writer, std::make_shared<OutputArray>(file, 0, data.size()), data);
  }
}

TEST_CASE("after a failed write the rest is dropped, the ring stays open and the first failure is told") {
  const auto full = files::File::open("/dev/full", O_WRONLY);
  const auto data = ramp(10000);
  WriterOptions options;
  options.ring_depth = 1;
  BlockWriter writer(options);
  const auto array = std::make_shared<OutputArray>(full, 512, data.size());
  submit_all(writer, array, data);
  bool is_done = false;
  writer.put_urgent([&] { is_done = true; });
  writer.drain();
  CHECK(writer.failure().text == "cannot write /dev/full at byte 512: No space left on device");
  CHECK(writer.failure().code == ExitCode::system);
  CHECK(array->sums.back() == 0);
  CHECK_FALSE(is_done);
}

TEST_CASE("while a writer is drained, the tally tells how many bytes are written") {
  const auto file = unnamed_file();
  const auto data = ramp(1 << 17);
  BlockWriter writer({});
  std::latch is_told(1);
  tally::begin(0, tally::Unit::none);
  writer.thread().put([&] { is_told.wait(); });  // nothing is written before drain() has told
  writer.submit(std::make_shared<OutputArray>(file, 0, data.size()), 0, data.size(), row(data));
  std::string first;
  {
    const std::jthread watcher([&] {
      while ((first = tally::text()).empty()) std::this_thread::yield();
      is_told.count_down();
    });
    writer.drain();
  }
  CHECK_FALSE(writer.failed());
  CHECK(first == "0 B of 1 MiB");
  CHECK(tally::text() == "1 MiB of 1 MiB");
  tally::begin(0, tally::Unit::none);
}
