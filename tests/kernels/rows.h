// Every row of every built backend, named for test parameters.
#pragma once

#include <algorithm>
#include <cctype>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/registry.h"

namespace candor::test {

struct NamedRow {
  const Backend* backend;
  const KernelRow* row;
};

/// Rows that can be launched in this build. The reference is the oracle: tests/backend_ref/ checks it by hand.
inline std::vector<NamedRow> built_rows() {
  std::vector<NamedRow> rows;
  for (const Backend& backend : installed_backends())
    for (const KernelRow& row : backend.rows)
      if (backend.built && !backend.reference) rows.push_back({&backend, &row});
  return rows;
}

inline bool runs_here(const NamedRow& named) { return named.row->isa <= named.backend->active_isa(); }

/// "matmul_cpu_matmul_matmul_packed_bf16_bf16_f32_avx2"; only what GoogleTest takes in a name.
inline std::string test_name(const NamedRow& named) {
  const KernelRow& row = *named.row;
  const Precision& p = row.precision;
  std::string name = std::string(row.op) + "__" + std::string(row.name);
  for (const DType dtype : {p.a, p.b, p.out}) name += "_" + std::string(dtype_name(dtype));
  if (p.compute != DType::f32 && p.compute != DType::any) name += "_compute_" + std::string(dtype_name(p.compute));
  if (p.accumulate != DType::f32 && p.accumulate != DType::any)
    name += "_accumulate_" + std::string(dtype_name(p.accumulate));
  name += "_" + std::string(isa_name(row.isa));
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c) && c != '_'; }, '_');
  return name;
}

/// For GoogleTest's messages.
inline void PrintTo(const NamedRow& named, std::ostream* out) { *out << test_name(named); }

}  // namespace candor::test
