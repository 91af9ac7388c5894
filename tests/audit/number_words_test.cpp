// Numbers as sentences have them.
#include "audit/number_words.h"

#include <gtest/gtest.h>

#include "core/mixed_bits.h"

namespace candor::audit_internal {
namespace {

TEST(NumberWords, CountsAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(261842), "261,842");
  EXPECT_EQ(counted(1, "value", "values"), "1 value");
  EXPECT_EQ(counted(0, "value", "values"), "0 values");
  EXPECT_EQ(counted(3000, "value", "values"), "3,000 values");
}

TEST(NumberWords, EstimatesAreRoundedUpwards) {
  EXPECT_EQ(grouped_rounded(0), "0");
  EXPECT_EQ(grouped_rounded(7.2), "8");
  EXPECT_EQ(grouped_rounded(101), "110");
  EXPECT_EQ(grouped_rounded(2'410'000), "2,500,000");
  EXPECT_EQ(grouped_rounded(3.21e20), "3.21e+20");
}

TEST(NumberWords, OfSoManyNoMoreAreExpectedThanThereAre) {
  EXPECT_EQ(expected_of(213.8, 320), "214");
  EXPECT_EQ(expected_of(12'345, 20'000), "12,300");
  EXPECT_EQ(expected_of(1238.6, 1239), "1,239") << "not 1,240";
  EXPECT_EQ(expected_of(0.3, 1), "0");
  EXPECT_EQ(expected_of(0.99999, 1), "1");
}

TEST(NumberWords, NumbersHaveFourDigits) {
  EXPECT_EQ(short_number(0.00250012), "0.0025");
  EXPECT_EQ(short_number(64.1249), "64.12");
  EXPECT_EQ(short_number(-1e-23), "-1e-23");
  EXPECT_EQ(power_of_two(-24), "2^-24");
  EXPECT_EQ(percent(0.5), "50 %");
  EXPECT_EQ(percent(0.56249), "56.2 %");
}

TEST(NumberWords, NothingThatIsAPartIsNothingOrAll) {
  EXPECT_EQ(percent_of(0, 10), "0.0 %");
  EXPECT_EQ(percent_of(0, 0), "0.0 %");
  EXPECT_EQ(percent_of(10, 10), "100 %");
  EXPECT_EQ(percent_of(1, 100'000), "< 0.1 %");
  EXPECT_EQ(percent_of(99'999, 100'000), "> 99.9 %");
  EXPECT_EQ(percent_of(998, 1000), "99.8 %");
}

TEST(NumberWords, ASentenceBeginsWithACapitalAndEnds) {
  EXPECT_EQ(as_sentence("every value is zero"), "Every value is zero.");
  EXPECT_EQ(as_sentence("2^-24 divides all"), "2^-24 divides all.");
}

/// The first draws of SplitMix64 from 1234567, as its authors' program prints them.
TEST(NumberWords, MixedBitsAreThoseOfSplitMix64) {
  EXPECT_EQ(mixed_bits(1234567 + kMixStep), 6457827717110365317u);
  EXPECT_EQ(mixed_bits(1234567 + 2 * kMixStep), 3203168211198807973u);
}

}  // namespace
}  // namespace candor::audit_internal
