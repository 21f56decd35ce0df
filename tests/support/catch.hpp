#pragma once
// Catch2 2.x and 3.x name their headers, and the matcher of a part of a text, differently.
#include <string>

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_session.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
namespace concdemo::test {
inline auto containing(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
}  // namespace concdemo::test
#else
#include <catch2/catch.hpp>
namespace concdemo::test {
inline auto containing(const std::string& part) { return Catch::Matchers::Contains(part); }
}  // namespace concdemo::test
#endif
