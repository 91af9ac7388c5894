#include "generate/stop_strings.h"

#include <gtest/gtest.h>

#include "candor/error.h"

namespace candor::generation {
namespace {

TEST(StopStringsTest, TextWithoutAStopPassesThrough) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.push("hello"), "hello");
  EXPECT_EQ(stops.flush(), "");
  EXPECT_FALSE(stops.stopped());
}

TEST(StopStringsTest, AStopInsideOnePieceCutsThere) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.push("one END two"), "one ");
  EXPECT_TRUE(stops.stopped());
  EXPECT_EQ(stops.push("more"), "");
  EXPECT_EQ(stops.flush(), "");
}

TEST(StopStringsTest, ABeginningIsHeldBackUntilItIsDecided) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.push("aE"), "a");
  EXPECT_EQ(stops.push("N"), "");
  EXPECT_EQ(stops.push("x"), "ENx");
  EXPECT_EQ(stops.push("EEN"), "E");
  EXPECT_EQ(stops.push("D"), "");
  EXPECT_TRUE(stops.stopped());
}

TEST(StopStringsTest, FlushGivesBackAnUnfinishedBeginning) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.push("aEN"), "a");
  EXPECT_EQ(stops.flush(), "EN");
}

TEST(StopStringsTest, TheEarliestOfSeveralWins) {
  StopStrings stops({"yy", "xyx"});
  EXPECT_EQ(stops.push("ax"), "a");
  EXPECT_EQ(stops.push("yx yy"), "");
  EXPECT_TRUE(stops.stopped());
}

TEST(StopStringsTest, OverlappingBeginnings) {
  StopStrings stops({"aab"});
  EXPECT_EQ(stops.push("aaa"), "a");  // "aa" may still be the start
  EXPECT_EQ(stops.push("b"), "");
  EXPECT_TRUE(stops.stopped());
}

TEST(StopStringsTest, AnEmptyStopIsRefused) { EXPECT_THROW(StopStrings({""}), ValueError); }

}  // namespace
}  // namespace candor::generation
