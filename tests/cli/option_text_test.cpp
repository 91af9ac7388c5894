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

TEST(OptionTextTest, PositiveNumbersAreAsWideAsADouble) {
  std::string largest = "1e308", smallest = "1e-300";
  EXPECT_EQ(positive_number()(largest), "");
  EXPECT_EQ(positive_number()(smallest), "");
  for (std::string text : {"0", "-1", "1e309", "inf", "nan", "", "4 0"})
    EXPECT_EQ(positive_number()(text), "'" + text + "' is not a finite number above 0");
}

}  // namespace
}  // namespace candor::cli
