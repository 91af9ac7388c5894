// The lines of a fingerprint file: every field comes back, the same bytes always, in few kilobytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "audit/fingerprint/base64.h"
#include "audit/fingerprint/counts_text.h"
#include "candor/error.h"
#include "tests/audit/fingerprint_samples.h"
#include "tests/audit/recipes.h"
#include "tests/io/file_builders.h"

namespace candor::audit_internal {
namespace {

using candor::testing::error_text;
using ::testing::HasSubstr;

TEST(Base64, IsThatOfTheStandard) {
  // RFC 4648, section 10.
  const char* const known[][2] = {{"", ""},
                                  {"f", "Zg=="},
                                  {"fo", "Zm8="},
                                  {"foo", "Zm9v"},
                                  {"foob", "Zm9vYg=="},
                                  {"fooba", "Zm9vYmE="},
                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(base64_text(bytes), text);
    EXPECT_EQ(base64_bytes(text), bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t skip = 0; skip < 4; ++skip) EXPECT_EQ(base64_bytes(base64_text(all.substr(skip))), all.substr(skip));
}

TEST(Base64, HasOneSpelling) {
  for (const char* text : {"Z", "Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v", "=Zm8"})
    EXPECT_FALSE(base64_bytes(text)) << text;
}

TEST(CountsText, ComesBack) {
  const CodeCounts counts = {{0, 1}, {1, 127}, {129, 128}, {65535, UINT64_MAX}};
  CodeCounts read;
  EXPECT_EQ(read_counts(counts_text(counts), 65536, read), "");
  EXPECT_EQ(read, counts);
  EXPECT_EQ(counts_text({}), "");
  EXPECT_EQ(read_counts("", 1, read), "");
  EXPECT_TRUE(read.empty());
  EXPECT_EQ(base64_bytes(counts_text({{1, 127}, {129, 128}})), std::string("\x01\x7f\x80\x01\x80\x01"));
}

TEST(CountsText, SaysWhatIsWrong) {
  const auto wrong = [](const std::string& bytes, std::uint64_t codes = 256) {
    CodeCounts counts;
    return read_counts(base64_text(bytes), codes, counts);
  };
  const std::string most = std::string(9, '\xff') + "\x01";  // 2^64 - 1
  EXPECT_EQ(wrong("\x05\x01" + most), "has no pair of LEB128 numbers at byte 2 of what its base64 encodes");
  EXPECT_THAT(wrong("\x05"), HasSubstr("no pair of LEB128 numbers at byte 0"));
  EXPECT_THAT(wrong("\x05\x80"), HasSubstr("no pair")) << "a number that does not end";
  EXPECT_THAT(wrong(std::string("\x05\x81\x00", 3)), HasSubstr("no pair")) << "a longer spelling of 1";
  EXPECT_THAT(wrong("\x05" + std::string(9, '\xff') + "\x02"), HasSubstr("no pair")) << "2^64 and more";
  EXPECT_THAT(wrong("\x05" + std::string(10, '\x80') + "\x01"), HasSubstr("no pair")) << "eleven bytes";
  EXPECT_EQ(wrong("\x05" + most), "");
  EXPECT_THAT(wrong(std::string("\x05\x01\x00\x01", 4)), HasSubstr("names a code twice at byte 2"));
  EXPECT_THAT(wrong(std::string("\x05\x00", 2)), HasSubstr("counts a code zero times at byte 0"));
  EXPECT_THAT(wrong("\x80\x02\x01"), HasSubstr("goes beyond the largest code, 255, at byte 0"));
  EXPECT_THAT(wrong("\x05\x01" + most + "\x01"), HasSubstr("goes beyond")) << "a sum that wraps";
}

TEST(FingerprintFile, EveryFieldComesBack) {
  const std::vector<TensorRecord> records = {
      {bf16_sample(), {}},
      {f32_sample(), {"config.json says bfloat16, the header F32", "label-vs-config"}},
      {widened_sample(), {"", "", true}},
      {f64_sample(), {"", "label-vs-name"}},
      {integer_sample(), {}},
      {empty_sample(), {}}};
  const CheckpointBegin begin{"folder \"x\"", "safetensors"};
  const CheckpointEnd end{"cut off", {"one", "two"}};
  const std::string text = file_text(records, begin, end);
  const std::vector<FingerprintEvent> events = read_all(text);
  ASSERT_EQ(events.size(), records.size() + 2);
  EXPECT_EQ(std::get<CheckpointBegin>(events[0]).path, begin.path);
  EXPECT_EQ(std::get<CheckpointBegin>(events[0]).format, begin.format);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const TensorRecord& read = std::get<TensorRecord>(events[i + 1]);
    expect_same(read.tensor, records[i].tensor);
    EXPECT_EQ(read.label.contradiction, records[i].label.contradiction);
    EXPECT_EQ(read.label.sub, records[i].label.sub);
    EXPECT_EQ(read.label.f32_by_convention, records[i].label.f32_by_convention);
  }
  EXPECT_EQ(std::get<CheckpointEnd>(events.back()).error, end.error);
  EXPECT_EQ(std::get<CheckpointEnd>(events.back()).notes, end.notes);
  EXPECT_EQ(written_again(events), text) << "the same bytes";
}

TEST(FingerprintFile, EveryDtypeComesBack) {
  for (const DTypeInfo& info : all_dtypes()) {
    if (info.block_bytes == 0) continue;
    Fingerprint tensor;
    tensor.name = tensor.type_name = info.name;
    tensor.dtype = info.dtype;
    tensor.elements = static_cast<std::uint64_t>(info.block_elements);
    tensor.shape = {info.block_elements};
    tensor.nbytes = static_cast<std::uint64_t>(info.block_bytes);
    if (info.dtype == DType::f32 || info.dtype == DType::f64) continue;  // above
    const bool counted = info.block_elements == 1 && info.block_bytes <= 2 && info.kind != DTypeKind::complex;
    if (counted) {
      tensor.code_dtype = info.dtype;
      tensor.codes = {{(1u << 8 * info.block_bytes) - 1, 1}};
    }
    expect_same(std::get<TensorRecord>(read_all(file_text({{tensor, {}}})).at(1)).tensor, tensor);
  }
  Fingerprint unknown;
  unknown.name = "x";
  unknown.type_name = "type 99";
  unknown.shape = {7};
  unknown.elements = 7;
  unknown.nbytes = 3;
  expect_same(std::get<TensorRecord>(read_all(file_text({{unknown, {}}})).at(1)).tensor, unknown);
}

TEST(FingerprintFile, TextsOfAllKinds) {
  const std::string strange[] = {"", "\"\\\n\t\x01", std::string("a\0b", 3), "größer", "\xff\xfe no UTF-8", "{}"};
  for (const std::string& name : strange) {
    Fingerprint tensor = integer_sample();
    tensor.name = tensor.file = tensor.type_name = name;
    const CheckpointEnd end{name, {name}};
    const std::string text = file_text({{tensor, {name, name}}}, {name, "gguf"}, end);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
    const std::vector<FingerprintEvent> events = read_all(text);
    EXPECT_EQ(std::get<CheckpointBegin>(events.at(0)).path, name);
    EXPECT_EQ(std::get<TensorRecord>(events.at(1)).tensor.name, name);
    EXPECT_EQ(std::get<TensorRecord>(events.at(1)).label.sub, name);
    EXPECT_EQ(std::get<CheckpointEnd>(events.at(2)).notes, end.notes);
    EXPECT_EQ(written_again(events), text);
  }
}

TEST(FingerprintFile, ANormalTensorTakesFewKilobytes) {
  const std::size_t shapes[][2] = {{512, 512}, {2048, 2048}};
  for (const auto& [rows, columns] : shapes)
    for (const double sigma : {0.005, 0.02, 1.0}) {
      const std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, sigma, rows * columns, 1), Route::rne);
      Fingerprint tensor = fingerprint_of(codes, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
      tensor.blocks = bf16_sample().blocks;
      const std::size_t bytes = tensor_line(tensor, {}).size();
      EXPECT_GE(bytes, 8'000u) << rows << " " << sigma;
      EXPECT_LE(bytes, 30'000u) << rows << " " << sigma;
      RecordProperty(std::to_string(rows) + " " + std::to_string(sigma), static_cast<int>(bytes));
    }
}

TEST(FingerprintFile, FilesOneAfterTheOtherAreAFile) {
  const std::string a = file_text({{bf16_sample("a"), {}}}), b = file_text({{f32_sample(), {}}}, {"other", "gguf"});
  const std::vector<FingerprintEvent> events = read_all(a + b + a);
  ASSERT_EQ(events.size(), 9u);
  EXPECT_EQ(std::get<TensorRecord>(events[1]).tensor.name, "a");
  EXPECT_EQ(std::get<CheckpointBegin>(events[3]).path, "other");
  EXPECT_EQ(std::get<TensorRecord>(events[7]).tensor.name, "a");
}

TEST(FingerprintFile, IsIncompleteWhereverItIsCut) {
  const std::string text = file_text({{integer_sample(), {}}, {widened_sample(), {}}}, {"m", "gguf"}, {"", {"note"}});
  for (std::size_t length = 0; length < text.size(); ++length) {
    FingerprintReader reader(std::string_view(text).substr(0, length), "f");
    EXPECT_THROW(while (reader.next()){}, FormatError) << length;
  }
  EXPECT_NO_THROW(read_all(text));
}

TEST(FingerprintFile, SeedsOfTheFuzzTargetAreWhatIsWritten) {
  const std::string seeds = CANDOR_SOURCE_DIR "/tests/fuzz/seeds/fingerprint/";
  const std::string made = CANDOR_BINARY_DIR "/fingerprint_seeds/";
  for (const auto& [name, text] : seed_texts()) {
    if (candor::testing::read_bytes(seeds + name) == text) continue;
    std::filesystem::create_directories(made);
    std::ofstream(made + name, std::ios::binary) << text;
    ADD_FAILURE() << "another format is another schema; then copy " << made << name << " to " << seeds;
  }
}

TEST(FingerprintFile, TheExampleOfTheDocumentIsOne) {
  const std::string document = candor::testing::read_bytes(CANDOR_SOURCE_DIR "/docs/fingerprint-file.md");
  const std::size_t begin = document.find("{\"schema\""), end = document.find("```", begin);
  ASSERT_NE(end, std::string::npos);
  const std::string text = document.substr(begin, end - begin);
  const std::vector<FingerprintEvent> events = read_all(text);
  EXPECT_EQ(std::get<TensorRecord>(events.at(1)).tensor.codes, (CodeCounts{{0x3f80, 2}, {0x4000, 1}, {0x7fc0, 1}}));
  const std::string again = written_again(events);
  EXPECT_EQ(again.substr(again.find('\n')), text.substr(text.find('\n'))) << "in the order in which candor writes";
}

TEST(FingerprintFile, ALineThatIsTooLongIsNotWritten) {
  Fingerprint tensor = integer_sample();
  tensor.name.assign(kLongestLine, 'x');
  EXPECT_THAT(error_text<ValueError>([&] { tensor_line(tensor, {}); }), HasSubstr("at most 4194304"));
}

}  // namespace
}  // namespace candor::audit_internal
