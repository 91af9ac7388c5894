// The dry run names a row for every op, and the same ones that a recorded run uses.
#include <gmock/gmock.h>

#include <set>

#include "candor/error.h"
#include "candor/receipt.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ExplainTest, EveryOpHasARow) {
  for (const char* name : kGoldenModels)
    for (const ExplainedOp& op : LanguageModel::explain(golden_path(name))) {
      EXPECT_EQ(op.missing, "") << name << " " << op.where;
      EXPECT_NE(op.kernel, "") << name << " " << op.where;
      EXPECT_NE(op.where, "") << name << " " << op.op;
    }
}

TEST(ExplainTest, LayersAreMerged) {
  std::vector<std::string> places;
  for (const ExplainedOp& op : LanguageModel::explain(golden_path("llama3_scaling"))) places.push_back(op.where);
  EXPECT_THAT(places, Contains("layers 0 … 2: attention output"));
  EXPECT_THAT(places, Contains("embedding"));
  EXPECT_THAT(places, Contains("output"));
}

TEST(ExplainTest, MissingRowsAreToldNotThrown) {
  LoadOptions options;
  options.precision.accumulate = DType::bf16;
  bool missing = false;
  for (const ExplainedOp& op : LanguageModel::explain(golden_path("gqa_tied"), options)) missing |= !op.missing.empty();
  EXPECT_TRUE(missing);
}

// Loading, prefill and decode want a row in different shapes and, for the last layer, different ones again: the refusal
// names each part once, with all of its layers.
TEST(ExplainTest, LoadNamesEachMissingRowAndPartOnce) {
  LoadOptions options;
  options.precision.accumulate = DType::bf16;
  try {
    LanguageModel::load(golden_path("llama3_scaling"), options);
    ADD_FAILURE() << "loaded";
  } catch (const UnsupportedPrecision& error) {
    const std::string text = error.what();
    EXPECT_THAT(text, HasSubstr("(layers 0 … 2: attention)"));
    EXPECT_THAT(text, HasSubstr("(layers 0 … 2: attention query, key, value)"));
    EXPECT_THAT(text, HasSubstr("layers 0 … 2: attention output; "));
    EXPECT_THAT(text, Not(HasSubstr("layer 0")));
    EXPECT_THAT(text, Not(HasSubstr("layer 2")));
  }
}

// What explain says must be what runs.
TEST(ExplainTest, ARunUsesExactlyTheExplainedRows) {
  using Row = std::tuple<std::string, std::string, std::string, std::string>;
  for (const char* precision : {"bf16", "f32", "auto"}) {
    LoadOptions options;
    options.precision = ModelPrecision::parse(precision);
    std::set<Row> explained, ran;
    for (const ExplainedOp& op : LanguageModel::explain(golden_path("blocks.gguf"), options))
      explained.insert({op.op, op.kernel, op.isa, to_string(op.precision)});
    Recorder recorder;
    Session session(LanguageModel::load(golden_path("blocks.gguf"), options), 256);
    session.feed(std::vector<TokenId>(128, 5));
    session.feed(std::vector<TokenId>(1, 5));
    recorder.stop();
    for (const KernelEntry& entry : recorder.kernels())
      ran.insert({entry.op, entry.kernel, entry.isa, to_string(entry.precision)});
    EXPECT_EQ(explained, ran) << precision;
  }
}

}  // namespace
}  // namespace candor::test
