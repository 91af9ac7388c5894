#include "audit/blocks/distinct.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace candor::audit_internal {
namespace {

using Kind = Extent::Kind;
constexpr std::uint64_t kMostBlocks = 1000;
constexpr std::uint64_t kNeighbours = 8;
constexpr std::uint64_t kMostElements = 8192;  // of one extent; large blocks carry more each

// Counts different codes; cleared by moving on to the next stamp. Small, so that it stays in the first cache.
template <class Code>
class CodeSet {
 public:
  void clear() {
    if (++stamp_ != 0) return;
    slots_.fill({});
    stamp_ = 1;
  }
  /// True when the code was not in the set.
  bool insert(Code code) {
    std::size_t at = static_cast<std::size_t>(std::uint64_t{code} * 0x9e3779b97f4a7c15u >> 53);  // 2^11 slots
    while (slots_[at].stamp == stamp_) {
      if (slots_[at].code == code) return false;
      at = (at + 1) % kSlots;
    }
    slots_[at] = {code, stamp_};
    return true;
  }

 private:
  static constexpr std::size_t kSlots = 2048;
  static_assert(kMostDraws * 2 <= kSlots);
  struct Slot {
    Code code = 0;
    std::uint16_t stamp = 0;
  };
  std::array<Slot, kSlots> slots_{};
  std::uint16_t stamp_ = 0;
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

/// The same for two bytes: a place for each code. Those that occur lie side by side, and no branch depends on them.
template <>
class CodeSet<std::uint16_t> {
 public:
  void clear() {
    if (++stamp_ != 0) return;
    std::fill(stamps_.begin(), stamps_.end(), std::uint16_t{0});
    stamp_ = 1;
  }
  bool insert(std::uint16_t code) { return std::exchange(stamps_[code], stamp_) != stamp_; }

 private:
  std::vector<std::uint16_t> stamps_ = std::vector<std::uint16_t>(65536);
  std::uint16_t stamp_ = 0;
};

/// So many blocks of an extent, evenly spaced, and elements of each.
struct Sample {
  Extent extent;
  std::uint64_t tries = 0, draws = 0;
};

/// The sample's block with this number. Blocks of columns are taken eight neighbours at a time: their elements share
/// cache lines, and to find a page costs more than to count what is in it.
std::uint64_t sampled_block(const TensorSlice& slice, const Sample& sample, std::uint64_t i) {
  const std::uint64_t count = block_count(slice, sample.extent);
  const std::uint64_t side = sample.extent.kind == Kind::columns ? std::min(kNeighbours, count) : 1;
  const std::uint64_t groups = (sample.tries + side - 1) / side;
  return spread_index(i / side, groups, count / side) * side + i % side;
}

/// Tells the processor that the element will be read.
template <class Code>
void fetch(const TensorSlice& slice, std::uint64_t place) {
  __builtin_prefetch(slice.data + place * sizeof(Code));
}

/// The codes of blocks whose elements lie side by side, of which these are the first ones.
template <class Code>
void read_runs(const TensorSlice& slice, const Places& starts, std::uint64_t draws, Code* codes) {
  constexpr std::size_t kAhead = 8;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    fetch<Code>(slice, starts[std::min(i + kAhead, starts.size() - 1)]);
    for (std::uint64_t draw = 0; draw < draws; ++draw) *codes++ = slice.read<Code>(starts[i] + draw);
  }
}

/// The codes at the places, in their order. `together`: so many blocks of `draws` places are read side by side.
template <class Code>
void read_places(const TensorSlice& slice, const Places& places, std::uint64_t draws, std::uint64_t together,
                 Code* codes) {
  constexpr std::size_t kAhead = 24;  // many pages are looked for at a time
  const std::uint64_t* at = places.data();
  const std::size_t last = places.size() - 1, group = together * draws;
  std::size_t first = 0;
  for (; together > 1 && first + group <= places.size(); first += group)
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const std::size_t next = draw + kAhead, beyond = next < draws ? 0 : group - draws;  // of the group that follows
      fetch<Code>(slice, at[std::min(first + beyond + next, last)]);
      for (std::size_t i = first + draw; i < first + group; i += draws) codes[i] = slice.read<Code>(at[i]);
    }
  for (std::size_t i = first; i < places.size(); ++i) {
    fetch<Code>(slice, at[std::min(i + kAhead, last)]);
    codes[i] = slice.read<Code>(at[i]);
  }
}

/// The codes of the blocks from `first` up to `last`, one block after the other.
template <class Code>
void read_sample(const TensorSlice& slice, const Sample& sample, std::uint64_t first, std::uint64_t last,
                 std::vector<Code>& codes) {
  thread_local Places thread_places, of_block;
  Places& places = thread_places;  // a name of its own, so that its address is not looked for at every use
  const bool runs = sample.extent.kind == Kind::rows;
  places.clear();
  for (std::uint64_t i = first; i < last; ++i) {
    const std::uint64_t number = sampled_block(slice, sample, i);
    if (runs) {
      places.push_back(first_place(slice, sample.extent, number));
    } else {
      block_places(slice, sample.extent, number, of_block);
      places.insert(places.end(), of_block.begin(), of_block.end());
    }
  }
  codes.resize((last - first) * sample.draws);
  if (runs) return read_runs(slice, places, sample.draws, codes.data());
  read_places(slice, places, sample.draws, sample.extent.kind == Kind::columns ? kNeighbours : 1, codes.data());
}

template <class Code>
void count_codes(const TensorSlice& slice, const Sample& sample, std::uint64_t first, std::uint64_t last,
                 AuditDistinct& distinct) {
  thread_local CodeSet<Code> thread_set;
  thread_local std::vector<Code> codes;
  read_sample(slice, sample, first, last, codes);
  CodeSet<Code>& set = thread_set;
  const Code* code = codes.data();
  for (std::uint64_t block = first; block < last; ++block) {
    set.clear();
    std::size_t different = 0;
    for (std::uint64_t i = 0; i < sample.draws; ++i) different += set.insert(*code++) ? 1 : 0;
    if (distinct.blocks.size() <= different) distinct.blocks.resize(different + 1);
    ++distinct.blocks[different];
  }
}

void count_blocks(const TensorSlice& slice, const Sample& sample, std::uint64_t first, std::uint64_t last,
                  AuditDistinct& distinct) {
  if (first == last) return;
  switch (dtype_info(slice.dtype).block_bytes) {
    case 2:
      return count_codes<std::uint16_t>(slice, sample, first, last, distinct);
    case 4:
      return count_codes<std::uint32_t>(slice, sample, first, last, distinct);
    default:
      return count_codes<std::uint64_t>(slice, sample, first, last, distinct);
  }
}

/// Parts of a tensor that are looked at one after the other, each for all extents: what is let go between them need not
/// be mapped again for every extent.
std::uint64_t parts_of(const TensorSlice& slice) {
  constexpr std::uint64_t kPartBytes = std::uint64_t{8} << 20;
  if (slice.pages == nullptr) return 1;
  return slice.elements() * static_cast<std::uint64_t>(dtype_info(slice.dtype).block_bytes) / kPartBytes + 1;
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

const Table& expected_of_bf16() {
  static const Table table = expected_by_codes(7);
  return table;
}

const Table& expected_of_f16() {
  static const Table table = expected_by_codes(10);
  return table;
}

}  // namespace

double expected_distinct(DType dtype, std::uint64_t draws) {
  if (dtype != DType::bf16 && dtype != DType::f16) return static_cast<double>(draws);  // 2^-20 and less is missing
  if (draws == 0) return 0;
  const Table& table = dtype == DType::bf16 ? expected_of_bf16() : expected_of_f16();
  const double octave = std::min(10.0, std::log2(static_cast<double>(draws)));
  const auto below = std::min<std::size_t>(9, static_cast<std::size_t>(octave));
  // Between the powers of two: the share of repeats grows nearly with the
  // draws.
  const double part = octave - static_cast<double>(below);
  const double low = std::log(table[below]), high = std::log(table[below + 1]);
  return std::exp(low + part * (high - low));
}

std::vector<AuditDistinct> count_distinct(const TensorSlice& slice, std::uint64_t& sampled) {
  std::vector<Sample> samples;
  std::vector<AuditDistinct> all;
  for (const Extent& extent : all_extents(slice)) {
    const std::uint64_t draws = draws_of(slice, extent), count = block_count(slice, extent);
    const std::uint64_t tries =
        draws == 0 ? 0 : std::min({count, kMostBlocks, std::max<std::uint64_t>(1, kMostElements / draws)});
    if (tries == 0) continue;
    samples.push_back({extent, tries, draws});
    all.push_back({.extent = extent.name(),
                   .block = static_cast<std::uint32_t>(draws),
                   .blocks = {},
                   .expected = expected_distinct(slice.dtype, draws)});
    sampled += tries;
  }
  const std::uint64_t parts = parts_of(slice);
  for (std::uint64_t part = 0; part < parts; ++part)
    for (std::size_t i = 0; i < samples.size(); ++i)
      count_blocks(slice, samples[i], samples[i].tries * part / parts, samples[i].tries * (part + 1) / parts, all[i]);
  return all;
}

}  // namespace candor::audit_internal
