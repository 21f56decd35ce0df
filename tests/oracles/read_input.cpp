// The driver of input.py: what the program makes of a dataset.
//   read_input inspect FILE [/DATASET]         one JSON line
//   read_input read FILE /DATASET BUFFER_BYTES  then "BEGIN END" lines on stdin; for each of them on stdout
//                                              missing, inexact, bytes (uint64), the values (float64), the mask (uint8)
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "system/hdf5_read.hpp"

namespace {

template <class T>
void put(const std::vector<T>& values) {
  const auto bytes = static_cast<std::streamsize>(values.size() * sizeof(T));
  std::cout.write(reinterpret_cast<const char*>(values.data()), bytes);
}

void run(const std::vector<std::string>& arguments) {
  using namespace concdemo;
  const auto info = hdf5::inspect(arguments.at(1), arguments.size() > 2 ? arguments[2] : "");
  if (arguments[0] == "inspect") {
    std::cout << nlohmann::json{{"path", info.path},
                                {"shape", info.shape},
                                {"uncovered", info.uncovered},
                                {"notes", info.notes}}
              << "\n";
    return;
  }
  hdf5::DatasetReader reader(hdf5::from_cbor(hdf5::to_cbor(info)), std::stoull(arguments.at(3)));
  Range range;
  while (std::cin >> range.begin >> range.end) {
    std::vector<double> values(range.size(), -12345.0);
    std::vector<std::uint8_t> mask(range.size(), 9);
    const auto counts = reader.read(range, values, mask);
    put<std::uint64_t>({counts.missing, counts.inexact, reader.cost().chunks});
    put(values);
    put(mask);
    std::cout.flush();
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
  } catch (const concdemo::Error& error) {
    std::cerr << error.what() << "\n";
    return static_cast<int>(error.code);
  }
}
