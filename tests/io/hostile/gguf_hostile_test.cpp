// One crafted file per way to be wrong; each must be refused with the file, the byte and the thing that is wrong.
#include <limits>

#include "candor/error.h"
#include "candor/io.h"
#include "io/gguf_header.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::gguf_array;
using testing::gguf_info;
using testing::gguf_pair;
using testing::gguf_string;
using testing::GgufBytes;
using testing::little_endian;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kTwo32 = std::uint64_t{1} << 32;

struct Case {
  const char* name;
  std::string bytes;
  const char* position;
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

std::string with_pairs(std::vector<std::string> pairs) {
  GgufBytes bytes;
  bytes.pairs = std::move(pairs);
  return bytes.bytes();
}

std::string with_infos(std::vector<std::string> infos, std::size_t data, std::vector<std::string> pairs = {}) {
  GgufBytes bytes;
  bytes.pairs = std::move(pairs);
  bytes.infos = std::move(infos);
  bytes.data.assign(data, '\0');
  return bytes.bytes();
}

std::string with_version(std::uint32_t version) {
  GgufBytes bytes;
  bytes.version = version;
  return bytes.bytes();
}

std::string with_counts(std::int64_t tensors, std::int64_t pairs) {
  GgufBytes bytes;
  bytes.tensor_count = tensors;
  bytes.pair_count = pairs;
  return bytes.bytes() + std::string(64, '\0');
}

std::string alignment(std::uint32_t value) {
  return gguf_pair("general.alignment", testing::kU32, little_endian(value));
}

std::string nested(int depth) {
  std::string value = gguf_array(testing::kU8, 1, "\1");
  for (int i = 1; i < depth; ++i) value = gguf_array(testing::kArray, 1, value);
  return gguf_pair("deep", testing::kArray, value);
}

std::vector<Case> header_cases() {
  return {
      {"empty", "", "byte 0:", "does not begin with 'GGUF'"},
      {"magic", "GGML" + std::string(20, '\0'), "byte 0:", "does not begin with 'GGUF'"},
      {"only_magic", "GGUF", "byte 4:", "the version needs 4 bytes but the file has 0 left"},
      {"version_zero", with_version(0), "byte 4:", "version 0 is not known"},
      {"version_one", with_version(1), "byte 4:", "version 1 (32-bit counts)"},
      {"version_four", with_version(4), "byte 4:", "version 4 is not known"},
      {"big_endian", with_version(0x03000000), "byte 4:", "big-endian"},
      {"no_counts", "GGUF" + little_endian<std::uint32_t>(3), "byte 8:", "the tensor count"},
      {"tensor_count_huge", with_counts(std::numeric_limits<std::int64_t>::max(), 0),
       "byte 8:", "9223372036854775807 tensors"},
      {"tensor_count_wraps", with_counts(static_cast<std::int64_t>(kMax / 24 + 2), 0),
       "byte 8:", "tensors but the file"},
      {"tensor_count_one_too_many", with_infos({}, 0).replace(8, 1, "\1"), "byte 8:", "1 tensors but the file has 0"},
      {"pair_count_huge", with_counts(0, std::numeric_limits<std::int64_t>::max()), "byte 16:", "metadata keys"},
      {"pair_count_wraps", with_counts(0, static_cast<std::int64_t>(kMax / 13 + 2)), "byte 16:", "metadata keys"},
  };
}

std::vector<Case> key_cases() {
  const std::string u8 = "\5";
  return {
      {"key_empty", with_pairs({gguf_pair("", testing::kU8, u8)}), "byte 24:", "metadata key is empty"},
      {"key_nul", with_pairs({gguf_pair(std::string("a\0b", 3), testing::kU8, u8)}), "byte 24:", "NUL"},
      {"key_not_utf8", with_pairs({gguf_pair("\xff", testing::kU8, u8)}), "byte 24:", "not UTF-8"},
      {"key_length_huge", with_pairs({little_endian(kMax) + std::string(8, 'x')}),
       "byte 24:", "claims 18446744073709551615 bytes"},
      {"key_length_backwards", with_pairs({little_endian(kMax - 30) + std::string(8, 'x')}),
       "byte 24:", "a metadata key claims"},
      {"key_too_long", with_pairs({gguf_pair(std::string(65536, 'k'), testing::kU8, u8)}),
       "byte 24:", "the limit is 65535"},
      {"key_twice", with_pairs({gguf_pair("a", testing::kU8, u8), gguf_pair("a", testing::kU8, u8)}),
       "byte 38:", "'a' appears twice"},
  };
}

std::vector<Case> value_cases() {
  const std::string u8 = "\5";
  return {
      {"type_unknown", with_pairs({gguf_pair("a", static_cast<testing::GgufType>(13), u8)}),
       "byte 33:", "value type 13"},
      {"value_cut", with_pairs({gguf_pair("a", testing::kU64, "1234")}),
       "byte 37:", "needs 8 bytes but the file has 4"},
      {"bool_two", with_pairs({gguf_pair("a", testing::kBool, "\2")}), "byte 37:", "boolean 2"},
      {"string_huge", with_pairs({gguf_pair("a", testing::kString, little_endian(kMax))}),
       "byte 37:", "claims 18446744073709551615"},
      {"string_beyond_limit",
       with_pairs({gguf_pair("a", testing::kString, little_endian<std::uint64_t>((1u << 30) + 1))}),
       "byte 37:", "the limit is 1073741824"},
      {"string_beyond_file", with_pairs({gguf_pair("a", testing::kString, little_endian<std::uint64_t>(5) + "1234")}),
       "byte 37:", "claims 5 bytes"},
  };
}

std::vector<Case> array_cases() {
  return {
      {"array_type_unknown",
       with_pairs({gguf_pair("a", testing::kArray, gguf_array(static_cast<testing::GgufType>(77), 0, ""))}),
       "byte 37:", "value type 77"},
      {"array_count_huge", with_pairs({gguf_pair("a", testing::kArray, gguf_array(testing::kU8, kMax, ""))}),
       "byte 37:", "array of 18446744073709551615"},
      {"array_bytes_wrap",
       with_pairs({gguf_pair("a", testing::kArray, gguf_array(testing::kU64, kMax / 8 + 2, "12345678"))}),
       "byte 37:", "array of"},
      {"array_beyond_file", with_pairs({gguf_pair("a", testing::kArray, gguf_array(testing::kU16, 3, "1234"))}),
       "byte 37:", "array of 3"},
      {"array_of_strings_bomb",
       with_pairs({gguf_pair("a", testing::kArray, gguf_array(testing::kString, 1000000, std::string(64, '\0')))}),
       "byte 37:", "array of 1000000"},
      {"array_bool_seven", with_pairs({gguf_pair("a", testing::kArray, gguf_array(testing::kBool, 2, "\1\7"))}),
       "byte 50:", "boolean 7"},
      {"array_depth_five", with_pairs({nested(5)}), "byte 88:", "deeper than 4"},
      {"array_depth_thousands", with_pairs({nested(5000)}), "byte 88:", "deeper than 4"},
      {"array_inner_lies",
       with_pairs(
           {gguf_pair("a", testing::kArray, gguf_array(testing::kArray, 1, gguf_array(testing::kU8, kMax, "")))}),
       "byte 49:", "array of 18446744073709551615"},
  };
}

std::vector<Case> alignment_cases() {
  return {
      {"alignment_zero", with_pairs({alignment(0)}), "byte 53:", "general.alignment is 0"},
      {"alignment_three", with_pairs({alignment(48)}), "byte 53:", "general.alignment is 48"},
      {"alignment_four", with_pairs({alignment(4)}), "byte 53:", "general.alignment is 4"},
      {"alignment_of_wrong_type",
       with_pairs({gguf_pair("general.alignment", testing::kU64, little_endian<std::uint64_t>(32))}),
       "byte 24:", "type u32"},
      {"alignment_text", with_pairs({gguf_pair("general.alignment", testing::kString, gguf_string("32"))}),
       "byte 24:", "type u32"},
  };
}

std::vector<Case> tensor_name_cases() {
  return {
      {"name_empty", with_infos({gguf_info("", {1}, 0, 0)}, 32), "byte 24:", "empty name"},
      {"name_nul", with_infos({gguf_info(std::string("a\0", 2), {1}, 0, 0)}, 32), "byte 24:", "NUL"},
      {"name_not_utf8", with_infos({gguf_info("\xc3(", {1}, 0, 0)}, 32), "byte 24:", "not UTF-8"},
      {"name_too_long", with_infos({gguf_info(std::string(64, 'n'), {1}, 0, 0)}, 32), "byte 24:", "the limit is 63"},
      {"name_huge", with_infos({little_endian(kMax) + std::string(24, 'x')}, 32), "byte 24:", "a tensor name claims"},
      {"name_twice", with_infos({gguf_info("a", {1}, 0, 0), gguf_info("a", {1}, 0, 32)}, 64),
       "byte 57:", "'a' appears twice"},
  };
}

std::vector<Case> tensor_shape_cases() {
  return {
      {"rank_five", with_infos({gguf_info("a", {1, 1, 1, 1, 1}, 0, 0)}, 32), "byte 33:", "5 dimensions"},
      {"rank_huge",
       with_infos({gguf_string("a") + little_endian<std::uint32_t>(0xffffffff) + std::string(24, '\0')}, 32),
       "byte 33:", "4294967295 dimensions"},
      {"extent_negative", with_infos({gguf_info("a", {kMax}, 0, 0)}, 32), "byte 33:", "above 2^63-1"},
      {"product_wraps_to_zero", with_infos({gguf_info("a", {kTwo32, kTwo32}, 0, 0)}, 32),
       "byte 33:", "2^63-1 elements"},
      {"product_wraps_to_one", with_infos({gguf_info("a", {kTwo32, kTwo32, kTwo32, kTwo32}, 0, 0)}, 32),
       "byte 33:", "2^63-1 elements"},
      {"zero_beside_absurd", with_infos({gguf_info("a", {0, kTwo32, kTwo32}, 0, 0)}, 32),
       "byte 33:", "2^63-1 elements"},
      {"bytes_wrap", with_infos({gguf_info("a", {kTwo32, kTwo32 / 4}, 28, 0)}, 32), "byte 24:", "below 2^64"},
      {"partial_block", with_infos({gguf_info("a", {33}, 2, 0)}, 64), "byte 24:", "whole blocks of 32"},
      {"partial_block_whole_total", with_infos({gguf_info("a", {16, 2}, 2, 0)}, 64), "byte 24:", "whole blocks of 32"},
  };
}

std::vector<Case> tensor_offset_cases() {
  return {
      {"offset_misaligned", with_infos({gguf_info("a", {1}, 0, 4)}, 64),
       "byte 49:", "not a multiple of the alignment 32"},
      {"offset_hole", with_infos({gguf_info("a", {1}, 0, 32)}, 64), "byte 24:", "a hole between tensors"},
      {"offset_overlap", with_infos({gguf_info("a", {16}, 0, 0), gguf_info("b", {1}, 0, 32)}, 96),
       "byte 57:", "tensors overlap"},
      {"offset_huge", with_infos({gguf_info("a", {1}, 0, kMax - 31)}, 64), "byte 24:", "a hole between tensors"},
      {"unknown_type_overlap", with_infos({gguf_info("a", {1}, 99, 64), gguf_info("b", {1}, 0, 0)}, 128),
       "byte 24:", "a hole"},
      {"unknown_type_reversed",
       with_infos({gguf_info("a", {8}, 0, 0), gguf_info("b", {1}, 99, 32), gguf_info("c", {1}, 0, 0)}, 128),
       "byte 57:", "ends before it begins"},
      {"alignment_absurd", with_infos({gguf_info("a", {1}, 0, 0)}, 64, {alignment(0x80000000u)}),
       "byte 90:", "2147483648"},
  };
}

std::vector<Case> tensor_data_cases() {
  return {
      {"larger_than_file", with_infos({gguf_info("a", {1000000}, 0, 0)}, 64),
       "byte 24:", "needs 4000000 bytes but the file has 64"},
      {"end_pad_wraps", with_infos({gguf_info("a", {(std::uint64_t{1} << 63) - 1}, 24, 0)}, 64),
       "byte 24:", "needs 9223372036854775807 bytes"},
      {"sum_of_sizes_wraps",
       with_infos({gguf_info("a", {(std::uint64_t{1} << 62)}, 24, 0),
                   gguf_info("b", {(std::uint64_t{1} << 62)}, 24, std::uint64_t{1} << 62)},
                  64),
       "byte 24:", "needs 4611686018427387904 bytes"},
      {"no_data", with_infos({gguf_info("a", {1}, 0, 0)}, 0), "byte 24:", "the file has 0 bytes of data"},
      {"info_cut", with_infos({gguf_info("a", {1}, 0, 0)}, 0).substr(0, 50),
       "byte 49:", "needs 8 bytes but the file has 1"},
      {"tail", with_infos({gguf_info("a", {1}, 0, 0)}, 33), "byte 96:", "1 bytes follow the last tensor"},
  };
}

class GgufHostile : public ::testing::TestWithParam<Case> {};

TEST_P(GgufHostile, IsRefusedByName) {
  const Case& test = GetParam();
  const std::string text = error_text<FormatError>([&] {
    io::parse_gguf(reinterpret_cast<const std::byte*>(test.bytes.data()), test.bytes.size(), "hostile.gguf");
  });
  EXPECT_NE(text.find("hostile.gguf: "), std::string::npos) << text;
  EXPECT_NE(text.find(test.position), std::string::npos) << text;
  EXPECT_NE(text.find(test.what), std::string::npos) << text;
  EXPECT_NE(text.find("; "), std::string::npos) << "no advice: " << text;
  EXPECT_LT(text.size(), 500u) << text;
}

const auto kNames = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Header, GgufHostile, ::testing::ValuesIn(header_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Keys, GgufHostile, ::testing::ValuesIn(key_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Values, GgufHostile, ::testing::ValuesIn(value_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Arrays, GgufHostile, ::testing::ValuesIn(array_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Alignment, GgufHostile, ::testing::ValuesIn(alignment_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(TensorNames, GgufHostile, ::testing::ValuesIn(tensor_name_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(TensorShapes, GgufHostile, ::testing::ValuesIn(tensor_shape_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(TensorOffsets, GgufHostile, ::testing::ValuesIn(tensor_offset_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(TensorData, GgufHostile, ::testing::ValuesIn(tensor_data_cases()), kNames);

// Every truncation of a good file is refused; none crashes. (The last tensor's padding may be missing.)
TEST(GgufHostile, EveryTruncationIsRefused) {
  const std::string whole = testing::read_bytes(std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/reference.gguf");
  const io::GgufHeader header = io::parse_gguf(reinterpret_cast<const std::byte*>(whole.data()), whole.size(), "whole");
  const std::uint64_t end = header.tensors.back().offset + header.tensors.back().nbytes;
  for (std::size_t size = 0; size < end; ++size) {
    const std::vector<std::byte> part(reinterpret_cast<const std::byte*>(whole.data()),
                                      reinterpret_cast<const std::byte*>(whole.data()) + size);
    EXPECT_THROW(io::parse_gguf(part.data(), part.size(), "cut"), FormatError) << size;
  }
}

TEST(GgufHostile, TheLongestNameIsAccepted) {
  const std::string bytes = with_infos({gguf_info(std::string(63, 'n'), {1}, 0, 0)}, 32);
  EXPECT_NO_THROW(io::parse_gguf(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "long"));
}

TEST(GgufHostile, DepthFourIsAccepted) {
  const std::string bytes = with_pairs({nested(4)});
  EXPECT_NO_THROW(io::parse_gguf(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "deep"));
}

}  // namespace
}  // namespace candor
