// The same bits whatever the number of threads, and whether tokens come at once or one by one.
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

struct Case {
  std::string model, precision, tokens;  // tokens: the golden folder whose input is used
};

class BitsTest : public ::testing::TestWithParam<Case> {
 protected:
  void TearDown() override { set_threads(before_); }
  const LanguageModel model_ = load(golden_path(GetParam().model), GetParam().precision);
  const Golden golden_ = read_golden(GetParam().tokens);
  const int before_ = threads();
};

TEST_P(BitsTest, ThreadsDoNotMatter) {
  set_threads(1);
  const std::vector<float> one = all_logits(model_, golden_.tokens);
  for (const int count : {2, 3}) {
    set_threads(count);
    EXPECT_TRUE(same_bits(one, all_logits(model_, golden_.tokens))) << count << " threads";
  }
}

TEST_P(BitsTest, PrefillEqualsDecode) {
  const std::vector<float> prefill = all_logits(model_, golden_.tokens);
  const std::size_t row = static_cast<std::size_t>(model_.info().vocabulary);
  Session session(model_, std::ssize(golden_.tokens));
  for (std::size_t t = 0; t < golden_.tokens.size(); ++t) {
    const std::span<const float> logits = session.feed(std::span<const TokenId>(&golden_.tokens[t], 1));
    ASSERT_EQ(std::memcmp(logits.data(), prefill.data() + t * row, row * sizeof(float)), 0) << "position " << t;
  }
}

TEST_P(BitsTest, LastRowAloneEqualsAllRows) {
  const std::vector<float> all = all_logits(model_, golden_.tokens);
  Session session(model_, std::ssize(golden_.tokens));
  const std::size_t half = golden_.tokens.size() / 2;
  session.feed(std::span<const TokenId>(golden_.tokens).first(half));
  const std::span<const float> logits = session.feed(std::span<const TokenId>(golden_.tokens).subspan(half));
  EXPECT_TRUE(same_bits({logits.begin(), logits.end()}, tail(all, logits.size())));
}

// Every model in every precision, and block weights as they are stored.
std::vector<Case> cases() {
  std::vector<Case> all = {{"blocks.gguf", "auto", "gqa_tied"},
                           {"blocks.gguf", "weights=stored,activations=f32,kv=f32", "gqa_tied"}};
  for (const char* model : kGoldenModels)
    for (const char* precision : {"bf16", "f32", "f16", "weights=bf16,activations=f32,kv=bf16"})
      all.push_back({model, precision, model});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Models, BitsTest, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.model + "_" + info.param.precision;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace candor::test
