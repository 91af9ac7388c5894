// Evidence of many tensors of one checkpoint together: a verdict where each alone is too small for one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "audit/judge/fit_check.h"
#include "audit/judge/measured.h"
#include "audit/judge/proposal.h"
#include "candor/audit.h"

namespace candor::audit_internal {

/// Pools by channel what a tensor alone has not enough values for. A tensor is taken or left by its size and spread,
/// never by what its own test said: pooling only what was undecided would leave out every tensor with a value off the
/// lattice, and cry f16 over the rest.
class EvidencePool {
 public:
  explicit EvidencePool(double threshold_bits) : threshold_(threshold_bits) {}

  /// Tensors that are not bf16 codes, that fail the smoothness gate, or that were added before (tied) are left out.
  void add(std::uint64_t identity, const std::optional<Measured>& measured);

  /// "pooled parity", "pooled zero mantissa", "pooled grid".
  std::vector<AuditTest> tests() const;
  /// What they say together; nothing below the threshold.
  std::optional<Proposal> propose() const;

 private:
  struct Channel {
    std::uint64_t tensors = 0, used = 0;
    double likelihood = 0;  // bits, summed over tensors
  };
  /// Codes of the tensors that one channel has taken, to see whether a history explains them all.
  struct Codes {
    std::map<int, ParityBinade> parity;
    std::map<int, PowerBinade> powers;
    void add(const Measured& measured);
    bool fit(History history) const;
  };
  void add_parity(const Measured& measured);
  void add_zero(const Measured& measured);
  void add_grid(const Measured& measured);

  // The weaker of likelihood ratio and classical test, in bits.
  double parity_bits() const;
  double zero_bits() const;
  double grid_bits() const;
  bool explains(const Codes& codes, History history) const;  // as `fits` for one tensor

  double threshold_;
  std::set<std::uint64_t> seen_;
  Codes parity_codes_, zero_codes_, grid_codes_;

  Channel parity_, zero_, grid_;
  double from_f16_likelihood_ = 0;    // of parity, for f16's subnormals
  double excess_ = 0, variance_ = 0;  // of parity
  LatticeCounts lattice_;
  std::uint64_t powers_ = 0, around_ = 0;  // of the zero mantissa
  OverDifferences via_over_, from_over_;   // of the grid
  double all_on_bits_ = 0;                 // of the grid: -log2 P(no code off the lattice)
  std::uint64_t off_ = 0;                  // values off the lattice
  bool has_witness_ = false;               // off the lattice or beyond f16's range
  int finest_bit_ = 128;                   // of all values that parity was asked of
};

}  // namespace candor::audit_internal
