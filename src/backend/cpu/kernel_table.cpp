#include "backend/cpu/kernel_table.h"

#include <vector>

namespace candor::cpu {
namespace {

// Families share no op, so their order says nothing; inside a family rows stand most specific first.
std::vector<KernelRow> join_families() {
  std::vector<KernelRow> rows;
  for (const auto family : {matmul_rows(), attention_rows(), norm_rows(), elementwise_rows(), cast_rows(),
                            embedding_rows(), selection_rows()})
    rows.insert(rows.end(), family.begin(), family.end());
  return rows;
}

}  // namespace

std::span<const KernelRow> kernel_rows() {
  static const std::vector<KernelRow> rows = join_families();
  return rows;
}

}  // namespace candor::cpu
