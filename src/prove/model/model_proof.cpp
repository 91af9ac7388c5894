// candor prove MODEL: the model itself, then its planted twin.
#include "prove/model/model_proof.h"

#include <chrono>

#include "candor/error.h"
#include "candor/prove.h"
#include "candor/receipt.h"
#include "prove/model/model_bits.h"
#include "prove/model/model_folder.h"
#include "prove/model/model_judge.h"
#include "prove/model/model_stations.h"

namespace candor {
namespace prove {
namespace {

constexpr std::int64_t kSameBitsTokens = 9;  // a tile of rows and one more

void throw_if_cancelled(const ProveOptions& options) {
  if (options.cancel != nullptr && *options.cancel) throw Cancelled("prove: cancelled");
}

void append(std::vector<ProofCheck>& checks, std::vector<ProofCheck> more) {
  for (ProofCheck& check : more) checks.push_back(std::move(check));
}

ProofCheck no_twin(const std::string& why) {
  return {.section = "model",
          .what = "planted twin",
          .claimed = "a twin of the same extents",
          .found = "none",
          .evidence = why,
          .verdict = ProofVerdict::unseen,
          .finding = "no twin can be planted: " + why};
}

std::vector<double> read_twin(const LanguageModel& model, const Twin& twin) {
  std::vector<std::vector<float>> logits;
  for (const std::vector<TokenId>& sequence : twin.sequences) {
    Session session(model, std::ssize(sequence));
    const std::span<const float> row = session.feed(sequence);
    logits.emplace_back(row.begin(), row.end());
  }
  std::vector<double> found;
  for (const TwinReading& reading : twin.readings)
    found.push_back(static_cast<double>(logits[reading.sequence][static_cast<std::size_t>(reading.row)]));
  return found;
}

/// As many tokens as the plan's prefill, so that the same rows are chosen.
void run_plan(const LanguageModel& model, const Twin& twin, std::int64_t count) {
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<TokenId>(i % twin.vocabulary()));
  Session session(model, count + 1);
  session.feed(tokens);
  session.feed({tokens.data(), 1});
}

std::vector<ProofCheck> prove_twin(const ModelMeasurement& m, const LoadOptions& load) {
  TwinShape shape = m.file.dtypes;
  shape.channels = m.info.channels;
  shape.heads = m.info.heads;
  shape.kv_heads = m.info.kv_heads;
  shape.head_dim = m.info.head_dim;
  shape.feed_forward = m.info.feed_forward;
  if (const std::string why = twin_refusal(shape); !why.empty()) return {no_twin(why)};
  const Twin twin = make_twin(shape);
  const TemporaryFolder folder;
  write_twin(twin, folder.path());
  LoadOptions plain = load;
  if (is_block(plain.precision.weights)) plain.precision.weights = DType::any;
  const LanguageModel model = LanguageModel::load(folder.path(), plain);
  Recorder recorder;
  std::vector<ProofCheck> checks =
      judge_stations(twin, promised_storage(load.precision, shape), read_twin(model, twin));
  run_plan(model, twin, m.prefill);
  recorder.stop();
  checks.push_back(judge_reached(m.plan, recorder.kernels()));
  if (m.file.blocks) checks.back().evidence += "; the twin holds bf16 where the model has blocks";
  append(checks, check_same_bits(model, "twin: ", twin.sequences[3]));
  return checks;
}

/// The twin's weights need more range than some dtypes have that the model's own fit in.
std::vector<ProofCheck> prove_twin_if_any(const ModelMeasurement& m, const LoadOptions& load) {
  for (const ExplainedOp& op : m.plan)
    if (op.kernel.starts_with("ref/") && !op.detail.starts_with("load"))
      return {no_twin("the plan has " + op.kernel + ", whose sums are f64 whatever the precision says")};
  try {
    return prove_twin(m, load);
  } catch (const ValueError& error) {  // finite weights of the twin that are not so in load.precision
    return {no_twin(error.what())};
  } catch (const DTypeError& error) {
    return {no_twin(error.what())};
  } catch (const UnsupportedPrecision& error) {
    return {no_twin(error.what())};
  }
}

std::vector<TokenId> some_tokens(const ModelInfo& info) {
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < std::min(kSameBitsTokens, info.context_length); ++i)
    tokens.push_back(static_cast<TokenId>((i * 104729 + 11) % info.vocabulary));
  return tokens;
}

}  // namespace

std::vector<ProofCheck> check_model(const std::string& path, const LoadOptions& load, const ProveOptions& options) {
  const ModelMeasurement m = measure_model(path, load);
  std::vector<ProofCheck> checks = judge_bytes(m);
  append(checks, judge_kernels(m));
  append(checks, judge_casts(m));
  throw_if_cancelled(options);
  {
    const LanguageModel model = LanguageModel::load(path, load);
    append(checks, check_same_bits(model, "", some_tokens(m.info)));
  }
  throw_if_cancelled(options);
  append(checks, prove_twin_if_any(m, load));
  return checks;
}

}  // namespace prove

ProveReport prove_model(const std::string& path, const LoadOptions& load, const ProveOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  LoadOptions asked = load;
  if (asked.cancel == nullptr) asked.cancel = options.cancel;
  if (!asked.progress) asked.progress = options.progress;
  std::vector<ProofCheck> checks = prove::check_model(path, asked, options);  // first: the rows leave memory behind
  ProveOptions rows = options;
  rows.plan = LanguageModel::explain(path, asked);
  rows.checks = false;
  ProveReport report = prove_kernels(rows);
  report.checks = std::move(checks);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace candor
