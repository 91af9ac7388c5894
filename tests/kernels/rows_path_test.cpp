// A row's name is the path of its kernel under src/backend (DESIGN §1, principle 5).
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "kernels/registry.h"

namespace candor::test {
namespace {

bool row_has_limits(const KernelRow& row) {
  return std::visit([](auto refuses) { return refuses != nullptr; }, row.refuses);
}

TEST(RowPaths, EveryRowNamesAFile) {
  const std::filesystem::path root = CANDOR_SOURCE_DIR "/src/backend";
  int rows = 0;
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows) {
      bool found = false;
      for (const char* suffix : {".cpp", "-inl.h", ".h", ".cu", ".cl"})
        found = found || std::filesystem::is_regular_file(root / (std::string(row.name) + suffix));
      EXPECT_TRUE(found) << row.name << " is no file under src/backend";
      EXPECT_TRUE(row.name.starts_with(std::string(backend.name) + "/")) << row.name << " in backend " << backend.name;
      ++rows;
    }
  EXPECT_GT(rows, 0);
}

// Receipts show the name only, and readers tell by it who flushes.
TEST(RowPaths, ClassesThatFlushAreNamedFtz) {
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows) {
      const bool says_so = instruction_class_name(row.instruction_class).ends_with("-ftz");
      EXPECT_EQ(says_so, flushes_denormals(row.instruction_class)) << row.name;
    }
}

TEST(RowPaths, RowsAreWellFormed) {
  for (const Backend& backend : installed_backends()) {
    for (std::size_t i = 0; i < backend.rows.size(); ++i) {
      const KernelRow& row = backend.rows[i];
      const bool has_launch = std::visit([](auto launch) { return launch != nullptr; }, row.launch);
      EXPECT_EQ(has_launch, backend.built) << row.op << " " << row.name;
      EXPECT_EQ(row.launch.index(), row.refuses.index()) << row.op << " " << row.name;
      EXPECT_EQ(row.precision.a == DType::any, backend.reference) << row.op << " " << row.name;
      for (std::size_t j = i + 1; j < backend.rows.size(); ++j) {
        const KernelRow& other = backend.rows[j];
        EXPECT_FALSE(row.op == other.op && row.precision == other.precision && row.isa == other.isa &&
                     row.name == other.name)
            << "twice: " << row.op << " " << row.name;
        // Most specific first: a row that an earlier one always hides would never run.
        const bool hidden =
            row.op == other.op && row.precision == other.precision && row.isa <= other.isa && !row_has_limits(row);
        EXPECT_FALSE(hidden) << other.op << " " << other.name << " " << isa_name(other.isa) << " is hidden by "
                             << row.name;
      }
    }
  }
}

TEST(RowIndex, FindsWhatAWalkFinds) {
  int rows = 0;
  for (const Backend& backend : installed_backends()) {
    if (backend.index == nullptr) continue;
    for (const KernelRow& row : backend.rows) {
      std::vector<const KernelRow*> walked;
      for (const KernelRow& other : backend.rows)
        if (detail::row_matches(other, row.op, row.precision)) walked.push_back(&other);
      const auto found = backend.index->find(row.op, row.precision);
      EXPECT_EQ(std::vector<const KernelRow*>(found.begin(), found.end()), walked) << row.op << " " << row.name;
      ++rows;
    }
    EXPECT_TRUE(backend.index->find("matmul", {DType::i8, DType::i8, DType::i8}).empty());
    EXPECT_TRUE(backend.index->find("no such op", {DType::f32, DType::f32, DType::f32}).empty());
  }
  EXPECT_GT(rows, 0);
}

}  // namespace
}  // namespace candor::test
