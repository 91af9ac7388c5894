// What `candor prove` was asked for, and the shapes in which it tells what it found.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "candor/prove.h"
#include "cli/model_options.h"

namespace candor::cli {

struct ProveCommand {
  bool quick = false, verbose = false, quiet = false;
  std::uint64_t seed = 1;
  std::string op, json, html;
  ModelOptions model;  // no path: kernels only
};

/// "candor 0.1.0 (2dbd0f4c9a1e); AMD EPYC, avx512bf16, 2 threads; seed 1"
std::string prove_setting(const ProveCommand& command);
/// "1,051 rows: 1,051 proven, 0 unseen, 0 mismatches; 60 checks: 60 proven, 0 unseen, 0 mismatches; 9.8 s"
std::string prove_summary(const ProveReport& report);
/// One line for each group of rows and of checks, or for each row and check.
std::string prove_table(const ProveReport& report, bool every_row);
/// Every row and check that is not proven, with what speaks against it; "": there is none.
std::string prove_findings(const ProveReport& report);

nlohmann::ordered_json prove_json(const ProveCommand& command, const ProveReport& report);
/// One page that needs nothing else.
std::string prove_html(const ProveCommand& command, const ProveReport& report);

}  // namespace candor::cli
