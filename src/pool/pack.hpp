#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Results as bytes, to travel between ranks: trivially copyable types, strings and vectors of what can be packed.
namespace concdemo::pack {

template <class T>
void put(std::string& bytes, const T& value) {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>,
                "a result that travels between ranks is trivially copyable, a std::string or a std::vector of such");
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
void get(std::string_view& bytes, T& value) {
  std::memcpy(static_cast<void*>(&value), bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
}

inline void put(std::string& bytes, const std::string& text) {
  put(bytes, std::uint64_t{text.size()});
  bytes += text;
}
inline void get(std::string_view& bytes, std::string& text) {
  std::uint64_t size = 0;
  get(bytes, size);
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
}

template <class T>
void put(std::string& bytes, const std::vector<T>& values) {
  put(bytes, std::uint64_t{values.size()});
  for (const auto& value : values) put(bytes, static_cast<const T&>(value));
}
template <class T>
void get(std::string_view& bytes, std::vector<T>& values) {
  std::uint64_t size = 0;
  get(bytes, size);
  values.clear();
  for (std::uint64_t i = 0; i < size; ++i) {
    T value{};
    get(bytes, value);
    values.push_back(std::move(value));
  }
}

}  // namespace concdemo::pack
