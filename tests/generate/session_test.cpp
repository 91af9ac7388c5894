#include <gmock/gmock.h>

#include "candor/error.h"
#include "generate/language_model.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SessionTest : public ::testing::Test {
 protected:
  const LanguageModel model_ = load(golden_path("gqa_tied"), "bf16");
};

TEST_F(SessionTest, CacheBytesAreWhatTheDtypeSays) {
  const Session session(model_, 100);
  EXPECT_EQ(session.kv_bytes(), 2u * 2 * 100 * 2 * 16 * 2);  // K and V, layers, positions, heads, head dim, bytes
  EXPECT_EQ(model_.info().kv_bytes_per_token * 100, session.kv_bytes());
}

TEST_F(SessionTest, DefaultContextIsTheModels) { EXPECT_EQ(Session(model_).context(), 256); }

TEST_F(SessionTest, TooLongAContextIsRefusedWithItsBytes) {
  EXPECT_THAT(error_text<ValueError>([&] { Session(model_, 257); }),
              AllOf(HasSubstr("257"), HasSubstr("65792 bytes"), HasSubstr("256")));
  EXPECT_THROW(Session(model_, -1), ValueError);
}

TEST_F(SessionTest, MemoryIsWhatTheWeightsLeave) {
  const std::uint64_t total =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  EXPECT_GT(generation::free_memory(0), 0u);
  EXPECT_LE(generation::free_memory(0), total);
  EXPECT_LE(generation::free_memory(total - 4096), 4096u);  // weights in mapped files are needed too
  EXPECT_EQ(generation::free_memory(total), 0u);
  EXPECT_EQ(generation::free_memory(2 * total), 0u);
}

TEST_F(SessionTest, ACacheBeyondTheMemoryIsRefusedWithBothSizes) {
  const nn::KvCacheShape shape = model_.impl()->model.kv_shape(100);
  EXPECT_NO_THROW(generation::require_memory(shape, 25600));
  EXPECT_THAT(error_text<OutOfMemory>([&] { generation::require_memory(shape, 25599); }),
              AllOf(HasSubstr("100 positions"), HasSubstr("25600 bytes in bf16"), HasSubstr("25599 bytes left"),
                    HasSubstr("smaller context")));
}

TEST_F(SessionTest, OverflowSaysHowManyFit) {
  Session session(model_, 10);
  session.feed(std::vector<TokenId>(7, 5));
  EXPECT_THAT(error_text<ValueError>([&] { session.feed(std::vector<TokenId>(4, 5)); }), HasSubstr("3 fit"));
  EXPECT_EQ(session.tokens().size(), 7u);
  EXPECT_NO_THROW(session.feed(std::vector<TokenId>(3, 5)));
}

TEST_F(SessionTest, TokensOutsideTheVocabularyAreRefused) {
  Session session(model_, 10);
  EXPECT_THAT(error_text<ValueError>([&] {
                session.feed(std::vector<TokenId>{1, 291});
              }),
              AllOf(HasSubstr("token 291 at position 1"), HasSubstr("[0, 291)")));
  EXPECT_THROW(session.feed(std::vector<TokenId>{-1}), ValueError);
  EXPECT_THROW(session.feed({}), ValueError);
  EXPECT_THROW(all_logits(model_, std::vector<TokenId>{300}), ValueError);
}

TEST_F(SessionTest, TruncateForgets) {
  Session session(model_, 32), fresh(model_, 32);
  session.feed(std::vector<TokenId>{4, 5, 6, 7});
  session.truncate(2);
  EXPECT_EQ(session.tokens(), (std::vector<TokenId>{4, 5}));
  const std::span<const float> again = session.feed(std::vector<TokenId>{9});
  const std::span<const float> expected = fresh.feed(std::vector<TokenId>{4, 5, 9});
  EXPECT_TRUE(same_bits({again.begin(), again.end()}, {expected.begin(), expected.end()}));
  EXPECT_THROW(session.truncate(4), ValueError);
}

TEST_F(SessionTest, CancelLeavesTheSessionUsable) {
  Session session(model_, 32), fresh(model_, 32);
  const std::atomic<bool> cancel = true;
  EXPECT_THROW(session.feed(std::vector<TokenId>{4, 5}, &cancel), Cancelled);
  EXPECT_EQ(session.tokens().size(), 0u);
  const std::span<const float> after = session.feed(std::vector<TokenId>{4, 5});
  const std::span<const float> expected = fresh.feed(std::vector<TokenId>{4, 5});
  EXPECT_TRUE(same_bits({after.begin(), after.end()}, {expected.begin(), expected.end()}));
}

TEST_F(SessionTest, TheModelOutlivesItsHandle) {
  auto handle = std::make_unique<LanguageModel>(load(golden_path("gqa_tied"), "bf16"));
  Session session(*handle, 16);
  handle.reset();
  EXPECT_EQ(session.feed(std::vector<TokenId>{4}).size(), 291u);
}

TEST_F(SessionTest, LogitsBeyondTheContextAreRefused) {
  EXPECT_THAT(error_text<ValueError>([&] { all_logits(model_, std::vector<TokenId>(257, 3)); }), HasSubstr("256"));
}

}  // namespace
}  // namespace candor::test
