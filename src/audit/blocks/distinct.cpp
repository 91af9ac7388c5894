#include "audit/blocks/distinct.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace candor::audit_internal {
namespace {

using Kind = Extent::Kind;
constexpr std::uint64_t kMostBlocks = 1000;
constexpr std::uint64_t kMostElements = 8192;  // of one extent; large blocks carry more each

// Counts different codes; cleared by moving on to the next stamp.
class CodeSet {
 public:
  void clear() { ++stamp_; }
  /// True when the code was not in the set.
  bool insert(std::uint64_t code) {
    std::size_t at = static_cast<std::size_t>(code * 0x9e3779b97f4a7c15u >> 52);  // 4096 slots for 1024 codes
    while (stamps_[at] == stamp_) {
      if (codes_[at] == code) return false;
      at = (at + 1) % kSlots;
    }
    stamps_[at] = stamp_;
    codes_[at] = code;
    return true;
  }

 private:
  static constexpr std::size_t kSlots = 4096;
  static_assert(kMostDraws * 2 < kSlots);
  std::array<std::uint64_t, kSlots> codes_{};
  std::array<std::uint32_t, kSlots> stamps_{};
  std::uint32_t stamp_ = 0;
};

std::vector<Extent> all_extents(const TensorSlice& slice) {
  std::vector<Extent> extents;
  for (const std::uint32_t block : {16u, 32u, 64u, 128u, 256u, 1024u}) {
    extents.push_back({.kind = Kind::rows, .block = block});
  }
  for (const std::uint32_t block : {32u, 64u, 128u}) extents.push_back({.kind = Kind::columns, .block = block});
  extents.push_back({.kind = Kind::tile, .block = 128});
  if (slice.rows > 1) extents.push_back({.kind = Kind::row});
  extents.push_back({.kind = Kind::tensor});
  return extents;
}

std::uint64_t draws_of(const TensorSlice& slice, const Extent& extent) {
  switch (extent.kind) {
    case Kind::rows:
    case Kind::columns:
      return extent.block;
    case Kind::tile:
      return kMostDraws;
    case Kind::row:
      return std::min(slice.columns, kMostDraws);
    case Kind::column:
      return std::min(slice.rows, kMostDraws);
    case Kind::tensor:
      break;
  }
  return std::min(slice.elements(), kMostDraws);
}

void count_blocks(const TensorSlice& slice, std::uint64_t tries, CodeSet& codes, AuditDistinct& distinct,
                  const Extent& extent) {
  thread_local Places places;
  const std::uint64_t count = block_count(slice, extent);
  for (std::uint64_t i = 0; i < tries; ++i) {
    block_places(slice, extent, spread_index(i, tries, count), places);
    codes.clear();
    std::size_t different = 0;
    for (const std::uint64_t place : places) different += codes.insert(slice.code(0, place)) ? 1 : 0;
    if (distinct.blocks.size() <= different) distinct.blocks.resize(different + 1);
    ++distinct.blocks[different];
  }
}

// Probabilities of the positive codes of N(0, sigma) with `mantissa` stored
// bits, 32 binades down; both signs are alike.
std::vector<double> code_probabilities(int mantissa, double sigma) {
  std::vector<double> probabilities;
  const double scale = 1 / (sigma * std::sqrt(2.0));
  for (int exponent = 3; exponent > -29; --exponent) {
    const double unit = std::ldexp(1.0, exponent - mantissa);
    for (int m = 0; m < 1 << mantissa; ++m) {
      const double value = std::ldexp(1.0, exponent) + m * unit;
      const double below = value - (m == 0 ? unit / 4 : unit / 2), above = value + unit / 2;
      probabilities.push_back((std::erfc(below * scale) - std::erfc(above * scale)) / 2);
    }
  }
  return probabilities;
}

// Expected distinct codes for 2^i draws, i = 0 … 10.
using Table = std::array<double, 11>;

Table expected_by_codes(int mantissa) {
  constexpr int kPhases = 4;
  Table expected{};
  for (int phase = 0; phase < kPhases; ++phase) {
    for (const double p : code_probabilities(mantissa, std::exp2(static_cast<double>(phase) / kPhases - 0.5))) {
      double missed = 1 - p;  // by 2^i draws
      for (double& sum : expected) {
        sum += 2 * (1 - missed) / kPhases;
        missed *= missed;
      }
    }
  }
  return expected;
}

}  // namespace

double expected_distinct(DType dtype, std::uint64_t draws) {
  if (dtype != DType::bf16 && dtype != DType::f16) return static_cast<double>(draws);  // 2^-20 and less is missing
  if (draws == 0) return 0;
  static const Table bf16 = expected_by_codes(7), f16 = expected_by_codes(10);
  const Table& table = dtype == DType::bf16 ? bf16 : f16;
  const double octave = std::min(10.0, std::log2(static_cast<double>(draws)));
  const auto below = std::min<std::size_t>(9, static_cast<std::size_t>(octave));
  // Between the powers of two: the share of repeats grows nearly with the
  // draws.
  const double part = octave - static_cast<double>(below);
  const double low = std::log(table[below]), high = std::log(table[below + 1]);
  return std::exp(low + part * (high - low));
}

std::vector<AuditDistinct> count_distinct(const TensorSlice& slice, std::uint64_t& sampled) {
  thread_local CodeSet codes;
  std::vector<AuditDistinct> all;
  for (const Extent& extent : all_extents(slice)) {
    const std::uint64_t draws = draws_of(slice, extent), count = block_count(slice, extent);
    const std::uint64_t tries =
        draws == 0 ? 0 : std::min({count, kMostBlocks, std::max<std::uint64_t>(1, kMostElements / draws)});
    if (tries == 0) continue;
    AuditDistinct distinct{.extent = extent.name(), .block = static_cast<std::uint32_t>(draws), .blocks = {}};
    count_blocks(slice, tries, codes, distinct, extent);
    distinct.expected = expected_distinct(slice.dtype, draws);
    sampled += tries;
    all.push_back(std::move(distinct));
  }
  return all;
}

}  // namespace candor::audit_internal
