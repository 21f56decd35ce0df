#pragma once
#include <string>
#include <utility>

#include "base/json.hpp"
#include "layout/layout.hpp"
#include "lessons/compare.hpp"

// What a comparison looks like: for people, and as JSON.
namespace concdemo {

// Why ways or kinds of task are not there: (what, why).
using LeftOut = std::vector<std::pair<std::string, std::string>>;

std::string table(const KindFigures& kind, const LeftOut& ways);
std::string grain_table(const Grain& grain);
std::string result_lines(const KindFigures& kind);  // "cpu, threads = 162 ms, 1.90 x", a line a way
std::string result_lines(const Grain& grain);       // "10.0 us, threads = 45 %": efficiencies, a line a size and way

Json to_json(const KindFigures& kind);
Json to_json(const Grain& grain);

// One record (schema 1) of one way.
Json make_record(const KindFigures& kind, const WayFigure& way, const Layout& layout, std::uint64_t peak_rss);

}  // namespace concdemo
