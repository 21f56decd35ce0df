#include "commands/result.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.hpp"
#include "screen/terminal.hpp"

namespace concdemo {

void add_result_options(CLI::App& command, ResultOptions& options) {
  command.add_option("--record", options.record, "append the measurement to this file, one JSON object a line")
      ->type_name("FILE");
  command.add_flag("--json", options.json, "print the record alone");
}

std::optional<RecordFile> open_records(const mpi::Comm& world, const ResultOptions& options, RunFiles files) {
  std::optional<RecordFile> records;
  mpi::on_root(world, [&] {
    files.record = options.record;
    require_apart(files);
    if (!options.record.empty()) records.emplace(options.record);
  });
  return records;
}

void require_right(const Workload& workload, const Measurement& measured) {
  if (measured.verification.ok) return;
  throw Error(ExitCode::verification, fmt::format("{}: wrong result, held against {}: {}", workload.name,
                                                  measured.verification.against, measured.verification.failure));
}

void show_result(const mpi::Comm& world, const Workload& workload, const Problem& problem, const Layout& layout,
                 const Measurement& measured, const OutputStats* output, const ResultOptions& options,
                 std::optional<RecordFile>& records) {
  mpi::on_root(world, [&] {
    const Json record = make_record(workload, problem, layout, measured, output);
    print(options.json    ? to_line(record)
          : options.quiet ? result_lines(measured, true)
                          : report_text(workload, problem, layout, measured, output));
    if (records) records->append(record);
  });
}

}  // namespace concdemo
