#include "prove/model/model_judge.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "prove/bytes/dtype_sizes.h"

namespace candor::prove {
namespace {

constexpr std::uint64_t kAllowance = std::uint64_t{64} << 20;
constexpr std::uint64_t kTakenAgain = std::uint64_t{32} << 20;  // memory freed before, which was resident already

std::string whole_bytes(std::uint64_t bytes) { return grouped(bytes) + " bytes"; }

std::string each(std::uint64_t bytes, std::uint64_t elements) {
  char text[48];
  std::snprintf(text, sizeof text, "%.2f bytes an element",
                static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(elements, 1)));
  return text;
}

struct Held {
  std::uint64_t owned = 0, mapped = 0;
};

Held held(const std::vector<MemoryEntry>& ledger, DType dtype) {
  for (const MemoryEntry& entry : ledger)
    if (entry.dtype == dtype) return {entry.now, entry.mapped_now};
  return {};
}

std::uint64_t growth(const std::vector<MemoryEntry>& before, const std::vector<MemoryEntry>& after, DType dtype) {
  const Held b = held(before, dtype), a = held(after, dtype);
  return a.owned + a.mapped - b.owned - b.mapped;
}

std::uint64_t mapped_growth(const ModelMeasurement& m) {
  std::uint64_t mapped = 0;
  for (const MemoryEntry& entry : m.loaded) mapped += entry.mapped_now - held(m.before, entry.dtype).mapped;
  return mapped;
}

std::map<DType, std::uint64_t> elements_by_dtype(const FileWeights& file) {
  std::map<DType, std::uint64_t> elements;
  for (const FileWeights::Entry& entry : file.entries) elements[entry.held] += entry.elements;
  return elements;
}

ProofCheck judge_dtype(const ModelMeasurement& m, DType dtype, std::uint64_t elements, std::uint64_t expected) {
  const std::uint64_t grown = growth(m.before, m.loaded, dtype);
  std::uint64_t said = 0;
  for (const ModelInfo::Weights& weights : m.info.weights)
    if (weights.dtype == dtype) said = weights.bytes;
  const std::string evidence = std::to_string(elements) + " elements of the file; the ledger grew by " +
                               whole_bytes(grown) + ", the model says " + whole_bytes(said);
  std::string finding;
  if (grown != expected)
    finding =
        "weights in " + dtype_text(dtype) + " take " + each(grown, elements) + ", not " + each(expected, elements);
  else if (said != expected)
    finding = "the model says that its weights in " + dtype_text(dtype) + " take " + whole_bytes(said) +
              "; they take " + whole_bytes(grown);
  return model_check("weights in " + dtype_text(dtype), each(expected, elements), each(grown, elements), evidence,
                     finding);
}

/// Dtypes in which weights are held though neither file nor precision calls for them.
ProofCheck judge_precision(const ModelMeasurement& m, const std::map<DType, std::uint64_t>& wanted) {
  std::string claimed, found, finding;
  for (const auto& [dtype, bytes] : wanted) claimed += (claimed.empty() ? "" : ", ") + dtype_text(dtype);
  for (const ModelInfo::Weights& weights : m.info.weights) {
    found += (found.empty() ? "" : ", ") + dtype_text(weights.dtype);
    if (wanted.contains(weights.dtype)) continue;
    finding += (finding.empty() ? "" : "; ") + ("--precision " + m.load.precision.to_string()) +
               " was asked for; weights are held in " + dtype_text(weights.dtype) + ": " +
               each(weights.bytes, weights.elements);
  }
  if (finding.empty() && !(m.info.precision.activations == m.load.precision.activations))
    finding = "activations in " + dtype_text(m.load.precision.activations) + " were asked for; the model says " +
              dtype_text(m.info.precision.activations);
  return model_check("dtypes of the weights", claimed, found, "facts of the loaded model", finding);
}

ProofCheck judge_cache(const ModelMeasurement& m) {
  const std::uint64_t elements =
      2 * static_cast<std::uint64_t>(m.info.layers * m.context * m.info.kv_heads * m.info.head_dim);
  const DType dtype = m.load.precision.kv;
  const std::uint64_t expected = bytes_of_elements(dtype, elements), grown = growth(m.loaded, m.with_cache, dtype);
  std::string finding;
  if (grown != expected || m.kv_bytes != expected)
    finding = "the KV cache takes " + each(grown, elements) + " and says " + whole_bytes(m.kv_bytes) + "; " +
              dtype_text(dtype) + " takes " + each(expected, elements);
  return model_check("KV cache in " + dtype_text(dtype), each(expected, elements), each(grown, elements),
                     "the ledger grew by " + whole_bytes(grown) + " for " + std::to_string(m.context) + " positions",
                     finding);
}

ProofCheck unseen(ProofCheck check, const std::string& why) {
  check.verdict = ProofVerdict::unseen;
  check.finding = why;
  return check;
}

ProofCheck judge_peak(const ModelMeasurement& m, std::uint64_t weights) {
  const std::uint64_t allowed = weights + m.kv_bytes + kAllowance, peak = m.peak.value_or(0);
  ProofCheck result =
      model_check("peak of memory while loading and running", "weights + KV cache + 64 MiB: " + whole_bytes(allowed),
                  whole_bytes(peak), m.peak_how, "");
  if (!m.peak) return unseen(result, "the system does not say what this process holds");
  if (peak <= allowed) return result;
  result.verdict = ProofVerdict::mismatch;
  result.finding = "memory rose by " + whole_bytes(peak) + ", " + whole_bytes(peak - allowed + kAllowance) +
                   " more than weights and KV cache take: something is held twice or wider";
  return result;
}

/// What the process really holds: the ledger could be silent about a copy.
ProofCheck judge_resident(const ModelMeasurement& m, std::uint64_t weights) {
  const std::uint64_t mapped = mapped_growth(m), owned = weights + m.kv_bytes - std::min(weights, mapped);
  const std::string claimed = whole_bytes(owned) + " and at most 64 MiB";
  const std::string evidence = "memory without a file behind it; " + whole_bytes(mapped) + " of weights are mapped";
  if (!m.memory_before || !m.memory_after)
    return unseen(model_check("memory of the process", claimed, "", evidence, ""),
                  "the system does not say what this process holds");
  const std::uint64_t start = m.memory_before->resident, end = m.memory_after->resident;
  const std::uint64_t grown = end > start ? end - start : 0;
  std::string finding;
  if (grown > owned + kAllowance)
    finding = "the process took " + whole_bytes(grown) + "; weights and KV cache take " + whole_bytes(owned);
  else if (grown + kTakenAgain < owned)
    finding =
        "the process took only " + whole_bytes(grown) + "; weights and KV cache are said to take " + whole_bytes(owned);
  return model_check("memory of the process", claimed, whole_bytes(grown), evidence, finding);
}

std::string row_text(const std::string& op, const Precision& p, const std::string& kernel, const std::string& isa) {
  return op + " " + to_string(p) + " " + kernel + " " + isa;
}
std::string row_text(const KernelEntry& e) { return row_text(e.op, e.precision, e.kernel, e.isa); }
std::string row_text(const ExplainedOp& e) { return row_text(e.op, e.precision, e.kernel, e.isa); }

bool of_forward(const ExplainedOp& op) { return !op.detail.starts_with("load"); }

}  // namespace

ProofCheck model_check(std::string what, std::string claimed, std::string found, std::string evidence,
                       std::string finding) {
  const ProofVerdict verdict = finding.empty() ? ProofVerdict::proven : ProofVerdict::mismatch;
  return {"model", std::move(what),   std::move(claimed), std::move(found), std::move(evidence),
          verdict, std::move(finding)};
}

std::string dtype_text(DType dtype) { return std::string(dtype_name(dtype)); }

std::vector<ProofCheck> judge_bytes(const ModelMeasurement& m) {
  std::vector<ProofCheck> checks;
  const std::map<DType, std::uint64_t> wanted = m.file.held_bytes(), elements = elements_by_dtype(m.file);
  std::uint64_t weights = 0;
  for (const auto& [dtype, bytes] : wanted) {
    checks.push_back(judge_dtype(m, dtype, elements.at(dtype), bytes));
    weights += bytes;
  }
  checks.push_back(judge_precision(m, wanted));
  checks.push_back(judge_cache(m));
  checks.push_back(judge_resident(m, weights));
  checks.push_back(judge_peak(m, weights));
  return checks;
}

ProofCheck judge_reached(const std::vector<ExplainedOp>& plan, const std::vector<KernelEntry>& reached) {
  std::set<std::string> ran, wanted, missing, blocks;
  for (const KernelEntry& entry : reached) ran.insert(row_text(entry));
  for (const ExplainedOp& op : plan) {
    if (!of_forward(op)) continue;
    wanted.insert(row_text(op));
    if (ran.contains(row_text(op))) continue;
    const bool block = is_block(op.precision.a) || is_block(op.precision.b);
    (block ? blocks : missing).insert(row_text(op));
  }
  const std::string all = std::to_string(wanted.size()) + " rows of the plan";
  ProofCheck result =
      model_check("twin: rows reached", all, std::to_string(wanted.size() - missing.size() - blocks.size()), "", "");
  for (const std::string& row : blocks) result.evidence += (result.evidence.empty() ? "" : "; ") + row;
  if (!blocks.empty()) result.evidence = "twins have no blocks; only the model itself ran: " + result.evidence;
  for (const std::string& row : missing) result.finding += (result.finding.empty() ? "not reached: " : "; ") + row;
  if (!missing.empty()) result.verdict = ProofVerdict::unseen;
  return result;
}

}  // namespace candor::prove
