// One crafted line per way to be wrong; each must be refused with the file, the line, the byte and what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/fingerprint/base64.h"
#include "candor/error.h"
#include "tests/audit/fingerprint_samples.h"
#include "tests/io/file_builders.h"

namespace candor::audit_internal {
namespace {

using candor::testing::error_text;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kHeader = "{\"schema\":\"candor-fingerprint-1\",\"written_by\":\"x\",\"checkpoints\":1}\n";
const std::string kBegin = "{\"checkpoint\":\"m\",\"format\":\"gguf\"}\n", kEnd = "{\"end\":1}\n";

/// A bf16 tensor of four elements, two of them 1 and two 2; one of f32; with `from` replaced by `to`.
std::string changed(std::string line, const std::string& from, const std::string& to) {
  const std::size_t at = line.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return line.replace(at, from.size(), to);
}
std::string bf16_line(const std::string& from = "", const std::string& to = "") {
  return changed(
      "{\"tensor\":\"t\",\"file\":\"m\",\"type\":\"BF16\",\"dtype\":\"bf16\",\"shape\":[2,2],\"elements\":4,"
      "\"offset\":64,\"bytes\":8,\"identity\":\"1f\",\"rows\":2,\"zero_rows\":0,\"code_dtype\":\"bf16\","
      "\"codes\":\"" +
          base64_text("\x80\x7f\x02\x80\x01\x02") +
          "\",\"witnesses\":[{\"kind\":\"nan\",\"index\":3,"
          "\"code\":\"7fc1\"}],\"blocks\":{\"sampled\":9,\"distinct\":[{\"extent\":\"row\",\"block\":2,\"expected\":1."
          "5,"
          "\"slots\":3,\"blocks\":\"" +
          base64_text("\x02\x05") +
          "\"}],\"schemes\":[{\"name\":\"nf4\",\"extent\":\"row\","
          "\"block\":0,\"tested\":2,\"fitting\":1,\"bits\":3,\"scale\":1e-3,\"zero\":\"nan\"}]}}\n",
      from, to);
}
std::string f32_line(const std::string& from = "", const std::string& to = "") {
  return changed(
      "{\"tensor\":\"t\",\"file\":\"m\",\"type\":\"F32\",\"dtype\":\"f32\",\"shape\":[4],\"elements\":4,\"offset\":64,"
      "\"bytes\":16,\"identity\":\"1f\",\"wide\":{\"zeros\":1,\"infinities\":0,\"nans\":1,\"subnormals\":0,"
      "\"sum_squares\":2.5,\"significands\":\"" +
          base64_text("\x05\x02") + "\",\"distinct\":\"" + base64_text("\x14\x01") + "\"}}\n",
      from, to);
}
std::string with(const std::string& line) { return kHeader + kBegin + line + kEnd; }

struct Case {
  const char* name;
  std::string text;
  std::string place;  // what the error begins with
  const char* what;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

/// The error begins with the line of `text` that has `at`, and the byte where it stands.
Case wrong(const char* name, const std::string& text, const std::string& at, const char* what,
           const char* reader = "fingerprint") {
  const std::size_t byte = at.empty() ? text.size() : text.rfind(at);
  EXPECT_NE(byte, std::string::npos) << name;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
  return {name, text,
          std::string(reader) + ": f: line " + std::to_string(line) + ": byte " + std::to_string(byte) + ": ", what};
}
Case in_bf16(const char* name, const std::string& from, const std::string& to, const std::string& at,
             const char* what) {
  return wrong(name, with(bf16_line(from, to)), at, what);
}
Case in_f32(const char* name, const std::string& from, const std::string& to, const std::string& at, const char* what) {
  return wrong(name, with(f32_line(from, to)), at, what);
}

std::vector<Case> order_cases() {
  const std::string again = "{\"schema\":\"candor-fingerprint-1\",\"written_by\":\"x\",\"checkpoints\":2}\n";
  return {
      wrong("empty", "", "", "the file is empty"),
      wrong("no_header", kBegin + kEnd, "\"m\"", "'checkpoint' where a header"),
      wrong("tensor_first", kHeader + bf16_line(), "\"t\"", "'tensor' where a 'checkpoint' belongs"),
      wrong("end_first", kHeader + kEnd, "1}\n", "'end' where a 'checkpoint' belongs"),
      wrong("checkpoint_within", kHeader + kBegin + kBegin, "\"m\"", "where a 'tensor' or the 'end' of the checkpoint"),
      wrong("header_within", kHeader + kBegin + kHeader, "\"candor-", "where a 'tensor' or the 'end'"),
      wrong("header_too_early", again + kBegin + "{\"end\":0}\n" + kHeader, "\"candor-",
            "where a 'checkpoint' belongs"),
      wrong("one_more", with(bf16_line()) + kBegin, "\"m\"", "where a header or the end of the file belongs"),
      wrong("ends_within", kHeader + kBegin + bf16_line(), "", "ends within a checkpoint, after 1 of its tensors"),
      wrong("ends_early", again + kBegin + "{\"end\":0}\n", "", "ends after 1 of 2 checkpoints"),
      wrong("ends_within_a_line", kHeader + kBegin + bf16_line() + "{\"end\":1}", "{\"end", "ends within a line"),
      wrong("fewer_tensors", kHeader + kBegin + "{\"end\":1}\n", "1}\n", "'end' is 1, and 0 tensors stand before it"),
      wrong("more_tensors", kHeader + kBegin + bf16_line() + "{\"end\":0}\n", "0}\n", "'end' is 0, and 1 tensors"),
      wrong("nothing", kHeader + "{}\n", "{}", "none of 'schema', 'checkpoint', 'tensor' and 'end'"),
      wrong("no_object", kHeader + "[]\n", "[]", "a JSON array where an object belongs"),
      wrong("long_line", kHeader + std::string(kLongestLine, ' ') + "\n", std::string(kLongestLine, ' '),
            "more than 4 MiB"),
      wrong("no_json", kHeader + kBegin + "{\"end\":oops}\n", "oops", "not valid JSON", "json"),
      wrong("blank_line", kHeader + "\n", "\n", "not valid JSON", "json"),
      wrong("twice", kHeader + "{\"checkpoint\":\"m\",\"checkpoint\":\"n\"}\n", "\"checkpoint\":\"n\"",
            "'checkpoint' appears twice", "json"),
      wrong("nul", kHeader + std::string(3, '\0') + "\n", std::string(3, '\0'), "a NUL byte", "json"),
      wrong("no_utf8", kHeader + "{\"checkpoint\":\"\xff\"}\n", "\xff", "not valid JSON", "json"),
  };
}

std::vector<Case> header_cases() {
  const auto header = [](const char* name, const std::string& from, const std::string& to, const std::string& at,
                         const char* what) { return wrong(name, changed(kHeader, from, to), at, what); };
  const auto begin = [](const char* name, const std::string& line, const std::string& at, const char* what) {
    return wrong(name, kHeader + line + "\n", at, what);
  };
  return {
      header("later_schema", "print-1", "print-2", "\"candor-",
             "is 'candor-fingerprint-2' where 'candor-fingerprint-1'"),
      header("schema_is_a_number", "\"candor-fingerprint-1\"", "1", "1,", "'schema' is a JSON number where a text"),
      header("no_writer", "\"written_by\":\"x\",", "", "{", "'written_by' is missing"),
      header("unknown", "\"written_by\"", "\"x\":0,\"written_by\"", "0,", "'x' is no member that this version knows"),
      header("no_checkpoints", ":1}", ":0}", "0}", "is 0"),
      header("negative", ":1}", ":-1}", "-1}", "is a JSON number where a whole number of 64 bits"),
      header("fraction", ":1}", ":1.0}", "1.0}", "without sign or fraction"),
      header("too_large", ":1}", ":18446744073709551616}", "18446744073709551616", "where a whole number"),
      begin("no_format", "{\"checkpoint\":\"m\"}", "{\"ch", "'format' is missing"),
      begin("odd_format", "{\"checkpoint\":\"m\",\"format\":\"zip\"}", "\"zip\"", "is 'zip', which is no format"),
      begin("odd_path", "{\"checkpoint\":null,\"format\":\"gguf\"}", "null", "is a JSON null where a text"),
      begin("base64_of_utf8", "{\"checkpoint\":{\"base64\":\"Zm9v\"},\"format\":\"gguf\"}", "{\"base64",
            "that is no UTF-8"),
      wrong("odd_notes", kHeader + kBegin + "{\"end\":0,\"notes\":\"x\"}\n", "\"x\"",
            "is a JSON string where an array"),
      wrong("odd_note", kHeader + kBegin + "{\"end\":0,\"notes\":[1]}\n", "[1]", "is a JSON number where a text"),
  };
}

std::vector<Case> tensor_cases() {
  return {
      in_bf16("unknown_member", "\"rows\"", "\"x\":1,\"rows\"", "1,\"rows", "'x' is no member"),
      in_bf16("no_file", "\"file\":\"m\",", "", "{\"tensor", "'file' is missing"),
      in_bf16("unknown_dtype", "\"bf16\"", "\"bf17\"", "\"bf17\"", "is 'bf17', which is no dtype that files have"),
      in_bf16("tf32", "\"bf16\"", "\"tf32\"", "\"tf32\"", "no dtype that files have"),
      in_bf16("shape_text", "[2,2]", "\"4\"", "\"4\"", "is a JSON string where an array belongs"),
      in_bf16("shape_negative", "[2,2]", "[-2,-2]", "[-2", "holds what is no extent"),
      in_bf16("shape_huge", "[2,2]", "[9223372036854775808]", "[92", "holds what is no extent"),
      in_bf16("shape_wraps", "[2,2]", "[4294967296,4294967296]", "4,\"offset", "is 4, and the shape [4294967296, 42"),
      in_bf16("shape_long", "[2,2]",
              "[4" +
                  std::string(128, ' ').replace(0, 128,
                                                [] {
                                                  std::string ones;
                                                  for (int i = 0; i < 64; ++i) ones += ",1";
                                                  return ones;
                                                }()) +
                  "]",
              "[4,", "has 65 items where at most 64 can be"),
      in_bf16("elements", "\"elements\":4", "\"elements\":5", "5,\"offset", "is 5, and the shape [2, 2] has 4"),
      in_bf16("bytes_few", "\"bytes\":8", "\"bytes\":7", "7,\"identity", "is 7 where 4 elements of bf16 take 8"),
      in_bf16("bytes", "\"bytes\":8", "\"bytes\":9", "9,\"identity", "is 9 where 4 elements of bf16 take 8"),
      in_bf16("identity_number", "\"1f\"", "31", "31", "is a JSON number where a text"),
      in_bf16("identity_upper", "\"1f\"", "\"1F\"", "\"1F\"", "is '1F' where a number of at most 16 lower-case"),
      in_bf16("identity_long", "\"1f\"", "\"10000000000000000\"", "\"1000", "at most 16 lower-case"),
      in_bf16("identity_zeros", "\"1f\"", "\"01f\"", "\"01f\"", "at most 16 lower-case"),
      in_bf16("identity_sign", "\"1f\"", "\"-1f\"", "\"-1f\"", "at most 16 lower-case"),
      in_bf16("rows", "\"rows\":2", "\"rows\":5", "5,\"zero", "is 5 where at most 4 can be"),
      in_bf16("zero_rows", "\"zero_rows\":0", "\"zero_rows\":3", "3,\"code_dtype", "is 3 where at most 2 can be"),
      in_bf16("label_empty", "\"rows\"", "\"label\":{},\"rows\"", "{},", "'contradiction' is missing"),
      in_bf16("label_flag", "\"rows\"",
              "\"label\":{\"contradiction\":\"\",\"sub\":\"\",\"f32_by_convention\":1},\"rows\"", "1},\"rows",
              "'f32_by_convention' is a JSON number where true or false belongs"),
      in_bf16("label_text", "\"rows\"", "\"label\":\"x\",\"rows\"", "\"x\",", "a JSON string where an object belongs"),
      in_bf16("other_codes", "\"code_dtype\":\"bf16\"", "\"code_dtype\":\"f16\"", "\"f16\"",
              "is f16, which is not how"),
      in_bf16("no_codes", ",\"code_dtype\":\"bf16\"", "", "{\"tensor", "'code_dtype' is any, which is not how"),
      in_bf16("wide", "\"witnesses\"", "\"wide\":{},\"witnesses\"", "{},", "belongs to tensors of f32 and f64"),
  };
}

std::vector<Case> histogram_cases() {
  const std::string codes = base64_text("\x80\x7f\x02\x80\x01\x02");
  const auto coded = [&codes](const char* name, const std::string& to, const char* what) {
    return in_bf16(name, codes, base64_text(to), "\"" + base64_text(to) + "\",\"witn", what);
  };
  const std::string most = std::string(9, '\xff') + "\x01";
  return {
      in_bf16("codes_no_base64", codes, "Zg=", "\"Zg=\"", "is not base64"),
      in_bf16("codes_number", "\"" + codes + "\"", "7", "7,\"witn", "is a JSON number where a histogram as base64"),
      coded("codes_fewer", "\x05\x03", "counts 3 values of a tensor that has 4"),
      coded("codes_none", "", "counts 0 values of a tensor that has 4"),
      coded("codes_more", "\x05\x05", "counts 5 values of a tensor that has 4"),
      coded("codes_wrap", "\x05" + most + "\x01\x05", "counts 2^64 or more values"),
      coded("codes_beyond", "\x80\x80\x04\x04", "goes beyond the largest code, 65535,"),
      coded("codes_twice", std::string("\x05\x02\x00\x02", 4), "names a code twice at byte 2"),
      in_f32("no_wide",
             ",\"wide\":{\"zeros\":1,\"infinities\":0,\"nans\":1,\"subnormals\":0,\"sum_squares\":2.5,"
             "\"significands\":\"" +
                 base64_text("\x05\x02") + "\",\"distinct\":\"" + base64_text("\x14\x01") + "\"}",
             "", "{\"tensor", "belongs to tensors of f32 and f64"),
      in_f32("zeros", "\"zeros\":1", "\"zeros\":2", "\"BQI=\"", "counts 5 values of a tensor that has 4"),
      in_f32("zeros_huge", "\"zeros\":1", "\"zeros\":18446744073709551615", "1844", "where at most 4 can be"),
      in_f32("cells_wrap", "BQI=", base64_text("\x05" + most), "\"" + base64_text("\x05" + most), "2^64 or more"),
      in_f32("cells_beyond", "BQI=", base64_text("\xc3\x73\x02"), "\"w3MC", "largest code, 14786,"),
      in_f32("distinct_beyond", "FAE=", base64_text("\x35\x01"), "\"NQE=", "largest code, 52,"),
      in_f32("distinct_many", "FAE=", base64_text("\x14\x81\x20"), "\"FIEg", "counts 4097 patterns where at most 4096"),
      in_f32("sum", "2.5", "\"much\"", "\"much\"", "is a JSON string where a number, 'inf', '-inf' or 'nan'"),
      wrong("sum_overflow", with(f32_line("2.5", "1e999")), ",\"significands", "not valid JSON near '1e999'", "json"),
      in_f32("f32_codes", "\"wide\"", "\"code_dtype\":\"f32\",\"codes\":\"\",\"wide\"", "\"f32\",\"codes",
             "is not how"),
      in_f32("codes_alone", "\"wide\"", "\"codes\":\"\",\"wide\"", "\"\",", "has no 'code_dtype'"),
  };
}

std::vector<Case> evidence_cases() {
  const std::string item = "{\"kind\":\"nan\",\"index\":3,\"code\":\"7fc1\"}";
  std::string many = item;
  for (int i = 0; i < 80; ++i) many += "," + item;
  return {
      in_bf16("witness_kind", "\"nan\",\"index", "\"odd\",\"index", "\"odd\"", "is 'odd', which is no kind of witness"),
      in_bf16("witness_index", "\"index\":3", "\"index\":4", "4,\"code\":\"7", "is 4 in a tensor of 4 elements"),
      in_bf16("witness_code", "\"7fc1\"", "\"17fc1\"", "\"17fc1\"", "is wider than an element of bf16"),
      in_bf16("witness_member", "\"7fc1\"", "\"7fc1\",\"x\":null", "null", "'x' is no member"),
      in_bf16("witness_number", "[" + item, "[7," + item, "7,{", "a JSON number where an object belongs"),
      in_bf16("witness_second", item, item + ",{\"kind\":\"nan\",\"index\":9,\"code\":\"1\"}", "9,\"code",
              "is 9 in a tensor"),
      in_bf16("witnesses_many", item, many, "[" + item, "has 81 items where at most 80 can be"),
      in_bf16("slots_huge", "\"slots\":3", "\"slots\":65537", "65537", "is 65537 where at most 65536 can be"),
      in_bf16("slots_few", "\"slots\":3", "\"slots\":2", "\"AgU=\"",
              "counts 5 blocks with 2 different codes; 'slots' is 2"),
      in_bf16("block_huge", "\"block\":2", "\"block\":4294967296", "4294967296", "where at most 4294967295"),
      in_bf16("expected", "\"expected\":1.5", "\"expected\":true", "true", "is a JSON boolean where a number"),
      in_bf16("expected_nan", "\"expected\":1.5", "\"expected\":\"nan\"", "\"nan\",\"slots", "is no number of codes"),
      in_bf16("expected_negative", "\"expected\":1.5", "\"expected\":-1", "-1", "is no number of codes"),
      in_bf16("fitting", "\"fitting\":1", "\"fitting\":3", "3,\"bits", "is 3 where at most 2 can be"),
      in_bf16("scheme_name", "\"nf4\"", "4", "4,\"extent", "is a JSON number where a text"),
      in_bf16("blocks_null", "\"blocks\":{", "\"blocks\":null,\"y\":{", "{\"sampled", "'y' is no member"),
  };
}

class Hostile : public ::testing::TestWithParam<Case> {};

TEST_P(Hostile, IsRefusedWhereItIsWrong) {
  const Case& test = GetParam();
  const std::string text = error_text<FormatError>([&] { read_all(test.text); });
  EXPECT_THAT(text, StartsWith(test.place));
  EXPECT_THAT(text, HasSubstr(test.what));
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Order, Hostile, ::testing::ValuesIn(order_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Header, Hostile, ::testing::ValuesIn(header_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Tensor, Hostile, ::testing::ValuesIn(tensor_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Histogram, Hostile, ::testing::ValuesIn(histogram_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Evidence, Hostile, ::testing::ValuesIn(evidence_cases()), case_name);

TEST(HostileFingerprint, TheUnchangedLinesAreAccepted) {
  EXPECT_EQ(read_all(with(bf16_line())).size(), 3u);
  EXPECT_EQ(read_all(with(f32_line())).size(), 3u);
}

TEST(HostileFingerprint, SpacesAndTheOrderOfMembersAreFree) {
  const std::string text =
      " { \"checkpoints\" : 1 ,\t\"written_by\":\"x\", \"schema\" :\"candor-fingerprint-1\" } \r\n" + kBegin +
      changed(bf16_line(), ",\"bytes\":8", "") + kEnd;
  EXPECT_THAT(error_text<FormatError>([&] { read_all(text); }), HasSubstr("'bytes' is missing"));
}

}  // namespace
}  // namespace candor::audit_internal
