// Numbers as files have them; the machine's own order is little-endian, which core/dtype.cpp asserts.
#pragma once

#include <string>
#include <type_traits>

namespace candor::io {

template <class T>
void append_little_endian(std::string& out, T value) {
  static_assert(std::is_arithmetic_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace candor::io
