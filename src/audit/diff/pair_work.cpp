#include "audit/diff/pair_work.h"

#include <algorithm>
#include <cstring>

#include "audit/diff/crew.h"
#include "audit/diff/element_stream.h"
#include "audit/diff/values.h"
#include "io/checked.h"

namespace candor::audit_internal::comparison {
namespace {

/// Gives back the pages of the first `bytes`. From the beginning, because the system may map pages again beside those
/// that another thread reads; that thread's own pages just come back.
void release_prefix(const Checkpoint& checkpoint, const TensorEntry& entry, std::uint64_t bytes) {
  TensorEntry part = entry;
  part.nbytes = bytes;
  checkpoint.release(part);
}

}  // namespace

PairWork::PairWork(const Checkpoint& a, const Checkpoint& b, const TensorPair& pair, const std::atomic<bool>* cancel)
    : a_(a), b_(b), pair_(pair), cancel_(cancel) {
  exchanged_ = pair.matched_by == "transposed bytes";
  if (!same_shape()) return;
  dtype_a_ = pair.a->dtype;
  dtype_b_ = pair.b->dtype;
  elements_ = io::checked_elements(pair.a->shape).value_or(0);
  same_kind_ = dtype_a_ == dtype_b_ && pair.a->nbytes == pair.b->nbytes;
  if (dtype_a_ == DType::any) {
    same_kind_ = same_kind_ && a.type_name(*pair.a) == b.type_name(*pair.b);
    if (same_kind_) dtype_a_ = dtype_b_ = DType::u8;
    elements_ = pair.a->nbytes;
  }
  mapped_ = in_place(*pair.a) && in_place(*pair.b);
}

std::uint64_t PairWork::bytes() const { return pair_.a->nbytes + pair_.b->nbytes; }

std::size_t PairWork::pieces() const {
  if (!mapped_) return elements_ == 0 ? 0 : 1;
  return static_cast<std::size_t>((elements_ + kPieceElements - 1) / kPieceElements);
}

std::uint64_t PairWork::read_piece(std::size_t index, const PieceFunction& function) const {
  std::uint64_t first = mapped_ ? index * kPieceElements : 0;
  const std::uint64_t end = mapped_ ? std::min(elements_, first + kPieceElements) : elements_;
  const std::uint64_t begin_a = element_offset(dtype_a_, first), begin_b = element_offset(dtype_b_, first);
  const std::uint64_t bytes_a = element_offset(dtype_a_, end) - begin_a;
  const std::uint64_t bytes_b = element_offset(dtype_b_, end) - begin_b;
  if (mapped_) {
    std::vector<std::byte> gathered(static_cast<std::size_t>(pair_.rows.head != 0 ? bytes_b : 0));
    if (pair_.rows.head != 0)
      gather_rows(pair_.rows, *pair_.b, b_.bytes(*pair_.b), first, end - first, gathered.data());
    const std::byte* b = pair_.rows.head != 0 ? gathered.data() : b_.bytes(*pair_.b) + begin_b;
    function(a_.bytes(*pair_.a) + begin_a, b, static_cast<std::size_t>(end - first), first);
    release_prefix(a_, *pair_.a, begin_a + bytes_a);
    release_prefix(b_, *pair_.b, begin_b + bytes_b);
    return bytes_a + bytes_b;
  }
  ElementStream stream_a(a_, *pair_.a), stream_b(b_, *pair_.b);
  for (bool more = true; more && first < end;) {
    throw_if_cancelled(cancel_);
    const std::uint64_t count = std::min(kPieceElements, end - first);
    const std::byte* a = stream_a.next(element_offset(dtype_a_, count));
    const std::byte* b = stream_b.next(element_offset(dtype_b_, count));
    more = function(a, b, static_cast<std::size_t>(count), first);
    first += count;
  }
  return bytes_a + bytes_b;
}

std::uint64_t PairWork::look_for_difference(std::size_t piece) {
  if (differs_ && mapped_) return std::min(bytes(), 2 * element_offset(dtype_a_, kPieceElements));  // known already
  return read_piece(piece, [&](const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t) {
    if (std::memcmp(a, b, static_cast<std::size_t>(element_offset(dtype_a_, count))) != 0) differs_ = true;
    return !differs_;
  });
}

void PairWork::look_for_exchange() { exchanged_ = are_exchanged(a_, b_, pair_); }

std::uint64_t PairWork::count_piece(std::size_t piece) {
  Tally tally;
  const std::uint64_t bytes =
      read_piece(piece, [&](const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t first) {
        comparer_->compare(a, b, count, first, tally);
        return true;
      });
  const std::lock_guard lock(mutex_);
  tally_.add(tally);
  return bytes;
}

}  // namespace candor::audit_internal::comparison
