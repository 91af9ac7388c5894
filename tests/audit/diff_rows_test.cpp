// Q and K of GGUF's Llama files: the rows of each head in another order than in Hugging Face's.
#include "audit/diff/row_order.h"

#include "core/blocks.h"
#include "core/formats.h"
#include "tests/audit/diff_files.h"

namespace candor::audit_internal::comparison {
namespace {

constexpr std::size_t kHeads = 3, kHead = 8, kColumns = 64, kCount = kHeads * kHead * kColumns;

/// [H, 2, D/2, C] as [H, D/2, 2, C].
template <class Value>
std::vector<Value> interleaved(const std::vector<Value>& values, std::size_t columns = kColumns,
                               std::size_t heads = kHeads) {
  std::vector<Value> out;
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t i = 0; i < kHead / 2; ++i)
      for (std::size_t half = 0; half < 2; ++half) {
        const auto row = values.begin() + static_cast<std::ptrdiff_t>((h * kHead + half * kHead / 2 + i) * columns);
        out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(columns));
      }
  return out;
}

std::vector<float> weights(std::size_t count = kCount) { return draw(Law::normal, 0.02, count, 7); }

class DiffRows : public DiffFiles {
 protected:
  static std::string key(const std::string& name, std::size_t value) {
    return testing::gguf_pair("llama." + name, testing::kU32,
                              testing::little_endian(static_cast<std::uint32_t>(value)));
  }
  /// A GGUF file of one tensor, whose heads its metadata states.
  std::string gguf(const std::string& data, DType dtype = DType::f32, const std::vector<std::string>& heads = {}) {
    testing::GgufBytes bytes;
    bytes.pairs = {testing::gguf_pair("general.architecture", testing::kString, testing::gguf_string("llama"))};
    const std::vector<std::string> usual = {key("embedding_length", heads_ * kHead),
                                            key("attention.head_count", heads_)};
    for (const std::string& pair : heads.empty() ? usual : heads) bytes.pairs.push_back(pair);
    const std::uint64_t rows = heads_ * kHead;
    bytes.infos = {testing::gguf_info("blk.0.attn_q.weight", {columns_, rows},
                                      static_cast<std::uint32_t>(dtype_info(dtype).gguf), 0)};
    bytes.data = data;
    return folder_.put("a.gguf", bytes.bytes());
  }
  std::string hugging_face(const std::string& dtype, const std::string& bytes) {
    const auto rows = static_cast<std::int64_t>(heads_ * kHead), columns = static_cast<std::int64_t>(columns_);
    return folder_.put("b.safetensors", file_of({{"q_proj", dtype, {rows, columns}, bytes}}));
  }

  std::uint64_t columns_ = kColumns, heads_ = kHeads;
};

TEST_F(DiffRows, TheOrderIsThatOfBothFormats) {
  std::vector<std::uint64_t> halves(kHeads * kHead);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = i;
  const std::vector<std::uint64_t> turns = interleaved(halves, 1);
  const RowOrder to_gguf{kHead, true}, from_gguf{kHead, false};
  for (std::uint64_t row = 0; row < halves.size(); ++row) {
    EXPECT_EQ(from_gguf.row_in_b(row), turns[row]);
    EXPECT_EQ(to_gguf.row_in_b(turns[row]), row);
  }
}

// The first row of a head is where it was: what is looked at must not be first rows only.
TEST_F(DiffRows, AsManyHeadsAsValuesLookedAtAreNotTakenForThePlainOrder) {
  heads_ = 256;
  columns_ = 32;
  const std::vector<float> rows = weights(heads_ * kHead * columns_);
  const DiffReport report = diff(gguf(raw(interleaved(rows, columns_, heads_))), hugging_face("F32", raw(rows)));
  ASSERT_EQ(report.tensors.size(), 1u);
  EXPECT_EQ(report.tensors[0].status, DiffStatus::reordered);
}

TEST_F(DiffRows, TheSameRowsInTheOtherOrderAreNeitherMissingNorEqual) {
  const std::string a = gguf(raw(interleaved(weights()))), b = hugging_face("F32", raw(weights()));
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    const DiffReport report = diff(from, to);
    ASSERT_EQ(report.tensors.size(), 1u);
    const TensorDiff& tensor = report.tensors[0];
    EXPECT_EQ(tensor.status, DiffStatus::reordered);
    EXPECT_EQ(tensor.matched_by, "values in another row order");
    EXPECT_FALSE(report.equal);
    EXPECT_EQ(tensor.counts.kept, kCount);
    EXPECT_EQ(tensor.sentence, "the tensor has the rows of each head in another order, and the same elements");
    ASSERT_EQ(report.notes.size(), 1u);
    EXPECT_NE(report.notes[0].find("as GGUF's Llama files store Q and K"), std::string::npos) << report.notes[0];
  }
}

TEST_F(DiffRows, ValuesAreComparedRowByRow) {
  const std::vector<float> values = weights();
  std::vector<std::uint16_t> codes = to_bf16(values, Route::from_f16);
  const std::string a = gguf(raw(interleaved(values)));
  EXPECT_EQ(diff(a, hugging_face("BF16", raw(codes))).tensors.at(0).history, "through f16");
  codes = to_bf16(values, Route::rne);
  const std::size_t edited = (kHead + kHead / 2 + 1) * kColumns + 5;  // head 1, second half, row 1
  codes[edited] ^= 0x40;
  const std::string b = hugging_face("BF16", raw(codes));
  const TensorDiff tensor = diff(a, b).tensors.at(0);
  EXPECT_EQ(tensor.counts.changed, 1u);
  ASSERT_EQ(tensor.witnesses.size(), 1u);
  const DiffWitness& witness = tensor.witnesses[0];
  EXPECT_EQ(witness.position, (std::vector<std::int64_t>{kHead + 3, 5}));  // in A: the second of pair 1
  std::uint16_t code_b = 0;
  std::uint32_t code_a = 0;
  std::memcpy(&code_b, &testing::read_bytes(b)[witness.offset_b], sizeof code_b);
  std::memcpy(&code_a, &testing::read_bytes(a)[witness.offset_a], sizeof code_a);
  EXPECT_EQ(code_b, codes[edited]);
  EXPECT_EQ(code_a, f32_bits(values[edited]));
}

TEST_F(DiffRows, RowsOfBlocksAndSingleValuesToo) {
  std::string blocks;
  std::vector<float> values(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    if (i % 32 == 0) blocks += raw<std::uint16_t>({f32_to_f16_bits(static_cast<float>(0.01 + 1e-5 * (i / 32)))});
    blocks += static_cast<char>(random_bits(3, i));
  }
  dequantize_blocks(DType::q8_0, blocks.data(), static_cast<std::int64_t>(kCount), values.data());
  std::vector<float> halves(kCount);  // the inverse of interleaved()
  const RowOrder order{kHead, true};
  for (std::size_t i = 0; i < kCount; ++i) halves[i] = values[order.row_in_b(i / kColumns) * kColumns + i % kColumns];
  ASSERT_EQ(interleaved(halves), values);
  const std::string quantised = gguf(blocks, DType::q8_0), wide = hugging_face("F32", raw(halves));
  EXPECT_EQ(diff(quantised, wide).tensors.at(0).status, DiffStatus::same_values);
  EXPECT_EQ(diff(wide, quantised).tensors.at(0).counts.kept, kCount);
  columns_ = 1;  // biases
  const std::vector<float> few = weights(kHeads * kHead);
  EXPECT_EQ(diff(gguf(raw(interleaved(few, 1))), hugging_face("F32", raw(few))).tensors.at(0).status,
            DiffStatus::reordered);
}

TEST_F(DiffRows, OnlyWholeHeadsAndFilesOfTwoKindsHaveAnOrder) {
  const Checkpoint a = Checkpoint::open(gguf(raw(interleaved(weights()))));
  const Checkpoint b = Checkpoint::open(hugging_face("F32", raw(weights())));
  EXPECT_EQ(row_order(a, b).head, kHead);
  EXPECT_EQ(row_order(a, a).head, 0u);
  EXPECT_EQ(row_order(b, b).head, 0u);
  EXPECT_TRUE(row_order(a, b).fits(b.tensors()[0]));
  EXPECT_FALSE((RowOrder{16, false}.fits(b.tensors()[0])));  // it would read beyond the end
}

TEST_F(DiffRows, LongTensorsAreReadInPieces) {
  columns_ = (1 << 20) / 16 + 32;  // pieces end within rows
  const std::vector<float> values = weights(kHeads * kHead * columns_);
  const std::string a = gguf(raw(interleaved(values, columns_))), b = hugging_face("F32", raw(values));
  DiffOptions threads;
  for (const int count : {1, 4}) {
    threads.threads = count;
    EXPECT_EQ(diff(a, b, threads).tensors.at(0).status, DiffStatus::reordered);
    EXPECT_EQ(diff(b, a, threads).tensors.at(0).status, DiffStatus::reordered);
  }
}

TEST_F(DiffRows, HeadsThatAreNotStatedOrDoNotFitPairNothing) {
  const std::string data = raw(interleaved(weights()));
  const std::string b = hugging_face("F32", raw(weights()));
  const auto first = [&](const std::vector<std::string>& heads) {
    return diff(gguf(data, DType::f32, heads), b).tensors.at(0).status;
  };
  EXPECT_EQ(first({key("attention.key_length", kHead)}), DiffStatus::reordered);
  const std::vector<std::string> wider = {key("attention.key_length", kHead), key("embedding_length", 48),
                                          key("attention.head_count", heads_)};
  EXPECT_EQ(first(wider), DiffStatus::reordered);  // heads need not fill the channels
  EXPECT_EQ(first({key("embedding_length", 24)}), DiffStatus::missing);
  EXPECT_EQ(first({key("attention.key_length", 7)}), DiffStatus::missing);
  EXPECT_EQ(first({key("attention.key_length", 16)}), DiffStatus::missing);
  EXPECT_EQ(first({key("attention.key_length", 0), key("attention.head_count", 0)}), DiffStatus::missing);
  const std::string list = testing::gguf_array(testing::kU32, 1, testing::little_endian<std::uint32_t>(3));
  EXPECT_EQ(
      first({key("embedding_length", 24), testing::gguf_pair("llama.attention.head_count", testing::kArray, list)}),
      DiffStatus::missing);
}

}  // namespace
}  // namespace candor::audit_internal::comparison
