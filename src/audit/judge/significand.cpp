// Are the significands shorter than the container's? A value that was narrow once keeps zeros at its end when it is
// stored wider. Only different values count, and no powers of two: constants and masks have short significands anyway.
#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/judge/code_table.h"
#include "audit/judge/decide.h"
#include "audit/judge/magnitudes.h"
#include "audit/judge/mixed_significands.h"
#include "audit/judge/narrow_formats.h"
#include "audit/judge/proposal.h"
#include "audit/number_words.h"

namespace candor::audit_internal {
namespace {

constexpr double kFormatsTried = 3;         // bits: six formats
constexpr double kFullLengthShare = 0.125;  // of the different values; half are expected
constexpr std::string_view kByConvention =
    "norms and biases are often kept wider by convention; GGUF does so with all tensors of one dimension";

/// A format that holds all values.
struct Narrowed {
  const NarrowFormat* format = nullptr;
  std::uint64_t distinct = 0, full_length = 0;  // different telling values; those that need every bit of the format
  double bits = 0;
  int longest = 0;

  bool uses_full_length() const {
    return static_cast<double>(full_length) >= kFullLengthShare * static_cast<double>(distinct);
  }
};

Narrowed weigh(const NarrowFormat& format, const NarrowFormat& container, const MagnitudeTable& table) {
  Narrowed out{&format, 0, 0, -kFormatsTried, 0};
  for (const Magnitude& m : table.values) {
    if (m.is_power_of_two()) continue;
    ++out.distinct;
    out.full_length += m.length() == bits_at(format, m.exponent) ? 1u : 0u;
    out.longest = std::max(out.longest, m.length());
    out.bits += bits_at(container, m.exponent) - bits_at(format, m.exponent);
  }
  return out;
}

Narrowed weigh(const NarrowFormat& format, const NarrowFormat& container, const DistinctByZeros& distinct) {
  Narrowed out{&format, 0, 0, -kFormatsTried, format.significand};
  const int fewest = container.significand - format.significand;
  for (int t = fewest; t < container.significand; ++t) out.distinct += distinct[static_cast<std::size_t>(t)];
  out.full_length = distinct[static_cast<std::size_t>(fewest)];
  out.bits += static_cast<double>(out.distinct) * fewest;
  return out;
}

/// The narrowest format that holds everything and whose last bit is used; else the narrowest that a file could have
/// had instead of f32.
Narrowed find_narrowed(const Fingerprint& tensor, const NarrowFormat& container, const MagnitudeTable& table,
                       const std::vector<SignificandCell>& cells) {
  Narrowed fallback;
  const auto holds_all = [&](const NarrowFormat& format) {
    const auto held = [&format](const auto& x) { return format.holds(x); };
    if (!table.values.empty()) return std::all_of(table.values.begin(), table.values.end(), held);
    return !cells.empty() && std::all_of(cells.begin(), cells.end(), held);
  };
  for (const NarrowFormat& format : narrow_formats()) {
    if (!is_narrower(format, container) || !holds_all(format)) continue;
    const Narrowed found =
        table.values.empty() ? weigh(format, container, tensor.distinct_by_zeros) : weigh(format, container, table);
    if (found.uses_full_length()) return found;
    const bool container_is_wide = container.significand > 11;
    if (fallback.format == nullptr && container_is_wide && format.significand >= 8) fallback = found;
  }
  return fallback;
}

/// Small values that are all multiples of 2^-24 although bf16 is finer there: bits, one distinct value at a time.
double grid_bits(const MagnitudeTable& table) {
  double bits = 0;
  for (const Magnitude& m : table.values) {
    if (m.exponent > kHighestGridBinade) break;
    if (m.lowest < kLowestGridBinade) return 0;
    bits += kHighestGridBinade + 1 - m.exponent;
  }
  return bits;
}

/// Small values of 11-bit data that are all multiples of one power of two. f16 leaves 2^-24, and what it was multiplied
/// by moves it; TF32 goes on with 11 bits.
struct SmallLattice {
  int exponent = 0;
  double bits = 0;
};

SmallLattice find_small_lattice(const std::vector<SignificandCell>& cells) {
  constexpr int kSignificand = 11, kSearchBits = 6;
  constexpr std::uint64_t kMostAlike = 4;  // a constant that is repeated says it once
  SmallLattice best;
  if (cells.empty() || cells.front().exponent <= SignificandCounts::kLowest) return best;
  for (int g = cells.front().exponent; g > cells.front().exponent - kSignificand; --g) {
    double bits = -kSearchBits;
    for (const SignificandCell& cell : cells) {
      const int spare = g + kSignificand - 1 - cell.exponent;
      if (spare <= 0) break;
      if (cell.lowest < g) bits = -std::numeric_limits<double>::infinity();
      bits += static_cast<double>(std::min(cell.count, kMostAlike)) * spare;
    }
    if (bits > best.bits) best = {g, bits};
  }
  return best;
}

std::string note_of(const Narrowed& found, const MagnitudeTable& table, const std::vector<SignificandCell>& cells,
                    double threshold_bits) {
  if (found.format->name == "bf16") {
    std::string note;
    if (const double bits = grid_bits(table); bits >= threshold_bits)
      note.append("values below 2^-17 are all multiples of 2^-24, which f16 leaves behind (")
          .append(grouped(static_cast<std::uint64_t>(bits)))
          .append(" bits): these bf16 values went through f16");
    if (found.longest < found.format->significand)
      note.append(note.empty() ? "" : "; ")
          .append("no significand has more than ")
          .append(std::to_string(found.longest))
          .append(" bits");
    return note;
  }
  const bool reaches_down =
      table.values.empty()
          ? std::any_of(cells.begin(), cells.end(), [](const auto& c) { return c.exponent < kLowestF16Normal; })
          : table.values.front().exponent < kLowestF16Normal;
  if (found.format->name == "f16" && !reaches_down) return "without values below 2^-14, TF32 looks the same";
  return "";
}

std::string sentence_of(const Narrowed& found, const NarrowFormat& container, bool counted_to_cap) {
  return std::string("stored as ")
      .append(container.name)
      .append(", yet every value is one of ")
      .append(found.format->name)
      .append(": all of ")
      .append(counted_to_cap ? "at least " : "")
      .append(grouped(found.distinct))
      .append(" different values leave the last ")
      .append(std::to_string(container.significand - found.format->significand))
      .append(" bits of the significand empty");
}

/// Values on a quantiser's lattice have short significands as a matter of course.
bool blocks_explain(const Question& question, const NarrowFormat& format) {
  const auto& schemes = question.tensor.blocks.schemes;
  if (schemes.empty() || schemes.front().bits < question.threshold_bits) return false;
  const bool fp8_scheme = schemes.front().name.find("fp8") == 0;
  return !(fp8_scheme && format.significand <= 4);
}

/// f16's own lattice with values beyond f16 is none of f16, wherever it was moved.
bool is_scaled_f16(const SmallLattice& lattice, const std::vector<SignificandCell>& cells) {
  return lattice.bits >= kHintBits && lattice.exponent != kLowestGridBinade &&
         cells.back().exponent <= kHighestF16 + lattice.exponent - kLowestGridBinade;
}

/// TF32 is ruled out as a name, and f16 is not: the lattice is reported, and what it may come from.
void name_lattice(const SmallLattice& lattice, const NarrowFormat& container, Proposal& p) {
  p.sub = std::string("f16-or-tf32-in-").append(container.name);
  p.sentence.append(" Small values are multiples of ").append(power_of_two(lattice.exponent));
  p.sentence.append(", as in an f16 tensor that was multiplied by ");
  p.sentence.append(power_of_two(lattice.exponent - kLowestGridBinade));
  p.sentence.append("; another fixed-point source would look the same.");
}

Proposal widened(const Narrowed& found, const NarrowFormat& container, AuditTest& test, std::string note) {
  Proposal p;
  p.verdict = AuditVerdict::widened;
  p.sub = std::string(found.format->name).append("-in-").append(container.name);
  p.bits = found.bits;
  p.sentence = as_sentence(test.text);
  p.would_change = std::string("a value that ").append(found.format->name).append(" does not have");
  p.note = std::move(note);
  return p;
}

AuditTest test_of(const Narrowed& found, const NarrowFormat& container, double threshold_bits) {
  AuditTest test;
  test.name = "significand";
  test.used = found.distinct;
  test.statistic = test.low = test.high = static_cast<double>(found.distinct);
  test.bits = std::max(0.0, found.bits);
  bound_p_value(test);
  test.text = sentence_of(found, container, found.distinct >= kDistinctCap);
  const int each = container.significand - found.format->significand;
  test.needed = static_cast<std::uint64_t>(std::ceil((threshold_bits + kFormatsTried) / each));
  return test;
}

Proposal mixed(const MixedSignificands& mixture, const NarrowFormat& container, const AuditTest& test) {
  Proposal p;
  p.verdict = AuditVerdict::mixed;
  p.sub = std::string(mixture.format->name).append("-in-").append(container.name);
  p.bits = mixture.bits;
  p.sentence = as_sentence(test.text);
  p.would_change = "the same tensor before its parts were put together";
  p.share = PartShare{mixture.share, mixture.low, mixture.high};
  return p;
}

std::optional<Proposal> ask_mixture(const Question& question, const NarrowFormat& container) {
  AuditTest test;
  test.name = "significand";
  const std::optional<MixedSignificands> mixture = measure_mixture(question.tensor, container);
  if (!mixture) {
    test.not_run = "no narrower format holds the values, and their significands are not those of a mixture";
    question.evidence.tests.push_back(std::move(test));
    return std::nullopt;
  }
  test.statistic = mixture->share;
  test.low = mixture->low;
  test.high = mixture->high;
  test.used = mixture->values;
  test.bits = mixture->bits;
  test.p_value = mixture->p_value;
  test.text = grouped(mixture->brief)
                  .append(mixture->capped ? " values, at least " : " values, ")
                  .append(grouped(mixture->distinct))
                  .append(" of them different, have a significand of at most ")
                  .append(std::to_string(mixture->format->significand))
                  .append(mixture->expected_at_most ? " bits where chance gives at most " : " bits where chance gives ")
                  .append(short_number(mixture->expected));
  const bool found = mixture->bits >= question.threshold_bits && !blocks_explain(question, *mixture->format);
  if (found)
    test.text.append(": ").append(percent(mixture->share)).append(" of the values are ").append(mixture->format->name);
  question.evidence.tests.push_back(test);
  if (!found) return std::nullopt;
  return mixed(*mixture, container, test);
}

}  // namespace

std::optional<Proposal> ask_significand(const Question& question) {
  const NarrowFormat* container = container_format(question.tensor.dtype);
  if (container == nullptr) return std::nullopt;
  const MagnitudeTable& table = question.magnitudes;
  const std::vector<SignificandCell> cells = significand_cells(question.tensor);
  const Narrowed found = find_narrowed(question.tensor, *container, table, cells);
  if (found.format == nullptr) {
    if (container->significand > 11) return ask_mixture(question, *container);
    AuditTest test;
    test.name = "significand";
    test.used = table.count();
    test.text = "no narrower format holds the values";
    question.evidence.tests.push_back(std::move(test));
    return std::nullopt;
  }
  AuditTest test = test_of(found, *container, question.threshold_bits);
  std::optional<Proposal> proposal;
  if (found.bits >= question.threshold_bits && !blocks_explain(question, *found.format)) {
    std::string note = note_of(found, table, cells, question.threshold_bits);
    if (container->significand > 11 && question.tensor.shape.size() < 2)
      note.append(note.empty() ? "" : "; ").append(kByConvention);
    proposal = widened(found, *container, test, std::move(note));
    if (const SmallLattice lattice = find_small_lattice(cells);
        found.format->name == "tf32" && is_scaled_f16(lattice, cells))
      name_lattice(lattice, *container, *proposal);
  }
  question.evidence.tests.push_back(std::move(test));
  return proposal;
}

}  // namespace candor::audit_internal
