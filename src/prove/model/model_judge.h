// What a measurement of a model says about its claims. Nothing is measured here, so that wrong measurements can be
// tried.
#pragma once

#include <vector>

#include "candor/prove.h"
#include "prove/model/model_measure.h"

namespace candor::prove {

/// Of section "model": a mismatch when there is a finding.
ProofCheck model_check(std::string what, std::string claimed, std::string found, std::string evidence,
                       std::string finding);
std::string dtype_text(DType dtype);

/// Bytes an element of the weights, by dtype, in the ledger and in the process; the KV cache; the peak.
std::vector<ProofCheck> judge_bytes(const ModelMeasurement& m);
/// Kernels that ran against those that the plan names; how often; what they read.
std::vector<ProofCheck> judge_kernels(const ModelMeasurement& m);
/// Casts against those that file and precision call for.
std::vector<ProofCheck> judge_casts(const ModelMeasurement& m);
/// Rows of the plan that another run reached too.
ProofCheck judge_reached(const std::vector<ExplainedOp>& plan, const std::vector<KernelEntry>& reached);

}  // namespace candor::prove
