// What elements take in memory, written a second time: the prover may not ask the table that it checks.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "candor/dtype.h"

namespace candor::prove {

/// `elements` of them take `bytes`.
struct StoredSize {
  DType dtype;
  std::int64_t elements, bytes;
};
std::span<const StoredSize> stored_sizes();

/// errors: DTypeError (a dtype that the table lacks)
const StoredSize& stored_size(DType dtype);
/// Bytes of whole units.
std::uint64_t bytes_of_elements(DType dtype, std::uint64_t elements);

/// "16,777,216", and "2 bytes", "1 byte", "1.0625 bytes".
std::string grouped(std::uint64_t number);
std::string bytes_text(double bytes);

}  // namespace candor::prove
