// The dtype table. Sizes of GGUF's blocks are those of ggml's structs; tests/core/dtype_test.cpp holds a second copy of
// the numbers that was taken from the ggml library itself.
#include "candor/dtype.h"

#include <array>
#include <bit>

namespace candor {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read in place");

using enum DType;
using Kind = DTypeKind;

constexpr int kCount = static_cast<int>(count_);
constexpr bool kComputable = false, kStorageOnly = true;  // the storage_only column, by name

// dtype, name, kind, elements and bytes per unit, storage_only, safetensors spelling, GGUF id.
// `any` and `tf32` are not stored anywhere: 0 bytes.
constexpr std::array<DTypeInfo, kCount> kTable = {{
    {any, "any", Kind::none, 1, 0, kComputable, "", -1},
    {f64, "f64", Kind::floating, 1, 8, kComputable, "F64", 28},
    {f32, "f32", Kind::floating, 1, 4, kComputable, "F32", 0},
    {tf32, "tf32", Kind::floating, 1, 0, kComputable, "", -1},
    {f16, "f16", Kind::floating, 1, 2, kComputable, "F16", 1},
    {bf16, "bf16", Kind::floating, 1, 2, kComputable, "BF16", 30},
    {f8_e4m3, "f8_e4m3", Kind::floating, 1, 1, kComputable, "F8_E4M3", -1},
    {f8_e5m2, "f8_e5m2", Kind::floating, 1, 1, kComputable, "F8_E5M2", -1},
    {i64, "i64", Kind::integer, 1, 8, kComputable, "I64", 27},
    {i32, "i32", Kind::integer, 1, 4, kComputable, "I32", 26},
    {i8, "i8", Kind::integer, 1, 1, kComputable, "I8", 24},
    {u8, "u8", Kind::integer, 1, 1, kComputable, "U8", -1},
    {bool_, "bool", Kind::boolean, 1, 1, kComputable, "BOOL", -1},

    {q4_0, "q4_0", Kind::block, 32, 18, kComputable, "", 2},
    {q4_1, "q4_1", Kind::block, 32, 20, kComputable, "", 3},
    {q5_0, "q5_0", Kind::block, 32, 22, kComputable, "", 6},
    {q5_1, "q5_1", Kind::block, 32, 24, kComputable, "", 7},
    {q8_0, "q8_0", Kind::block, 32, 34, kComputable, "", 8},
    {q4_k, "q4_k", Kind::block, 256, 144, kComputable, "", 12},
    {q5_k, "q5_k", Kind::block, 256, 176, kComputable, "", 13},
    {q6_k, "q6_k", Kind::block, 256, 210, kComputable, "", 14},

    {i16, "i16", Kind::integer, 1, 2, kStorageOnly, "I16", 25},
    {u16, "u16", Kind::integer, 1, 2, kStorageOnly, "U16", -1},
    {u32, "u32", Kind::integer, 1, 4, kStorageOnly, "U32", -1},
    {u64, "u64", Kind::integer, 1, 8, kStorageOnly, "U64", -1},
    {c64, "c64", Kind::complex, 1, 8, kStorageOnly, "C64", -1},
    {f8_e8m0, "f8_e8m0", Kind::floating, 1, 1, kStorageOnly, "F8_E8M0", -1},
    {f8_e4m3fnuz, "f8_e4m3fnuz", Kind::floating, 1, 1, kStorageOnly, "F8_E4M3FNUZ", -1},
    {f8_e5m2fnuz, "f8_e5m2fnuz", Kind::floating, 1, 1, kStorageOnly, "F8_E5M2FNUZ", -1},
    {f4_e2m1, "f4_e2m1", Kind::floating, 2, 1, kStorageOnly, "F4", -1},
    {f6_e2m3, "f6_e2m3", Kind::floating, 4, 3, kStorageOnly, "F6_E2M3", -1},
    {f6_e3m2, "f6_e3m2", Kind::floating, 4, 3, kStorageOnly, "F6_E3M2", -1},

    {q8_1, "q8_1", Kind::block, 32, 36, kStorageOnly, "", 9},
    {q2_k, "q2_k", Kind::block, 256, 84, kStorageOnly, "", 10},
    {q3_k, "q3_k", Kind::block, 256, 110, kStorageOnly, "", 11},
    {q8_k, "q8_k", Kind::block, 256, 292, kStorageOnly, "", 15},
    {iq2_xxs, "iq2_xxs", Kind::block, 256, 66, kStorageOnly, "", 16},
    {iq2_xs, "iq2_xs", Kind::block, 256, 74, kStorageOnly, "", 17},
    {iq3_xxs, "iq3_xxs", Kind::block, 256, 98, kStorageOnly, "", 18},
    {iq1_s, "iq1_s", Kind::block, 256, 50, kStorageOnly, "", 19},
    {iq4_nl, "iq4_nl", Kind::block, 32, 18, kStorageOnly, "", 20},
    {iq3_s, "iq3_s", Kind::block, 256, 110, kStorageOnly, "", 21},
    {iq2_s, "iq2_s", Kind::block, 256, 82, kStorageOnly, "", 22},
    {iq4_xs, "iq4_xs", Kind::block, 256, 136, kStorageOnly, "", 23},
    {iq1_m, "iq1_m", Kind::block, 256, 56, kStorageOnly, "", 29},
    {tq1_0, "tq1_0", Kind::block, 256, 54, kStorageOnly, "", 34},
    {tq2_0, "tq2_0", Kind::block, 256, 66, kStorageOnly, "", 35},
    {mxfp4, "mxfp4", Kind::block, 32, 17, kStorageOnly, "", 39},
    {nvfp4, "nvfp4", Kind::block, 64, 36, kStorageOnly, "", 40},
    {q1_0, "q1_0", Kind::block, 128, 18, kStorageOnly, "", 41},
    {q2_0, "q2_0", Kind::block, 64, 18, kStorageOnly, "", 42},
}};

constexpr bool in_enum_order() {
  for (int i = 0; i < kCount; ++i)
    if (kTable[i].dtype != static_cast<DType>(i) || kTable[i].name.empty()) return false;
  return true;
}
static_assert(in_enum_order(), "row i of the table must describe DType value i");

constexpr bool spellings_are_unique() {
  for (int i = 0; i < kCount; ++i) {
    for (int j = i + 1; j < kCount; ++j) {
      if (kTable[i].name == kTable[j].name) return false;
      if (!kTable[i].safetensors.empty() && kTable[i].safetensors == kTable[j].safetensors) return false;
      if (kTable[i].gguf >= 0 && kTable[i].gguf == kTable[j].gguf) return false;
    }
  }
  return true;
}
static_assert(spellings_are_unique());

}  // namespace

const DTypeInfo& dtype_info(DType dtype) {
  const int index = static_cast<int>(dtype);
  return kTable[index < kCount ? index : 0];
}

std::span<const DTypeInfo> all_dtypes() { return kTable; }

std::string_view dtype_name(DType dtype) { return dtype_info(dtype).name; }

std::optional<DType> parse_dtype(std::string_view name) {
  for (const DTypeInfo& info : kTable)
    if (info.dtype != any && info.name == name) return info.dtype;
  return std::nullopt;
}

std::optional<DType> dtype_from_safetensors(std::string_view spelling) {
  for (const DTypeInfo& info : kTable)
    if (!info.safetensors.empty() && info.safetensors == spelling) return info.dtype;
  return std::nullopt;
}

std::optional<DType> dtype_from_gguf(std::uint32_t type_id) {
  for (const DTypeInfo& info : kTable)
    if (info.gguf >= 0 && static_cast<std::uint32_t>(info.gguf) == type_id) return info.dtype;
  return std::nullopt;
}

bool is_floating(DType dtype) { return dtype_info(dtype).kind == Kind::floating; }
bool is_block(DType dtype) { return dtype_info(dtype).kind == Kind::block; }

std::optional<std::uint64_t> dtype_bytes(DType dtype, std::uint64_t elements) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.block_bytes == 0) return std::nullopt;
  const std::uint64_t unit = static_cast<std::uint64_t>(info.block_elements);
  if (elements % unit != 0) return std::nullopt;
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(elements / unit, static_cast<std::uint64_t>(info.block_bytes), &bytes);
  return overflow ? std::nullopt : std::optional(bytes);
}

}  // namespace candor
