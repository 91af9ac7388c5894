// Stored elements as the bits of f32 or f64.
#pragma once

#include <cstddef>
#include <cstdint>

#include "candor/dtype.h"

namespace candor::audit_internal::comparison {

/// The values of `count` elements (whole blocks), exactly; a NaN keeps its payload, so different codes of one dtype
/// stay different. Word: std::uint32_t (f32 bits; not for f64) or std::uint64_t (f64 bits).
template <class Word>
void read_values(DType dtype, const std::byte* bytes, std::size_t count, Word* values);

/// The bits of element `index`; of an element in a block those of its f32 value.
std::uint64_t element_code(DType dtype, const std::byte* bytes, std::uint64_t index);
/// Bytes of such a code.
std::uint32_t code_bytes(DType dtype);
/// From the first byte: where that element, or its block, begins.
std::uint64_t element_offset(DType dtype, std::uint64_t index);

}  // namespace candor::audit_internal::comparison
