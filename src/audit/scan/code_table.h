// Histograms of codes: 8 and 16 bits as stored, and the upper 16 or 19 bits of f32 values whose other bits are zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

/// Counters of one worker, emptied by take(). Two tables take turns, because adding to the counter that was added to
/// just before waits for that; runs of one value are counted at once for the same reason. At most 2^32 - 1 elements may
/// be added before take().
class CodeTable {
 public:
  CodeTable();

  /// How many elements will be added at most before the next take: of few, the touched lines are remembered, so that
  /// taking a small tensor's counts does not look at all of them.
  void expect(std::uint64_t elements);
  void add_16(const std::byte* data, std::uint64_t elements);
  void add_8(const std::byte* data, std::uint64_t elements);
  /// Values of f32. Their low 16 bits are zero; counted as keys bits >> 13.
  void add_upper_16(const std::byte* data, std::uint64_t elements);
  /// Their low 13 bits are zero; counted as keys bits >> 13.
  void add_upper_19(const std::byte* data, std::uint64_t elements);

  CodeCounts take_codes();  // of add_16 and add_8, ascending
  CodeCounts take_keys();   // of the others, ascending

 private:
  static constexpr std::size_t kCodes = 65536, kKeys = kCodes * 8,
                               kLine = 16;  // counters a cache line

  void mark(const std::byte* codes, std::uint64_t elements, std::uint64_t stride);
  /// Lines that hold something.
  template <class Take>
  void each_line(Take&& take);
  template <std::size_t kLines>
  bool any_in(std::size_t first) const;
  std::size_t depth() const { return deep_ ? 8 : 1; }  // of even_

  // even_ has room for 19 bits. The three bits below the upper sixteen come first in the index, so that bf16 values
  // have their counters as close together as those of a bf16 tensor. Pages that are not used are never touched.
  std::unique_ptr<std::uint32_t, void (*)(void*)> even_, odd_;
  std::unique_ptr<std::uint8_t[]> marked_;  // lines that hold something, when all_ is false
  bool all_ = true;                         // any line may hold something
  bool bytes_only_ = false;                 // only the first 256 counters were used
  bool has_keys_ = false;                   // of add_upper_16 and add_upper_19
  bool deep_ = false;                       // keys beyond the first 65,536 were counted
};

}  // namespace candor::audit_internal
