// Which tensors candor diff compares with which, and which it leaves out.
#include <algorithm>
#include <stdexcept>

#include "audit/diff/pair_work.h"
#include "candor/error.h"
#include "tests/audit/diff_files.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

using ::candor::testing::error_text;

class DiffMatching : public DiffFiles {};

TEST_F(DiffMatching, RenamedTensorsAreFoundByTheirBytes) {
  const FileTensor m = matrix("m", 16, 24, 1), n = matrix("n", 16, 24, 2),
                   ones = {"g1", "BF16", {4}, raw<std::uint16_t>({1, 2, 3, 4})};
  const auto renamed = [](FileTensor tensor, const std::string& name) {
    tensor.name = name;
    return tensor;
  };
  const DiffReport report = compare({m, n, ones, renamed(ones, "g2")},
                                    {renamed(n, "x"), renamed(m, "y"), renamed(ones, "h1"), renamed(ones, "h2")});
  EXPECT_TRUE(report.equal);
  EXPECT_EQ(tensor_named(report, "m").name_b, "y");
  EXPECT_EQ(tensor_named(report, "n").name_b, "x");
  EXPECT_EQ(tensor_named(report, "g1").name_b, "h1");  // of several the first
  EXPECT_EQ(tensor_named(report, "g2").name_b, "h2");
  EXPECT_EQ(tensor_named(report, "m").matched_by, "bytes");
  EXPECT_EQ(report.notes, std::vector<std::string>{"4 tensors have another name in B: found by shape and bytes"});
}

TEST_F(DiffMatching, RenamedTensorsOfAnotherDtypeAreFoundByTheirValues) {
  const std::vector<float> x = draw(Law::normal, 0.02, 4096, 1), y = draw(Law::normal, 0.02, 4096, 2);
  const DiffReport report = compare(
      {vector_of("F32", x, "x"), vector_of("F32", y, "y")},
      {vector_of("BF16", to_bf16(y, Route::from_f16), "b"), vector_of("BF16", to_bf16(x, Route::from_f16), "a")});
  EXPECT_EQ(tensor_named(report, "x").name_b, "a");
  EXPECT_EQ(tensor_named(report, "y").name_b, "b");
  EXPECT_EQ(tensor_named(report, "x").matched_by, "values");
  EXPECT_EQ(tensor_named(report, "x").history, "through f16");
  // Constants fit every constant: nobody can say which is which.
  const std::vector<float> ones(64, 1.0f);
  const auto codes = to_bf16(ones, Route::rne);
  const DiffReport twins = compare({vector_of("F32", ones, "p"), vector_of("F32", ones, "q")},
                                   {vector_of("BF16", codes, "r"), vector_of("BF16", codes, "s")});
  EXPECT_EQ(tensor_named(twins, "p").status, DiffStatus::missing);
  EXPECT_EQ(tensor_named(twins, "r").status, DiffStatus::added);
}

TEST_F(DiffMatching, ExchangedRowsAndColumnsAreFound) {
  const auto exchanged = [](const FileTensor& tensor, const std::string& name) {
    const auto rows = static_cast<std::size_t>(tensor.shape[0]), columns = static_cast<std::size_t>(tensor.shape[1]);
    std::string bytes(tensor.bytes.size(), '\0');
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        std::memcpy(&bytes[2 * (j * rows + i)], &tensor.bytes[2 * (i * columns + j)], 2);
    return FileTensor{name, tensor.dtype, {tensor.shape[1], tensor.shape[0]}, bytes};
  };
  const FileTensor wide = matrix("wide", 24, 1100, 1), square = matrix("square", 64, 64, 2);
  const DiffReport report =
      compare({wide, square, matrix("n", 8, 9, 3)},
              {exchanged(wide, "wide"), exchanged(square, "square"), exchanged(matrix("n", 8, 9, 3), "other")});
  EXPECT_FALSE(report.equal);
  for (const char* name : {"wide", "square", "n"})
    EXPECT_EQ(tensor_named(report, name).status, DiffStatus::transposed) << name;
  EXPECT_EQ(tensor_named(report, "n").name_b, "other");
  std::string damaged = exchanged(wide, "wide").bytes;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_EQ(compare_one(wide, {"wide", "BF16", {1100, 24}, damaged}).status, DiffStatus::reshaped);
}

TEST_F(DiffMatching, MissingAddedReshapedAndIncomparableTensorsComeFirst) {
  const DiffReport report = compare({matrix("same", 4, 4, 1),
                                     matrix("gone", 4, 5, 2),
                                     matrix("flat", 4, 6, 3),
                                     {"ids", "I32", {2}, raw<std::int32_t>({1, 2})}},
                                    {matrix("same", 4, 4, 1),
                                     matrix("extra", 5, 5, 4),
                                     {"flat", "BF16", {24}, matrix("", 4, 6, 3).bytes},
                                     {"ids", "I64", {2}, raw<std::int64_t>({1, 2})}});
  EXPECT_FALSE(report.equal);
  EXPECT_EQ(tensor_named(report, "gone").status, DiffStatus::missing);
  EXPECT_EQ(tensor_named(report, "extra").status, DiffStatus::added);
  EXPECT_EQ(tensor_named(report, "flat").status, DiffStatus::reshaped);
  EXPECT_EQ(tensor_named(report, "ids").status, DiffStatus::not_compared);
  EXPECT_EQ(report.tensors.back().name_a, "same");
  EXPECT_EQ(report.classes.size(), 5u);
}

TEST_F(DiffMatching, PatternsChooseTensorsByEitherName) {
  FileTensor renamed = matrix("old.weight", 8, 8, 1);
  const FileTensor other = matrix("b.bias", 2, 2, 2);
  FileTensor to = renamed;
  to.name = "new.weight";
  DiffOptions options;
  options.only = {"new.*"};
  DiffReport report = compare({renamed, other}, {to, other}, options);
  ASSERT_EQ(report.tensors.size(), 1u);
  EXPECT_EQ(report.tensors[0].name_a, "old.weight");
  options = {};
  options.exclude = {"*bias"};
  EXPECT_EQ(compare({renamed, other}, {to, other}, options).tensors.size(), 1u);
  options.exclude = {"nothing*"};
  EXPECT_NE(error_text<ValueError>([&] { compare({renamed}, {to}, options); }).find("'nothing*'"), std::string::npos);
  options.exclude = {"*"};
  EXPECT_NE(error_text<ValueError>([&] { compare({renamed}, {to}, options); }).find("leave no tensor"),
            std::string::npos);
}

TEST_F(DiffMatching, TheOneTensorThatIsLeftOfSeveralIsNamed) {
  const std::vector<float> values = draw(Law::normal, 0.02, 4096, 1);
  const FileTensor from = vector_of("F32", values), to = vector_of("BF16", to_bf16(values, Route::rne)),
                   other = matrix("other", 2, 2, 2);
  DiffOptions options;
  options.only = {"w"};
  const std::string sentence = compare({from, other}, {to, other}, options).classes.at(0).sentence;
  EXPECT_TRUE(sentence.starts_with("the tensor 'w': b.safetensors is a.safetensors rounded once")) << sentence;
  EXPECT_EQ(compare({from, other}, {from, other}, options).classes.at(0).sentence,
            "the tensor 'w' is the same in both, bit for bit");
  EXPECT_TRUE(compare({from}, {to}).classes.at(0).sentence.starts_with("b.safetensors is"));
}

TEST_F(DiffMatching, ClassesThatDifferInTheirDtypesSaySo) {
  const std::vector<float> x = draw(Law::normal, 0.02, 4096, 1);
  std::vector<float> y = draw(Law::normal, 0.02, 4096, 2);
  std::transform(y.begin(), y.end(), y.begin(), through_f16);
  const DiffReport report =
      compare({vector_of("F32", x, "x"), vector_of("F16", to_f16(y), "y")},
              {vector_of("BF16", to_bf16(x, Route::rne), "x"), vector_of("BF16", to_bf16(y, Route::rne), "y")});
  ASSERT_EQ(report.classes.size(), 2u);
  for (const DiffClass& found : report.classes) {
    const std::string first = "1 of 2 tensors (" + found.dtype_a + " to BF16): b.safetensors is a.safetensors rounded";
    EXPECT_TRUE(found.sentence.starts_with(first)) << found.sentence;
  }
  EXPECT_NE(report.classes[0].dtype_a, report.classes[1].dtype_a);
}

TEST_F(DiffMatching, TensorsThatAreNotSideBySideAreReadInParts) {
  constexpr std::int64_t kRows = 1025, kColumns = 1030;  // more than a piece
  const std::size_t last = kRows * kColumns - 1;
  std::vector<std::uint16_t> values = bf16_weights(last + 1);
  const std::string path_a = folder_.put("a.safetensors", file_of({{"w", "BF16", {kRows, kColumns}, raw(values)}}));
  values[last] ^= 1;
  const std::string path_b = folder_.put("b.safetensors", file_of({{"w", "BF16", {kRows, kColumns}, raw(values)}}));
  const Checkpoint a = Checkpoint::open(path_a), b = Checkpoint::open(path_b);
  TensorEntry of_a = a.tensors().at(0);
  of_a.strides = {kColumns, 1};  // says the same, but keeps the short way from being taken
  PairWork same(a, a, {&of_a, &a.tensors()[0], "name"}, nullptr), work(a, b, {&of_a, &b.tensors()[0], "name"}, nullptr);
  ASSERT_EQ(work.pieces(), 1u);
  EXPECT_EQ(same.look_for_difference(0), same.bytes());
  const std::atomic<bool> cancel = true;  // between the parts of the one piece
  EXPECT_THROW(PairWork(a, a, {&of_a, &a.tensors()[0], "name"}, &cancel).look_for_difference(0), Cancelled);
  EXPECT_FALSE(same.differs());
  work.look_for_difference(0);
  EXPECT_TRUE(work.differs());
  work.set_comparer(make_comparer(work.dtype_a(), work.dtype_b()));
  EXPECT_EQ(work.count_piece(0), work.bytes());
  EXPECT_EQ(work.tally().counts.elements, last + 1);
  EXPECT_EQ(work.tally().counts.changed, 1u);
  EXPECT_EQ(work.tally().changed.at(0).index, last);
}

}  // namespace
}  // namespace candor::audit_internal::comparison
