#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>

#include "candor/error.h"
#include "candor/text.h"
#include "text/philox.h"
#include "text/stable_exp.h"

namespace candor {
namespace {

using testing::HasSubstr;

SamplerOptions plain() { return {.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0}; }

TokenId sample(const SamplerOptions& options, std::vector<float> logits, std::uint64_t position = 0,
               std::vector<TokenId> recent = {}) {
  return Sampler(options).sample(logits, recent, position);
}

/// How often each token was drawn at positions 0 … count-1.
std::map<TokenId, int> histogram(const SamplerOptions& options, const std::vector<float>& logits, int count) {
  const Sampler sampler(options);
  std::map<TokenId, int> out;
  for (int i = 0; i < count; ++i) ++out[sampler.sample(logits, {}, static_cast<std::uint64_t>(i))];
  return out;
}

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const ValueError& error) {
    return error.what();
  }
  return {};
}

TEST(Philox, KnownAnswers) {  // of the generator's authors (Random123, kat_vectors)
  EXPECT_EQ(text::philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (text::PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(text::philox4x32_10({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (text::PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(text::philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (text::PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(StableExp, AgreesWithLibm) {
  for (double x = 0; x > -707; x -= 0.37) EXPECT_NEAR(text::stable_exp(x) / std::exp(x), 1.0, 1e-15) << x;
  EXPECT_EQ(text::stable_exp(0), 1.0);
  EXPECT_EQ(text::stable_exp(-709), 0.0);
  EXPECT_EQ(text::stable_exp(-std::numeric_limits<double>::infinity()), 0.0);
}

TEST(Sampler, GreedyTakesTheLargestAndOfEqualsTheFirst) {
  SamplerOptions greedy = plain();
  greedy.temperature = 0;
  EXPECT_EQ(sample(greedy, {1, 3, 2}), 1);
  EXPECT_EQ(sample(greedy, {1, 3, 3, 3}), 1);
  EXPECT_EQ(sample(greedy, {-INFINITY, -5, -INFINITY}), 1);
}

TEST(Sampler, SameSeedAndPositionSameToken) {
  SamplerOptions options = plain();
  const std::vector<float> logits(1000, 0.5f);
  EXPECT_EQ(sample(options, logits, 7), sample(options, logits, 7));
  int different = 0;
  for (std::uint64_t position = 0; position < 20; ++position)
    different += sample(options, logits, position) != sample(options, logits, 0);
  EXPECT_GE(different, 15);
  options.seed = 1;
  EXPECT_NE(sample(options, logits, 7), sample(plain(), logits, 7));
}

TEST(Sampler, DrawsAreFixed) {  // changes of arithmetic or order would change users' texts
  std::vector<float> logits(64);
  for (std::size_t i = 0; i < 64; ++i) logits[i] = static_cast<float>(i * 37 % 16) / 2;  // many are equal
  SamplerOptions options;
  options.seed = 42;
  std::vector<TokenId> drawn;
  for (std::uint64_t position = 0; position < 12; ++position) drawn.push_back(sample(options, logits, position));
  EXPECT_EQ(drawn, (std::vector<TokenId>{51, 35, 38, 38, 41, 35, 54, 51, 19, 51, 38, 51}));
}

TEST(Sampler, FrequenciesAreTheSoftmax) {
  const std::vector<float> logits = {0, std::log(2.0f), std::log(5.0f)};  // 1/8, 2/8, 5/8
  const int n = 80000;
  std::map<TokenId, int> counts = histogram(plain(), logits, n);
  for (const auto& [id, share] : std::map<TokenId, double>{{0, 0.125}, {1, 0.25}, {2, 0.625}}) {
    const double deviation = std::sqrt(n * share * (1 - share));  // of a binomial; six of them never happen by chance
    EXPECT_NEAR(counts[id], n * share, 6 * deviation);
  }
  SamplerOptions cold = plain();
  cold.temperature = 0.5f;  // squares the odds: 1, 4, 25 of 30
  counts = histogram(cold, logits, n);
  EXPECT_NEAR(counts[2], n * 25.0 / 30, 6 * std::sqrt(n * 25.0 / 30 * 5 / 30));
}

TEST(Sampler, TopK) {
  SamplerOptions options = plain();
  options.top_k = 2;
  EXPECT_THAT(histogram(options, {1, 5, 4, 4.5f, 0}, 500),
              testing::UnorderedElementsAre(testing::Key(1), testing::Key(3)));
  EXPECT_THAT(histogram(options, {2, 2, 2, 2}, 500),
              testing::UnorderedElementsAre(testing::Key(0), testing::Key(1)));  // ties: lower ids
  options.top_k = 100;
  EXPECT_EQ(histogram(options, {1, 1, 1}, 500).size(), 3u);
}

TEST(Sampler, TopP) {
  const std::vector<float> logits = {std::log(0.1f), std::log(0.5f), std::log(0.25f), std::log(0.15f)};
  SamplerOptions options = plain();
  options.top_p = 0.6f;
  EXPECT_THAT(histogram(options, logits, 500), testing::UnorderedElementsAre(testing::Key(1), testing::Key(2)));
  options.top_p = 0.49f;
  EXPECT_THAT(histogram(options, logits, 500), testing::UnorderedElementsAre(testing::Key(1)));
  options.top_p = 0.76f;
  EXPECT_EQ(histogram(options, logits, 500).size(), 3u);
  options.top_p = 0.01f;  // at least one remains
  EXPECT_THAT(histogram(options, logits, 50), testing::UnorderedElementsAre(testing::Key(1)));
  options.top_p = 0.8f;
  options.top_k = 2;  // among the two left, 0.5 is 2/3 of the weight: both are needed
  EXPECT_THAT(histogram(options, logits, 500), testing::UnorderedElementsAre(testing::Key(1), testing::Key(2)));
}

TEST(Sampler, MinP) {
  const std::vector<float> logits = {std::log(0.1f), std::log(0.5f), std::log(0.26f), std::log(0.14f)};
  SamplerOptions options = plain();
  options.min_p = 0.5f;
  EXPECT_THAT(histogram(options, logits, 500), testing::UnorderedElementsAre(testing::Key(1), testing::Key(2)));
  options.min_p = 1;
  EXPECT_THAT(histogram(options, logits, 50), testing::UnorderedElementsAre(testing::Key(1)));
}

TEST(Sampler, RepetitionPenalty) {
  SamplerOptions options = plain();
  options.temperature = 0;
  options.repetition_penalty = 2;
  EXPECT_EQ(sample(options, {4, 3, -1}, 0, {0}), 1);        // 4 / 2 < 3
  EXPECT_EQ(sample(options, {4, 3, -1}, 0, {0, 0, 0}), 1);  // once per token, not per occurrence
  EXPECT_EQ(sample(options, {4, 1.5f, -1}, 0, {0, 0, 0}), 0);
  EXPECT_EQ(sample(options, {-1, -1.5f}, 0, {0}), 1);  // -1 * 2 < -1.5
  options.repetition_window = 1;
  EXPECT_EQ(sample(options, {4, 3, -1}, 0, {0, 2}), 0);  // 0 is out of the window
  options.repetition_window = -1;
  EXPECT_EQ(sample(options, {4, 3, -1}, 0, {0, 2, 2, 2}), 1);
  options.repetition_window = 0;
  EXPECT_EQ(sample(options, {4, 3, -1}, 0, {0}), 0);
}

TEST(Sampler, MinusInfinityIsNeverDrawn) {
  EXPECT_THAT(histogram(plain(), {-INFINITY, 0, -INFINITY, 0}, 500),
              testing::UnorderedElementsAre(testing::Key(1), testing::Key(3)));
}

TEST(Sampler, BadLogits) {
  EXPECT_THAT(message_of([] { sample(plain(), {0, NAN, 1}); }), HasSubstr("logit 1 of 3 is NaN"));
  EXPECT_THAT(message_of([] { sample(plain(), {0, 1, INFINITY}); }), HasSubstr("logit 2 of 3 is infinite"));
  EXPECT_THAT(message_of([] {
                sample(plain(), {-INFINITY, -INFINITY});
              }),
              HasSubstr("all 2 logits are minus infinity"));
  EXPECT_THAT(message_of([] { sample(plain(), {}); }), HasSubstr("no logits"));
  SamplerOptions options = plain();
  options.repetition_penalty = 2;
  EXPECT_THAT(message_of([&] {
                sample(options, {0, 1}, 0, {2});
              }),
              HasSubstr("recent token 2 is outside the 2 logits"));
}

TEST(Sampler, BadOptions) {
  const auto refuse = [](void (*change)(SamplerOptions&)) {
    SamplerOptions options;
    change(options);
    return message_of([&] { Sampler{options}; });
  };
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.temperature = -1; }), HasSubstr("temperature is -1, expected 0"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.temperature = NAN; }), HasSubstr("temperature"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.top_k = -3; }), HasSubstr("top_k is -3"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.top_p = 0; }), HasSubstr("top_p is 0"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.top_p = 1.5f; }), HasSubstr("top_p is 1.5"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.min_p = 2; }), HasSubstr("min_p is 2"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.repetition_penalty = 0; }), HasSubstr("repetition_penalty is 0"));
  EXPECT_THAT(refuse([](SamplerOptions& o) { o.repetition_window = -2; }), HasSubstr("repetition_window is -2"));
}

}  // namespace
}  // namespace candor
