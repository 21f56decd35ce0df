#include "pool/pack.hpp"

#include "support/catch.hpp"

using namespace concdemo;

namespace {
template <class T>
T there_and_back(const T& value) {
  std::string bytes = "x";
  pack::put(bytes, value);
  std::string_view rest = std::string_view(bytes).substr(1);
  T result{};
  pack::get(rest, result);
  CHECK(rest.empty());
  return result;
}
}  // namespace

TEST_CASE("pack: numbers, texts and vectors come back") {
  CHECK(there_and_back(42) == 42);
  CHECK(there_and_back(-0.5) == -0.5);
  CHECK(there_and_back(std::string("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(there_and_back(std::string()).empty());
  CHECK(there_and_back(std::vector<double>{1, 2.5}) == std::vector<double>{1, 2.5});
  CHECK(there_and_back(std::vector<bool>{true, false, true}) == std::vector<bool>{true, false, true});
  CHECK(there_and_back(std::vector<std::string>{"", "ab"}) == std::vector<std::string>{"", "ab"});
  CHECK(there_and_back(std::vector<std::vector<int>>{{}, {1, 2}}) == std::vector<std::vector<int>>{{}, {1, 2}});
}
