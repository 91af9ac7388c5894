#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/audit/ask.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

using ::testing::HasSubstr;

Fingerprint with_scheme(const AuditBlockScheme& scheme) {
  Fingerprint tensor;
  tensor.dtype = DType::bf16;
  tensor.blocks.sampled = 1000;
  tensor.blocks.schemes = {scheme};
  tensor.blocks.distinct.push_back({"32 along rows", 32, {0, 0, 5}, 31.6});
  return tensor;
}

// Its bits say that there is a lattice, not whose.
TEST(BlockQuestion, Int8OfATensorSaysWhatElseLooksTheSame) {
  const auto note = [](const char* name, const char* extent) {
    return ask(ask_blocks, with_scheme({name, 0, extent, 1, 1, 900, 0.01, 0})).proposal->note;
  };
  EXPECT_THAT(note("int8 symmetric", "tensor"), HasSubstr("multiples of one number"));
  EXPECT_EQ(note("int8 symmetric", "row"), "");
  EXPECT_EQ(note("fp8 e4m3", "tensor"), "");
}

TEST(BlockQuestion, SubsAndSentences) {
  struct Case {
    AuditBlockScheme scheme;
    const char *sub, *text;
  };
  for (const Case& c : {
           Case{{"int4 asymmetric", 32, "32 along rows", 1000, 993, 9000, 0.0125, -0.1},
                "int4 g32",
                "The values are still on the lattice of int4 asymmetric, blocks of 32 along rows: 993 of 1,000 blocks "
                "tried fit; the first has the scale 0.0125 and "
                "the offset -0.1."},
           Case{{"int8 symmetric", 0, "row", 512, 512, 9000, 0.01, 0},
                "int8 row",
                "one scale for each row: 512 of 512 blocks tried fit"},
           Case{{"nf4", 64, "64 along rows", 100, 99, 900, 0.1, 0}, "nf4", "blocks of 64 along rows"},
           Case{{"int4 symmetric (q4_0)", 32, "32 along rows", 100, 99, 900, 0.1, 0},
                "int4 g32 (q4_0)",
                "int4 symmetric (q4_0)"},
           Case{{"mxfp4", 32, "32 along columns", 100, 99, 900, 0.5, 0}, "mxfp4", "along columns"},
           Case{{"fp8 e4m3", 0, "128x128", 16, 16, 900, 0.1, 0}, "fp8 e4m3 128x128", "128x128"},
           Case{{"fp8 e4m3", 0, "tensor", 1, 1, 900, 0.1, 0},
                "fp8 e4m3 tensor",
                "one scale for the whole tensor: 1 of 1 block tried fits"},
       }) {
    const Asked asked = ask(ask_blocks, with_scheme(c.scheme));
    EXPECT_EQ(asked.verdict(), AuditVerdict::dequantised);
    EXPECT_EQ(asked.sub(), c.sub);
    EXPECT_THAT(asked.proposal->sentence, HasSubstr(c.text));
    EXPECT_EQ(asked.proposal->bits, c.scheme.bits);
    EXPECT_EQ(asked.evidence.schemes.size(), 1u);
    EXPECT_EQ(asked.evidence.distinct_per_block.size(), 1u);
    EXPECT_EQ(asked.evidence.tests.at(0).name, "blocks");
  }
}

TEST(BlockQuestion, APartOfTheBlocksIsAMixture) {
  const Asked asked = ask(ask_blocks, with_scheme({"int4 symmetric", 32, "32 along rows", 1000, 250, 900, 0.1, 0}));
  EXPECT_EQ(asked.verdict(), AuditVerdict::mixed);
  EXPECT_EQ(asked.sub(), "int4 g32");
  EXPECT_NEAR(asked.share().value, 0.25, 1e-12);
  EXPECT_LT(asked.share().low, 0.23);
  EXPECT_GT(asked.share().high, 0.27);
}

TEST(BlockQuestion, WeakEvidenceIsRecordedAndNoMore) {
  const Asked weak = ask(ask_blocks, with_scheme({"int8 symmetric", 128, "128 along rows", 100, 99, 39, 0.1, 0}));
  EXPECT_FALSE(weak.proposal);
  EXPECT_EQ(weak.evidence.tests.at(0).bits, 39);
  Fingerprint none = with_scheme({});
  none.blocks.schemes.clear();
  EXPECT_FALSE(ask(ask_blocks, none).proposal);
  EXPECT_THAT(ask(ask_blocks, none).evidence.tests.at(0).text, HasSubstr("none of 1,000 blocks is"));
  none.blocks.sampled = 0;
  EXPECT_NE(ask(ask_blocks, none).evidence.tests.at(0).not_run, "");
}

}  // namespace
}  // namespace candor::audit_internal
