// The dtype table against ggml's own sizes (golden/ggml_types.txt) and the safetensors specification.
#include "candor/dtype.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

namespace candor {
namespace {

struct GgmlType {
  std::uint32_t id;
  std::string name;
  std::int32_t elements, bytes;
};

std::vector<GgmlType> ggml_types() {
  std::ifstream file(CANDOR_SOURCE_DIR "/tests/core/golden/ggml_types.txt");
  std::vector<GgmlType> types;
  for (GgmlType t; file >> t.id >> t.name >> t.elements >> t.bytes;) types.push_back(t);
  return types;
}

TEST(DType, AgreesWithGgml) {
  const std::vector<GgmlType> types = ggml_types();
  ASSERT_EQ(types.size(), 35u);
  for (const GgmlType& type : types) {
    const auto dtype = dtype_from_gguf(type.id);
    ASSERT_TRUE(dtype) << type.name;
    const DTypeInfo& info = dtype_info(*dtype);
    EXPECT_EQ(info.name, type.name);
    EXPECT_EQ(info.block_elements, type.elements) << type.name;
    EXPECT_EQ(info.block_bytes, type.bytes) << type.name;
  }
}

TEST(DType, HasNoGgufTypeThatGgmlLacks) {
  std::set<std::uint32_t> ids;
  for (const GgmlType& type : ggml_types()) ids.insert(type.id);
  for (std::uint32_t id = 0; id < 300; ++id) EXPECT_EQ(dtype_from_gguf(id).has_value(), ids.contains(id)) << id;
  EXPECT_FALSE(dtype_from_gguf(0xffffffffu));
}

TEST(DType, SafetensorsSpellings) {
  struct Spelling { const char* text; DType dtype; int elements, bytes; };
  const Spelling spellings[] = {
      {"BOOL", DType::bool_, 1, 1}, {"F4", DType::f4_e2m1, 2, 1}, {"F6_E2M3", DType::f6_e2m3, 4, 3},
      {"F6_E3M2", DType::f6_e3m2, 4, 3}, {"U8", DType::u8, 1, 1}, {"I8", DType::i8, 1, 1},
      {"F8_E5M2", DType::f8_e5m2, 1, 1}, {"F8_E4M3", DType::f8_e4m3, 1, 1}, {"F8_E8M0", DType::f8_e8m0, 1, 1},
      {"F8_E4M3FNUZ", DType::f8_e4m3fnuz, 1, 1}, {"F8_E5M2FNUZ", DType::f8_e5m2fnuz, 1, 1}, {"I16", DType::i16, 1, 2},
      {"U16", DType::u16, 1, 2}, {"F16", DType::f16, 1, 2}, {"BF16", DType::bf16, 1, 2}, {"I32", DType::i32, 1, 4},
      {"U32", DType::u32, 1, 4}, {"F32", DType::f32, 1, 4}, {"C64", DType::c64, 1, 8}, {"F64", DType::f64, 1, 8},
      {"I64", DType::i64, 1, 8}, {"U64", DType::u64, 1, 8}};
  for (const Spelling& s : spellings) {
    EXPECT_EQ(dtype_from_safetensors(s.text), s.dtype) << s.text;
    EXPECT_EQ(dtype_info(s.dtype).safetensors, s.text);
    EXPECT_EQ(dtype_info(s.dtype).block_elements, s.elements) << s.text;
    EXPECT_EQ(dtype_info(s.dtype).block_bytes, s.bytes) << s.text;
  }
  int named = 0;
  for (const DTypeInfo& info : all_dtypes()) named += !info.safetensors.empty();
  EXPECT_EQ(named, 22);
  EXPECT_FALSE(dtype_from_safetensors(""));
  EXPECT_FALSE(dtype_from_safetensors("bf16"));  // the spelling is upper-case
}

TEST(DType, NamesAreLowerCaseUniqueAndParseBack) {
  std::set<std::string_view> names;
  for (const DTypeInfo& info : all_dtypes()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(info.name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ "), std::string_view::npos) << info.name;
    EXPECT_EQ(parse_dtype(info.name).has_value(), info.dtype != DType::any);
    EXPECT_EQ(parse_dtype(info.name).value_or(DType::any), info.dtype);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(DType::count_));
  EXPECT_EQ(dtype_name(DType::bool_), "bool");
  EXPECT_EQ(parse_dtype("bool"), DType::bool_);
  EXPECT_FALSE(parse_dtype("any"));
  EXPECT_FALSE(parse_dtype("BF16"));
  EXPECT_FALSE(parse_dtype(""));
}

TEST(DType, BytesAreExactOrNothing) {
  EXPECT_EQ(dtype_bytes(DType::bf16, 7), 14u);
  EXPECT_EQ(dtype_bytes(DType::q4_k, 512), 288u);
  EXPECT_EQ(dtype_bytes(DType::f6_e2m3, 8), 6u);
  EXPECT_EQ(dtype_bytes(DType::q4_0, 0), 0u);
  EXPECT_FALSE(dtype_bytes(DType::q4_0, 31));
  EXPECT_FALSE(dtype_bytes(DType::f4_e2m1, 3));
  EXPECT_FALSE(dtype_bytes(DType::tf32, 1));  // exists only as a compute dtype
  EXPECT_FALSE(dtype_bytes(DType::any, 1));
  const std::uint64_t most = UINT64_MAX / 8;
  EXPECT_EQ(dtype_bytes(DType::f64, most), most * 8);
  EXPECT_FALSE(dtype_bytes(DType::f64, most + 1));
}

TEST(DType, KindsAndUse) {
  for (const DTypeInfo& info : all_dtypes()) {
    EXPECT_EQ(is_floating(info.dtype), info.kind == DTypeKind::floating);
    EXPECT_EQ(is_block(info.dtype), info.kind == DTypeKind::block);
  }
  for (const DType dtype :
       {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16, DType::f8_e4m3, DType::f8_e5m2}) {
    EXPECT_TRUE(is_floating(dtype));
    EXPECT_FALSE(dtype_info(dtype).storage_only);
  }
  for (const DType dtype : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0, DType::q4_k, DType::q5_k,
                            DType::q6_k}) {
    EXPECT_TRUE(is_block(dtype));
    EXPECT_FALSE(dtype_info(dtype).storage_only);
  }
  for (const DType dtype : {DType::i16, DType::u64, DType::f8_e8m0, DType::f4_e2m1, DType::q8_1, DType::q2_0})
    EXPECT_TRUE(dtype_info(dtype).storage_only);
  EXPECT_FALSE(is_floating(DType::i32) || is_block(DType::i32) || is_floating(DType::q4_0));
}

}  // namespace
}  // namespace candor
