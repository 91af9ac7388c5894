#include <algorithm>

#include "cli/bench.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Figures {
  Spread prefill, decode;
  double achieved_bytes_per_second, prefill_flops_per_second;
};

Figures figures(const BenchOptions& options, const BenchResult& result) {
  Figures f{};
  f.prefill = token_rates(options.prefill, result.prefill_seconds);
  f.decode = token_rates(options.decode, result.decode_seconds);
  f.achieved_bytes_per_second = f.decode.median * static_cast<double>(result.receipt.model->weight_bytes_per_token);
  f.prefill_flops_per_second =
      f.prefill.median / static_cast<double>(options.prefill) * static_cast<double>(result.prefill_flops);
  return f;
}

double fraction(double part, double whole) { return whole > 0 ? part / whole : 0; }

Json spread_json(std::int64_t tokens, const Spread& rate, const std::vector<double>& seconds) {
  return {{"tokens", tokens},
          {"median_tokens_per_second", rate.median},
          {"min_tokens_per_second", rate.min},
          {"max_tokens_per_second", rate.max},
          {"seconds", seconds}};
}

std::string rate_cell(double rate) { return fixed(rate, rate < 100 ? 1 : 0); }

}  // namespace

Spread token_rates(std::int64_t tokens, const std::vector<double>& seconds) {
  std::vector<double> rates;
  for (const double s : seconds) rates.push_back(s > 0 ? static_cast<double>(tokens) / s : 0);
  std::sort(rates.begin(), rates.end());
  const std::size_t middle = rates.size() / 2;
  const double median = rates.size() % 2 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2;
  return {median, rates.front(), rates.back()};
}

Json bench_json(const BenchOptions& options, const BenchResult& result) {
  const Figures f = figures(options, result);
  const Ceilings& c = result.ceilings;
  Json json;
  json["schema"] = "candor-bench-1";
  json["prefill_tokens_per_second"] = f.prefill.median;
  json["decode_tokens_per_second"] = f.decode.median;
  json["weight_bytes_per_token"] = result.receipt.model->weight_bytes_per_token;
  json["achieved_bytes_per_second"] = f.achieved_bytes_per_second;
  json["read_probe_bytes_per_second"] = c.read_bytes_per_second;
  json["achieved_read_fraction"] = fraction(f.achieved_bytes_per_second, c.read_bytes_per_second);
  json["prefill_flops_per_second"] = f.prefill_flops_per_second;
  json["fma_peak_flops_per_second"] = c.fma_flops_per_second;
  json["dpbf16_peak_flops_per_second"] =
      c.dpbf16_flops_per_second > 0 ? Json(c.dpbf16_flops_per_second) : Json(nullptr);
  json["prefill_fma_fraction"] = fraction(f.prefill_flops_per_second, c.fma_flops_per_second);
  json["prefill_dpbf16_fraction"] =
      c.dpbf16_flops_per_second > 0 ? Json(f.prefill_flops_per_second / c.dpbf16_flops_per_second) : Json(nullptr);
  json["repeat"] = options.repeat;
  json["prefill"] = spread_json(options.prefill, f.prefill, result.prefill_seconds);
  json["decode"] = spread_json(options.decode, f.decode, result.decode_seconds);
  json["receipt"] = receipt_json(result.receipt);
  return json;
}

std::string bench_table(const BenchOptions& options, const BenchResult& result) {
  const Figures f = figures(options, result);
  const Ceilings& c = result.ceilings;
  const Receipt& receipt = result.receipt;
  std::string text = receipt.model->precision.to_string() + "\n" + receipt.machine.cpu_model + " · " +
                     receipt.machine.active_isa + " · " +
                     counted(static_cast<std::uint64_t>(receipt.threads), "thread") + "\n\n";
  using Align = Table::Align;
  Table rates({Align::left, Align::right, Align::right, Align::right, Align::right});
  rates.add({"tokens/s", "tokens", "median", "min", "max"});
  const auto add = [&](const char* what, std::int64_t tokens, const Spread& s) {
    rates.add({what, std::to_string(tokens), rate_cell(s.median), rate_cell(s.min), rate_cell(s.max)});
  };
  add("prefill", options.prefill, f.prefill);
  add("decode", options.decode, f.decode);
  Table ceilings({Align::left, Align::right, Align::left, Align::right, Align::right});
  const auto compare = [&](const char* what, std::string reached, const char* peak, std::string limit, double share) {
    ceilings.add({what, std::move(reached), peak, std::move(limit), format_percent(share)});
  };
  compare("decode reads", format_byte_rate(f.achieved_bytes_per_second), "of memory read",
          format_byte_rate(c.read_bytes_per_second), fraction(f.achieved_bytes_per_second, c.read_bytes_per_second));
  compare("prefill computes", format_flop_rate(f.prefill_flops_per_second), "of f32 fma",
          format_flop_rate(c.fma_flops_per_second), fraction(f.prefill_flops_per_second, c.fma_flops_per_second));
  if (c.dpbf16_flops_per_second > 0)
    compare("", "", "of vdpbf16ps", format_flop_rate(c.dpbf16_flops_per_second),
            fraction(f.prefill_flops_per_second, c.dpbf16_flops_per_second));
  return text + rates.text() + "\n" + ceilings.text();
}

}  // namespace candor::cli
