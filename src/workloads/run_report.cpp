#include "workloads/run_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/printable.hpp"
#include "base/text.hpp"
#include "build_info.hpp"
#include "measure/record.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {
namespace {

// The shortest text that reads back as the same number; `bits` are 16 hexadecimal digits.
std::string shortest(const std::string& bits) {
  std::uint64_t value = 0;
  std::from_chars(bits.data(), bits.data() + bits.size(), value, 16);
  return fmt::format("{}", std::bit_cast<double>(value));
}

// How its elements are read.
std::string way_of(const hdf5::DatasetInfo& dataset) {
  if (!dataset.library_way.empty()) return fmt::format("H5Dread ({})", dataset.library_way);
  return dataset.chunk.empty() ? "contiguous" : "chunks";
}

Json reading_json(const std::optional<Reading>& reading) {
  if (!reading) return nullptr;
  return {{"bytes", reading->bytes},   {"chunks", reading->chunks},     {"locate_s", reading->locate_s},
          {"read_s", reading->read_s}, {"decode_s", reading->decode_s}, {"check_s", reading->check_s}};
}

Json phases_json(const Phases& phases) {
  return {{"open_s", phases.open_s},     {"read_s", phases.read_s}, {"compute_s", phases.compute_s},
          {"verify_s", phases.verify_s}, {"peak_s", phases.peak_s}, {"write_s", phases.write_s},
          {"whole_s", phases.whole_s()}};
}

// "1.43 s: opening 80 ms, reading 1.2 s (428 MiB, 350 MB/s), computing 60 ms"; shares of less than a thousandth are
// left out.
std::string phases_text(const Phases& phases, const std::optional<Reading>& reading, bool is_file) {
  std::vector<std::string> parts;
  const auto add = [&](const char* what, double seconds, const std::string& more = "") {
    if (seconds >= 0.001 * phases.whole_s())
      parts.push_back(fmt::format("{} {}{}", what, format_seconds(seconds), more));
  };
  std::string rate;
  if (reading && phases.read_s > 0) {
    rate = fmt::format(" ({}, {})", format_bytes(reading->bytes),
                       format_rate(static_cast<double>(reading->bytes) / phases.read_s, "B/s"));
  }
  add("opening", phases.open_s);
  add(is_file ? "reading" : "generating", phases.read_s, rate);
  add("computing", phases.compute_s);
  add("verifying", phases.verify_s);
  add("measuring the peak", phases.peak_s);
  add("writing", phases.write_s);
  return fmt::format("{}: {}", format_seconds(phases.whole_s()), fmt::join(parts, ", "));
}

Json input_json(const Operand& operand) {
  switch (operand.source) {
    case Operand::Source::values: return {{"kind", "values"}, {"count", operand.values.size()}};
    case Operand::Source::file:
      return {{"kind", "file"},
              {"file", operand.dataset.file},
              {"dataset", operand.dataset.path},
              {"way", way_of(operand.dataset)},
              {"uncovered", operand.dataset.uncovered}};
    case Operand::Source::generated: break;
  }
  return {{"kind", operand.fill == Fill::index ? "index" : "uniform"}, {"stream", operand.stream}};
}

std::string field_of(const OwnOption& option) { return option.name.substr(2); }  // "steps" of "--steps"

// Times are counted from start_s, as those of the output's timeline.
Json pipeline_json(const Pipeline& pipeline, double start_s) {
  const Json timeline = {{"rank", 0},
                         {"begin_s", pipeline.begin_s - start_s},
                         {"reads", spans_json(pipeline.reads.since(start_s).list())},
                         {"waits", spans_json(pipeline.waits.since(start_s).list())}};
  return {{"blocks", pipeline.blocks},   {"block_elements", pipeline.block_elements},
          {"read_s", pipeline.read_s},   {"compute_s", pipeline.compute_s},
          {"write_s", pipeline.write_s}, {"wall_s", pipeline.wall_s},
          {"timeline", timeline}};
}

// An option of one workload is null in the records of the others.
void put_own_options(const Workload& workload, const Problem& problem, Json& record) {
  for (const Workload* each : workloads()) {
    for (const OwnOption& option : each->options) {
      if (!option.kept) continue;
      Json& field = record[field_of(option)];
      if (each == &workload) std::visit([&](const auto& value) { field = value; }, option.kept(problem));
    }
  }
}

}  // namespace

Json make_record(const Workload& workload, const Problem& problem, const Layout& layout, const Measurement& measured,
                 const OutputStats* output) {
  const Operand& operand = problem.operands.front();
  const bool generated = operand.source == Operand::Source::generated;
  Json inputs = Json::array();
  for (const Operand& each : problem.operands) inputs.push_back(input_json(each));
  Json peak = nullptr;
  if (measured.peak) {
    peak = {{"value", measured.peak->value},
            {"unit", measured.rate_unit()},
            {"name", measured.peak->name},
            {"fraction", measured.rate() / measured.peak->value}};
  }
  Json pipeline = nullptr;
  if (measured.pipeline) {
    pipeline = pipeline_json(*measured.pipeline, output != nullptr ? output->begin_s : measured.pipeline->begin_s);
  }
  const Samples& samples = measured.samples;
  const auto slowest = static_cast<std::size_t>(samples.slowest_rank);
  Json record = {{"schema", 1},
                 {"workload", workload.name},
                 {"method", problem.method == Method::plain ? "plain" : "exact"},
                 {"schedule", problem.schedule == Schedule::dynamic ? "dynamic" : "static"},
                 {"size", problem.size}};
  put_own_options(workload, problem, record);
  record.update(
      {{"dtype", "float64"},
       {"seed", generated ? Json(operand.seed) : Json(nullptr)},
       {"input", inputs},
       {"layout", layout_json(layout)},
       {"seconds",
        {{"min", samples.min()}, {"median", samples.median()}, {"max", samples.max()}, {"samples", samples.seconds}}},
       {"flops", measured.cost.flops},
       {"traffic_bytes", measured.cost.traffic_bytes},
       {"rate", {{"value", measured.rate()}, {"unit", measured.rate_unit()}}},
       {"peak", peak},
       {"missing", whole(measured.counts.missing)},
       {"inexact_inputs", whole(measured.counts.inexact)},
       {"result", measured.result},
       {"verified", measured.verification.ok},
       {"verified_against", measured.verification.against},
       {"slowest",
        {{"rank", samples.slowest_rank}, {"host", slowest < layout.places.size() ? layout.places[slowest].host : ""}}},
       {"communication",
        {{"messages", measured.traffic.messages},
         {"bytes", measured.traffic.bytes},
         {"shared_bytes", measured.traffic.shared_bytes}}},
       {"phases", phases_json(measured.phases)},
       {"reading", reading_json(measured.reading)},
       {"pipeline", pipeline},
       {"output", output != nullptr ? output_json(*output) : Json(nullptr)},
       {"peak_rss_bytes", measured.peak_rss_bytes},
       {"environment", environment_json()}});
  return record;
}

std::string size_text(const Shape& size) { return size.size() == 1 ? format_count(size.front()) : to_text(size); }

std::string layout_text(const Layout& layout) {
  return fmt::format("{}, {} x {}", counted(layout.nodes, "node"), counted(layout.ranks, "rank"),
                     counted(layout.threads, "thread"));
}

Attributes file_attributes(const Workload& workload, const Problem& problem) {
  std::string inputs;
  for (Operand operand : problem.operands) {
    operand.dataset.file = std::filesystem::path(operand.dataset.file).filename();  // where it lies is the host's
    inputs += (inputs.empty() ? "" : ", ") + describe(operand);
  }
  Attributes attributes{{"source", fmt::format("concdemo {}", build_info::version)},
                        {"workload", std::string(workload.name)},
                        {"method", problem.method == Method::plain ? "plain" : "exact"},
                        {"size", to_text(problem.size)},
                        {"input", inputs}};
  for (const OwnOption& option : workload.options) {
    if (option.kept) attributes.emplace_back(field_of(option), option.kept(problem));
  }
  return attributes;
}

std::string result_lines(const Measurement& measured, bool values_only) {
  std::string text;
  for (const auto& [name, value] : measured.result.items()) {
    std::string shown = value.is_object()   ? shortest(value["bits"].get<std::string>())
                        : value.is_string() ? value.get<std::string>()
                                            : value.dump();
    text += values_only && measured.result.size() == 1 ? shown + "\n" : fmt::format("{} = {}\n", name, shown);
  }
  return text;
}

std::string report_text(const Workload& workload, const Problem& problem, const Layout& layout,
                        const Measurement& measured, const OutputStats* output) {
  std::string text = result_lines(measured, false);
  std::string inputs;
  for (const Operand& operand : problem.operands)
    inputs += (inputs.empty() ? "" : " and ") + printable(describe(operand));
  const auto line = [&text](const char* label, const std::string& value) {
    text += fmt::format("  {:<9} {}\n", label, value);
  };
  line("workload", fmt::format("{} of {} ({})", workload.name, size_text(problem.size), inputs));
  const std::vector<DatasetSpec> arrays = workload.outputs(problem);
  const bool makes_array = !arrays.empty();
  if (measured.counts.missing > 0)
    line("missing", counted(measured.counts.missing, "value") + (makes_array ? ", NaN in the result" : ", left out"));
  if (measured.counts.inexact > 0) {
    line("inexact", counted(measured.counts.inexact, "element") + " rounded to float64 on input");
  }
  for (const Operand& operand : problem.operands) {
    if (operand.dataset.uncovered == 0) continue;
    line("uncovered", fmt::format("{} of {}, which no source covers, read as the fill value",
                                  counted(operand.dataset.uncovered, "element"), describe(operand)));
  }
  line("layout", layout_text(layout));
  if (problem.schedule == Schedule::dynamic) line("schedule", "dynamic; the time includes generating or reading");
  const Samples& samples = measured.samples;
  line("time", samples.seconds.size() == 1
                   ? format_seconds(samples.median())
                   : fmt::format("{} (median of {}; {} to {})", format_seconds(samples.median()),
                                 samples.seconds.size(), format_seconds(samples.min()), format_seconds(samples.max())));
  std::string rate = format_rate(measured.rate(), measured.rate_unit());
  if (measured.peak) {
    rate += fmt::format(", {:.0f} % of the {} measured here, {}", 100 * measured.rate() / measured.peak->value,
                        measured.peak->name, format_rate(measured.peak->value, measured.rate_unit()));
  }
  line("rate", rate);
  const bool is_file = problem.operands.front().source == Operand::Source::file;
  line("waited", phases_text(measured.phases, measured.reading, is_file));
  if (const auto& pipeline = measured.pipeline) {
    std::string stages =
        fmt::format("reading {}, computing {}", format_seconds(pipeline->read_s), format_seconds(pipeline->compute_s));
    if (pipeline->write_s > 0) stages += fmt::format(", writing {}", format_seconds(pipeline->write_s));
    line("streamed", fmt::format("{} of {} elements a rank; {}, overlapped in {}", counted(pipeline->blocks, "block"),
                                 format_count(pipeline->block_elements), stages, format_seconds(pipeline->wall_s)));
  }
  line("verified", measured.verification.against);
  if (output != nullptr) {
    line("output", fmt::format("{}, {}{}; writing took {}, of which computing waited {}", printable(output->file),
                               format_bytes(output->bytes), output->reserved ? "" : " (unreserved)",
                               format_seconds(output->io_busy_s), format_seconds(output->stall_s)));
  } else if (makes_array && problem.method == Method::exact) {
    line("array", fmt::format("{} of {}, not kept: --output FILE writes it", arrays.front().name,
                              counted(element_count(arrays.front().shape), "element")));
  }
  return text;
}

}  // namespace concdemo
