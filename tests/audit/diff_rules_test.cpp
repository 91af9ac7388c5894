// The numbers of candor diff's rules, each from both sides; docs/diff.md states them.
#include "audit/blocks/extent.h"
#include "core/formats.h"
#include "tests/audit/diff_files.h"

namespace candor::audit_internal::comparison {
namespace {

using Codes = std::vector<std::uint16_t>;

// The value of bf16 that all begin with: odd, and no value of fewer bits lies near, so that no history but the one
// that is meant predicts what is stored. Beside it values of f32, in quarters of the way to the next.
constexpr std::uint16_t kBase = 0x3d03;
float above_base(std::uint32_t quarters) { return f32_from_bits(std::uint32_t{kBase} << 16 | quarters << 14); }

class DiffRules : public DiffFiles {
 protected:
  void add(std::size_t count, float a, int steps) {
    a_.insert(a_.end(), count, a);
    b_.insert(b_.end(), count, static_cast<std::uint16_t>(kBase + steps));
  }
  TensorDiff take() {
    const TensorDiff tensor = compare_one(vector_of("F32", a_), vector_of("BF16", b_));
    a_.clear();
    b_.clear();
    return tensor;
  }

  /// Values that were cut off; values that cutting off would change and that were rounded once; values that became
  /// others, `spoilt` of them such that cutting off would change, `far` not.
  DiffStatus partly_cut_off(std::size_t cut, std::size_t rounded, std::size_t spoilt, std::size_t far) {
    add(cut, above_base(3), 0);
    add(rounded, above_base(3), 1);
    add(spoilt, above_base(3), 5);
    add(far, above_base(1), 5);
    const TensorDiff tensor = take();
    EXPECT_EQ(tensor.counts.changed, cut + spoilt + far);
    EXPECT_EQ(history_of(tensor, "cut off").differs, cut + rounded + spoilt);
    EXPECT_EQ(history_of(tensor, "cut off").differs_right, cut);
    EXPECT_EQ(tensor.history, tensor.status == DiffStatus::partly ? "cut off" : "");
    return tensor.status;
  }

  /// `count` values a quarter of the way up, of which so many went up.
  std::string name_of_chance(std::size_t count, std::size_t up) {
    add(count - up, above_base(1), 0);
    add(up, above_base(1), 1);
    return take().history;
  }

  /// How a tensor of 1024 values is matched to one of another name, all of whose values are `near` steps of bf16 away,
  /// but `others` of those 256 that are looked at: these are two steps away.
  std::string matched_by(int near, std::size_t others, std::size_t count = 1024) {
    constexpr std::uint16_t kOne = 0x3f80;  // where a step is 2^-7 of the value, the most that it can be
    Codes b(count, static_cast<std::uint16_t>(kOne + near));
    const std::uint64_t looked_at = std::min<std::uint64_t>(256, count);
    for (std::size_t i = 0; i < others; ++i) b[spread_index(i, looked_at, count)] = kOne + 2;
    return compare({vector_of("F32", std::vector<float>(count, 1.0f), "x")}, {vector_of("BF16", b, "y")})
        .tensors.at(0)
        .matched_by;
  }

 private:
  std::vector<float> a_;
  Codes b_;
};

// An edited tensor: most of what changed, changed that way. Fewer than three in four, and something else may as well
// be what happened; then the second rule must hold.
TEST_F(DiffRules, AConversionIsNamedWhenItExplainsThreeQuartersOfWhatChanged) {
  EXPECT_EQ(partly_cut_off(300, 299, 100, 0), DiffStatus::partly);
  EXPECT_EQ(partly_cut_off(300, 299, 101, 0), DiffStatus::changed);
  EXPECT_EQ(partly_cut_off(299, 298, 100, 0), DiffStatus::changed);
}

// A tensor of which a part went that way, and the rest another: the conversion is hardly ever wrong where it says
// something of its own, and a good part of the changes is its. A coin thrown for each value is right in half of both.
TEST_F(DiffRules, OrWhenItIsRightAboutThreeQuartersOfItsOwnAndAQuarterOfWhatChanged) {
  EXPECT_EQ(partly_cut_off(100, 33, 0, 300), DiffStatus::partly);
  EXPECT_EQ(partly_cut_off(100, 33, 0, 301), DiffStatus::changed);
  EXPECT_EQ(partly_cut_off(99, 32, 0, 300), DiffStatus::changed);
  EXPECT_EQ(partly_cut_off(100, 34, 0, 300), DiffStatus::changed);
  EXPECT_EQ(partly_cut_off(100, 32, 1, 299), DiffStatus::partly);  // whichever way it is wrong
  EXPECT_EQ(partly_cut_off(100, 32, 2, 298), DiffStatus::changed);
}

// Of 768 values a quarter of the way up, chance takes 192 up, with a standard deviation of sqrt(768 * 3 / 16) = 12.
// Of eight such bins one is off by more than five once in 200,000 tensors.
TEST_F(DiffRules, ChanceMayBeFiveDeviationsOff) {
  for (const std::size_t up : {192 - 60, 192, 192 + 60}) EXPECT_EQ(name_of_chance(768, up), "rounded stochastically");
  for (const std::size_t up : {192 - 61, 192 + 61}) EXPECT_EQ(name_of_chance(768, up), "");
}

// Of few values, five deviations allow every rule: of 75 at this place, cutting all of them off would do.
TEST_F(DiffRules, ChanceNeeds256Values) {
  EXPECT_EQ(name_of_chance(256, 64), "rounded stochastically");
  EXPECT_EQ(name_of_chance(255, 64), "");
}

TEST_F(DiffRules, ChanceTakesOneOfTheTwoValuesAround) {
  add(576, above_base(1), 0);
  add(192, above_base(1), 1);
  add(1, above_base(1), 2);
  EXPECT_EQ(take().status, DiffStatus::changed);
}

// A renamed tensor whose values were rounded on the way, or edited here and there, is still known; one whose values
// merely lie in the same range is not.
TEST_F(DiffRules, ValuesKnowATensorByFifteenInSixteenOf256) {
  EXPECT_EQ(matched_by(0, 16), "values");
  EXPECT_EQ(matched_by(0, 17), "");
}

// One rounding is off by half a step at most, and a detour by as much again.
TEST_F(DiffRules, ValuesAgreeWithinTwoRoundings) {
  EXPECT_EQ(matched_by(1, 16), "values");
  EXPECT_EQ(matched_by(1, 17), "");
}

TEST_F(DiffRules, FewerThan16ValuesKnowNothing) {
  EXPECT_EQ(matched_by(0, 0, 16), "values");
  EXPECT_EQ(matched_by(0, 0, 15), "");
}

}  // namespace
}  // namespace candor::audit_internal::comparison
