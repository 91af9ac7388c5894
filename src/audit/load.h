// Reads a number at any address: files have tensors off their own alignment.
#pragma once

#include <cstddef>
#include <cstring>

namespace candor::audit_internal {

template <class T>
inline T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace candor::audit_internal
