// Are the values still on the lattice that a quantiser put them on? The examination is audit/blocks'; this says so.
#include <algorithm>
#include <cmath>

#include "audit/judge/proposal.h"
#include "audit/number_words.h"

namespace candor::audit_internal {
namespace {

/// Below this share of fitting blocks, it is a part of the tensor that was quantised. A quantiser need not use its
/// outermost level in every block, so that not all blocks of a dequantised tensor can be recognised.
constexpr double kWhole = 0.5;

std::string without(std::string text, std::string_view word) {
  if (const std::size_t at = text.find(word); at != std::string::npos) text.erase(at, word.size());
  return text;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return text.substr(0, beginning.size()) == beginning; });
}

/// "int4 g32", "int4 g32 (q4_0)", "int8 row", "fp8 e4m3 128x128"; "nf4" and GGUF's types have one block size.
std::string sub_of(const AuditBlockScheme& scheme) {
  std::string sub = without(without(scheme.name, " asymmetric"), " symmetric"), alias;
  if (const std::size_t at = sub.find(" ("); at != std::string::npos) {
    alias = sub.substr(at);
    sub.erase(at);
  }
  const bool fixed_block = starts_with_any(sub, {"iq", "mxfp", "nvfp", "nf4"});
  if (fixed_block) return sub.append(alias);
  const bool tile = scheme.extent.find('x') != std::string::npos;
  if (tile || scheme.block == 0) return sub.append(" ").append(scheme.extent).append(alias);
  return sub.append(" g").append(std::to_string(scheme.block)).append(alias);
}

std::string where(const AuditBlockScheme& scheme) {
  if (scheme.extent == "tensor") return "one scale for the whole tensor";
  if (scheme.block == 0) return std::string("one scale for each ").append(scheme.extent);
  return std::string("blocks of ").append(scheme.extent);
}

std::string sentence_of(const AuditBlockScheme& scheme, bool whole) {
  std::string text = whole ? "the values are" : "a part of the values is";
  text.append(" still on the lattice of ").append(scheme.name).append(", ").append(where(scheme));
  text.append(": ").append(grouped(scheme.fitting)).append(" of ").append(grouped(scheme.tested));
  text.append(scheme.tested == 1 ? " block tried fits" : " blocks tried fit");
  if (scheme.scale != 0) text.append("; the first has the scale ").append(short_number(scheme.scale));
  if (scheme.zero != 0) text.append(" and the offset ").append(short_number(scheme.zero));
  return text;
}

/// Wilson's interval, 95 %.
PartShare share_of(const AuditBlockScheme& scheme) {
  const auto n = static_cast<double>(scheme.tested);
  const double share = static_cast<double>(scheme.fitting) / n, z = 1.96, z2 = z * z;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {share, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

AuditTest test_of(const BlockEvidence& blocks) {
  AuditTest test;
  test.name = "blocks";
  test.used = blocks.sampled;
  if (blocks.sampled == 0) {
    test.not_run = "no blocks were examined";
    return test;
  }
  if (blocks.schemes.empty()) {
    test.text =
        std::string("none of ").append(grouped(blocks.sampled)).append(" blocks is on a known quantiser's lattice");
    return test;
  }
  const AuditBlockScheme& best = blocks.schemes.front();
  if (best.tested > 0) test.statistic = static_cast<double>(best.fitting) / static_cast<double>(best.tested);
  test.low = test.high = test.statistic;
  test.bits = best.bits;
  bound_p_value(test);
  test.text = sentence_of(best, test.statistic >= kWhole);
  return test;
}

}  // namespace

std::optional<Proposal> ask_blocks(const Question& question) {
  const BlockEvidence& blocks = question.tensor.blocks;
  question.evidence.schemes = blocks.schemes;
  question.evidence.distinct_per_block = blocks.distinct;
  AuditTest test = test_of(blocks);
  question.evidence.tests.push_back(test);
  if (blocks.schemes.empty()) return std::nullopt;
  const AuditBlockScheme& best = blocks.schemes.front();
  if (best.bits < question.threshold_bits || best.tested == 0) return std::nullopt;
  const bool whole = test.statistic >= kWhole;
  Proposal p;
  p.verdict = whole ? AuditVerdict::dequantised : AuditVerdict::mixed;
  p.sub = sub_of(best);
  p.bits = best.bits;
  p.sentence = as_sentence(test.text);
  p.would_change = "blocks with values between the levels of the scheme";
  if (best.extent == "tensor" && best.name.starts_with("int8"))
    p.note = "multiples of one number that end where int8 does, by chance, look the same";
  if (!whole) p.share = share_of(best);
  return p;
}

}  // namespace candor::audit_internal
