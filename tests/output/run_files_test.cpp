#include "output/run_files.hpp"

#include <filesystem>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::contains;

namespace fs = std::filesystem;

namespace {

std::string refusal(const RunFiles& files) {
  return test::message_of(ExitCode::usage, [&] { require_apart(files); });
}

}  // namespace

TEST_CASE("one file is known by all its names, also before it is there") {
  const test::Folder folder;
  const auto in = [&](const std::string& name) { return folder.path + "/" + name; };
  fs::create_directory(in("below"));
  fs::create_symlink("below", in("same"));
  fs::create_symlink("below/new", in("link"));
  CHECK(is_same_file(in("new"), in("below/../new")));
  CHECK(is_same_file(in("same/new"), in("./below/new")));
  CHECK(is_same_file(in("link"), in("below/new")));
  CHECK_FALSE(is_same_file(in("new"), in("below/new")));
  folder.write("a", "");
  fs::create_hard_link(in("a"), in("b"));
  CHECK(is_same_file(in("a"), in("b")));
  folder.write("c", "");
  CHECK_FALSE(is_same_file(in("a"), in("c")));
  CHECK_FALSE(is_same_file(in("none/a"), in("a")));
  fs::create_symlink("loop", in("loop"));
  CHECK_FALSE(is_same_file(in("loop"), in("a")));
}

TEST_CASE("inputs, output, its helpers and records are apart") {
  const test::Folder folder;
  const auto in = [&](const std::string& name) { return folder.path + "/" + name; };
  CHECK(refusal({{in("x.h5"), in("x.h5")}, in("y.h5"), in("r")}).empty());
  CHECK(refusal({{in("x.h5")}, "", ""}).empty());
  CHECK(contains(refusal({{in("x.h5"), in("y.h5")}, in("y.h5"), ""}), "is the file that is read"));
  CHECK(contains(refusal({{in("y.h5")}, "", in("y.h5")}), "--record"));
  CHECK(contains(refusal({{}, in("y.h5"), in("y.h5")}), "the same file"));
  for (const char* name : {"y.h5.partial", "y.h5.lock", "y.h5.checkpoint", "y.xmf", "y.xmf.partial"}) {
    CHECK(contains(refusal({{in(name)}, in("y.h5"), ""}), name));
    CHECK(contains(refusal({{}, in("y.h5"), in(name)}), name));
    CHECK(refusal({{in(name)}, "", in("r")}).empty());
  }
  fs::create_symlink("real.h5", in("link.h5"));  // helpers stand beside what a link names
  CHECK(contains(refusal({{}, in("link.h5"), in("real.h5.lock")}), "real.h5.lock"));
  CHECK(refusal({{}, in("link.h5"), in("link.h5.lock")}).empty());
}
