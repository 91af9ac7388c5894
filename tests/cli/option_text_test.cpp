#include "cli/option_text.h"

#include <gtest/gtest.h>

namespace candor::cli {
namespace {

TEST(OptionTextTest, MemoryAdviceNamesOnlyOptionsOfTheCommand) {
  CLI::App app;
  EXPECT_EQ(memory_advice(app), "end other programs, or take a machine with more");
  int threads = 0;
  std::string text;
  app.add_option("--threads", threads);
  EXPECT_EQ(memory_advice(app), "less is needed with fewer --threads");
  app.add_option("--precision", text);
  EXPECT_EQ(memory_advice(app), "less is needed with a narrower --precision or fewer --threads");
  app.add_option("-c,--context", text);
  EXPECT_EQ(memory_advice(app), "less is needed with a narrower --precision, a smaller --context or fewer --threads");
}

}  // namespace
}  // namespace candor::cli
