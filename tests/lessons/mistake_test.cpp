#include "lessons/mistake.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/error.hpp"
#include "lessons/mistake_report.hpp"
#include "lessons/mistake_sources.hpp"
#include "support/catch.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::contains;

namespace {

// An outcome made up; its source lines are real ones.
RunMistake outcome(bool caught, std::vector<bool> right) {
  RunMistake run{&find_mistake("race"), {{"race.broken", "", caught, "lost 3", {{"lost", 3}}}, {}}};
  for (const bool each : right) run.findings.mended.push_back({"race.mutex", "a mutex", each, "lost 0", {{"lost", 0}}});
  return run;
}

}  // namespace

TEST_CASE("lessons are found by their names, and near misses are named") {
  std::set<std::string_view> names;
  for (const Mistake* mistake : mistakes()) {
    CHECK(&find_mistake(std::string(mistake->name)) == mistake);
    CHECK(names.insert(mistake->name).second);
    CHECK((mistake->in_process == nullptr) != (mistake->between_ranks == nullptr));
    for (const auto text : {mistake->summary, mistake->mistake, mistake->rule}) CHECK(!text.empty());
  }
  CHECK(names.size() == 13);
  try {
    find_mistake("lockorder");
    FAIL("found");
  } catch (const Error& error) {
    CHECK(error.code == ExitCode::usage);
    CHECK(contains(error.what(), "did you mean lock-order?"));
  }
}

TEST_CASE("one that was not caught or is still wrong is a failed verification that names it") {
  CHECK(!verdict({}).failed());
  CHECK(!verdict({outcome(true, {true}), outcome(true, {true, true})}).failed());
  for (const auto& [run, says] :
       {std::pair{outcome(false, {true}), "race: the broken one was not caught: lost 3"},
        std::pair{outcome(true, {true, false}), "race: mended by a mutex, it is still wrong: lost 0"},
        std::pair{outcome(true, {}), "race: nothing mended was run"}}) {
    const Failure failure = verdict({outcome(true, {true}), run});
    CHECK(failure.code == ExitCode::verification);
    CHECK(contains(failure.text, says));
  }
}

TEST_CASE("texts of a lesson say what came out, also when it should not have") {
  const RunMistake good = outcome(true, {true});
  const RunMistake bad = outcome(false, {false});
  CHECK(contains(brief_text(good), "broken  lost 3\n  mended  a mutex: lost 0\n"));
  CHECK(contains(quiet_text(good), "caught, mended\n"));
  CHECK(contains(full_text(good), "counter = counter + 1;"));
  CHECK(contains(full_text(good), "Mended by a mutex"));
  for (const std::string& text : {brief_text(bad), full_text(bad), quiet_text(bad)}) {
    CHECK(contains(text, "NOT CAUGHT"));
    CHECK(contains(text, "STILL WRONG"));
  }
  const Json json = to_json(bad);
  CHECK(json["broken"]["caught"] == false);
  CHECK(json["broken"]["lost"] == 3);
  CHECK(json["mended"][0]["right"] == false);
  CHECK(json["mended"][0]["by"] == "a mutex");
  CHECK(json["mended"][0]["source"]["file"] == "src/lessons/mistake_memory.cpp");
}

TEST_CASE("shown lines lose the indentation they share, a directive stays at the edge") {
  CHECK(shown_lines("race.atomic").text.starts_with("for (long i = 0;"));
  CHECK(shown_lines("race.mutex").text ==
        "for (long i = 0; i < n; ++i) {\n  const std::scoped_lock held(lock);\n  counter = counter + 1;\n}\n");
  CHECK(contains(shown_lines("race.reduction").text, "\n#pragma omp parallel for"));
  CHECK(shown_lines("race.reduction").text.starts_with("long counter = 0;\n"));
  CHECK_THROWS_AS(shown_lines("race"), std::out_of_range);
}
