#include "audit/scan/code_table.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "audit/load.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint64_t kCacheLine = 64;
constexpr std::uint64_t kRun = 256;            // bytes that are tested for one value
constexpr std::uint64_t kFewElements = 16384;  // below this, lines are marked rather than all looked at
constexpr std::size_t kUsual = 8192;           // different codes of a weight matrix

// How far ahead bytes are fetched: the processor's own prefetch ends with each page. Four-byte values were looked at a
// block of 16 KiB at a time before they come here: the next block is fetched.
template <std::uint64_t kBytes>
constexpr std::uint64_t kAhead = kBytes == 4 ? 16384 : 2048;

std::uint32_t* zeroed(std::size_t counters) {
  void* memory = std::calloc(counters, sizeof(std::uint32_t));
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<std::uint32_t*>(memory);
}

/// True when kRun bytes repeat the eight bytes that they begin with. Random values leave at the first comparison.
inline bool is_run(const std::byte* data) {
  const auto first = load<std::uint64_t>(data);
  if (load<std::uint64_t>(data + 8) != first) return false;
  return std::memcmp(data, data + 8, kRun - 8) == 0;
}

/// Counts each element of kBytes: eight bytes at a time through `words`, the rest by `index`.
template <std::uint64_t kBytes, class Words, class Index>
inline void count(const std::byte* data, std::uint64_t elements, std::uint32_t* even, std::uint32_t* odd, Words words,
                  Index index) {
  constexpr std::uint64_t kStep = kRun / kBytes;
  std::uint64_t i = 0;
  for (; i + kStep <= elements; i += kStep) {
    const std::byte* at = data + i * kBytes;
    if (is_run(at)) {  // eight bytes hold the whole pattern
      for (std::uint64_t k = 0; k < 8; k += kBytes) even[index(at + k)] += static_cast<std::uint32_t>(kRun / 8);
      continue;
    }
    for (std::uint64_t line = 0; line < kRun; line += kCacheLine) {
      __builtin_prefetch(at + kAhead<kBytes> + line);
#pragma GCC unroll 8  // a counter store a cycle leaves no room for a branch every eight bytes
      for (std::uint64_t k = 0; k < kCacheLine; k += 8) words(load<std::uint64_t>(at + line + k));
    }
  }
  for (; i < elements; ++i) ++(i % 2 == 0 ? even : odd)[index(data + i * kBytes)];
}

template <std::size_t kCounters>
inline bool any(const std::uint32_t* counters) {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < kCounters; ++i) all |= counters[i];
  return all != 0;
}

inline void clear(std::uint32_t* line) { std::memset(line, 0, 16 * sizeof *line); }

inline std::size_t key_index(std::uint32_t bits) { return bits >> 16 | static_cast<std::size_t>(bits >> 13 & 7) << 16; }

}  // namespace

CodeTable::CodeTable()
    : even_(zeroed(kKeys), std::free), odd_(zeroed(kCodes), std::free), marked_(new std::uint8_t[kCodes / kLine]()) {}

void CodeTable::expect(std::uint64_t elements) { all_ = elements >= kFewElements; }

void CodeTable::mark(const std::byte* codes, std::uint64_t elements, std::uint64_t stride) {
  if (all_) return;
  for (std::uint64_t i = 0; i < elements; ++i) marked_[load<std::uint16_t>(codes + stride * i) / kLine] = 1;
}

void CodeTable::add_16(const std::byte* data, std::uint64_t elements) {
  std::uint32_t *even = even_.get(), *odd = odd_.get();
  count<2>(
      data, elements, even, odd,
      [even, odd](std::uint64_t word) {
        ++even[word & 0xffff];
        ++odd[word >> 16 & 0xffff];
        ++even[word >> 32 & 0xffff];
        ++odd[word >> 48];
      },
      [](const std::byte* at) { return load<std::uint16_t>(at); });
  mark(data, elements, 2);
}

void CodeTable::add_8(const std::byte* data, std::uint64_t elements) {
  std::uint32_t *even = even_.get(), *odd = odd_.get();
  count<1>(
      data, elements, even, odd,
      [even, odd](std::uint64_t word) {
        for (int k = 0; k < 64; k += 16) {
          ++even[word >> k & 0xff];
          ++odd[word >> (k + 8) & 0xff];
        }
      },
      [](const std::byte* at) { return static_cast<std::size_t>(*at); });
  for (std::size_t line = 0; line < 256 / kLine; ++line) marked_[line] = 1;
  bytes_only_ = true;
}

void CodeTable::add_upper_16(const std::byte* data, std::uint64_t elements) {
  has_keys_ = true;
  std::uint32_t *even = even_.get(), *odd = odd_.get();
  count<4>(
      data, elements, even, odd,
      [even, odd](std::uint64_t word) {
        ++even[word >> 16 & 0xffff];
        ++odd[word >> 48];
      },
      [](const std::byte* at) { return load<std::uint32_t>(at) >> 16; });
  mark(data + 2, elements, 4);
}

void CodeTable::add_upper_19(const std::byte* data, std::uint64_t elements) {
  has_keys_ = true;
  std::uint32_t* even = even_.get();
  count<4>(
      data, elements, even, even,
      [even](std::uint64_t word) {
        ++even[key_index(static_cast<std::uint32_t>(word))];
        ++even[key_index(static_cast<std::uint32_t>(word >> 32))];
      },
      [](const std::byte* at) { return key_index(load<std::uint32_t>(at)); });
  deep_ = true;
  mark(data + 2, elements, 4);
}

template <std::size_t kLines>
bool CodeTable::any_in(std::size_t first) const {
  bool found = any<kLines * kLine>(odd_.get() + first * kLine);
  for (std::size_t low = 0; low < depth(); ++low)
    found = any<kLines * kLine>(even_.get() + low * kCodes + first * kLine) || found;
  return found;
}

template <class Take>
void CodeTable::each_line(Take&& take) {
  constexpr std::size_t kTogether = 8;  // most are empty, and so are their neighbours
  const std::size_t lines = bytes_only_ ? 256 / kLine : kCodes / kLine;
  for (std::size_t first = 0; first < lines; first += kTogether) {
    if (all_ && !any_in<kTogether>(first)) continue;
    for (std::size_t line = first; line < first + kTogether; ++line)
      if ((all_ || marked_[line] != 0) && any_in<1>(line)) take(line);
  }
  std::memset(marked_.get(), 0, lines);
  deep_ = bytes_only_ = false;
}

CodeCounts CodeTable::take_codes() {
  CodeCounts out;
  out.reserve(all_ ? kUsual : 0);
  each_line([&](std::size_t line) {
    std::uint32_t *even = even_.get() + line * kLine, *odd = odd_.get() + line * kLine;
    for (std::size_t i = 0; i < kLine; ++i)
      if (const std::uint64_t n = std::uint64_t{even[i]} + odd[i]; n != 0)
        out.emplace_back(static_cast<std::uint32_t>(line * kLine + i), n);
    clear(even);
    clear(odd);
  });
  return out;
}

CodeCounts CodeTable::take_keys() {
  CodeCounts out;
  if (!std::exchange(has_keys_, false)) return out;  // most f32 tensors have none
  out.reserve(all_ ? kUsual : 0);
  each_line([&](std::size_t line) {
    std::uint32_t *even = even_.get() + line * kLine, *odd = odd_.get() + line * kLine;
    for (std::size_t i = 0; i < kLine; ++i)
      for (std::size_t low = 0; low < depth(); ++low) {
        const std::uint64_t n = std::uint64_t{even[i + low * kCodes]} + (low == 0 ? odd[i] : 0);
        if (n != 0) out.emplace_back(static_cast<std::uint32_t>((line * kLine + i) << 3 | low), n);
      }
    for (std::size_t low = 0; low < depth(); ++low) clear(even + low * kCodes);
    clear(odd);
  });
  return out;
}

}  // namespace candor::audit_internal
