// One crafted file per way to be wrong; each must be refused with the file, the byte and the thing that is wrong.
#include "candor/error.h"
#include "candor/io.h"
#include "io/safetensors_header.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::little_endian;
using testing::safetensors_bytes;

struct Case {
  const char* name;
  std::string bytes;
  const char* position;  // "byte N:"
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

std::string one(const std::string& entry, const std::string& data = "") {
  return safetensors_bytes("{\"x\":" + entry + "}", data);
}

const std::string kFour(4, '\1'), kEight(8, '\1');

/// An entry of U8 elements.
std::string u8(const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"U8\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::string two(const std::string& name1, const std::string& entry1, const std::string& name2,
                const std::string& entry2, const std::string& data = "") {
  return safetensors_bytes("{\"" + name1 + "\":" + entry1 + ",\"" + name2 + "\":" + entry2 + "}", data);
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::vector<Case> header_cases() {
  return {
      {"empty", "", "byte 0:", "0 bytes"},
      {"seven_bytes", std::string(7, '\0'), "byte 0:", "7 bytes"},
      {"length_zero", std::string(8, '\0'), "byte 8:", "does not begin with '{'"},
      {"length_wraps", little_endian<std::uint64_t>(UINT64_MAX) + "{}", "byte 0:", "18446744073709551615"},
      {"length_plus_eight_wraps", little_endian<std::uint64_t>(UINT64_MAX - 7) + "{}",
       "byte 0:", "the format allows 100000000"},
      {"length_above_limit", little_endian<std::uint64_t>(100000001) + "{}", "byte 0:", "the format allows 100000000"},
      {"length_beyond_file", little_endian<std::uint64_t>(3) + "{}", "byte 0:", "only 2 follow"},
      {"no_object", safetensors_bytes("[]"), "byte 8:", "does not begin with '{'"},
      {"leading_space", safetensors_bytes(" {}"), "byte 8:", "does not begin with '{'"},
      {"byte_order_mark", safetensors_bytes("\xef\xbb\xbf{}"), "byte 8:", "does not begin with '{'"},
      {"unfinished", safetensors_bytes("{\"x\":"), "byte 13:", "not valid JSON"},
      {"comment", safetensors_bytes("{/**/}"), "byte 9:", "not valid JSON"},
      {"two_documents", safetensors_bytes("{}{}"), "byte 10:", "not valid JSON"},
      {"trailing_nul", safetensors_bytes(std::string("{}\0", 3)), "byte 10:", "NUL byte"},
      {"hidden_behind_nul", safetensors_bytes(std::string("{}\0{\"x\":1}", 9)), "byte 10:", "NUL byte"},
      {"not_utf8", safetensors_bytes("{\"\xff\":0}"), "byte 10:", "not valid JSON"},
  };
}

std::vector<Case> json_cases() {
  return {
      {"deep", safetensors_bytes("{\"x\":" + std::string(1000000, '[')),
       "byte 13:", "an array where an object for 'x' belongs"},
      {"duplicate_tensor", two("x", u8("[0]", "[0,0]"), "x", u8("[0]", "[0,0]")),
       "byte 61:", "tensor 'x' appears twice"},
      {"duplicate_through_escape", two("x", u8("[0]", "[0,0]"), R"(\u0078)", u8("[0]", "[0,0]")),
       "byte 61:", "tensor 'x' appears twice"},
      {"duplicate_field", one(R"({"dtype":"U8","dtype":"F32","shape":[0],"data_offsets":[0,0]})"),
       "byte 27:", "'dtype' appears twice"},
      {"duplicate_metadata", safetensors_bytes(R"({"__metadata__":{"a":"1","a":"2"}})"),
       "byte 33:", "key 'a' appears twice"},
      {"two_metadata", safetensors_bytes(R"({"__metadata__":{},"__metadata__":{}})"),
       "byte 27:", "__metadata__ appears twice"},
      {"metadata_number", safetensors_bytes(R"({"__metadata__":{"a":1}})"), "byte 29:", "'a' holds the number 1"},
      {"metadata_nested", safetensors_bytes(R"({"__metadata__":{"a":{}}})"), "byte 29:", "'a' holds an object"},
      {"metadata_array", safetensors_bytes(R"({"__metadata__":[]})"), "byte 24:", "'__metadata__'"},
      {"nul_in_name", safetensors_bytes(R"({"a\u0000b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
       "byte 9:", "NUL"},
      {"nul_in_metadata", safetensors_bytes(R"({"__metadata__":{"a":"b\u0000"}})"), "byte 29:", "NUL"},
      {"tensor_is_array", one("[]"), "byte 13:", "an array where"},
      {"tensor_is_null", one("null"), "byte 13:", "null"},
      {"unknown_field", one(R"({"dtype":"U8","shape":[0],"data_offsets":[0,0],"strides":[1]})"),
       "byte 60:", "unknown key 'strides'"},
      {"no_dtype", one(R"({"shape":[0],"data_offsets":[0,0]})"), "byte 9:", "lacks dtype"},
      {"no_shape", one(R"({"dtype":"U8","data_offsets":[0,0]})"), "byte 9:", "lacks shape"},
      {"no_offsets", one(R"({"dtype":"U8","shape":[0]})"), "byte 9:", "lacks data_offsets"},
      {"dtype_number", one(R"({"dtype":7,"shape":[0],"data_offsets":[0,0]})"), "byte 22:", "holds the number 7"},
  };
}

std::vector<Case> shape_cases() {
  return {
      {"shape_string", one(R"({"dtype":"U8","shape":["4"],"data_offsets":[0,0]})"), "byte 36:", "the string '4'"},
      {"shape_negative", one(R"({"dtype":"U8","shape":[-4],"data_offsets":[0,4]})", kFour),
       "byte 36:", "negative number -4"},
      {"shape_float", one(R"({"dtype":"U8","shape":[4.0],"data_offsets":[0,4]})", kFour),
       "byte 36:", "'4.0', which is not an integer"},
      {"shape_exponent", one(R"({"dtype":"U8","shape":[4e0],"data_offsets":[0,4]})", kFour),
       "byte 36:", "not an integer"},
      {"shape_beyond_u64", one(R"({"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,0]})"),
       "byte 36:", "not an integer"},
      {"shape_beyond_i64", one(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0]})"),
       "byte 9:", "above 2^63-1"},
      {"shape_nested", one(R"({"dtype":"U8","shape":[[4]],"data_offsets":[0,4]})", kFour),
       "byte 36:", "holds an array"},
      {"product_wraps_to_zero", one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})"),
       "byte 9:", "2^63-1 elements"},
      {"product_wraps_to_four", one(R"({"dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,4]})", kFour),
       "byte 9:", "2^63-1 elements"},
      {"bytes_wrap", one(R"({"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]})"),
       "byte 9:", "below 2^64"},
      {"rank_bomb", one(u8("[" + repeated("1,", 2000) + "1]", "[0,1]"), "!"), "byte 164:", "more than 64 extents"},
  };
}

std::vector<Case> offset_cases() {
  return {
      {"offsets_three", one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4,4]})", kFour),
       "byte 59:", "more than 2 numbers"},
      {"offsets_one", one(R"({"dtype":"U8","shape":[4],"data_offsets":[4]})", kFour), "byte 56:", "has 1 numbers"},
      {"offsets_float", one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4.0]})", kFour),
       "byte 57:", "not an integer"},
      {"offsets_reversed", one(R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})", kFour),
       "byte 9:", "the end before the begin"},
      {"offsets_beyond_file", one(R"({"dtype":"U8","shape":[8],"data_offsets":[0,8]})", kFour),
       "byte 9:", "only 4 bytes of data"},
      {"offsets_wrap", one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,18446744073709551615]})", kFour),
       "byte 9:", "only 4 bytes of data"},
      {"span_larger_than_shape", one(R"({"dtype":"U8","shape":[2],"data_offsets":[0,4]})", kFour),
       "byte 9:", "takes 2"},
      {"shape_larger_than_span", one(R"({"dtype":"F32","shape":[4],"data_offsets":[0,4]})", kFour),
       "byte 9:", "takes 16"},
      {"sub_byte_remainder", one(R"({"dtype":"F4","shape":[3],"data_offsets":[0,2]})", "ab"),
       "byte 9:", "whole number of bytes"},
      {"hole_at_start", one(R"({"dtype":"U8","shape":[4],"data_offsets":[4,8]})", kEight),
       "byte 9:", "a hole between tensors"},
      {"overlap", two("x", u8("[4]", "[0,4]"), "y", u8("[4]", "[2,6]"), kEight), "byte 61:", "tensors overlap"},
      {"same_span_twice", two("x", u8("[4]", "[0,4]"), "y", u8("[4]", "[0,4]"), kFour), "byte 61:", "tensors overlap"},
      {"tail", one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})", kEight),
       "byte 65:", "4 bytes follow the last tensor"},
      {"tail_without_tensors", safetensors_bytes("{}", "x"), "byte 10:", "1 bytes follow the last tensor"},
      {"unknown_dtype_beyond_file", one(R"({"dtype":"F12","shape":[4],"data_offsets":[0,9]})", kEight),
       "byte 9:", "only 8 bytes of data"},
      {"control_characters_in_name", safetensors_bytes("{\"\\u001b[31m\":[]}"), "byte 22:", "'\\x1b[31m'"},
  };
}

class SafetensorsHostile : public ::testing::TestWithParam<Case> {};

TEST_P(SafetensorsHostile, IsRefusedByName) {
  const Case& test = GetParam();
  const std::string text = error_text<FormatError>([&] {
    io::parse_safetensors(reinterpret_cast<const std::byte*>(test.bytes.data()), test.bytes.size(),
                          "hostile.safetensors");
  });
  EXPECT_NE(text.find("hostile.safetensors: "), std::string::npos) << text;
  EXPECT_NE(text.find(test.position), std::string::npos) << text;
  EXPECT_NE(text.find(test.what), std::string::npos) << text;
  EXPECT_NE(text.find("; "), std::string::npos) << "no advice: " << text;
  EXPECT_LT(text.size(), 500u) << text;
}

const auto kNames = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Header, SafetensorsHostile, ::testing::ValuesIn(header_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Json, SafetensorsHostile, ::testing::ValuesIn(json_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Shapes, SafetensorsHostile, ::testing::ValuesIn(shape_cases()), kNames);
INSTANTIATE_TEST_SUITE_P(Offsets, SafetensorsHostile, ::testing::ValuesIn(offset_cases()), kNames);

// Every truncation of a good file is refused; none crashes.
TEST(SafetensorsHostile, EveryTruncationIsRefused) {
  const std::string whole =
      testing::read_bytes(std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/reference.safetensors");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> part(reinterpret_cast<const std::byte*>(whole.data()),
                                      reinterpret_cast<const std::byte*>(whole.data()) + size);
    EXPECT_THROW(io::parse_safetensors(part.data(), part.size(), "cut"), FormatError) << size;
  }
}

// What is legal but looks odd must be accepted.
TEST(SafetensorsHostile, OddButLegalFilesAreAccepted) {
  const std::string legal[] = {safetensors_bytes("{}"),
                               safetensors_bytes("{}      "),
                               one(R"({"dtype":"F32","shape":[],"data_offsets":[0,4]})", kFour),
                               one(R"({"dtype":"F32","shape":[0,9],"data_offsets":[0,0]})"),
                               one(R"({"data_offsets":[0,4],"shape":[4],"dtype":"U8"})", kFour),
                               two("y", u8("[4]", "[4,8]"), "x", u8("[4]", "[0,4]"), kEight),
                               safetensors_bytes(R"({"":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", kFour),
                               safetensors_bytes(R"({"__metadata__":{}})")};
  for (const std::string& bytes : legal)
    EXPECT_NO_THROW(io::parse_safetensors(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "odd"))
        << bytes;
}

}  // namespace
}  // namespace candor
