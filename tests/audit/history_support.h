// What the calibration and the tests of the judge share: the questions of history alone, and tensors of a kind.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "audit/judge/judge.h"
#include "audit/judge/proposal.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {

struct HistoryAnswer {
  Proposal proposal;
  AuditEvidence evidence;
  const AuditTest& test(std::string_view name) const {
    for (const AuditTest& t : evidence.tests) {
      if (t.name == name) return t;
    }
    throw std::out_of_range("no test of that name was recorded");
  }
  double history_bits(std::string_view name) const {
    for (const AuditHistory& h : evidence.histories) {
      if (h.name == name) return h.bits;
    }
    throw std::out_of_range("no history of that name was recorded");
  }
};

inline TensorAudit judged(const Fingerprint& tensor, double threshold_bits = 40) {
  return judge(tensor, measure(tensor), {}, threshold_bits);
}

/// The gate and, whatever it says, the history; the first proposal counts.
inline HistoryAnswer ask_both(const Fingerprint& tensor, double threshold_bits = 40) {
  HistoryAnswer answer;
  const std::optional<Measured> measured = measure(tensor);
  const MagnitudeTable magnitudes = magnitudes_of(tensor);
  const Question question{tensor, measured, magnitudes, threshold_bits, answer.evidence};
  std::optional<Proposal> gate = ask_smoothness(question), history = ask_history(question);
  if (gate || history) answer.proposal = gate ? *gate : *history;
  return answer;
}

inline Fingerprint bf16_tensor(Law law, double sigma, std::size_t count, Route route, std::uint64_t seed) {
  return fingerprint_of(to_bf16(draw(law, sigma, count, seed), route, seed), {static_cast<std::int64_t>(count)});
}

/// body(i) for i in [0, count), on all cores; the order does not matter.
inline void on_all_cores(std::size_t count, const std::function<void(std::size_t)>& body) {
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> pool;
  for (std::size_t t = 0; t < threads; ++t) {
    pool.emplace_back([&, t] {
      for (std::size_t i = t; i < count; i += threads) body(i);
    });
  }
}

}  // namespace candor::audit_internal
