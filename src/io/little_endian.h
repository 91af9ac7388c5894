// Numbers as files have them; the machine's own order is little-endian, which core/dtype.cpp asserts.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace candor::io {

template <class T>
void append_little_endian(std::string& out, T value) {
  static_assert(std::is_arithmetic_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// The low bytes of `value`, lowest first.
inline void append_low_bytes(std::string& out, std::uint64_t value, int bytes) {
  out.append(reinterpret_cast<const char*>(&value), static_cast<std::size_t>(bytes));
}

}  // namespace candor::io
