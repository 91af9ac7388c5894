// Two tensors that are compared, and what is found of them so far.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "audit/diff/compare.h"
#include "audit/diff/pairing.h"

namespace candor::audit_internal::comparison {

inline constexpr std::uint64_t kPieceElements = 1u << 20;  // whole blocks of every dtype

/// Elements next to each other.
using PieceFunction =
    std::function<bool(const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t first)>;

class PairWork {
 public:
  /// `cancel` is looked at between the parts of what is not in place.
  PairWork(const Checkpoint& a, const Checkpoint& b, const TensorPair& pair, const std::atomic<bool>* cancel);

  const TensorPair& pair() const { return pair_; }
  bool has_both() const { return pair_.a != nullptr && pair_.b != nullptr; }
  bool same_shape() const { return has_both() && pair_.a->shape == pair_.b->shape; }
  /// The same dtype, known or not, and extents: bytes say whether they are equal.
  bool same_kind() const { return same_kind_; }
  bool exchanged() const { return exchanged_; }
  std::uint64_t bytes() const;  // of both

  /// Pieces that can be worked on at the same time.
  std::size_t pieces() const;
  /// Gives piece `index` to `function`, in parts where a file does not have the elements side by side, until it
  /// returns false; gives the pages back. B's rows come in A's order. Returns the bytes read, of both.
  ///   errors   Cancelled, FormatError (damaged compressed data)
  std::uint64_t read_piece(std::size_t index, const PieceFunction& function) const;

  /// Sets differs() where the bytes of a piece do. Returns the bytes read.
  std::uint64_t look_for_difference(std::size_t piece);
  void look_for_exchange();
  bool differs() const { return differs_; }

  /// Counts a piece. Returns the bytes read.
  std::uint64_t count_piece(std::size_t piece);
  void set_comparer(std::shared_ptr<const Comparer> comparer) { comparer_ = std::move(comparer); }
  const Comparer* comparer() const { return comparer_.get(); }
  DType dtype_a() const { return dtype_a_; }
  DType dtype_b() const { return dtype_b_; }
  std::uint64_t elements() const { return elements_; }
  const Tally& tally() const { return tally_; }

 private:
  const Checkpoint &a_, &b_;
  TensorPair pair_;
  const std::atomic<bool>* cancel_;
  DType dtype_a_ = DType::any, dtype_b_ = DType::any;  // as they are compared: unknown ones as bytes
  std::uint64_t elements_ = 0;
  bool same_kind_ = false, mapped_ = false, exchanged_ = false;
  std::atomic<bool> differs_{false};
  std::shared_ptr<const Comparer> comparer_;
  std::mutex mutex_;
  Tally tally_;
};

}  // namespace candor::audit_internal::comparison
