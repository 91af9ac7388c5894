// Were the bits written in another format than the label says? Each alternative must beat the label on what is left
// free for neither: where the density doubles, which byte is spread evenly, how many different NaNs there are.
//
//   f16 called bf16   An octave of f16 becomes eight binades of bf16 that hold equally many values, and the counts
//                     double where the next octave begins: steps at exponent fields that are multiples of eight. A
//                     genuine tensor has no reason to step there: its windows are smooth, or fit neither way.
//   bf16 called f16   The same the other way round: 128 codes of equal density, then a step.
//   swapped bytes     The exponent field is spread over (nearly) all its values, and swapping the bytes leaves a
//                     narrow one with an evenly spread mantissa. Mantissas of genuine values are evenly spread, so
//                     their swapped reading is never the narrower one.
//   integers          Small negative ones are NaNs with many different payloads; arithmetic makes one or two.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "audit/judge/proposal.h"
#include "audit/judge/steps.h"
#include "audit/number_words.h"

namespace candor::audit_internal {
namespace {

constexpr double kLn2 = 0.6931471805599453;
constexpr std::size_t kMagnitudes = 32768;
constexpr std::uint64_t kFewestForEntropies = 512;
constexpr double kPhasesTried = 3;  // bits: eight places for the steps
constexpr double kEvenMantissa = 6.7, kEvenExponent = 0.85, kNarrower = 1.5;
constexpr std::uint64_t kManyNans = 16;
constexpr double kNanBits = 7;  // a payload that is neither of the canonical two

/// Layout of a 16-bit format.
struct Layout {
  int exponent_bits, mantissa_bits;
  std::uint32_t exponent(std::uint32_t code) const { return (code & 0x7fffu) >> mantissa_bits; }
  std::uint32_t sign_and_exponent(std::uint32_t code) const { return code >> mantissa_bits; }
  /// The upper seven bits of the mantissa.
  std::uint32_t mantissa(std::uint32_t code) const { return code >> (mantissa_bits - 7) & 0x7fu; }
  bool is_nan(std::uint32_t code) const { return (code & 0x7fffu) > nan_floor(); }
  std::uint32_t nan_floor() const { return ((1u << exponent_bits) - 1) << mantissa_bits; }
};
constexpr Layout kBf16{8, 7}, kF16{5, 10};

struct Finding {
  std::string name, sub, sentence;
  double bits = 0;
  std::uint64_t used = 0;
  bool found = false;
};

std::uint32_t swapped(std::uint32_t code) { return (code >> 8 | code << 8) & 0xffffu; }

/// Plain entropy in bits, with Miller and Madow's term for the cells that are hit.
class Entropy {
 public:
  explicit Entropy(std::size_t cells) : counts_(cells) {}
  void add(std::uint32_t cell, std::uint64_t count) { counts_[cell] += count; }
  std::size_t occupied() const {
    return counts_.size() - static_cast<std::size_t>(std::count(counts_.begin(), counts_.end(), 0u));
  }
  double bits() const {
    double n = 0, sum = 0;
    for (const std::uint64_t count : counts_) {
      const auto x = static_cast<double>(count);
      n += x;
      if (count > 0) sum += x * std::log2(x);
    }
    return n == 0 ? 0 : std::log2(n) - sum / n + static_cast<double>(occupied() - 1) / (2 * n * kLn2);
  }

 private:
  std::vector<std::uint64_t> counts_;
};

/// [c]: values of the magnitude codes 1 … c - 1.
std::vector<std::uint64_t> counts_below(const CodeCounts& codes) {
  std::vector<std::uint64_t> below(kMagnitudes + 1);
  for (const auto& [code, count] : codes)
    if ((code & 0x7fffu) != 0) below[(code & 0x7fffu) + 1] += count;
  std::partial_sum(below.begin(), below.end(), below.begin());
  return below;
}

/// Windows of eight cells of `cell` codes around `first`, `first + every`, … `below[c]`: values of the codes under c.
std::vector<StepWindow> windows_at(const std::vector<std::uint64_t>& below, std::size_t cell, std::size_t first,
                                   std::size_t every) {
  std::vector<StepWindow> out;
  for (std::size_t at = first; at + 4 * cell < below.size(); at += every) {
    StepWindow& window = out.emplace_back();
    for (std::size_t i = 0; i < 8; ++i)
      window[i] = below[at - 4 * cell + (i + 1) * cell] - below[at - 4 * cell + i * cell];
  }
  return out;
}

Finding f16_called_bf16(const CodeCounts& codes) {
  const std::vector<std::uint64_t> below = counts_below(codes);
  constexpr std::size_t kBinade = 128, kOctave = 8 * kBinade;  // the lowest octaves are f16's subnormals: no step
  const StepEvidence here = measure_steps(windows_at(below, kBinade, 2 * kOctave, kOctave), kLn2);
  double elsewhere = 0;
  for (std::size_t phase = 1; phase < 8; ++phase)
    elsewhere = std::max(elsewhere,
                         measure_steps(windows_at(below, kBinade, 2 * kOctave + phase * kBinade, kOctave), kLn2).bits);
  Finding out{"bit view", "bit-view", "", here.bits - elsewhere - kPhasesTried, here.used, false};
  out.found = here.fits() && here.steps >= 2;
  out.sentence = std::string("the bits are those of f16: the counts double at ")
                     .append(std::to_string(here.steps))
                     .append(
                         " exponents that are multiples of eight and are level between them, as f16's octaves are "
                         "when they are read as BF16");
  return out;
}

Finding bf16_called_f16(const CodeCounts& codes) {
  const std::vector<std::uint64_t> below = counts_below(codes);
  constexpr std::size_t kBinade = 128, kOctave = 8 * kBinade, kCell = 16;
  std::vector<StepWindow> here, between;
  for (std::size_t at = kOctave; at + kBinade < kMagnitudes; at += kBinade) {
    if (at % kOctave == 0) continue;  // f16 itself steps there
    const std::vector<StepWindow> window = windows_at(below, kCell, at, kMagnitudes);
    here.insert(here.end(), window.begin(), window.end());
    const std::vector<StepWindow> middle = windows_at(below, kCell, at + kBinade / 2, kMagnitudes);
    if ((at + kBinade) % kOctave != 0) between.insert(between.end(), middle.begin(), middle.end());
  }
  const StepEvidence steps = measure_steps(here, 0);
  // Below the fullest binade each one holds half of the next: there every end of a stretch must be a step.
  const auto total = [](const StepWindow& w) { return std::accumulate(w.begin(), w.end(), std::uint64_t{0}); };
  const auto fullest = std::max_element(here.begin(), here.end(),
                                        [&](const StepWindow& a, const StepWindow& b) { return total(a) < total(b); });
  const StepEvidence rising = measure_steps({here.begin(), fullest}, std::log(2.0));
  const double elsewhere = std::max(0.0, measure_steps(between, 0).bits);
  Finding out{"bit view", "bit-view", "", steps.bits - elsewhere - 1, steps.used, false};
  out.found = steps.fits() && rising.fits() && rising.steps >= 3 && rising.steps_everywhere();
  out.sentence =
      std::string("the bits are those of bf16: the density is level over stretches of 128 codes and steps at ")
          .append(std::to_string(steps.steps))
          .append(" of their ends, as bf16's binades do when they are read as F16");
  return out;
}

Finding swapped_bytes(const CodeCounts& codes, const Layout& layout) {
  const auto cells = static_cast<std::size_t>(2) << layout.exponent_bits;
  Entropy label(cells), exponents(cells), other(cells), mantissas(128);
  Finding out{"byte order", "byte-swapped", "", 0, 0, false};
  for (const auto& [code, count] : codes) {
    if ((code & 0x7fffu) == 0) continue;
    out.used += count;
    label.add(layout.sign_and_exponent(code), count);
    exponents.add(layout.exponent(code), count);
    other.add(layout.sign_and_exponent(swapped(code)), count);
    mantissas.add(layout.mantissa(swapped(code)), count);
  }
  if (out.used < kFewestForEntropies) return out;
  const auto n = static_cast<double>(out.used);
  const double saved = label.bits() - other.bits();
  out.bits = n * saved - 0.5 * static_cast<double>(other.occupied()) * std::log2(n);
  out.found = exponents.bits() >= kEvenExponent * layout.exponent_bits && mantissas.bits() >= kEvenMantissa &&
              saved >= kNarrower;
  out.sentence = std::string("the two bytes of each value are swapped: as they stand the exponents are spread over ")
                     .append(std::to_string(exponents.occupied()))
                     .append(" of ")
                     .append(std::to_string(1 << layout.exponent_bits))
                     .append(" values; swapped they take ")
                     .append(short_number(other.bits()))
                     .append(" bits with the sign, and the mantissas are even");
  return out;
}

Finding integers(const CodeCounts& codes, const Layout& layout) {
  std::uint64_t nans = 0, negative = 0, most = 0, different = 0, small = 0;
  const std::uint32_t nearest = 0xffffu - (0x8000u | layout.nan_floor());  // how far integers below zero are NaNs
  for (const auto& [code, count] : codes) {
    if (code >= 1 && code <= nearest) small += count;
    if (!layout.is_nan(code)) continue;
    ++different;
    nans += count;
    most = std::max(most, count);
    if ((code & 0x8000u) != 0) negative += count;
  }
  Finding out{"NaN payloads", "bit-view", "", 0, nans, false};
  if (different < kManyNans || 2 * most > nans) return out;
  out.bits = kNanBits * static_cast<double>(different - 2);
  out.found = true;
  // As many just below zero as just above, give or take a factor of two.
  const bool as_integers =
      4 * (nans - negative) <= negative && small <= 2 * negative + 16 && negative <= 2 * small + 16;
  out.sentence = std::string("the bits are not floating-point values: there are ")
                     .append(grouped(different))
                     .append(" different NaNs, where arithmetic makes one or two")
                     .append(as_integers ? "; read as 16-bit integers they are the small negative numbers" : "");
  return out;
}

AuditTest test_of(const Finding& finding) {
  AuditTest test;
  test.name = finding.name;
  test.used = finding.used;
  test.statistic = test.low = test.high = finding.bits;
  test.bits = finding.found ? finding.bits : std::min(finding.bits, 0.0);
  bound_p_value(test);
  test.text = finding.found && finding.bits > 0 ? finding.sentence : "the bits read best as the label says";
  return test;
}

}  // namespace

std::optional<Proposal> ask_bit_view(const Question& question) {
  const DType dtype = question.tensor.dtype;
  if (dtype != DType::bf16 && dtype != DType::f16) return std::nullopt;
  const CodeCounts& codes = question.tensor.codes;
  const Layout& layout = dtype == DType::bf16 ? kBf16 : kF16;
  const std::array<Finding, 3> findings = {swapped_bytes(codes, layout), integers(codes, layout),
                                           dtype == DType::bf16 ? f16_called_bf16(codes) : bf16_called_f16(codes)};
  // Quantisers leave steps of their own. They spread no exponents: swapped bytes, of which some blocks fit a coarse
  // lattice by chance, are told by the side that has more bits.
  const auto& schemes = question.tensor.blocks.schemes;
  const double scheme_bits = schemes.empty() ? 0 : schemes.front().bits;
  const auto outranked = [&](const Finding& finding) {
    return scheme_bits >= question.threshold_bits && (finding.sub != "byte-swapped" || finding.bits <= scheme_bits);
  };
  std::optional<Proposal> proposal;
  for (const Finding& finding : findings) {
    question.evidence.tests.push_back(test_of(finding));
    if (proposal || outranked(finding) || !finding.found || finding.bits < question.threshold_bits) continue;
    proposal = Proposal{AuditVerdict::mislabelled,
                        finding.sub,
                        finding.bits,
                        as_sentence(finding.sentence),
                        "the same values under the label that fits their bits",
                        ""};
  }
  return proposal;
}

}  // namespace candor::audit_internal
