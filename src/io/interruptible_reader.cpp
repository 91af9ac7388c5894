#include "io/interruptible_reader.h"

#include <algorithm>

#include "io/checked.h"

namespace candor::io {
namespace {

// Between two ticks: milliseconds of work, of which a gather's bytes may take more.
constexpr std::uint64_t kInflatedBytes = std::uint64_t{8} << 20, kGatheredBytes = std::uint64_t{1} << 20;

}  // namespace

InterruptibleReader::InterruptibleReader(const Checkpoint& checkpoint, const TensorEntry& entry,
                                         std::function<void()> tick)
    : tick_(std::move(tick)), reader_(checkpoint, entry) {
  if (entry.strides.empty() || entry.nbytes == 0) return;
  TensorEntry flat = entry;  // in the order of the file
  flat.strides.clear();
  left_ = entry.nbytes;
  item_ = entry.nbytes / *checked_elements(entry.shape);
  gather_.emplace(entry.compressed ? inflate(checkpoint, flat) : checkpoint.bytes(flat), entry.shape, entry.strides,
                  item_);
}

/// `reader_` has refused what is too large to be held.
const std::byte* InterruptibleReader::inflate(const Checkpoint& checkpoint, const TensorEntry& flat) {
  whole_.reserve(flat.nbytes);
  TensorReader reader(checkpoint, flat);
  for (auto piece = reader.next(kInflatedBytes); !piece.empty(); piece = reader.next(kInflatedBytes)) {
    whole_.insert(whole_.end(), piece.begin(), piece.end());
    tick_();
  }
  return whole_.data();
}

std::span<const std::byte> InterruptibleReader::next(std::uint64_t max_bytes) {
  if (!gather_) return reader_.next(max_bytes);
  const auto whole_items = [&](std::uint64_t bytes) { return std::max(item_, bytes / item_ * item_); };
  piece_.resize(std::min(left_, whole_items(max_bytes)));
  for (std::uint64_t done = 0; done < piece_.size();) {
    const std::uint64_t bytes = std::min(piece_.size() - done, whole_items(kGatheredBytes));
    gather_->take(piece_.data() + done, bytes / item_);
    done += bytes;
    tick_();
  }
  left_ -= piece_.size();
  return piece_;
}

}  // namespace candor::io
