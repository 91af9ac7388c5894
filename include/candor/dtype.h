// Number formats: the one dtype table of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace candor {

/// Format of one tensor element. Spelled as in docs/precision.md; the table behind it is src/core/dtype.cpp.
enum class DType : std::uint8_t {
  any,  // only in kernel rows and requests: "whatever is stored"
  // computable
  f64, f32, tf32, f16, bf16, f8_e4m3, f8_e5m2, i64, i32, i8, u8, bool_,
  // blocks with kernels or casts
  q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k,
  // storage-only: named, sized, copied by convert, refused by kernels
  i16, u16, u32, u64, c64, f8_e8m0, f8_e4m3fnuz, f8_e5m2fnuz, f4_e2m1, f6_e2m3, f6_e3m2,
  q8_1, q2_k, q3_k, q8_k, iq2_xxs, iq2_xs, iq3_xxs, iq1_s, iq4_nl, iq3_s, iq2_s, iq4_xs, iq1_m,
  tq1_0, tq2_0, mxfp4, nvfp4, q1_0, q2_0,
  count_,
};

enum class DTypeKind : std::uint8_t { none, floating, integer, boolean, complex, block };

/// One row of the dtype table.
struct DTypeInfo {
  DType dtype;
  std::string_view name;         // lower-case spelling used everywhere
  DTypeKind kind;
  std::int32_t block_elements;   // elements per indivisible unit; 1 for scalars
  std::int32_t block_bytes;      // bytes per unit
  bool storage_only;             // true: no kernel reads its values
  std::string_view safetensors;  // spelling in a safetensors header; empty: not in that format
  std::int32_t gguf;             // GGUF tensor type id; -1: not in that format
};

const DTypeInfo& dtype_info(DType dtype);
std::span<const DTypeInfo> all_dtypes();

std::string_view dtype_name(DType dtype);
std::optional<DType> parse_dtype(std::string_view name);
std::optional<DType> dtype_from_safetensors(std::string_view spelling);
std::optional<DType> dtype_from_gguf(std::uint32_t type_id);

bool is_floating(DType dtype);  // f64 … f8, not blocks
bool is_block(DType dtype);

/// Bytes of `elements` consecutive elements; nothing when `elements` is not whole units or the product overflows.
std::optional<std::uint64_t> dtype_bytes(DType dtype, std::uint64_t elements);

}  // namespace candor
