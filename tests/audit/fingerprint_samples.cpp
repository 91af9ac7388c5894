#include "tests/audit/fingerprint_samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

using Kind = ClassWitness::Kind;

Fingerprint named(Fingerprint tensor, const std::string& name, const std::string& type) {
  tensor.name = name;
  tensor.file = "folder/model.safetensors";
  tensor.type_name = type;
  tensor.offset = 4096;
  tensor.nbytes = *dtype_bytes(tensor.dtype, tensor.elements);
  return tensor;
}

BlockEvidence some_blocks() {
  BlockEvidence blocks;
  blocks.sampled = 2000;
  blocks.distinct.push_back({"32 along rows", 32, std::vector<std::uint32_t>(33), 31.5625});
  blocks.distinct[0].blocks[31] = 400;
  blocks.distinct[0].blocks[16] = 600;  // and nothing with all 32
  blocks.distinct.push_back({"tensor", 1024, {0, 0, 7}, 689.7});
  blocks.schemes.push_back({"int4 asymmetric (q4_1)", 32, "32 along rows", 1000, 999, 53421.125, -0.1 / 3, -0.0});
  blocks.schemes.push_back({"nf4", 0, "row", 3, 3, 1e-300, 5e-324, std::numeric_limits<double>::infinity()});
  return blocks;
}

void expect_same(const AuditDistinct& a, const AuditDistinct& b) {
  EXPECT_EQ(a.extent, b.extent);
  EXPECT_EQ(a.block, b.block);
  EXPECT_EQ(a.blocks, b.blocks);
  EXPECT_EQ(a.expected, b.expected);
}

void expect_same(const AuditBlockScheme& a, const AuditBlockScheme& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.block, b.block);
  EXPECT_EQ(a.extent, b.extent);
  EXPECT_EQ(a.tested, b.tested);
  EXPECT_EQ(a.fitting, b.fitting);
  EXPECT_EQ(a.bits, b.bits);
  EXPECT_EQ(a.scale, b.scale);
  EXPECT_EQ(a.zero, b.zero);
  EXPECT_EQ(std::signbit(a.zero), std::signbit(b.zero));
}

}  // namespace

Fingerprint bf16_sample(const std::string& name) {
  std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, 16 * 16, 7), Route::rne);
  std::fill(codes.begin(), codes.begin() + 16, std::uint16_t{0});  // a row of zeros
  const std::uint16_t special[] = {0x36ff, 0x7f80, 0xff80, 0x7fc1, 0x0001, 0x4780, 0x7f7f, 0x8000};
  std::copy(std::begin(special), std::end(special), codes.begin() + 40);
  Fingerprint tensor = named(fingerprint_of(codes, {16, 16}), name, "BF16");
  tensor.blocks = some_blocks();
  return tensor;
}

Fingerprint f32_sample() {
  std::vector<float> values = draw(Law::laplace, 0.5, 120, 3);
  for (std::size_t i = 0; i < 40; ++i) values[i] = through_f16(values[i]);
  values[0] = std::numeric_limits<float>::infinity();
  values[1] = std::numeric_limits<float>::quiet_NaN();
  values[2] = 1e-40f;
  values[3] = 0;
  return named(fingerprint_of(values, {2, 3, 20}), "wide", "F32");
}

Fingerprint widened_sample() {
  return named(fingerprint_of(widen(to_bf16(draw(Law::t3, 0.02, 128, 5), Route::rne)), {128}), "widened", "F32");
}

Fingerprint f64_sample() {
  Fingerprint tensor = f32_sample();
  tensor.dtype = DType::f64;
  tensor.distinct_by_zeros[52] = kDistinctCap;
  tensor.distinct_by_zeros[0] = 1;
  tensor.sum_squares = std::numeric_limits<double>::infinity();
  tensor.witnesses = {{Kind::nan, 1, 0xfff8000000000001u}, {Kind::above_f16, 119, 0x7fefffffffffffffu}};
  tensor.identity = 0xfedcba9876543210u;
  return named(tensor, "double", "<f8");
}

Fingerprint integer_sample() {
  Fingerprint tensor;
  tensor.dtype = DType::i32;
  tensor.elements = 5;
  tensor.shape = {5};
  return named(tensor, "ids", "I32");
}

Fingerprint empty_sample() { return named(fingerprint_of(std::vector<float>{}, {0, 3}), "empty", "F32"); }

std::string file_text(const std::vector<TensorRecord>& records, const CheckpointBegin& begin,
                      const CheckpointEnd& end) {
  std::string text = header_line(1, "candor 1.0.0") + checkpoint_line(begin);
  for (const TensorRecord& record : records) text += tensor_line(record.tensor, record.label);
  return text + end_line(records.size(), end);
}

std::map<std::string, std::string> seed_texts() {
  const CheckpointEnd noted{"byte 7: cut off", {"config.json is damaged", "\xff\xfe no UTF-8"}};
  const std::string narrow = file_text({{bf16_sample(), {"the name says f16", "label-vs-name"}}});
  const std::string wide = file_text({{f32_sample(), {}}, {widened_sample(), {}}, {f64_sample(), {}}});
  return {{"narrow", narrow},
          {"wide", wide},
          {"merged", narrow + wide},
          {"few", file_text({{integer_sample(), {}}, {empty_sample(), {}}}, {"folder", "gguf"}, noted)},
          {"refused", file_text({}, {"bad.npy", ""}, {"npy: bad.npy: byte 0: no magic", {}})}};
}

std::vector<FingerprintEvent> read_all(const std::string& text, const std::string& file) {
  FingerprintReader reader(text, file);
  std::vector<FingerprintEvent> events;
  while (std::optional<FingerprintEvent> event = reader.next()) events.push_back(std::move(*event));
  return events;
}

std::string written_again(const std::vector<FingerprintEvent>& events) {
  std::string text;
  std::uint64_t checkpoints = 0, tensors = 0;
  for (const FingerprintEvent& event : events) {
    if (const auto* begin = std::get_if<CheckpointBegin>(&event)) {
      text += checkpoint_line(*begin);
      tensors = 0;
    } else if (const auto* record = std::get_if<TensorRecord>(&event)) {
      text += tensor_line(record->tensor, record->label);
      ++tensors;
    } else {
      text += end_line(tensors, std::get<CheckpointEnd>(event));
      ++checkpoints;
    }
  }
  return header_line(checkpoints, "candor 1.0.0") + text;
}

void expect_same(const Fingerprint& a, const Fingerprint& b) {
  SCOPED_TRACE(a.name);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.file, b.file);
  EXPECT_EQ(a.type_name, b.type_name);
  EXPECT_EQ(a.dtype, b.dtype);
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.elements, b.elements);
  EXPECT_EQ(a.offset, b.offset);
  EXPECT_EQ(a.nbytes, b.nbytes);
  EXPECT_EQ(a.identity, b.identity);
  EXPECT_EQ(a.code_dtype, b.code_dtype);
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.significands.counts, b.significands.counts);
  EXPECT_EQ(a.distinct_by_zeros, b.distinct_by_zeros);
  EXPECT_EQ(a.zeros, b.zeros);
  EXPECT_EQ(a.infinities, b.infinities);
  EXPECT_EQ(a.nans, b.nans);
  EXPECT_EQ(a.subnormals, b.subnormals);
  EXPECT_EQ(a.sum_squares, b.sum_squares);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.zero_rows, b.zero_rows);
  ASSERT_EQ(a.witnesses.size(), b.witnesses.size());
  for (std::size_t i = 0; i < a.witnesses.size(); ++i) {
    EXPECT_EQ(a.witnesses[i].kind, b.witnesses[i].kind);
    EXPECT_EQ(a.witnesses[i].index, b.witnesses[i].index);
    EXPECT_EQ(a.witnesses[i].code, b.witnesses[i].code);
  }
  EXPECT_EQ(a.blocks.sampled, b.blocks.sampled);
  ASSERT_EQ(a.blocks.distinct.size(), b.blocks.distinct.size());
  for (std::size_t i = 0; i < a.blocks.distinct.size(); ++i) expect_same(a.blocks.distinct[i], b.blocks.distinct[i]);
  ASSERT_EQ(a.blocks.schemes.size(), b.blocks.schemes.size());
  for (std::size_t i = 0; i < a.blocks.schemes.size(); ++i) expect_same(a.blocks.schemes[i], b.blocks.schemes[i]);
}

}  // namespace candor::audit_internal
