// The receipt of a run against what a Llama-like model has to do.
#include <algorithm>
#include <set>

#include "prove/bytes/dtype_sizes.h"
#include "prove/model/model_judge.h"

namespace candor::prove {
namespace {

bool same_row(const ExplainedOp& op, const KernelEntry& entry) {
  return op.op == entry.op && op.precision == entry.precision && op.kernel == entry.kernel && op.isa == entry.isa &&
         op.instruction_class == entry.instruction_class;
}

ProofCheck judge_planned(const ModelMeasurement& m) {
  std::string finding;
  for (const KernelEntry& entry : m.kernels) {
    const bool planned =
        std::any_of(m.plan.begin(), m.plan.end(), [&](const ExplainedOp& op) { return same_row(op, entry); });
    if (!planned)
      finding += (finding.empty() ? "ran, and is not in the plan: " : "; ") + entry.op + " " +
                 to_string(entry.precision) + " " + entry.kernel + " " + entry.isa;
  }
  if (m.kernels.empty()) finding = "the receipt has no kernel";
  const std::string count = std::to_string(m.kernels.size()) + " kernels";
  return model_check("kernels that ran", "rows of `candor explain`", count,
                     "the receipt of " + std::to_string(m.prefill) + " tokens at once and " + std::to_string(m.decode) +
                         " single ones",
                     finding);
}

/// True when no layer mixes dtypes: its ops are then those of `calls_of_a_pass`.
bool plain_layers(const ModelMeasurement& m) {
  return std::none_of(m.plan.begin(), m.plan.end(), [](const ExplainedOp& op) {
    return !op.detail.starts_with("load") &&
           (op.op == "mul" || op.op == "unary" || (op.op == "matmul" && op.where.ends_with("query, key, value")));
  });
}

std::map<std::string, std::uint64_t> calls_of_a_pass(const ModelMeasurement& m) {
  const std::uint64_t layers = static_cast<std::uint64_t>(m.info.layers);
  return {{"embedding", 1},     {"rms_norm", 2 * layers + 1}, {"qkv_projection", layers}, {"rope", 2 * layers},
          {"copy", 2 * layers}, {"attention", layers},        {"gated_linear", layers},   {"matmul", 2 * layers + 1}};
}

ProofCheck judge_calls(const ModelMeasurement& m) {
  std::map<std::string, std::uint64_t> ran;
  for (const KernelEntry& entry : m.kernels)
    if (entry.op != "cast") ran[entry.op] += entry.calls;  // judged with the casts
  std::string evidence, finding;
  const std::uint64_t passes = static_cast<std::uint64_t>(1 + m.decode);
  for (const auto& [op, calls] : calls_of_a_pass(m)) {
    const std::uint64_t wanted = calls * passes;
    evidence += (evidence.empty() ? "" : ", ") + op + " " + std::to_string(ran[op]);
    if (ran[op] != wanted)
      finding += (finding.empty() ? "" : "; ") + op + " ran " + std::to_string(ran[op]) + " times, not " +
                 std::to_string(wanted);
  }
  return model_check("calls",
                     std::to_string(passes) + " forward passes of " + std::to_string(m.info.layers) + " layers",
                     finding.empty() ? "as many" : finding, evidence, finding);
}

using Bytes = std::map<DType, std::uint64_t>;

bool matrix_op(const std::string& op) { return op == "matmul" || op == "qkv_projection" || op == "gated_linear"; }

/// What one pass has to read in its matrix ops: every weight once, and its activations.
void add_pass(const ModelMeasurement& m, std::uint64_t rows, Bytes& bytes) {
  const ModelInfo& i = m.info;
  const auto extent = [](std::int64_t x) { return static_cast<std::uint64_t>(x); };
  for (const FileWeights::Entry& weight : m.file.entries) {
    const bool table = weight.name == "model.embed_tokens.weight" || weight.name == "token_embd.weight";
    const bool norm = weight.vector && !weight.name.ends_with(".bias");
    if (norm || (table && !i.tied_embeddings)) continue;
    bytes[weight.held] += bytes_of_elements(weight.held, weight.placed);
  }
  const std::uint64_t c = extent(i.channels), f = extent(i.feed_forward), q = extent(i.heads * i.head_dim);
  const std::uint64_t all_rows = rows * (extent(i.layers) * c + extent(i.layers - 1) * (q + c + f));
  bytes[m.load.precision.activations] += bytes_of_elements(
      m.load.precision.activations, all_rows + (q + c + f) + c);  // the last layer and the output: one row
}

ProofCheck judge_reads(const ModelMeasurement& m) {
  Bytes wanted, ran;
  add_pass(m, static_cast<std::uint64_t>(m.prefill), wanted);
  for (std::int64_t i = 0; i < m.decode; ++i) add_pass(m, 1, wanted);
  for (const KernelEntry& entry : m.kernels)
    for (int d = 0; matrix_op(entry.op) && d < static_cast<int>(DType::count_); ++d)
      if (entry.bytes_read[d] != 0) ran[static_cast<DType>(d)] += entry.bytes_read[d];
  std::string claimed, found, finding;
  for (const auto& [dtype, bytes] : wanted) {
    claimed += (claimed.empty() ? "" : ", ") + dtype_text(dtype) + " " + std::to_string(bytes);
    if (ran[dtype] < bytes)
      finding += "the receipt under-counts " + dtype_text(dtype) + ": " + std::to_string(ran[dtype]) +
                 " bytes read, not " + std::to_string(bytes) + "; ";
  }
  for (const auto& [dtype, bytes] : ran) {
    found += (found.empty() ? "" : ", ") + dtype_text(dtype) + " " + std::to_string(bytes);
    if (bytes > wanted[dtype])
      finding += "more " + dtype_text(dtype) + " is read than the weights have: " + std::to_string(bytes) +
                 " bytes, not " + std::to_string(wanted[dtype]) + "; ";
  }
  if (!finding.empty()) finding.resize(finding.size() - 2);
  return model_check("bytes that matrix products read", claimed, found, "receipt, and the shapes in the file", finding);
}

ProofCheck unseen(const char* what, const char* why) {
  ProofCheck result = model_check(what, "as layers of one dtype", "layers of several dtypes", "plan", "");
  result.verdict = ProofVerdict::unseen;
  result.finding = why;
  return result;
}

using Casts = std::map<std::pair<DType, DType>, std::uint64_t>;  // elements

std::string casts_text(const Casts& casts) {
  std::string text;
  for (const auto& [kind, elements] : casts)
    if (elements != 0)
      text += (text.empty() ? "" : ", ") + dtype_text(kind.first) + "→" + dtype_text(kind.second) + " " +
              std::to_string(elements);
  return text.empty() ? "none" : text;
}

ProofCheck judge_cast_kinds(const char* what, const Casts& wanted, const std::vector<CastEntry>& entries) {
  Casts ran, both = wanted;
  for (const CastEntry& entry : entries) {
    ran[{entry.from, entry.to}] += entry.elements;
    both.try_emplace({entry.from, entry.to}, 0);
  }
  std::string finding;
  for (const auto& [kind, elements] : both) {
    if (ran[kind] == elements) continue;
    finding += (finding.empty() ? "" : "; ") + std::to_string(ran[kind]) + " elements were cast from " +
               dtype_text(kind.first) + " to " + dtype_text(kind.second) + ", not " + std::to_string(elements);
  }
  return model_check(what, casts_text(wanted), casts_text(ran), "casts in the ledger, in elements", finding);
}

}  // namespace

std::vector<ProofCheck> judge_kernels(const ModelMeasurement& m) {
  std::vector<ProofCheck> checks = {judge_planned(m)};
  if (!plain_layers(m)) {
    checks.push_back(unseen("calls", "layers with weights of several dtypes run other ops, which are not counted"));
    checks.push_back(
        unseen("bytes that matrix products read", "layers with weights of several dtypes are not counted"));
    return checks;
  }
  checks.push_back(judge_calls(m));
  checks.push_back(judge_reads(m));
  return checks;
}

std::vector<ProofCheck> judge_casts(const ModelMeasurement& m) {
  Casts loading, running;
  for (const FileWeights::Entry& weight : m.file.entries)
    if (weight.stored != weight.held) loading[{weight.stored, weight.held}] += weight.elements;
  const ModelPrecision& p = m.load.precision;
  if (p.kv != p.activations)
    running[{p.activations, p.kv}] =
        2 * static_cast<std::uint64_t>(m.info.layers * (m.prefill + m.decode) * m.info.kv_heads * m.info.head_dim);
  ProofCheck ran = judge_cast_kinds("casts while running", running, m.run_casts);
  if (m.load.policy.allow_upcast && ran.verdict == ProofVerdict::mismatch) {
    ran.verdict = ProofVerdict::unseen;
    ran.finding = "what allow_upcast lets be cast is not counted: " + ran.finding;
  }
  return {judge_cast_kinds("casts while loading", loading, m.load_casts), ran};
}

}  // namespace candor::prove
