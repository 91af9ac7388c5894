#include "cli/audit_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "core/formats.h"

namespace candor::cli {
namespace {

using audit_internal::Route;
using enum AuditVerdict;

const double kGrid = std::ldexp(1.0, -24), kCoarse = std::ldexp(1.0, -17), kNormal = std::ldexp(1.0, -14);

bool off_grid(double magnitude) { return magnitude < kCoarse && std::fmod(magnitude, kGrid) != 0; }

double value_of(std::uint32_t code) { return audit_internal::widen({static_cast<std::uint16_t>(code)})[0]; }

void count_codes(AuditEvidence& e, const std::map<std::uint32_t, std::uint64_t>& codes) {
  std::map<int, AuditBinade> binades;
  for (const auto& [code, count] : codes) {
    const double magnitude = value_of(code);
    if (magnitude == 0) {
      e.zeros = count;
      continue;
    }
    const int exponent = std::ilogb(magnitude);
    AuditBinade& binade = binades.try_emplace(exponent, AuditBinade{exponent, 0, 0}).first->second;
    binade.count += count;
    if (code % 2 == 0) binade.even += count;
    if (magnitude < kNormal) e.small_codes.push_back({code, count}), e.below_f16_normal += count;
    if (magnitude >= kCoarse) continue;
    e.below_grid += count;
    ++e.distinct_small;
    if (off_grid(magnitude)) e.off_grid += count, ++e.distinct_off_grid;
  }
  for (const auto& [exponent, binade] : binades) e.binades.push_back(binade);
  e.distinct = codes.size();
  e.smallest =
      codes.empty() ? 0 : value_of(codes.begin()->first ? codes.begin()->first : std::next(codes.begin())->first);
  e.largest = codes.empty() ? 0 : value_of(codes.rbegin()->first);
}

AuditTest parity_of(const AuditEvidence& e) {
  std::uint64_t count = 0, even = 0;
  for (const AuditBinade& b : e.binades)
    if (b.exponent >= -14) count += b.count, even += b.even;
  AuditTest test;
  test.name = "parity";
  test.used = count;
  test.statistic =
      (2.0 * static_cast<double>(even) - static_cast<double>(count)) / std::sqrt(static_cast<double>(count));
  test.low = test.high = test.statistic;
  test.p_value = 0.5 * std::erfc(test.statistic / std::sqrt(2.0));
  test.bits = test.statistic > 6 ? test.statistic * test.statistic / 2 / std::log(2.0) : 0;
  test.text = std::to_string(even) + " of " + std::to_string(count) + " mantissas are even";
  return test;
}

AuditTest zero_mantissa(const std::vector<std::uint16_t>& codes) {
  double at_zero = 0, around = 0;
  for (const std::uint16_t code : codes) {
    const unsigned m = code & 0x7f;
    if (m == 0) ++at_zero;
    if (m == 1 || m == 2) around += 0.25;
    if (m == 126 || m == 127) around += 0.5;
  }
  AuditTest test;
  test.name = "zero mantissa";
  test.used = codes.size();
  test.statistic = at_zero / around;
  const double error = 1.96 * test.statistic / std::sqrt(at_zero);
  test.low = test.statistic - error;
  test.high = test.statistic + error;
  test.text =
      "codes with mantissa zero are this often as wide as their "
      "neighbours say: 0.75 is rounding, 1 cutting off";
  return test;
}

void add_witness(TensorAudit& tensor, const std::vector<std::uint16_t>& codes, const char* what, bool wanted_off_grid) {
  const auto columns = static_cast<std::uint64_t>(tensor.shape.back());
  for (std::uint64_t i = 0; i < codes.size() && tensor.witnesses.size() < 3; ++i) {
    const double value = value_of(codes[i]);
    if (value == 0 || std::abs(value) >= kCoarse || off_grid(std::abs(value)) != wanted_off_grid) continue;
    tensor.witnesses.push_back({what,
                                i,
                                {static_cast<std::int64_t>(i / columns), static_cast<std::int64_t>(i % columns)},
                                4096 + 2 * i,
                                codes[i],
                                value,
                                std::nearbyint(value / kGrid) * kGrid});
  }
}

TensorAudit with_verdict(TensorAudit tensor, AuditVerdict verdict, const char* sub, double bits, const char* sentence) {
  tensor.verdict = verdict;
  tensor.sub = sub;
  tensor.bits = bits;
  tensor.sentence = sentence;
  return tensor;
}

TensorAudit bare(const char* name, const char* dtype, AuditVerdict verdict, const char* sub, double bits,
                 const char* sentence) {
  TensorAudit tensor;
  tensor.name = name;
  tensor.file = "model.safetensors";
  tensor.dtype = dtype;
  tensor.element = dtype_from_safetensors(dtype).value_or(DType::any);
  tensor.shape = {576};
  tensor.evidence.elements = 576;
  return with_verdict(std::move(tensor), verdict, sub, bits, sentence);
}

TensorAudit small_tensor(const char* name) {
  TensorAudit tensor = with_verdict(sample_tensor(name, Route::via_f16, 1.0, {64, 64}), undecidable, "low-power", 0,
                                    "no value lies below 2^-17, where f16 is coarser than bf16");
  tensor.would_change = "about 2,500,000 values of this spread";
  tensor.evidence.tests.front().needed = 3580;  // parity: it has them, and they say nothing of the grid
  AuditTest test;
  test.name = "grid";
  test.needed = 2500000;
  test.not_run = "0 of 4,096 values are below 2^-17";
  tensor.evidence.tests.push_back(test);
  return tensor;
}

}  // namespace

TensorAudit sample_tensor(const std::string& name, Route route, double sigma, std::vector<std::int64_t> shape) {
  TensorAudit tensor;
  tensor.name = name;
  tensor.file = "model.safetensors";
  tensor.dtype = "BF16";
  tensor.element = DType::bf16;
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  tensor.shape = std::move(shape);
  const auto codes = audit_internal::to_bf16(audit_internal::draw(audit_internal::Law::normal, sigma, count, 7), route);
  std::map<std::uint32_t, std::uint64_t> folded;
  for (const std::uint16_t code : codes) ++folded[code & 0x7fff];
  AuditEvidence& e = tensor.evidence;
  e.elements = count;
  e.sigma = sigma;
  e.density_at_zero = 0.3989 / sigma;
  e.exponent_entropy = 2.54;
  count_codes(e, folded);
  e.tests = {parity_of(e), zero_mantissa(codes)};
  e.histories = {{"bf16 through f16", 12.5}, {"f32 through f16", 2955.2}, {"truncated", -310}};
  if (route == Route::rne)
    add_witness(tensor, codes, "off f16's grid", true);
  else
    add_witness(tensor, codes, "on f16's grid", false);
  return tensor;
}

TensorAudit sample_dequantised(const std::string& name) {
  TensorAudit tensor = sample_tensor(name, Route::rne);
  AuditEvidence& e = tensor.evidence;
  e.small_codes.clear();
  const auto values = audit_internal::draw(audit_internal::Law::normal, 0.02, 32 * 1024, 3);
  AuditDistinct distinct{"32 along rows", 32, std::vector<std::uint32_t>(33), 31.6};
  for (std::size_t block = 0; block < 1024; ++block) {
    const float* x = values.data() + block * 32;
    float largest = 0;
    for (int i = 0; i < 32; ++i) largest = std::max(largest, std::abs(x[i]));
    std::set<int> levels;
    for (int i = 0; i < 32; ++i) levels.insert(static_cast<int>(std::lround(7 * x[i] / largest)));
    ++distinct.blocks[levels.size()];
  }
  e.distinct_per_block = {distinct};
  e.schemes = {{"int4 symmetric", 32, "32 along rows", 4096, 4096, 412345.0, 0.0078125, 0},
               {"q4_0", 32, "32 along rows", 4096, 17, -3120.5, 0.0068, 0}};
  AuditTest test;
  test.name = "blocks";
  test.used = 131072;
  test.bits = 412345;
  test.p_value = 0;
  test.text = "4,096 of 4,096 blocks of 32 along rows lie on 15 equally spaced levels";
  AuditTest gate, grid;
  gate.name = "smoothness";
  grid.name = "grid";
  grid.not_run = "no value below 7.6e-06";
  grid.needed = 654593;
  e.tests.insert(e.tests.begin(), {test, gate});  // before parity and zero mantissa
  e.tests[2].bits = 382.4;
  e.tests[2].text = "54.4 % of the mantissas are even";
  e.tests.push_back(grid);
  return with_verdict(std::move(tensor), dequantised, "int4", 412345, "every block of 32 lies on int4's levels");
}

CheckpointAudit sample_f16_checkpoint() {
  CheckpointAudit c;
  c.path = "models/some-8b/model.safetensors";
  c.format = "safetensors";
  c.verdict = f16_grid;
  c.sub = "from-f16";
  c.bits = 5700;
  c.sentence =
      "small values lie on f16's lattice, and even mantissas are 9 to "
      "7 more frequent than odd ones";
  for (const char* name : {"model.layers.0.mlp.down_proj.weight", "model.layers.0.mlp.up_proj.weight",
                           "model.layers.1.mlp.up_proj.weight"}) {
    c.tensors.push_back(with_verdict(sample_tensor(name, Route::from_f16), f16_grid, "from-f16", 2955.2,
                                     "0 of 33 different values below 2^-17 are off f16's lattice (p = "
                                     "1.5e-16), and "
                                     "73,665 of 130,811 mantissas are even (z = 45.7)"));
    c.tensors.back().would_change = "one value off the lattice 2^-24 below 2^-17";
  }
  c.tensors.push_back(small_tensor("model.layers.0.post_attention_layernorm.weight"));
  c.tensors.push_back(small_tensor("model.layers.1.post_attention_layernorm.weight"));
  c.tensors.push_back(with_verdict(sample_tensor("lm_head.weight", Route::rne), consistent, "", 0,
                                   "17 values are off f16's lattice, mantissas are even and odd alike."));
  c.tensors.back().note = "stochastic rounding is not excluded";
  c.tensors.push_back(bare("model.rotary_emb.inv_freq", "F32", structured, "table", 0, "a table of powers"));
  for (const TensorAudit& tensor : c.tensors) c.elements += tensor.evidence.elements;
  c.bytes = 2 * c.elements;
  c.pooled = {c.tensors[0].evidence.tests[0]};
  c.notes = {"config.json says bfloat16, as the header does"};
  return c;
}

CheckpointAudit sample_all_verdicts() {
  CheckpointAudit c = sample_f16_checkpoint();
  c.path = "all<b>&\"verdicts.safetensors";
  c.notes = {"<i>note</i>"};
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  c.tensors.push_back(with_verdict(sample_tensor("tf32", Route::from_tf32), p11_source, "", 900, "z = 46.1"));
  c.tensors.push_back(with_verdict(sample_tensor("cut", Route::truncated), truncated, "", 110,
                                   "codes with mantissa zero are as wide as the others: R = 1.01"));
  c.tensors.push_back(sample_dequantised("quantised"));
  c.tensors.push_back(bare("wide", "F32", widened, "bf16-in-f32", 9000, "the low 16 bits of 562 values are zero"));
  c.tensors.push_back(bare("swapped", "BF16", mislabelled, "byte-swapped", infinity, "the bytes stand the wrong way"));
  c.tensors.push_back(with_verdict(sample_tensor("merged", Route::via_f16), mixed, "", 80, "a part was edited"));
  AuditEvidence& merged = c.tensors.back().evidence;
  merged.share = 0.9, merged.share_low = 0.85, merged.share_high = 0.94;
  c.tensors.push_back(bare("codes<script>\"&\x1b[31m\xff", "I16", unsupported, "", 0, "</script><b>\n\x1b[2J"));
  TensorAudit broken = bare("empty", "BF16", undecidable, "no-support", 0, "no elements");
  broken.shape = {0, 5};
  broken.evidence = {};
  broken.evidence.sigma = nan;
  broken.evidence.largest = -infinity;
  broken.witnesses.push_back({"NaN", 3, {3}, 4102, 0x7fc1, nan, infinity});
  c.tensors.push_back(std::move(broken));
  return c;
}

CheckpointAudit sample_genuine_checkpoint() {
  CheckpointAudit c = sample_f16_checkpoint();
  c.path = "genuine.safetensors";
  c.verdict = consistent;
  c.sub = c.sentence = "";
  c.bits = 0;
  c.tensors.erase(c.tensors.begin(), c.tensors.begin() + 5);
  return c;
}

CheckpointAudit sample_refused_checkpoint() {
  CheckpointAudit c;
  c.path = "broken.safetensors";
  c.verdict = invalid;
  c.error =
      "safetensors: broken.safetensors: the header is "
      "9223372036854775807 bytes, the file only 24 (offset 0)";
  c.bytes = 24;
  return c;
}

AuditReport sample_report(std::vector<CheckpointAudit> checkpoints) {
  AuditReport report;
  report.verdict = checkpoints.empty() ? undecidable : checkpoints.front().verdict;
  report.checkpoints = std::move(checkpoints);
  report.seconds = 1.25;
  return report;
}

}  // namespace candor::cli
