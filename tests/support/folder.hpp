#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace concdemo::test {

// A folder that goes with the test, and what is in its files.
struct Folder {
  std::string path = (std::filesystem::temp_directory_path() / "concdemo-test-XXXXXX").string();
  Folder() {
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  bool has(const std::string& name) const { return std::filesystem::exists(path + "/" + name); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path + "/" + name) << text; }
  std::string read(const std::string& name) const {
    std::ifstream file(path + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

}  // namespace concdemo::test
