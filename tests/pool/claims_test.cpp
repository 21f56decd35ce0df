#include "pool/claims.hpp"

#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("claims: dynamic pieces cover every item once, whoever takes them") {
  for (const std::uint64_t items : {0, 1, 7, 1000, 12345}) {
    for (const std::uint64_t fixed : {0, 1, 7, 5000}) {
      std::atomic<claims::Word> word = claims::pack({0, items});
      std::vector<std::vector<Range>> taken(3);
      std::vector<std::thread> threads;
      for (auto& mine : taken) {
        threads.emplace_back([&] {
          while (const auto piece = claims::claim(word, fixed, 3)) mine.push_back(*piece);
        });
      }
      for (auto& thread : threads) thread.join();
      std::vector<int> times(items);
      for (const auto& mine : taken) {
        for (const Range piece : mine) {
          CHECK(piece.size() > 0);
          if (fixed > 0) CHECK(piece.size() <= fixed);
          for (auto i = piece.begin; i < piece.end; ++i) ++times[i];
        }
      }
      CHECK(times == std::vector<int>(items, 1));
    }
  }
}

TEST_CASE("claims: guided pieces begin with a part of a share, end with single items, and never exceed what is left") {
  CHECK(claims::guided_piece(0, 2, 16) == 0);
  CHECK(claims::guided_piece(1, 2, 16) == 1);
  CHECK(claims::guided_piece(31, 2, 16) == 1);
  CHECK(claims::guided_piece(100, 2, 16) == 3);
  CHECK(claims::guided_piece(3'200'000, 2, 16) == 100'000);
}

TEST_CASE("claims: a fixed schedule covers every item once") {
  for (const std::uint64_t items : {0, 1, 5, 100, 101}) {
    for (const std::uint64_t chunk : {0, 1, 3, 100, 1000}) {
      for (const std::uint64_t workers : {1, 2, 3, 7}) {
        std::vector<int> times(items);
        for (std::uint64_t worker = 0; worker < workers; ++worker) {
          for (std::uint64_t k = 0;; ++k) {
            const auto piece = claims::static_range(items, chunk, workers, worker, k);
            if (!piece) break;
            for (auto i = piece->begin; i < piece->end; ++i) ++times[i];
          }
        }
        CHECK(times == std::vector<int>(items, 1));
      }
    }
  }
}

TEST_CASE("claims: more items than a word counts are claimed in units") {
  for (const std::uint64_t items :
       {std::uint64_t{1}, std::uint64_t{1} << 31, (std::uint64_t{1} << 31) + 1, std::uint64_t{1} << 40}) {
    const std::uint64_t unit = claims::unit_of(items);
    const std::uint64_t units = (items + unit - 1) / unit;
    CHECK(units < (std::uint64_t{1} << 32));
    CHECK(units * unit >= items);
    CHECK((units - 1) * unit < items);
    CHECK(claims::unpack(claims::pack({units - 1, units})) == Range{units - 1, units});
  }
}
