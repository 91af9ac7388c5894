// CANDOR_ISA and CANDOR_THREADS: what is refused by name, and that what is accepted acts. One test, because a process
// reads them once; a refused value leaves them unread.
#include <gtest/gtest.h>

#include <cstdlib>

#include "candor/error.h"
#include "candor/machine.h"

namespace candor {
namespace {

void expect_refused(const char* variable, const char* value, const std::string& text) {
  setenv(variable, value, 1);
  try {
    machine_info();
    ADD_FAILURE() << variable << "=" << value << " was accepted";
  } catch (const ValueError& error) {
    EXPECT_EQ(std::string(error.what()), text);
  }
  unsetenv(variable);
}

TEST(Environment, RefusedByNameOrObeyed) {
  expect_refused("CANDOR_ISA", "avx1024",
                 "CANDOR_ISA: \"avx1024\" is not known; use baseline, avx2, avx512 or avx512bf16");
  expect_refused("CANDOR_ISA", "AVX2", "CANDOR_ISA: \"AVX2\" is not known; use baseline, avx2, avx512 or avx512bf16");
  expect_refused("CANDOR_THREADS", "two", "CANDOR_THREADS: \"two\" is not a number of threads");
  expect_refused("CANDOR_THREADS", "2x", "CANDOR_THREADS: \"2x\" is not a number of threads");
  expect_refused("CANDOR_THREADS", "99999999999", "CANDOR_THREADS: \"99999999999\" is not a number of threads");
  expect_refused("CANDOR_THREADS", "0", "CANDOR_THREADS: threads: 0 is outside 1 … 1024");
  setenv("CANDOR_ISA", "baseline", 1);
  setenv("CANDOR_THREADS", "3", 1);
  EXPECT_EQ(machine_info().active_isa, "baseline");
  EXPECT_EQ(machine_info().threads, 3);
  for (const KernelListing& row : list_kernels())
    EXPECT_EQ(row.runs_here, row.isa == "any" || row.isa == "baseline") << row.kernel << " " << row.isa;
  setenv("CANDOR_THREADS", "2", 1);  // too late
  EXPECT_EQ(threads(), 3);
}

}  // namespace
}  // namespace candor
