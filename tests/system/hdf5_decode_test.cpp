#include "system/hdf5_decode.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "kernels/fletcher32.hpp"
#include "support/catch.hpp"
#include "support/zlib_stream.hpp"

using namespace concdemo;
using namespace concdemo::hdf5;
using test::Bytes;

namespace {

using Pipeline = std::vector<ChunkFilter>;
const ChunkFilter deflate{deflate_filter, {4}}, shuffle{shuffle_filter, {4}}, fletcher{fletcher32_filter, {}};

Bytes random_bytes(std::size_t n) {
  static std::mt19937 random(17);
  Bytes bytes(n);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

Bytes with_checksum(Bytes bytes, std::uint32_t checksum) {
  for (const int shift : {0, 8, 16, 24}) bytes.push_back(static_cast<std::byte>(checksum >> shift));
  return bytes;
}

// What HDF5 writes.
Bytes encoded(Bytes bytes, const Pipeline& pipeline, std::uint32_t mask) {
  for (std::size_t i = 0; i < pipeline.size(); ++i) {
    if ((mask >> i & 1) != 0) continue;
    if (pipeline[i].id == deflate_filter) bytes = test::zlib_stored(bytes);
    if (pipeline[i].id == fletcher32_filter) bytes = with_checksum(bytes, fletcher32(bytes));
    if (pipeline[i].id == shuffle_filter) {
      const std::size_t size = pipeline[i].values[0], n = bytes.size() / size;
      Bytes planes = bytes;
      for (std::size_t k = 0; k < n * size; ++k) planes[k % size * n + k / size] = bytes[k];
      bytes = planes;
    }
  }
  return bytes;
}

std::string damage(const Pipeline& pipeline, const Bytes& stored, std::size_t chunk_bytes, std::uint32_t mask = 0) {
  try {
    ChunkDecoder(pipeline).decode(stored, mask, chunk_bytes);
  } catch (const DamagedChunk& damaged) { return damaged.what(); }
  return "";
}

}  // namespace

TEST_CASE("a pipeline of deflate, shuffle and fletcher32 is decoded in every order, under every mask") {
  const ChunkFilter shuffle_8{shuffle_filter, {8}}, shuffle_1{shuffle_filter, {1}}, shuffle_5{shuffle_filter, {5}};
  std::vector<Pipeline> pipelines;
  const std::vector<ChunkFilter> filters{deflate, shuffle, fletcher, shuffle_8, fletcher, shuffle_5, shuffle_1};
  // Every ordered choice of up to four of them.
  std::vector<std::vector<std::size_t>> chosen{{}};
  for (std::size_t next = 0; next < chosen.size(); ++next) {
    const std::vector<std::size_t> places = chosen[next];
    Pipeline& pipeline = pipelines.emplace_back();
    for (const std::size_t place : places) pipeline.push_back(filters[place]);
    if (places.size() == 4) continue;
    for (std::size_t place = 0; place < filters.size(); ++place) {
      if (std::find(places.begin(), places.end(), place) != places.end()) continue;
      chosen.push_back(places);
      chosen.back().push_back(place);
    }
  }
  REQUIRE(pipelines.size() == 1 + 7 + 7 * 6 + 7 * 6 * 5 + 7 * 6 * 5 * 4);
  for (const Pipeline& pipeline : pipelines) {
    REQUIRE(can_decode(pipeline));
    ChunkDecoder decoder(pipeline);
    for (std::uint32_t mask = 0; mask < 1u << pipeline.size(); ++mask) {
      for (const std::size_t chunk_bytes : {1, 3, 160, 403, 41}) {
        const Bytes chunk = random_bytes(chunk_bytes);
        const Bytes stored = encoded(chunk, pipeline, mask);
        const Decoded decoded = decoder.decode(stored, mask, chunk_bytes);
        const auto plain = decoder.unshuffled(decoded);
        // The shuffle that was written first is left to undo.
        std::size_t left = 0;
        for (std::size_t i = pipeline.size(); i-- > 0;) {
          const bool used = (mask >> i & 1) == 0 && pipeline[i].values != std::vector<unsigned>{1};
          if (used) left = pipeline[i].id == shuffle_filter ? pipeline[i].values[0] : 0;
        }
        if (decoded.shuffled_by != left || !std::equal(plain.begin(), plain.end(), chunk.begin(), chunk.end())) {
          std::string text;
          for (const ChunkFilter& filter : pipeline) text += std::to_string(filter.id) + " ";
          FAIL("filters " << text << "mask " << mask << " of " << chunk_bytes << " bytes");
        }
      }
    }
  }
}

TEST_CASE("only pipelines whose filters and values are known can be decoded") {
  CHECK(can_decode({}));
  CHECK(can_decode({shuffle, deflate, fletcher}));
  CHECK_FALSE(can_decode({deflate, deflate}));
  CHECK_FALSE(can_decode({{4, {}}}));
  CHECK_FALSE(can_decode({shuffle, {32000, {}}}));
  CHECK_FALSE(can_decode({{shuffle_filter, {}}}));
  CHECK_FALSE(can_decode({{shuffle_filter, {0}}}));
  CHECK(can_decode(Pipeline(32, fletcher)));
  CHECK_FALSE(can_decode(Pipeline(33, fletcher)));
}

TEST_CASE("a damaged chunk says what is wrong with it") {
  const Bytes chunk = random_bytes(4096);
  Bytes stored = encoded(chunk, {deflate}, 0);
  stored[2000] ^= std::byte{1};
  CHECK(damage({deflate}, stored, 4096) == "does not inflate");
  CHECK(damage({shuffle, deflate}, chunk, 4096) == "does not inflate");
  CHECK(damage({deflate}, {}, 4096) == "does not inflate");
  CHECK(damage({shuffle, deflate}, test::zlib_stored(random_bytes(100)), 4096) ==
        "inflates to 100 bytes in place of 4096");
  CHECK(damage({fletcher, deflate}, test::zlib_stored(chunk), 4096) == "inflates to 4096 bytes in place of 4100");
  CHECK(damage({deflate}, test::zlib_stored(random_bytes(4097)), 4096) == "inflates to more than its 4096 bytes");
  CHECK(damage({shuffle, deflate}, test::zlib_zeros(100000), 4096) == "inflates to more than its 4096 bytes");
  CHECK(damage({shuffle}, random_bytes(100), 4096) == "has 100 bytes in place of 4096");
  CHECK(damage({}, random_bytes(4097), 4096) == "has 4097 bytes in place of 4096");
  CHECK(damage({shuffle, fletcher}, chunk, 4096) == "has 4096 bytes in place of 4100");
  CHECK(damage({deflate, fletcher}, random_bytes(3), 4096) == "has 3 bytes, too few for its checksum (fletcher32)");
  CHECK(damage({deflate}, test::zlib_stored(chunk), 4096, 1) == "has 4107 bytes in place of 4096");
}

TEST_CASE("with fletcher32 no turned bit passes, wherever in the pipeline it stands") {
  for (const Pipeline& pipeline : {Pipeline{fletcher}, {shuffle, deflate, fletcher}, {fletcher, shuffle, deflate}}) {
    const Bytes chunk = random_bytes(201);
    const Bytes stored = encoded(chunk, pipeline, 0);
    ChunkDecoder decoder(pipeline);
    int wrong_checksums = 0;
    for (std::size_t bit = 0; bit < 8 * stored.size(); ++bit) {
      Bytes turned = stored;
      turned[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      try {
        const auto plain = decoder.unshuffled(decoder.decode(turned, 0, chunk.size()));
        // In stored blocks five bits mean nothing.
        if (!std::equal(plain.begin(), plain.end(), chunk.begin(), chunk.end())) FAIL("bit " << bit);
      } catch (const DamagedChunk& damaged) {
        wrong_checksums += damaged.what() == std::string("has a wrong checksum (fletcher32)");
      }
    }
    CHECK((wrong_checksums > 0 || pipeline[0].id == fletcher32_filter));
    const auto plain = decoder.unshuffled(decoder.decode(stored, 0, chunk.size()));
    CHECK(std::equal(plain.begin(), plain.end(), chunk.begin(), chunk.end()));
  }
}

TEST_CASE("a checksum of HDF5 before 1.6.3, of words the other way round, is taken") {
  const Bytes chunk = random_bytes(1000);
  Bytes swapped = chunk;
  for (std::size_t i = 0; i < swapped.size(); i += 2) std::swap(swapped[i], swapped[i + 1]);
  const Bytes old = with_checksum(chunk, fletcher32(swapped));
  REQUIRE(old != encoded(chunk, {fletcher}, 0));
  const Decoded decoded = ChunkDecoder({fletcher}).decode(old, 0, chunk.size());
  CHECK(std::equal(decoded.bytes.begin(), decoded.bytes.end(), chunk.begin(), chunk.end()));
}
