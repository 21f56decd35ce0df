#include "base/text.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::contains;

namespace {
std::string refusal(const std::function<void()>& call) { return test::message_of(ExitCode::usage, call); }
std::string bits(const std::string& text) { return hex16(parse_values(text).at(0)); }
}  // namespace

TEST_CASE("counts are exact, with suffixes in powers of 1000") {
  CHECK(parse_count("0") == 0);
  CHECK(parse_count("10") == 10);
  CHECK(parse_count("007") == 7);
  CHECK(parse_count("5k") == 5000);
  CHECK(parse_count("5K") == 5000);
  CHECK(parse_count("2.5M") == 2'500'000);
  CHECK(parse_count("1G") == 1'000'000'000);
  CHECK(parse_count("1.000") == 1);
  CHECK(parse_count("1e6") == 1'000'000);
  CHECK(parse_count("1.5e3k") == 1'500'000);
  CHECK(parse_count("2000e-3") == 2);
  CHECK(parse_count(".5k") == 500);
  CHECK(parse_count("10.50k") == 10'500);
  CHECK(parse_count("18446744073709551615") == 18446744073709551615u);
  CHECK(parse_count("9007199254740993") == 9007199254740993u);  // not a double
  CHECK(parse_count("1.00000000000000000000000000000000000") == 1);
  CHECK(parse_count("0e999999999999") == 0);
}

TEST_CASE("a count that is none is refused by its value") {
  for (const std::string text : {"",
                                 " ",
                                 "-5",
                                 "+5",
                                 "1.5",
                                 "0.0001k",
                                 "abc",
                                 "5kk",
                                 "5 k",
                                 "1e",
                                 "1e+",
                                 "e5",
                                 ".",
                                 "k",
                                 "0x10",
                                 "1,000",
                                 "5B",
                                 "nan",
                                 "inf",
                                 "9e30",
                                 "1e20",
                                 "18446744073709551616",
                                 "20000000T",
                                 "1e999999999999",
                                 "1e-5",
                                 "0.333333333333333333333333333333333",
                                 "99999999999999999999999",
                                 "\xff",
                                 "10\n",
                                 "٣"}) {
    INFO(text);
    CHECK(contains(refusal([&] { parse_count(text); }), "'"));
  }
  CHECK(contains(refusal([] { parse_count("9e30"); }), "'9e30' is too large"));
  CHECK(contains(refusal([] { parse_count("1.5"); }), "'1.5' is not a whole number"));
  const std::string message = refusal([] { parse_count(std::string(1000, 'x').append("\x1b[2J")); });
  CHECK(message.size() < 200);
  CHECK(!contains(refusal([] { parse_count("\x1b[2J"); }), "\x1b"));
}

TEST_CASE("sizes are counts with an x between them") {
  CHECK(parse_size("5") == Shape{5});
  CHECK(parse_size("3x4k") == Shape{3, 4000});
  CHECK(parse_size("1e3x2X3") == Shape{1000, 2, 3});
  CHECK(parse_size("0") == Shape{0});
  CHECK(parse_size("1x1x1x1x1x1x1x1").size() == 8);
  for (const std::string text :
       {"", "x", "3x", "x3", "3xx4", "3x-4", "3x1.5", "3 x 4", "3*4", "9e30", "3x9e30", "1x1x1x1x1x1x1x1x1"}) {
    INFO(text);
    CHECK(refusal([&] { parse_size(text); }) != "");
  }
  CHECK(contains(refusal([] { parse_size("3x9e30"); }), "'3x9e30'"));
}

TEST_CASE("bytes take decimal and binary units") {
  CHECK(parse_bytes("4096") == 4096);
  CHECK(parse_bytes("64k") == 64'000);
  CHECK(parse_bytes("64kB") == 64'000);
  CHECK(parse_bytes("64MB") == 64'000'000);
  CHECK(parse_bytes("64 MiB") == 64u << 20);
  CHECK(parse_bytes("64Mi") == 64u << 20);
  CHECK(parse_bytes("1.5GiB") == 1536u << 20);
  CHECK(parse_bytes("1.3GiB") == 1395864371);  // cut off
  CHECK(parse_bytes("2TiB") == std::uint64_t{2} << 40);
  CHECK(parse_bytes("1PiB") == std::uint64_t{1} << 50);
  CHECK(parse_bytes("10b") == 10);
  for (const std::string text :
       {"", "B", "MB", "-1MB", "1.5", "1.5B", "64MiBB", "64iB", "64XB", "1e30", "99999PiB", "64M B"}) {
    INFO(text);
    CHECK(refusal([&] { parse_bytes(text); }) != "");
  }
}

TEST_CASE("values are correctly rounded doubles") {
  CHECK(parse_values("1,2.5, -3 ,+4") == std::vector<double>{1, 2.5, -3, 4});
  CHECK(bits("-0") == "8000000000000000");
  CHECK(bits("inf") == "7ff0000000000000");
  CHECK(bits("-Infinity") == "fff0000000000000");
  for (const std::string text : {"nan", "-nan", "NaN", "+nan"}) CHECK(bits(text) == "7ff8000000000000");
  CHECK(bits("0x1p-1074") == "0000000000000001");
  CHECK(bits("-0X1P-1074") == "8000000000000001");
  CHECK(bits("0x1.8p-1074") == "0000000000000002");  // tie to even
  CHECK(bits("0x.8p1") == "3ff0000000000000");
  CHECK(bits("0x1.fffffffffffffp+1023") == "7fefffffffffffff");
  CHECK(bits("0x1.00000000000008p0") == "3ff0000000000000");  // tie to even
  CHECK(bits("0x1.00000000000008000001p0") == "3ff0000000000001");
  CHECK(bits("5e-324") == "0000000000000001");
  CHECK(bits("2.2250738585072011e-308") == "000fffffffffffff");
  CHECK(bits("9007199254740993") == "4340000000000000");
  CHECK(bits("9007199254740993.00000000000000000000000000001") == "4340000000000001");
  CHECK(bits("0.1") == "3fb999999999999a");
  CHECK(bits("1.7976931348623158e308") == "7fefffffffffffff");
  CHECK(parse_values("0.1" + std::string(5000, '0') + "1").at(0) == 0.1);
}

TEST_CASE("a value that is none is refused with its position") {
  for (const std::string text :
       {"",       ",",     "1,",    ",1",     "1,,2",   "1 2",      "1;2",       "x",     "--1",
        "+-1",    "-+1",   "0x",    "0x-1",   "0xinf",  "0xnan",    "1e",        "1.2.3", "1f",
        "nan(1)", "nan()", "1e400", "-1e400", "1e-400", "0x1p1024", "0x1p-1076", "١",     "1\n"}) {
    INFO(text);
    CHECK(contains(refusal([&] { parse_values(text); }), "value "));
  }
  CHECK(contains(refusal([] { parse_values("1,2,abc,4"); }), "value 3 of the list, 'abc',"));
  CHECK(contains(refusal([] { parse_values("1,1e999"); }), "range of float64"));
}

TEST_CASE("lists of CPUs") {
  CHECK(format_list({}) == "");
  CHECK(format_list({0, 1, 2, 3, 8}) == "0-3,8");
  CHECK(format_list({5}) == "5");
  CHECK(format_list({1, 3, 4}) == "1,3-4");
  CHECK(parse_list("0-3,8\n") == std::vector<int>{0, 1, 2, 3, 8});
  CHECK(parse_list("8,0-1,1") == std::vector<int>{0, 1, 8});
  CHECK(parse_list("") == std::vector<int>{});
  for (const std::string text : {"3-1", "a", "1-", "-1", "1,,2", "1,", "0-999999999", "1-2-3"}) {
    INFO(text);
    CHECK(!parse_list(text));
  }
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(split(":a:", ':') == std::vector<std::string_view>{"", "a", ""});
  CHECK(parse_plain_int("2147483647") == 2147483647);
  for (const std::string text : {"", "-1", "+1", " 1", "1 ", "2147483648", "4,2", "0x1"}) CHECK(!parse_plain_int(text));
}

TEST_CASE("text for people") {
  CHECK(format_seconds(0) == "0 s");
  CHECK(format_seconds(12.34e-3) == "12.3 ms");
  CHECK(format_seconds(1.5e-9) == "1.50 ns");
  CHECK(format_seconds(0.9996e-3) == "1.00 ms");
  CHECK(format_seconds(0.9994) == "999 ms");
  CHECK(format_seconds(0.99951) == "1.00 s");
  CHECK(format_seconds(9.996) == "10.0 s");
  CHECK(format_seconds(99.96) == "1 min 40 s");
  CHECK(format_seconds(200) == "3 min 20 s");
  CHECK(format_seconds(3599.6) == "1 h 0 min");
  CHECK(format_seconds(-0.5) == "-500 ms");
  CHECK(format_seconds(std::numeric_limits<double>::quiet_NaN()) == "nan s");
  CHECK(format_seconds(std::numeric_limits<double>::infinity()) == "inf s");
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1 KiB");
  CHECK(format_bytes((1u << 20) - 1) == "1 MiB");
  CHECK(format_bytes(1342177280) == "1.25 GiB");
  CHECK(format_bytes(256u << 20) == "256 MiB");
  CHECK(format_bytes(std::numeric_limits<std::uint64_t>::max()) == "16 EiB");
  CHECK(format_count(99'999) == "99999");
  CHECK(format_count(10'000'000) == "10 M");
  CHECK(format_count(16'777'216) == "16.8 M");
  CHECK(format_count(999'999'999) == "1 G");
  CHECK(format_rate(17.23e9, "B/s") == "17.2 GB/s");
  CHECK(format_rate(999.7e6, "flop/s") == "1.00 Gflop/s");
  CHECK(format_rate(0, "B/s") == "0.00 B/s");
  CHECK(hex16(1.0) == "3ff0000000000000");
  CHECK(hex16(-0.0) == "8000000000000000");
}

TEST_CASE("a misspelt name finds the one that was meant") {
  const std::vector<std::string> names = {"fill", "square", "sum", "sumsq", "dot", "stats", "matmul"};
  CHECK(nearest_name("sqare", names) == "square");
  CHECK(nearest_name("MATMUL", names) == "matmul");
  CHECK(nearest_name("matmlu", names) == "matmul");
  CHECK(nearest_name("squ", names) == "square");
  CHECK(nearest_name("sums", names) == "sum");
  CHECK(nearest_name("dto", names) == "dot");
  CHECK(!nearest_name("banana", names));
  CHECK(!nearest_name("", names));
  CHECK(!nearest_name("x", names));
  CHECK(!nearest_name(std::string(100'000, 'a'), names));
  CHECK(!nearest_name("sum", {}));
}

TEST_CASE("times") {
  CHECK(parse_seconds("90") == 90);
  CHECK(parse_seconds("90s") == 90);
  CHECK(parse_seconds("1.5 min") == 90);
  CHECK(parse_seconds("2h") == 7200);
  for (const char* text : {"", "s", "-1s", "0", "0min", "nan", "inf", "5 minutes", "5m", "1e9h", "10000h"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_seconds(text), Error);
  }
}

TEST_CASE("a shell reads a word back as it is") {
  CHECK(shell_word("plain-1.h5:/x") == "plain-1.h5:/x");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("it's $HOME\\") == "'it'\\''s $HOME\\'");
  CHECK(shell_word("a\n'\x1b\\.h5") == "$'a\\n\\'\\x1b\\\\.h5'");
}
