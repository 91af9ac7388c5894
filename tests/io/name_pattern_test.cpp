#include "io/name_pattern.h"

#include <gtest/gtest.h>

namespace candor::io {
namespace {

TEST(NamePattern, MatchesWholeNames) {
  EXPECT_TRUE(matches("*norm*", "model.layers.0.input_layernorm.weight"));
  EXPECT_TRUE(matches("*", ".hidden/x"));
  EXPECT_TRUE(matches("blk.?.attn_[qk].weight", "blk.3.attn_k.weight"));
  EXPECT_FALSE(matches("norm", "layernorm"));
  EXPECT_FALSE(matches("blk.?.attn_[qk].weight", "blk.3.attn_v.weight"));
}

}  // namespace
}  // namespace candor::io
