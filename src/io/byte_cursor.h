// Little-endian reads from a mapped file, each checked against what is left. No alignment is assumed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "io/refuse.h"

namespace candor::io {

class ByteCursor {
 public:
  ByteCursor(const std::byte* data, std::uint64_t size, std::string_view format, const std::string& file)
      : data_(data), size_(size), format_(format), file_(file) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return size_ - position_; }
  const std::string& file() const { return file_; }

  /// A little-endian scalar. `what` names it in the error.
  template <class T>
  T read(std::string_view what) {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, take(sizeof(T), what), sizeof(T));
    return value;
  }

  /// `bytes` raw bytes. errors: FormatError when the file ends before
  const std::byte* take(std::uint64_t bytes, std::string_view what) {
    if (bytes > remaining()) {
      fail(std::string(what) + " needs " + std::to_string(bytes) + " bytes but the file has " +
           std::to_string(remaining()) + " left");
    }
    const std::byte* p = data_ + position_;
    position_ += bytes;  // bounded by remaining()
    return p;
  }

  /// Moves to a byte of the file, to read `what` there. errors: FormatError when it lies beyond the end
  void seek(std::uint64_t position, std::string_view what) {
    if (position > size_) {
      fail(std::string(what) + " should begin at byte " + std::to_string(position) + " but only " +
           std::to_string(size_) + " bytes are there");
    }
    position_ = position;
  }

  /// Refuses `what` at the cursor or at an earlier position.
  [[noreturn]] void fail(const std::string& what) const { fail_at(position_, what); }
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& what) const {
    refuse(format_, file_, offset, what, kGetAgain);
  }

 private:
  const std::byte* data_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  std::string_view format_;
  const std::string& file_;
};

}  // namespace candor::io
