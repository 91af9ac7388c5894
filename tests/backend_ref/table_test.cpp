// The reference table: one row per op, each a file of this folder, and the serial stream.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "backend/ref/kernel_table.h"
#include "backend/ref/serial_stream.h"

namespace candor::test {
namespace {

TEST(ReferenceTable, OneRowPerOpNamedAfterItsFile) {
  std::set<std::string_view> ops;
  for (const KernelRow& row : ref::ref_kernel_rows()) {
    EXPECT_TRUE(ops.insert(row.op).second) << row.op;
    EXPECT_EQ(row.name, "ref/" + std::string(row.op));
    EXPECT_EQ(row.instruction_class, InstructionClass::f64_loop);
    EXPECT_TRUE(
        std::filesystem::exists(std::string(CANDOR_SOURCE_DIR "/src/backend/") + std::string(row.name) + ".cpp"))
        << row.name;
  }
}

TEST(SerialStream, RunsTheWholeRangeOnTheCaller) {
  Stream& stream = ref::ref_stream();
  std::int64_t seen[3] = {};
  stream.parallel(5, 2, {[](void* self, std::int64_t begin, std::int64_t end, int worker) {
    auto* out = static_cast<std::int64_t*>(self);
    out[0] = begin; out[1] = end; out[2] = worker;
  }, seen});
  EXPECT_EQ(stream.workers(), 1);
  EXPECT_EQ(seen[0], 0);
  EXPECT_EQ(seen[1], 5);
  EXPECT_EQ(seen[2], 0);
  std::byte* scratch = stream.scratch(0, 1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(scratch) % 64, 0u);
  EXPECT_NE(scratch, stream.shared_scratch(1000));
}

}  // namespace
}  // namespace candor::test
