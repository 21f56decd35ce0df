"""Every file includes what it names, also where the build's precompiled headers would hide that it does not.

Usage: includes_test.py (CONCDEMO_SOURCE: project root)
"""
import functools
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ.get("CONCDEMO_SOURCE", pathlib.Path(__file__).resolve().parents[1]))
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
# What is named, and the header that declares it: those of the precompiled headers, and what these bring along.
HEADERS = {
    r"nlohmann::": "nlohmann/json",
    r"fmt::": "fmt/",
    r"CLI::": "CLI/",
    r"std::(any|all|none)_of|std::(max|min)_element|std::(min|max|clamp|sort|find|find_if|count|count_if|copy_n|fill_n|equal"
    r"|fill|copy|transform|reverse|lower_bound|upper_bound|nth_element|replace|generate|rotate|shuffle)\(|std::ranges::": "algorithm",
    r"std::array\b": "array",
    r"std::atomic": "atomic",
    r"std::chrono": "chrono",
    r"std::condition_variable": "condition_variable",
    r"std::u?int(8|16|32|64)_t": "cstdint",
    r"std::mem(cpy|set|cmp|move|chr)\(|std::str(error|len|cmp|chr)\(": "cstring",
    r"std::(getenv|strto[a-z]+|malloc|free|exit|abort)\(": "cstdlib",
    r"std::(isnan|isinf|isfinite|ldexp|frexp|sqrt|floor|ceil|log2|log10|exp|pow|fma|signbit|nextafter|lround)\(": "cmath",
    r"std::filesystem": "filesystem",
    r"std::[io]?fstream": "fstream",
    r"std::(function|greater|less|hash|reference_wrapper)\b|std::c?ref\(": "functional",
    r"std::numeric_limits": "limits",
    r"std::map\b": "map",
    r"std::(unique|shared)_ptr|std::make_(unique|shared)": "memory",
    r"std::(recursive_|timed_)?mutex|std::(lock_guard|unique_lock|scoped_lock)": "mutex",
    r"std::(accumulate|iota|reduce|gcd|lcm|inner_product|partial_sum)\b": "numeric",
    r"std::(optional|nullopt|make_optional)\b": "optional",
    r"std::(mt19937|random_device|uniform_)": "random",
    r"std::set\b": "set",
    r"std::span\b": "span",
    r"std::[io]?stringstream": "sstream",
    r"std::(runtime_error|logic_error|invalid_argument|out_of_range)": "stdexcept",
    r"std::(string|to_string|stoul|stoull|stod|getline)\b": "string",
    r"std::string_view": "string_view",
    r"std::j?thread\b|std::this_thread": "thread",
    r"std::(tuple|tie|make_tuple)\b": "tuple",
    r"std::(pair|move|forward|exchange|swap|make_pair)\b": "utility",
    r"std::(variant|monostate|visit|holds_alternative)\b": "variant",
    r"std::vector\b": "vector",
}


@functools.cache
def included(path):
    """The headers outside the project that the file at `path` sees through the project's own includes."""
    found = set()
    for header in INCLUDE.findall(path.read_text()):
        own = [folder / header for folder in (path.parent, SOURCE / "src", SOURCE, SOURCE / "tests")]
        own = [file for file in own if file.is_file()]
        found |= included(own[0]) if own else {header}
    return frozenset(found)


def not_included(text, headers):
    """What `text` names without any of `headers` declaring it: lines of (header, name)."""
    code = re.sub(r'//[^\n]*|"(\\.|[^"\\\n])*"', "", text)
    lines = []
    for pattern, header in HEADERS.items():
        match = re.search(r"(?<![\w:])(?:" + pattern + ")", code)
        if match and not any(seen.startswith(header) if "/" in header else seen == header for seen in headers):
            lines.append((header, match[0]))
    return lines


class Includes(unittest.TestCase):
    def test_every_file_includes_what_it_names(self):
        wrong = [f"{path.relative_to(SOURCE)} names {what}, and sees no <{header}>"
                 for folder in ("kernels", "src", "tests") for path in sorted((SOURCE / folder).rglob("*.[ch]pp"))
                 for header, what in not_included(path.read_text(), included(path))]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_what_is_missing_is_found(self):
        text = 'std::string f(); // std::map\nauto x = fmt::format("std::set");\n'
        self.assertEqual(not_included(text, {"string"}), [("fmt/", "fmt::")])
        self.assertEqual(not_included(text, {"fmt/core.h"}), [("string", "std::string")])
        self.assertEqual(not_included(text, {"fmt/format.h", "string"}), [])


if __name__ == "__main__":
    unittest.main(verbosity=1)
