// What `candor bench` was asked for and found.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "cli/receipt.h"

namespace candor::cli {

struct BenchOptions {
  ModelOptions model;
  std::int64_t prefill = 128, decode = 64, repeat = 5;
  std::string json, receipt;
};

struct BenchResult {
  std::vector<double> prefill_seconds, decode_seconds;  // one per timed pass
  std::uint64_t prefill_flops = 0;                      // of one pass, counted by the recorded one
  Ceilings ceilings;
  Receipt receipt;
};

/// Median, smallest and largest of tokens per second.
struct Spread {
  double median, min, max;
};
Spread token_rates(std::int64_t tokens, const std::vector<double>& seconds);

nlohmann::ordered_json bench_json(const BenchOptions& options, const BenchResult& result);
std::string bench_table(const BenchOptions& options, const BenchResult& result);

}  // namespace candor::cli
