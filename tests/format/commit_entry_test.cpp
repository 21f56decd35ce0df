#include "format/commit_entry.hpp"

#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("a commit entry is sound at its own place, whole, and nothing else is one") {
  const CommitEntry entry{CommitKind::snapshot, 7, 0.25, 0x1234567890abcdef, 42, {1.5, -0.0, 1e300}};
  const auto sector = to_sector(entry, 7);
  const auto back = from_sector(sector, 7);
  REQUIRE(back.has_value());
  CHECK(back->kind == CommitKind::snapshot);
  CHECK(back->number == 7);
  CHECK(back->time == 0.25);
  CHECK(back->checksum == entry.checksum);
  CHECK(back->binding == 42);
  CHECK(back->scalars == entry.scalars);
  CHECK_FALSE(from_sector(sector, 8).has_value());
  CHECK_FALSE(from_sector(Sector{}, 0).has_value());
  CHECK(is_blank(Sector{}));
  CHECK_FALSE(is_blank(sector));
  int found = 0;
  for (std::size_t bit = 0; bit < commit_bytes * 8; ++bit) {
    auto damaged = sector;
    damaged[bit / 64] ^= std::uint64_t{1} << (bit % 64);
    found += !from_sector(damaged, 7).has_value();
  }
  CHECK(found == commit_bytes * 8);
  CommitEntry full;
  full.scalars.resize(max_scalars, 3.0);
  CHECK(from_sector(to_sector(full, 0), 0)->scalars == full.scalars);
}
