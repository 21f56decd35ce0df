#include "measure/record.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "build_info.hpp"
#include "kernels/simd.hpp"
#include "system/file_names.hpp"
#include "system/files.hpp"
#include "system/hdf5.hpp"
#include "system/topology.hpp"

extern char** environ;

namespace concdemo {

Json environment_json() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Json omp = Json::object();
  Json slurm = nullptr;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (text.starts_with("OMP_")) omp[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    if (text.starts_with("SLURM_JOB_ID=")) slurm = text.substr(equals + 1);
  }
  const Json versions = {{"concdemo", build_info::version},
                         {"mpi", mpi::library_version()},
                         {"hdf5", hdf5::library_version()},
                         {"compiler", build_info::compiler}};
  return {{"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)))},
          {"host", host_name()},
          {"cpu", cpu_model()},
          {"versions", versions},
          {"commit", build_info::commit},
          {"slurm_job", slurm},
          {"omp", omp}};
}

Json layout_json(const Layout& layout) {
  return {{"nodes", layout.nodes}, {"ranks", layout.ranks}, {"threads", layout.threads}, {"simd", simd_target()}};
}

namespace {

double micro(double seconds) { return std::round(seconds * 1e6) / 1e6; }  // as much as a picture needs

Json timeline_json(const IoTimeline& timeline) {
  if (timeline.blocks().empty()) return nullptr;
  Json blocks = Json::array();
  for (const auto& block : timeline.blocks()) {
    blocks.push_back({{"count", block.count},
                      {"submitted_s", micro(block.submitted_s)},
                      {"write_begin_s", micro(block.write_begin_s)},
                      {"write_end_s", micro(block.write_end_s)},
                      {"write_s", micro(block.write_s)},
                      {"durable_s", micro(block.durable_s)}});
  }
  return {{"rank", 0},
          {"blocks", blocks},
          {"waits", spans_json(timeline.waits())},
          {"syncs", spans_json(timeline.syncs())}};
}

}  // namespace

Json spans_json(const std::vector<Spans::Span>& spans) {
  Json list = Json::array();
  for (const auto& span : spans) {
    list.push_back({{"begin_s", micro(span.begin_s)}, {"end_s", micro(span.end_s)}, {"busy_s", micro(span.busy_s)}});
  }
  return list;
}

Json output_json(const OutputStats& stats) {
  return {{"file", stats.file},           {"bytes", stats.bytes},
          {"io_busy_s", stats.io_busy_s}, {"stall_s", stats.stall_s},
          {"drain_s", stats.drain_s},     {"durable_s", stats.durable_s},
          {"reserved", stats.reserved},   {"timeline", timeline_json(stats.timeline)}};
}

std::uint64_t peak_rss_bytes(const mpi::Comm& comm) {
  std::ifstream status("/proc/self/status");
  std::uint64_t kib = 0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> kib;
  }
  return comm.max(kib * 1024);
}

std::string to_line(const Json& record) {
  return printable(record.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

RecordFile::RecordFile(const std::string& path) : path_(path) {
  constexpr int flags = O_RDWR | O_APPEND | O_NONBLOCK;
  std::uint64_t bytes = 0;
  int error = files::open(path, flags, file_);
  if (error == ENOENT) {
    error = files::open(path, flags | O_CREAT | O_EXCL, file_);
    is_made_ = error == 0;
    if (error == EEXIST) error = files::open(path, flags | O_CREAT, file_);  // through a link, or made in between
  }
  if (error == 0) error = files::size_of(file_.get(), bytes);
  if (error != 0) throw usage_error(fmt::format("--record {}: {}", path, files::error_text(error)));
  if (bytes == 0) return;
  require_records();
  std::byte last{};
  std::size_t got = 0;
  error = files::read_all(file_.get(), std::span(&last, 1), bytes - 1, got);
  is_torn_ = error == 0 && got == 1 && last != std::byte{'\n'};
}

RecordFile::~RecordFile() {
  if (is_made_ && file_.valid()) files::remove(file_.get(), path_);
}

// The first record may be torn, but not so short that anybody's JSON begins like it.
void RecordFile::require_records() const {
  constexpr std::string_view least = R"({"schema":1,")";
  for (const std::string_view mark : {R"({"schema":1,"workload":")", R"({"schema":1,"command":")"}) {
    std::string start(mark.size(), '\0');
    std::size_t got = 0;
    if (files::read_all(file_.get(), std::as_writable_bytes(std::span(start)), 0, got) != 0) break;
    const auto line = std::string_view(start).substr(0, std::min(got, start.find('\n')));
    if (line.size() >= least.size() && mark.starts_with(line)) return;
  }
  throw usage_error(fmt::format("--record {}: holds something other than records; name another file", path_));
}

void RecordFile::append(const Json& record) {
  std::string line = to_line(record);
  if (std::exchange(is_torn_, false)) line.insert(line.begin(), '\n');
  is_made_ = false;
  std::uint64_t bytes = 0;
  int error = files::size_of(file_.get(), bytes);
  if (error == 0) error = files::append(file_.get(), std::as_bytes(std::span(line)));
  if (error == 0) error = files::sync_data(file_.get());
  if (error == 0 && bytes == 0) {  // perhaps made by this run: its name is to stay too
    std::error_code unused;
    error = files::sync_folder(files::folder_of(std::filesystem::canonical(path_, unused).string()));
  }
  if (error != 0) throw system_error(fmt::format("--record {}: {}", path_, files::error_text(error)));
}

}  // namespace concdemo
