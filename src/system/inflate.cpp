#include "system/inflate.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>

#if defined(CONCDEMO_HAVE_LIBDEFLATE)
#include <libdeflate.h>
#elif defined(CONCDEMO_HAVE_ZLIB)
#include <zlib.h>
#endif

namespace concdemo {

#if defined(CONCDEMO_HAVE_LIBDEFLATE)

bool can_inflate() { return true; }

Inflated inflate(std::span<const std::byte> in, std::span<std::byte> out) {
  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
  };
  // 11 KiB that it would clear for each stream.
  thread_local const std::unique_ptr<libdeflate_decompressor, Free> decompressor(libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  std::size_t taken = 0, given = 0;
  switch (
      libdeflate_zlib_decompress_ex(decompressor.get(), in.data(), in.size(), out.data(), out.size(), &taken, &given)) {
    case LIBDEFLATE_SUCCESS: return {InflateOutcome::whole, given};
    case LIBDEFLATE_INSUFFICIENT_SPACE: return {InflateOutcome::too_long, 0};
    default: return {InflateOutcome::damaged, 0};
  }
}

#elif defined(CONCDEMO_HAVE_ZLIB)

bool can_inflate() { return true; }

namespace {

// zlib counts in unsigned int.
unsigned piece(std::size_t bytes) {
  return static_cast<unsigned>(std::min<std::size_t>(bytes, std::numeric_limits<unsigned>::max()));
}

struct Stream {
  Stream() {
    if (inflateInit(&state) != Z_OK) throw std::bad_alloc();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { inflateEnd(&state); }
  z_stream state{};
};

}  // namespace

Inflated inflate(std::span<const std::byte> in, std::span<std::byte> out) {
  thread_local Stream stream;
  z_stream& state = stream.state;
  inflateReset(&state);
  const auto* next_in = reinterpret_cast<const Bytef*>(in.data());
  auto* next_out = reinterpret_cast<Bytef*>(out.data());
  std::size_t to_take = in.size(), room = out.size();
  for (;;) {
    // One byte more tells a stream that holds too much from one that ends where the room does.
    Bytef beyond = 0;
    state.next_in = const_cast<Bytef*>(next_in);
    state.next_out = room > 0 ? next_out : &beyond;
    const unsigned offered_in = state.avail_in = piece(to_take);
    const unsigned offered_out = state.avail_out = room > 0 ? piece(room) : 1;
    const int answer = ::inflate(&state, Z_NO_FLUSH);
    const unsigned taken = offered_in - state.avail_in, given = offered_out - state.avail_out;
    if (room == 0 && given > 0) return {InflateOutcome::too_long, 0};
    next_in += taken, to_take -= taken;
    next_out += given, room -= given;
    if (answer == Z_STREAM_END) return {InflateOutcome::whole, out.size() - room};
    if (answer == Z_MEM_ERROR) throw std::bad_alloc();
    if (answer != Z_OK) return {InflateOutcome::damaged, 0};  // Z_BUF_ERROR: cut off
  }
}

#else

bool can_inflate() { return false; }

Inflated inflate(std::span<const std::byte>, std::span<std::byte>) {
  throw std::logic_error("this build can inflate nothing");
}

#endif

}  // namespace concdemo
