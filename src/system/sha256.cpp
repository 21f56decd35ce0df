#include "system/sha256.hpp"

#include "base/error.hpp"

#ifdef CONCDEMO_HAVE_CURL
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <array>

namespace concdemo {
namespace {

void check(bool succeeded) {
  if (!succeeded) throw system_error("OpenSSL: SHA-256 failed; is it disabled in openssl.cnf?");
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* handle = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(handle); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  check(context_->handle != nullptr && EVP_DigestInit_ex(context_->handle, EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_->handle, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  check(EVP_DigestFinal_ex(context_->handle, digest.data(), nullptr) == 1);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}
#else
namespace concdemo {

struct Sha256::Context {};
Sha256::Sha256() { throw usage_error("built without OpenSSL, so there is no SHA-256; install it and build again"); }
void Sha256::update(std::span<const std::byte>) {}
std::string Sha256::finish() { return {}; }
#endif

Sha256::~Sha256() = default;

}  // namespace concdemo
