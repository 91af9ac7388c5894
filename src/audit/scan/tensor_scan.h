// One tensor while its spans are counted, by several workers at once, until it is a fingerprint.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "audit/fingerprint.h"
#include "audit/scan/sampled_bytes.h"
#include "audit/scan/span_counter.h"
#include "audit/scan/value_class.h"
#include "audit/scan/zero_rows.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// Called after every piece with its bytes; throws when the scan must end.
using Tick = std::function<void(std::uint64_t bytes)>;

class TensorScan {
 public:
  TensorScan(const Checkpoint& checkpoint, const TensorEntry& entry);

  /// Parts that may be scanned at once, at least one. They depend on the tensor alone: what is found does not depend on
  /// who scans them.
  std::uint64_t spans() const { return spans_; }
  /// True for the call that ends the last span: finish() is next. errors: FormatError (damaged compressed data)
  bool scan(std::uint64_t span, SpanCounter& counter, const Tick& tick);
  /// `tick` is called now and then while blocks are looked at, with no bytes: what it throws ends that.
  Fingerprint finish(const Tick& tick);

 private:
  void scan_mapped(std::uint64_t span, SpanCounter& counter, const Tick& tick);
  void scan_stream(SpanCounter& counter, const Tick& tick);
  int fewest_zeros();
  /// Adds what `counter` has of the `elements` at `data`, of which the first has the index `first`.
  void merge(std::uint64_t span, SpanCounter& counter, const std::byte* data, std::uint64_t first,
             std::uint64_t elements);
  ClassMask wanted(std::uint64_t first);
  ClassMask possible(const SpanCounts& counts);
  void add_witnesses(const std::vector<ClassWitness>& found);
  void release(std::uint64_t offset, std::uint64_t bytes) const;
  void examine(Fingerprint& out, const Tick& tick) const;
  void examine_slice(Fingerprint& out, const Tick& tick) const;
  bool is_shown(ClassWitness::Kind kind, const Fingerprint& out) const;
  std::uint64_t identity(const Fingerprint& out) const;

  const Checkpoint& checkpoint_;
  const TensorEntry& entry_;
  std::uint64_t elements_ = 0, element_bytes_ = 0, rows_ = 0, columns_ = 0;
  bool counted_ = false, mapped_ = false;
  std::uint64_t spans_ = 1;
  std::atomic<std::uint64_t> remaining_{1};
  std::vector<ZeroRows> span_rows_;    // of each span of a mapped tensor; a row may go through many
  std::atomic<bool> bf16_only_{true};  // f32 and f64: no value has been seen that is not one of bf16

  std::mutex mutex_;  // of everything below
  CodeCounts codes_;  // or keys
  std::uint64_t wide_ = 0;
  ValueCounts values_;
  std::vector<std::uint64_t> significands_;
  std::vector<double> sums_;  // of squares, by span: added in this order
  DistinctPatterns<std::uint32_t> patterns_f32_;
  DistinctPatterns<std::uint64_t> patterns_f64_;
  std::uint64_t zero_rows_ = 0;
  std::array<std::vector<ClassWitness>, kWitnessKinds> witnesses_;  // ascending
  SampledBytes samples_;                                            // written without the lock, each byte once
  std::vector<std::byte> head_;                                     // first rows of a tensor that is not mapped
};

}  // namespace candor::audit_internal
