// One hash of the logits on every instruction set of this machine, with one thread and with two. Each set runs in a
// process of its own, because the choice is made once; those the machine lacks are skipped by name.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

std::uint64_t fnv1a(const std::vector<float>& values, std::uint64_t hash) {
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(values.data());
  for (std::size_t i = 0; i < values.size() * sizeof(float); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

std::uint64_t hash_of_all_models() {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char* name : kGoldenModels)
    for (const char* precision : {"bf16", "f32", "f16"})
      hash = fnv1a(all_logits(load(golden_path(name), precision), read_golden(name).tokens), hash);
  hash = fnv1a(all_logits(load(golden_path("blocks.gguf"), "auto"), read_golden("gqa_tied").tokens), hash);
  return hash;
}

// Runs in the child only: IsaBitsTest asks for it by name.
TEST(IsaTest, DISABLED_PrintHash) {
  for (const int count : {1, 2}) {
    set_threads(count);
    std::printf("hash %016llx on %s with %d\n", static_cast<unsigned long long>(hash_of_all_models()),
                machine_info().active_isa.c_str(), threads());
  }
}

struct Answer {
  std::string isa;
  std::map<int, std::string> hashes;  // by threads
};

Answer ask(const std::string& isa) {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  EXPECT_GT(length, 0);
  const std::string command = "CANDOR_ISA=" + isa + " '" + std::string(self, static_cast<std::size_t>(length)) +
                              "' --gtest_also_run_disabled_tests --gtest_filter=IsaTest.DISABLED_PrintHash 2>&1";
  FILE* child = popen(command.c_str(), "r");
  if (child == nullptr) return {};
  Answer answer;
  char line[512], hash[64], name[64];
  int count = 0;
  while (std::fgets(line, sizeof line, child) != nullptr)
    if (std::sscanf(line, "hash %63s on %63s with %d", hash, name, &count) == 3) {
      answer.isa = name;
      answer.hashes[count] = hash;
    }
  EXPECT_EQ(pclose(child), 0) << command;
  return answer;
}

const std::vector<std::string> kLevels = {"baseline", "avx2", "avx512", "avx512bf16"};  // each contains those before

class IsaBitsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(IsaBitsTest, OneHashWithOneThreadAndWithTwo) {
  if (kSanitized) GTEST_SKIP() << "bits do not depend on a sanitizer; the baseline would take minutes";
  const std::string best = machine_info().best_isa;
  const auto rank = [](const std::string& isa) { return std::find(kLevels.begin(), kLevels.end(), isa); };
  ASSERT_NE(rank(best), kLevels.end()) << best;
  if (rank(GetParam()) > rank(best)) GTEST_SKIP() << "this machine has no " << GetParam() << "; its best is " << best;
  static const Answer baseline = ask("baseline");
  ASSERT_EQ(baseline.isa, "baseline");
  ASSERT_EQ(baseline.hashes.size(), 2u);
  const Answer answer = GetParam() == "baseline" ? baseline : ask(GetParam());
  EXPECT_EQ(answer.isa, GetParam());
  for (const int count : {1, 2}) EXPECT_EQ(answer.hashes.at(count), baseline.hashes.at(1)) << count << " threads";
}

INSTANTIATE_TEST_SUITE_P(Levels, IsaBitsTest, ::testing::ValuesIn(kLevels),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace candor::test
