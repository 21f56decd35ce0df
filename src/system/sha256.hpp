#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace concdemo {

// SHA-256 of bytes that come in pieces, by OpenSSL. Usage Error when built without it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  std::string finish();  // 64 lowercase hexadecimal digits; then nothing else may be called

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace concdemo
