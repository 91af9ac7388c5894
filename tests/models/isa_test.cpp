// One hash of the logits on every instruction set of this machine. Each runs in a process of its own, because the
// choice is made once.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

std::uint64_t fnv1a(const std::vector<float>& values, std::uint64_t hash) {
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(values.data());
  for (std::size_t i = 0; i < values.size() * sizeof(float); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

// Runs in the child only: `IsaTest.EveryInstructionSetGivesTheSameBits` asks for it by name.
TEST(IsaTest, DISABLED_PrintHash) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char* name : kGoldenModels)
    for (const char* precision : {"bf16", "f32", "f16"})
      hash = fnv1a(all_logits(load(golden_path(name), precision), read_golden(name).tokens), hash);
  hash = fnv1a(all_logits(load(golden_path("blocks.gguf"), "auto"), read_golden("gqa_tied").tokens), hash);
  std::printf("hash %016llx on %s\n", static_cast<unsigned long long>(hash), machine_info().active_isa.c_str());
}

struct Answer {
  std::string hash, isa;
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
  while (std::fgets(line, sizeof line, child) != nullptr)
    if (std::sscanf(line, "hash %63s on %63s", hash, name) == 2) answer = {hash, name};
  EXPECT_EQ(pclose(child), 0) << command;
  return answer;
}

TEST(IsaTest, EveryInstructionSetGivesTheSameBits) {
  if (kSanitized) GTEST_SKIP() << "bits do not depend on a sanitizer; the baseline would take minutes";
  const std::string best = machine_info().best_isa;
  const Answer baseline = ask("baseline");
  ASSERT_EQ(baseline.isa, "baseline");
  for (const char* isa : {"avx2", "avx512", "avx512bf16"}) {
    const Answer answer = ask(isa);
    EXPECT_EQ(answer.isa, isa);
    EXPECT_EQ(answer.hash, baseline.hash) << isa;
    if (isa == best) break;
  }
}

}  // namespace
}  // namespace candor::test
