#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io_timeline.hpp"
#include "base/json.hpp"
#include "input/operand.hpp"
#include "measure/rank_peaks.hpp"
#include "output/output.hpp"
#include "pool/rank_pool.hpp"
#include "system/hdf5_write.hpp"
#include "system/mpi.hpp"

// A workload is a kernel spread over ranks. This is everything that the program knows of one: `run`, the tour, the
// bench and the tests iterate the list and name none of them.
namespace concdemo {

enum class Method { exact, plain };

// Work of one execution, counted from the sizes: the numerators of rates.
struct Cost {
  double flops = 0;
  double traffic_bytes = 0;  // compulsory reads and writes of memory
  Bound bound = Bound::none;
};

// Where a job runs: the ranks of `comm`, `threads` OpenMP threads in this one.
struct Context {
  const mpi::Comm& comm;
  int threads = 1;
};

// One concrete computation: sizes resolved, operands described; the same on every rank.
struct Problem {
  Shape size;  // as in --size: extents, or M x K x N
  std::vector<Operand> operands;
  Method method = Method::exact;
  Schedule schedule = Schedule::fixed;
  std::uint64_t buffer_bytes = 0;  // of a rank, for reading files and for streaming
  bool stream = false;             // block by block, through buffer_bytes, not whole in memory
  std::string slice;               // of files of more dimensions: "0,2,:,:" is a plane
  std::any own;                    // the workload's own options, of a type that it alone knows
  int node_size = 0;               // > 0: so many ranks count as a node, for tests
};

// An option that `run` takes for this workload alone; its help shows it first.
struct OwnOption {
  std::string name;   // "--steps"
  std::string value;  // "S", as the help has it
  std::string help;
  // Keeps what the text says, in problem.own or where all workloads share it. Throws usage Error naming the option.
  std::function<void(Problem& problem, const std::string& text)> read;
  // What records and files keep of it, under its name: what the bits of the result depend on. Empty: nothing.
  std::function<AttributeValue(const Problem& problem)> kept = {};
  bool needs_output = false;  // goes with --output FILE
};

// How data larger than memory passed through this rank in one execution; the stages overlap. Records have the maxima
// over ranks, and rank 0's times.
struct Pipeline {
  std::uint64_t blocks = 0;
  std::uint64_t block_elements = 0;
  double read_s = 0;     // the reader thread's, in reading
  double compute_s = 0;  // the team's
  double write_s = 0;    // the writer thread's, in checksums and writes
  double wall_s = 0;
  double begin_s = 0;  // on this process's clock, as are the two that follow
  Spans reads;         // the reader thread's
  Spans waits;         // the team's, for the reader
};

// What one execution read of files, on all ranks together, where it read them itself. Seconds are those of a rank's
// threads, added up and divided by their number, a share of the execution's time: of the rank where it is the largest.
struct Reading {
  std::uint64_t bytes = 0;   // of the files, as they are stored
  std::uint64_t chunks = 0;  // that were decoded
  double locate_s = 0;       // looking up where chunks lie; before the execution
  double read_s = 0;
  double decode_s = 0;
  double check_s = 0;  // for what verify() compares
};

struct Verification {
  bool ok = false;
  std::string against;  // what it was compared with; never the fast path itself
  std::string failure;  // when not ok: expected and found
};

// Where a job's arrays go: datasets of a file, counted from the workload's first one; or nowhere.
struct Sink {
  OutputFile* file = nullptr;
  std::size_t first_dataset = 0;
  void submit(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) const {
    if (file != nullptr) file->submit(first_dataset + dataset, first_element, data);
  }
  void submit(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride, const MatrixView& rows) const {
    if (file != nullptr) file->submit(first_dataset + dataset, first_element, stride, rows);
  }
};

// A prepared workload on this rank: its part of the data, loaded.
class Job {
 public:
  virtual ~Job() = default;
  // Collective; may be repeated. Hands arrays to the sink as they are ready; they live as long as the job does.
  virtual void execute(const Sink& sink) = 0;
  // Collective, after execute().
  virtual Verification verify() = 0;
  // The record's `result`; the same on every rank, after verify().
  virtual Json result() const = 0;
  // The result in a few words, for a table; after verify().
  virtual std::string headline() const = 0;
  // Elements of file input left out as missing, and elements rounded on input; on all ranks together, after verify().
  ConvertCounts counts;
  virtual std::optional<Reading> reading() const { return {}; }    // of the last execution
  virtual std::optional<Pipeline> pipeline() const { return {}; }  // of the last execution, where it was streamed
};

struct SeriesOptions;
struct SeriesOutcome;
class SeriesFile;
class Progress;

// How a workload runs into a file of snapshots; series_run.hpp.
struct SeriesRunner {
  // Collective. Both throw Error(stopped), on all ranks, when a signal stopped the run with its state saved.
  SeriesOutcome (*run)(const Context& context, const Problem& problem, const SeriesOptions& options,
                       Progress& progress);
  // Goes on with a file that such a run began, on any layout. It is not whole yet; the runner lets it go.
  SeriesOutcome (*resume)(const Context& context, const Problem& problem, const SeriesOptions& options,
                          std::unique_ptr<SeriesFile> file, Progress& progress);
  // The run that began the file at `path`. Throws usage Error, or verification Error where it contradicts itself.
  Problem (*problem_of)(const SeriesFile& file, const std::string& path);
};

Shape common_shape(const std::vector<Operand>& operands);  // throws usage Error naming both operands and shapes
std::vector<DatasetSpec> no_outputs(const Problem& problem);

struct Workload {
  std::string_view name;
  std::string_view summary;  // one line of --help
  int operands = 1;          // how many inputs it takes
  bool reads_files = true;
  bool has_plain = false;    // --method plain exists
  bool has_dynamic = false;  // --schedule dynamic exists
  bool can_stream = false;   // takes operands larger than memory
  std::vector<OwnOption> options = {};
  std::any own = {};                     // their defaults
  const SeriesRunner* series = nullptr;  // null: --output keeps what outputs() says
  Shape default_size;
  Shape tour_size;
  std::function<Cost(const Problem& problem)> cost;
  // Shapes of generated operands for a --size; throws usage Error when the number of extents is wrong. Null: all of
  // them have the size as their shape.
  std::vector<Shape> (*operand_shapes)(const Shape& size) = nullptr;
  // The size that given operands make; throws usage Error naming both shapes when they do not fit.
  Shape (*size_of)(const std::vector<Operand>& operands) = common_shape;
  std::vector<DatasetSpec> (*outputs)(const Problem& problem) = no_outputs;         // empty: writes nothing
  std::function<std::uint64_t(const Shape& size, int ranks)> memory_bytes;          // of the most loaded rank
  std::unique_ptr<Job> (*prepare)(const Context& context, const Problem& problem);  // collective
};

std::vector<Shape> shapes_of(const Workload& workload, const Shape& size);  // of generated operands

const std::vector<const Workload*>& workloads();
const Workload& find_workload(const std::string& name);  // unknown: usage Error with the nearest name

}  // namespace concdemo
