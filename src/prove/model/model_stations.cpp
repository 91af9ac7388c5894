#include "prove/model/model_stations.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "prove/model/model_judge.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

bool agrees(const TwinReading& reading, double predicted, double found) {
  if (std::isnan(predicted) || std::isnan(found)) return std::isnan(predicted) == std::isnan(found);
  if (predicted == found) return true;
  return std::abs(predicted - found) <= reading.tolerance * std::max(std::abs(predicted), std::abs(found));
}

std::vector<double> predictions(const Twin& twin, const Storage& storage) {
  std::vector<std::vector<double>> logits;
  for (const std::vector<TokenId>& sequence : twin.sequences) logits.push_back(simulate(twin, storage, sequence));
  std::vector<double> values;
  for (const TwinReading& reading : twin.readings)
    values.push_back(logits[reading.sequence][static_cast<std::size_t>(reading.row)]);
  return values;
}

/// Index of the first reading that speaks against the predictions; as many as there are: none does.
std::size_t contradiction(const Twin& twin, const std::vector<double>& predicted, const std::vector<double>& found) {
  std::size_t i = 0;
  while (i < found.size() && agrees(twin.readings[i], predicted[i], found[i])) ++i;
  return i;
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// Most bits that values can show of a place: those of what is moved there, and of where it is moved next. A place
/// where values are computed shows all.
int bits_shown(Station station, const Storage& promised, const TwinShape& file) {
  const auto bits = [&](Station other) { return format_of(promised[other]).bits; };
  switch (station) {
    case Station::embedding_weights:
      return std::min({format_of(file.embedding).bits, bits(Station::embedded), bits(Station::residual)});
    case Station::matrix_weights:
      return format_of(file.matrix).bits;
    case Station::output_weights:
      return format_of(file.output).bits;
    case Station::embedded:
      return std::min({format_of(file.embedding).bits, bits(Station::embedding_weights), bits(Station::residual)});
    case Station::projected:
      return std::min(bits(Station::kv), bits(Station::attended));
    case Station::kv:
      return bits(Station::projected);
    default:
      return format_of(DType::f64).bits;
  }
}

/// Values alone tell a wider dtype from the promised one only where something is computed: what is moved stays the
/// same. Ranges are not tried. Sums in f64 over few equal terms are the same as in f32.
bool can_be_told(Station station, DType other, const Storage& promised, const TwinShape& file) {
  if (other == DType::f64)
    return is_sum(station) && station != Station::attention_sum && station != Station::output_sum &&
           station != Station::down_sum;
  const int bits = bits_shown(station, promised, file);
  return format_of(other).bits < bits || format_of(promised[station]).bits < bits;
}

struct Tried {
  StorageHypothesis hypothesis;
  std::vector<double> predicted;
  std::size_t against = 0;
};

std::string reading_text(const Twin& twin, std::size_t i, double predicted, double found) {
  return twin.readings[i].name + ": " + number(predicted) + " was predicted, " + number(found) + " came out";
}

ProofCheck check_of(const Twin& twin, Station station, const Storage& promised, const std::vector<Tried>& tried,
                    const std::vector<double>& found) {
  const bool kept = tried.front().against == found.size();
  ProofCheck check{.section = "model",
                   .what = "twin: " + std::string(station_name(station)),
                   .claimed = dtype_text(promised[station]),
                   .found = kept ? dtype_text(promised[station]) : "",
                   .evidence = {},
                   .verdict = ProofVerdict::proven,
                   .finding = {}};
  for (std::size_t i = 1; i < tried.size(); ++i) {
    const Storage& other = tried[i].hypothesis.storage;
    if (other[station] == promised[station]) continue;
    const bool alone = tried[i].hypothesis.text.starts_with(std::string(station_name(station)) + ":");
    const bool explains = tried[i].against == found.size();
    if (explains) check.found += (check.found.empty() ? "" : " or ") + dtype_text(other[station]);
    if (!alone) continue;
    check.evidence += check.evidence.empty() ? "" : "; ";
    check.evidence += explains
                          ? dtype_text(other[station]) + " would give the same"
                          : "not " + dtype_text(other[station]) + " (" + twin.readings[tried[i].against].name + ")";
    if (explains && kept) check.verdict = ProofVerdict::unseen;
  }
  if (check.found.empty()) check.found = check.claimed;  // something else is to blame
  if (check.verdict == ProofVerdict::unseen) check.finding = "not told apart: " + check.evidence;
  return check;
}

}  // namespace

std::vector<StorageHypothesis> storage_hypotheses(const Storage& promised, const TwinShape& file) {
  std::vector<StorageHypothesis> all = {{"as promised", promised}};
  for (const char* name : {"auto", "bf16", "f16", "f32"})  // a precision that was asked for and does nothing
    if (const Storage other = promised_storage(ModelPrecision::parse(name), file); other != promised)
      all.push_back({std::string("everything: as with --precision ") + name, other});
  const auto add = [&](const std::string& what, DType dtype, DType instead, const std::vector<Station>& places) {
    Storage storage = promised;
    for (const Station place : places) storage[place] = dtype;
    if (storage == promised) return;
    all.push_back({what + ": " + dtype_text(dtype) + ", not " + dtype_text(instead), storage});
  };
  for (int i = 0; i < kStations; ++i) {
    const Station station = static_cast<Station>(i);
    for (const DType dtype : {DType::bf16, DType::f16, DType::f32, DType::f64})
      if (dtype != promised[station] && can_be_told(station, dtype, promised, file))
        add(std::string(station_name(station)), dtype, promised[station], {station});
  }
  using enum Station;
  const std::vector<Station> activations = {embedded,         normed,   projected, attended,
                                            attention_output, residual, gated,     fed};
  std::vector<Station> with_kv = activations;
  with_kv.push_back(kv);
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    if (dtype != promised[residual]) {
      add("activations", dtype, promised[residual], activations);
      add("activations and KV cache", dtype, promised[residual], with_kv);
    }
    if (format_of(dtype).bits < format_of(file.matrix).bits && dtype != promised[matrix_weights])
      add("weights", dtype, promised[matrix_weights], {embedding_weights, matrix_weights, output_weights});
    if (dtype != promised[projection_sum])
      add("all sums", dtype, promised[projection_sum],
          {projection_sum, attention_sum, output_sum, gated_sum, down_sum, logit_sum});
  }
  return all;
}

std::vector<ProofCheck> judge_stations(const Twin& twin, const Storage& promised, const std::vector<double>& found) {
  std::vector<Tried> tried;
  for (StorageHypothesis& hypothesis : storage_hypotheses(promised, twin.shape)) {
    std::vector<double> predicted = predictions(twin, hypothesis.storage);
    const std::size_t against = contradiction(twin, predicted, found);
    tried.push_back({std::move(hypothesis), std::move(predicted), against});
  }
  std::vector<ProofCheck> checks;
  for (int i = 0; i < kStations; ++i) {
    ProofCheck check = check_of(twin, static_cast<Station>(i), promised, tried, found);
    if (check.verdict != ProofVerdict::proven || !check.evidence.empty()) checks.push_back(std::move(check));
  }
  const std::size_t first = tried.front().against;
  if (first == found.size()) return checks;
  ProofCheck wrong{.section = "model",
                   .what = "twin: logits of every canary",
                   .claimed = "as the precision promises",
                   .found = {},
                   .evidence = reading_text(twin, first, tried.front().predicted[first], found[first]),
                   .verdict = ProofVerdict::mismatch,
                   .finding = {}};
  for (const Tried& other : tried)
    if (other.against == found.size()) wrong.finding += (wrong.finding.empty() ? "" : "; or ") + other.hypothesis.text;
  if (wrong.finding.empty()) wrong.finding = "no storage considered explains it (" + wrong.evidence + ")";
  wrong.found = wrong.finding;
  checks.push_back(std::move(wrong));
  return checks;
}

}  // namespace candor::prove
