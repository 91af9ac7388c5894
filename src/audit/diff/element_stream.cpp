#include "audit/diff/element_stream.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "candor/error.h"
#include "io/content_hash.h"
#include "io/refuse.h"

namespace candor::audit_internal::comparison {
namespace {

constexpr std::uint64_t kReadBytes = 1u << 20;  // whole elements of every dtype that is not in blocks

/// Calls `function(offset, bytes)` for consecutive parts; the pages behind them are given back.
template <class Function>
void for_each_part(const Checkpoint& checkpoint, const TensorEntry& entry, Function&& function) {
  for (std::uint64_t done = 0; done < entry.nbytes;) {
    const std::uint64_t bytes = std::min(kReadBytes, entry.nbytes - done);
    if (!function(done, bytes)) return;
    done += bytes;
    if (!in_place(entry)) continue;
    TensorEntry read = entry;
    read.nbytes = done;
    checkpoint.release(read);
  }
}

}  // namespace

TensorEntry transposed(const TensorEntry& entry) {
  TensorEntry view = entry;
  view.strides = entry.strides.empty() ? std::vector<std::int64_t>{entry.shape[1], 1} : entry.strides;
  std::swap(view.strides[0], view.strides[1]);
  std::swap(view.shape[0], view.shape[1]);
  return view;
}

ElementStream::ElementStream(const Checkpoint& checkpoint, const TensorEntry& entry) : entry_(entry) {
  if (in_place(entry))
    mapped_ = checkpoint.bytes(entry);
  else
    reader_ = std::make_unique<TensorReader>(checkpoint, entry);
}

const std::byte* ElementStream::next(std::uint64_t bytes) {
  if (mapped_ != nullptr || bytes == 0) return std::exchange(mapped_, mapped_ + bytes);
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
  while (buffer_.size() < bytes) {
    const std::span<const std::byte> part = reader_->next(kReadBytes);
    if (part.empty())
      throw FormatError("diff: tensor " + io::quote(entry_.name) + " ended " + std::to_string(bytes - buffer_.size()) +
                        " bytes before its " + std::to_string(entry_.nbytes) + "; get the file again");
    buffer_.insert(buffer_.end(), part.begin(), part.end());
  }
  used_ = static_cast<std::size_t>(bytes);
  return buffer_.data();
}

std::uint64_t content_hash(const Checkpoint& checkpoint, const TensorEntry& entry) {
  io::ContentHash hash;
  ElementStream stream(checkpoint, entry);
  for_each_part(checkpoint, entry, [&](std::uint64_t, std::uint64_t bytes) {
    hash.add(stream.next(bytes), static_cast<std::size_t>(bytes));
    return true;
  });
  return hash.value();
}

bool same_bytes(const Checkpoint& checkpoint_a, const TensorEntry& a, const Checkpoint& checkpoint_b,
                const TensorEntry& b) {
  ElementStream stream_a(checkpoint_a, a), stream_b(checkpoint_b, b);
  bool same = a.nbytes == b.nbytes;
  if (!same) return false;
  for_each_part(checkpoint_a, a, [&](std::uint64_t, std::uint64_t bytes) {
    return same = std::memcmp(stream_a.next(bytes), stream_b.next(bytes), static_cast<std::size_t>(bytes)) == 0;
  });
  return same;
}

}  // namespace candor::audit_internal::comparison
