// What is left out before statistics: constants, masks, tables, and tensors with next to nothing in them.
//
// Dequantised weights have few different values too, and significands may be short because they were widened: those
// are asked later, so nothing is called structured here that they could explain. Hence the rule:
//   - few codes with empty neighbours, and multiples of a power of two with both signs, only where no block scheme
//   fits;
//   - few codes only in 16-bit tensors, and only when fp8's significands (four bits) are too short for them;
//   - zeros are never held against a tensor while enough other values are left.
#include <algorithm>
#include <cmath>

#include "audit/judge/magnitudes.h"
#include "audit/judge/proposal.h"
#include "audit/judge/tables.h"
#include "audit/number_words.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint64_t kFewValues = 16;  // fewer than this, among zeros: nothing to judge
constexpr std::uint64_t kRepeats = 16;    // of each of two or three values, before they count as a table
constexpr double kMaskValue = 16384;      // weights do not get there
constexpr int kFp8Significand = 4;

/// What every rule looks at.
struct Census {
  const MagnitudeTable& table;                                                  // empty without codes
  std::vector<SignificandCell> cells;                                           // f32 and f64
  std::uint64_t elements = 0, zeros = 0, infinities = 0, nans = 0, values = 0;  // values: finite, not zero
  bool fits_blocks = false;                                                     // a block scheme explains the values
  bool narrow = false;                                                          // stored in 16 bits
  int significand = 8;                                                          // bits that the codes have

  bool has_codes() const { return !table.values.empty(); }
};

Census take_census(const Question& question) {
  const Fingerprint& tensor = question.tensor;
  Census c{.table = question.magnitudes};
  c.cells = significand_cells(tensor);
  c.elements = tensor.elements;
  c.narrow = tensor.dtype == DType::bf16 || tensor.dtype == DType::f16;
  c.significand = tensor.code_dtype == DType::f16 ? 11 : 8;
  const bool wide = tensor.dtype == DType::f32 || tensor.dtype == DType::f64;
  c.zeros = wide ? tensor.zeros : c.table.zeros;
  c.infinities = wide ? tensor.infinities : c.table.infinities;
  c.nans = wide ? tensor.nans : c.table.nans;
  c.values = c.table.count();
  if (!c.has_codes())
    for (const SignificandCell& cell : c.cells) c.values += cell.count;
  c.fits_blocks = !tensor.blocks.schemes.empty() && tensor.blocks.schemes.front().bits >= question.threshold_bits;
  return c;
}

Proposal undecidable(std::string sub, std::string sentence) {
  Proposal p;
  p.would_change = "more values that are finite";
  p.verdict = AuditVerdict::undecidable;
  p.sub = std::move(sub);
  p.sentence = as_sentence(std::move(sentence));
  return p;
}

Proposal structured(std::string sub, double bits, std::string sentence) {
  Proposal p;
  p.verdict = AuditVerdict::structured;
  p.sub = std::move(sub);
  p.bits = bits;
  p.sentence = as_sentence(std::move(sentence));
  p.would_change = "one value that breaks the rule";
  return p;
}

/// A repeated value is one of at least two that its place in the binade could have had. NaN repeat nothing.
double repeat_bits(const Census& c) { return static_cast<double>(c.elements - c.nans - 1); }

/// Of the values that a sentence is about NaN are none.
std::string beside_nans(const Census& c) {
  return c.nans == 0 ? "" : std::string(", beside ").append(grouped(c.nans)).append(" NaN");
}

Proposal constant(const Census& c, const std::string& what) {
  std::string text = "every value ";
  if (c.nans > 0) text.append("but ").append(grouped(c.nans)).append(" NaN ");
  return structured("constant", repeat_bits(c), text.append("is ").append(what));
}

Proposal mask(const Census& c, std::string what) {
  return structured("mask", repeat_bits(c), what.append(beside_nans(c)).append(": a mask"));
}

std::optional<Proposal> nothing_there(const Census& c) {
  if (c.elements == 0) return undecidable("no-support", "the tensor has no elements");
  if (c.nans == c.elements) return undecidable("no-support", "every value is NaN");
  if (c.nans + c.infinities == c.elements) return undecidable("no-support", "no value is finite");
  if (c.elements - c.nans == 1)
    return undecidable("low-power", std::string("a single value")
                                        .append(beside_nans(c))
                                        .append(c.nans > 0 ? "," : "")
                                        .append(" has no statistics"));
  if (c.zeros + c.nans == c.elements) return constant(c, "zero");
  if (c.values == 0) return mask(c, "zeros and infinities");
  return std::nullopt;
}

bool is_one_value(const Census& c) {
  if (c.has_codes()) return c.table.values.size() == 1 && c.table.one_signed();
  // Without codes, one cell says so once chance would have reached others.
  return c.cells.size() == 1 && static_cast<double>(c.values) * (c.cells.front().zeros + 1) >= 40;
}

std::string value_text(const Census& c, std::size_t i) {
  if (!c.has_codes())
    return std::string("a single magnitude between ")
        .append(short_number(std::ldexp(1.0, c.cells[0].exponent)))
        .append(" and ")
        .append(short_number(std::ldexp(2.0, c.cells[0].exponent)));
  const Magnitude& m = c.table.values[i];
  constexpr double kRecognised = 0x1p24;  // -65504 and the like, digit by digit
  const double value = m.positive > 0 ? m.value : -m.value;
  if (m.value <= kRecognised && value == std::trunc(value)) return std::to_string(static_cast<std::int64_t>(value));
  return short_number(value);
}

std::optional<Proposal> constants_and_masks(const Census& c) {
  const bool others = c.zeros + c.infinities > 0;
  if (is_one_value(c)) {
    const std::string value = value_text(c, 0);
    if (!others) return constant(c, value);
    if (c.zeros == 0) return mask(c, value + " and infinities");
    return mask(c, value + (c.infinities == 0 ? " and zeros" : ", zeros and infinities"));
  }
  if (!c.has_codes() || c.values < kRepeats * c.table.values.size()) return std::nullopt;
  const std::vector<Magnitude>& values = c.table.values;
  const bool all_huge = values.front().value >= kMaskValue;
  if (c.table.one_signed() && values.size() <= 3 && (all_huge || (values.size() == 2 && others))) {
    return mask(c, std::string(others ? "zeros or infinities beside " : "")
                       .append(grouped(values.size()))
                       .append(" constants, of which the largest is ")
                       .append(value_text(c, values.size() - 1)));
  }
  if (values.size() <= 3 && !c.fits_blocks) {
    return structured(
        "table", repeat_bits(c),
        std::string("the values have only ").append(grouped(values.size())).append(" different magnitudes"));
  }
  return std::nullopt;
}

std::optional<Proposal> sparse(const Census& c) {
  if (c.values >= kFewValues || c.zeros < 9 * c.values) return std::nullopt;
  const std::uint64_t finite = c.zeros + c.values;
  Proposal p = structured("sparse", static_cast<double>(c.zeros),
                          std::string("only ")
                              .append(grouped(c.values))
                              .append(" of ")
                              .append(grouped(finite))
                              .append(finite < c.elements ? " finite values " : " values ")
                              .append(c.values == 1 ? "is not zero" : "are not zero"));
  p.would_change = "more values that are not zero";
  return p;
}

std::optional<Proposal> as_table(const std::optional<TableSign>& sign, std::string note = "") {
  if (!sign) return std::nullopt;
  Proposal p = structured("table", sign->bits, std::string("a computed table: ").append(sign->what));
  p.note = std::move(note);
  return p;
}

std::optional<Proposal> tables(const Census& c, double threshold_bits) {
  const bool one_signed = c.has_codes() && c.table.one_signed();
  const std::vector<LatticeCell> lattice = c.has_codes() ? lattice_cells(c.table) : lattice_cells(c.cells);
  if (one_signed || !c.fits_blocks) {
    if (auto p = as_table(find_whole_numbers(lattice, threshold_bits))) return p;
    if (auto p = as_table(find_progression(lattice, threshold_bits))) return p;
    if (!c.has_codes())
      if (auto p = as_table(find_partial_progression(c.cells, threshold_bits))) return p;
    if (auto p = as_table(find_multiples(c.table, c.significand, threshold_bits))) return p;
  }
  if (!c.narrow || c.fits_blocks) return std::nullopt;
  if (c.table.longest() > kFp8Significand) {
    if (auto p = as_table(find_isolated_codes(c.table, threshold_bits),
                          "a palette of values, shared by the whole tensor, looks the same"))
      return p;
  }
  return as_table(find_wall_at_one(c.table, threshold_bits));
}

void record(const Census& c, const std::optional<Proposal>& proposal, AuditEvidence& evidence) {
  AuditTest test;
  test.name = "structure";
  test.used = c.values;
  test.statistic = static_cast<double>(c.has_codes() ? c.table.values.size() : c.cells.size());
  test.low = test.high = test.statistic;
  if (proposal) {
    test.bits = proposal->bits;
    bound_p_value(test);
    test.text = proposal->sentence;
  } else {
    test.text = c.has_codes() ? grouped(c.table.values.size()).append(" different magnitudes")
                              : std::string("significands of many lengths and exponents");
    test.text.append(" among ").append(grouped(c.values)).append(" values that are finite and not zero");
  }
  evidence.tests.push_back(std::move(test));
}

/// The lowest f16, which masks love, ends on a power of two when it is rounded to bf16.
void add_f16_lowest(const Census& c, Proposal& p) {
  const auto has_negative = [&c](double magnitude) {
    return std::any_of(c.table.values.begin(), c.table.values.end(),
                       [magnitude](const Magnitude& m) { return m.value == magnitude && m.negative > 0; });
  };
  const bool rounded = has_negative(65536), kept = has_negative(65504);
  if (!rounded && !kept) return;
  if (!p.note.empty()) p.note.append("; ");
  p.note.append(rounded ? "-65536 is what f16's lowest value, -65504, becomes in bf16"
                        : "-65504 is f16's lowest value");
}

}  // namespace

std::optional<Proposal> ask_structure(const Question& question) {
  if (!is_floating(question.tensor.dtype)) return std::nullopt;
  const Census c = take_census(question);
  std::optional<Proposal> proposal = nothing_there(c);
  if (!proposal) proposal = constants_and_masks(c);
  if (!proposal) proposal = sparse(c);
  if (!proposal) proposal = tables(c, question.threshold_bits);
  if (proposal && proposal->verdict == AuditVerdict::structured) add_f16_lowest(c, *proposal);
  record(c, proposal, question.evidence);
  return proposal;
}

}  // namespace candor::audit_internal
