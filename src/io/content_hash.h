// A 64-bit hash of a stream of bytes, to compare what was written with what can be read back. Not for adversaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace candor::io {

class ContentHash {
 public:
  void add(const void* data, std::size_t bytes) {
    const unsigned char* p = static_cast<const unsigned char*>(data);
    length_ += bytes;
    while (pending_ != 0 && bytes > 0) {  // complete the word that the last call left
      push_byte(*p++);
      --bytes;
    }
    for (; bytes >= sizeof(std::uint64_t); bytes -= sizeof(std::uint64_t), p += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      mix(word);
    }
    for (; bytes > 0; --bytes) push_byte(*p++);
  }

  std::uint64_t value() const {
    ContentHash end = *this;
    end.mix(word_ ^ length_ * kOdd);
    return end.state_ ^ end.state_ >> 29;
  }

 private:
  static constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio

  // Multiplication by an odd number and a rotation are invertible: any single changed word changes the result.
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * kOdd;
    state_ = state_ << 27 | state_ >> 37;
  }
  void push_byte(unsigned char byte) {
    word_ |= static_cast<std::uint64_t>(byte) << (8 * pending_);
    if (++pending_ == 8) {
      mix(word_);
      word_ = 0;
      pending_ = 0;
    }
  }

  std::uint64_t state_ = kOdd, word_ = 0, length_ = 0;
  int pending_ = 0;
};

}  // namespace candor::io
