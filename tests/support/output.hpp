#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/partition.hpp"
#include "output/output.hpp"
#include "system/mpi.hpp"

// Output files of known contents, in a folder that goes with the test.
namespace concdemo::test {

class SharedFolder {
 public:
  explicit SharedFolder(const mpi::Comm& comm) : comm_(comm) {
    std::string path = (std::filesystem::temp_directory_path() / "concdemo-test-XXXXXX").string();
    if (comm.is_root() && ::mkdtemp(path.data()) == nullptr) std::abort();
    path_ = comm.broadcast(path);
  }
  ~SharedFolder() {
    comm_.barrier();
    std::error_code unused;
    if (comm_.is_root()) std::filesystem::remove_all(path_, unused);
  }
  const std::string& path() const { return path_; }

 private:
  const mpi::Comm& comm_;
  std::string path_;
};

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline bool same_contents(const std::string& a, const std::string& b) { return contents(a) == contents(b); }

inline void put_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// ok when `call` throws nothing.
inline ExitCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) { return error.code; }
  return ExitCode::ok;
}

// Datasets v0, v1, ... of these lengths.
inline FileSpec vectors(const std::string& path, const std::vector<std::uint64_t>& lengths) {
  FileSpec spec;
  spec.path = path;
  spec.attributes = {{"workload", "test"}};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto name = std::to_string(i);
    spec.datasets.push_back({"v" + name, {lengths[i]}, {"x" + name}, {{"units", "1"}}});
  }
  return spec;
}

inline double value_at(std::size_t dataset, std::uint64_t element) {
  return 1000.0 * static_cast<double>(dataset) + 0.5 * static_cast<double>(element);
}

// This rank's part of every dataset, in submits of different lengths; the data live until the program ends.
inline void submit_mine(const mpi::Comm& comm, OutputFile& file, const FileSpec& spec, std::size_t first_dataset) {
  static std::vector<std::vector<double>> alive;
  for (std::size_t i = first_dataset; i < spec.datasets.size(); ++i) {
    const auto ranks = static_cast<std::uint64_t>(comm.size());
    const auto mine = part_of(element_count(spec.datasets[i].shape), ranks, static_cast<std::uint64_t>(comm.rank()));
    auto& data = alive.emplace_back(static_cast<std::size_t>(mine.size()));
    for (std::size_t k = 0; k < data.size(); ++k) data[k] = value_at(i, mine.begin + k);
    for (std::size_t at = 0, length = 1; at < data.size(); at += length, length = 3 * length + 1) {
      length = std::min(length, data.size() - at);
      file.submit(i, mine.begin + at, std::span(data).subspan(at, length));
    }
  }
}

inline OutputStats write_file(const mpi::Comm& comm, const FileSpec& spec, const WriterOptions& options) {
  const auto file = OutputFile::create(comm, spec, options);
  submit_mine(comm, *file, spec, 0);
  return file->commit();
}

}  // namespace concdemo::test
