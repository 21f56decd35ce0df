#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/io_timeline.hpp"
#include "base/json.hpp"
#include "layout/layout.hpp"
#include "output/output_stats.hpp"
#include "system/files.hpp"
#include "system/mpi.hpp"

// Parts of a record (one JSON object on one line, schema 1) that are the same for every workload.
namespace concdemo {

Json environment_json();
Json layout_json(const Layout& layout);
Json output_json(const OutputStats& stats);
Json spans_json(const std::vector<Spans::Span>& spans);

// Collective: the largest VmHWM of any rank, in bytes (ru_maxrss would include the launcher's before exec).
std::uint64_t peak_rss_bytes(const mpi::Comm& comm);

// One line of JSON in printable characters; bytes that are not UTF-8 (file names, variables) become U+FFFD.
std::string to_line(const Json& record);

// A file of records, open for appending: a regular file that is empty or begins as a record does; links are followed.
// Throws usage Error for anything else and what cannot be opened. One that was made for this and got no record goes
// again.
class RecordFile {
 public:
  explicit RecordFile(const std::string& path);
  RecordFile(RecordFile&&) = default;
  ~RecordFile();
  void append(const Json& record);  // in one write, and durable; throws system Error

 private:
  void require_records() const;

  std::string path_;
  bool is_made_ = false;  // by us, and still without a record
  files::Descriptor file_;
  bool is_torn_ = false;  // its last line has no end: a writer was killed, or the disk was full
};

}  // namespace concdemo
