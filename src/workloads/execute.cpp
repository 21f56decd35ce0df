#include "workloads/execute.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "input/operand_block.hpp"
#include "measure/record.hpp"

namespace concdemo {

namespace {

double rate_at(const Cost& cost, double seconds) {
  const double amount = cost.bound == Bound::fma ? cost.flops : cost.traffic_bytes;
  return seconds > 0 ? amount / seconds : 0;
}

// Operands of a reduction are read as they are stored.
double stored_bytes(const Problem& problem) {
  double bytes = 0;
  for (const Operand& operand : problem.operands) {
    bytes +=
        static_cast<double>(element_count(operand.shape)) * static_cast<double>(OperandBlock::element_bytes(operand));
  }
  return bytes;
}

// The maximum over ranks of each stage.
std::optional<Pipeline> slowest(const mpi::Comm& comm, std::optional<Pipeline> mine) {
  if (!mine) return mine;
  mine->blocks = comm.max(mine->blocks);
  for (double* seconds : {&mine->read_s, &mine->compute_s, &mine->write_s, &mine->wall_s})
    *seconds = comm.max(*seconds);
  return mine;
}

// The sums and the maxima over ranks.
std::optional<Reading> of_all_ranks(const mpi::Comm& comm, std::optional<Reading> mine) {
  if (!mine) return mine;
  mine->bytes = comm.sum(mine->bytes);
  mine->chunks = comm.sum(mine->chunks);
  for (double* seconds : {&mine->locate_s, &mine->read_s, &mine->decode_s, &mine->check_s})
    *seconds = comm.max(*seconds);
  return mine;
}

}  // namespace

double Measurement::rate() const { return rate_at(cost, samples.median()); }
double Measurement::best_rate() const { return rate_at(cost, samples.min()); }

std::string Measurement::rate_unit() const { return cost.bound == Bound::fma ? "flop/s" : "B/s"; }

Measurement execute(const Context& context, const Workload& workload, const Problem& problem,
                    const ExecuteOptions& options, Progress& progress) {
  const mpi::Comm& comm = context.comm;
  const std::string label = fmt::format("{}{}: ", options.label, workload.name);
  progress.show(label + "reading or generating");
  Stopwatch watch;
  const std::shared_ptr<Job> job = workload.prepare(context, problem);
  if (options.sink.file != nullptr) options.sink.file->keep(job);
  Measurement measured;
  measured.job = job;
  measured.cost = workload.cost(problem);
  if (measured.cost.bound == Bound::read && problem.method == Method::exact)
    measured.cost.traffic_bytes = stored_bytes(problem);
  Phases phases;
  phases.read_s = watch.lap_s();
  progress.show(label + "computing");
  mpi::Traffic before;
  mpi::Traffic after;
  measured.samples = measure(
      comm, options.warmup, options.repeat,
      [&](bool last) {
        before = comm.traffic();
        job->execute(last ? options.sink : Sink{});
        after = comm.traffic();
      },
      [&, runs = options.warmup + options.repeat](int number) {
        if (runs > 1 && progress.is_due()) progress.show(fmt::format("{}computing, run {} of {}", label, number, runs));
      });
  measured.traffic = {comm.max(after.messages - before.messages), comm.max(after.bytes - before.bytes),
                      comm.max(after.shared_bytes - before.shared_bytes)};
  phases.compute_s = watch.lap_s();
  progress.show(label + "verifying");
  measured.reading = of_all_ranks(comm, job->reading());
  measured.pipeline = slowest(comm, job->pipeline());
  measured.verification = job->verify();
  phases.verify_s = watch.lap_s();
  measured.counts = job->counts;
  measured.result = job->result();
  measured.headline = job->headline();
  measured.peak_rss_bytes = peak_rss_bytes(comm);
  constexpr double beyond_caches_bytes = 128e6;
  constexpr double beyond_noise_flops = 1e8;
  const bool large = measured.cost.bound == Bound::fma ? measured.cost.flops >= beyond_noise_flops
                                                       : measured.cost.traffic_bytes >= beyond_caches_bytes;
  if (options.peak && large && !problem.stream) {
    progress.show(label + "measuring the peak");
    activity::rest();
    measured.peak = measure_peak(comm, context.threads, measured.cost.bound);
    measured.peak->value = std::max(measured.peak->value, measured.best_rate());
  }
  (measured.peak ? phases.peak_s : phases.verify_s) += watch.lap_s();
  if (measured.reading) {  // of the last one; runs before it took their time the same way
    const double runs = options.warmup + options.repeat;
    const double read_s = std::min(phases.compute_s, runs * (measured.reading->read_s + measured.reading->decode_s));
    const double check_s = std::min(phases.compute_s - read_s, runs * measured.reading->check_s);
    phases.read_s += read_s;
    phases.verify_s += check_s;
    phases.compute_s -= read_s + check_s;
  }
  measured.phases = phases;
  return measured;
}

}  // namespace concdemo
