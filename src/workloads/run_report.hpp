#pragma once
#include <string>

#include "layout/layout.hpp"
#include "workloads/execute.hpp"
#include "workloads/workload.hpp"

// What a measurement looks like: as a record, as text for a person, as attributes of the file it wrote.
namespace concdemo {

// One record (schema 1). `output` may be null. On rank 0.
Json make_record(const Workload& workload, const Problem& problem, const Layout& layout, const Measurement& measured,
                 const OutputStats* output);

// "sumsq = 55", a line a result, every number the shortest that reads back as the same bits; with values_only a single
// result stands without its name.
std::string result_lines(const Measurement& measured, bool values_only);

std::string report_text(const Workload& workload, const Problem& problem, const Layout& layout,
                        const Measurement& measured, const OutputStats* output);

std::string size_text(const Shape& size);       // "10 M", "512x512x512"
std::string layout_text(const Layout& layout);  // "1 node, 4 ranks x 2 threads"

// What defines the bits of the data, and nothing of the layout, the clock or the host.
Attributes file_attributes(const Workload& workload, const Problem& problem);

}  // namespace concdemo
