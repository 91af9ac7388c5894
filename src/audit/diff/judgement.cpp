#include "audit/diff/judgement.h"

#include <algorithm>
#include <cmath>

#include "audit/diff/element_stream.h"
#include "audit/diff/values.h"
#include "audit/element_position.h"
#include "io/element_place.h"

namespace candor::audit_internal::comparison {
namespace {

void name_sides(const TensorPair& pair, const Checkpoint& a, const Checkpoint& b, TensorDiff& diff) {
  if (pair.a != nullptr) {
    diff.name_a = pair.a->name;
    diff.file_a = a.files().at(pair.a->file);
    diff.dtype_a = a.type_name(*pair.a);
    diff.shape_a = pair.a->shape;
  }
  if (pair.b != nullptr) {
    diff.name_b = pair.b->name;
    diff.file_b = b.files().at(pair.b->file);
    diff.dtype_b = b.type_name(*pair.b);
    diff.shape_b = pair.b->shape;
  }
  diff.matched_by = pair.matched_by;
}

void set_equal(std::uint64_t elements, DiffStatus status, TensorDiff& diff) {
  diff.status = status;
  diff.counts.elements = diff.counts.kept = diff.counts.as_rounded = elements;
}

std::string damage_text(const ChangedElement& element) {
  switch (element.damage) {
    case Damage::nan_to_infinity:
      return "NaN became infinity";
    case Damage::nan_to_finite:
      return "NaN became a number";
    case Damage::nan_code:
      return "NaN with another code";
    case Damage::to_infinity:
      return "became infinite";
    case Damage::to_nan:
      return "became NaN";
    case Damage::saturated:
      return "should be infinite";
    case Damage::zeroed:
      return "became zero";
    case Damage::zero_sign:
      return "the sign of zero";
    case Damage::bytes:
      return "other bytes";
    case Damage::step:
      break;
  }
  const std::string direction = element.below ? " down" : " up";
  return element.steps == 1 ? "one step" + direction : std::to_string(element.steps) + " steps" + direction;
}

/// An unknown dtype is compared byte by byte.
std::uint64_t file_offset(const TensorEntry& entry, std::uint64_t index) {
  if (entry.dtype != DType::any) return io::offset_in_file(entry, index);
  return in_place(entry) ? entry.offset + index : entry.offset;
}

void list_witnesses(const PairWork& work, TensorDiff& diff) {
  const TensorPair& pair = work.pair();
  for (const ChangedElement& element : work.tally().changed) {
    DiffWitness& witness = diff.witnesses.emplace_back();
    witness.what = damage_text(element);
    witness.index = element.index;
    if (pair.a->dtype != DType::any) witness.position = position_of(element.index, diff.shape_a);
    witness.offset_a = file_offset(*pair.a, element.index);
    witness.offset_b = file_offset(*pair.b, pair.rows.element_in_b(*pair.b, element.index));
    witness.code_a = element.code_a;
    witness.code_b = element.code_b;
    witness.bytes_a = code_bytes(work.dtype_a());
    witness.bytes_b = code_bytes(work.dtype_b());
    witness.value_a = element.value_a;
    witness.value_b = element.value_b;
    witness.expected = element.expected;
  }
}

void list_distances(const Tally& tally, TensorDiff& diff) {
  const auto add = [&](bool below, std::size_t k, std::uint64_t count) {
    const std::uint64_t low = std::uint64_t{1} << k;
    if (count > 0) diff.distances.push_back({below, low, low + (low - 1), count});
  };
  for (std::size_t k = tally.below.size(); k-- > 0;) add(true, k, tally.below[k]);
  for (std::size_t k = 0; k < tally.above.size(); ++k) add(false, k, tally.above[k]);
}

void copy_counts(const PairWork& work, TensorDiff& diff) {
  const Tally& tally = work.tally();
  diff.counts = tally.counts;
  diff.max_absolute = tally.absolute.value;
  diff.max_absolute_index = tally.absolute.index;
  diff.max_relative = tally.relative.value;
  diff.max_relative_index = tally.relative.index;
  const std::vector<History>& histories = work.comparer()->histories();
  for (std::size_t k = 0; k < histories.size(); ++k) {
    const HistoryTally& found = tally.histories[k];
    diff.histories.push_back({histories[k].name, found.explains, found.differs, found.differs_right});
  }
  list_distances(tally, diff);
  list_witnesses(work, diff);
}

/// No conversion makes a number of NaN. One that keeps every value does not make infinity of it either. Where all are
/// NaN, nothing shows which one changed them.
bool nans_fit(const DiffCounts& counts, bool keeps_values) {
  if (counts.nan_to_finite > 0 || (keeps_values && counts.nan_to_infinity > 0)) return false;
  return counts.nans < counts.elements || counts.changed == 0;
}

/// One history predicts every value: the first, and others that predict the same here.
void name_explaining(JudgedPair& judged) {
  TensorDiff& diff = judged.diff;
  for (std::size_t k = 0; k < diff.histories.size(); ++k) {
    if ((judged.explaining >> k & 1) == 0) continue;
    if (diff.history.empty())
      diff.history = diff.histories[k].name;
    else
      diff.also.push_back(diff.histories[k].name);
  }
  const bool kept = diff.counts.kept + diff.counts.nans == diff.counts.elements && diff.counts.changed == 0;
  diff.status = kept && judged.dtype_a != judged.dtype_b ? DiffStatus::same_values : DiffStatus::explained;
}

/// Right about three quarters of the values that changed, or about a quarter of them and about three quarters of those
/// that it would change: a part of the tensor went that way. A coin thrown for every value reaches half of both.
bool explains_a_part(const DiffHistory& history, std::uint64_t changed) {
  const std::uint64_t right = history.differs_right;
  return 4 * right >= 3 * changed || (4 * right >= changed && 4 * right >= 3 * history.differs);
}

/// None does: the one that is right most often, if it explains a part.
void name_best(JudgedPair& judged) {
  TensorDiff& diff = judged.diff;
  diff.status = DiffStatus::changed;
  if (diff.histories.empty()) return;
  const auto best =
      std::max_element(diff.histories.begin(), diff.histories.end(),
                       [](const DiffHistory& x, const DiffHistory& y) { return x.explains < y.explains; });
  const std::uint64_t values = diff.counts.elements - diff.counts.nans + diff.counts.nan_to_finite;
  const std::uint64_t changed = values - diff.histories.front().explains;
  if (best == diff.histories.begin() || !explains_a_part(*best, changed)) return;
  diff.status = DiffStatus::partly;
  diff.history = best->name;
  judged.exceptions = values - best->explains;
}

/// Every pair of values fits, and a good part of them is no copy: of values with d bits more than B's, one in 2^d is a
/// tie, and half of those come from the other side. A sixteenth of that is asked for, which a few edits do not reach.
bool has_shared_source(const JudgedPair& judged) {
  const DiffCounts& counts = judged.diff.counts;
  if (judged.diff.histories.empty() || counts.shared_source + counts.nans != counts.elements) return false;
  const int more = number_format(judged.dtype_a)->mantissa - number_format(judged.dtype_b)->mantissa;
  return std::ldexp(static_cast<double>(counts.changed), std::max(0, more) + 5) >= static_cast<double>(counts.elements);
}

/// What is said of values that were set side by side.
void explain(const Tally& tally, JudgedPair& judged) {
  TensorDiff& diff = judged.diff;
  const std::uint64_t values = diff.counts.elements - diff.counts.nans;
  for (std::size_t k = 0; k < diff.histories.size(); ++k)
    if (diff.histories[k].explains == values) judged.explaining |= 1u << k;
  const bool wider = !diff.histories.empty() && holds(*number_format(judged.dtype_b), *number_format(judged.dtype_a));
  if (!nans_fit(diff.counts, wider && (judged.explaining & 1) != 0)) {
    judged.explaining = 0;
    name_best(judged);
  } else if (judged.explaining != 0) {
    name_explaining(judged);
  } else if (has_shared_source(judged)) {
    diff.status = DiffStatus::explained;
    diff.history = wider ? "the source of A" : "of the same source";
  } else if (looks_stochastic(tally)) {
    diff.status = DiffStatus::explained;
    diff.history = "rounded stochastically";
  } else {
    name_best(judged);
  }
}

}  // namespace

bool looks_stochastic(const Tally& tally) {
  constexpr std::uint64_t kFewest = 256;  // thinner evidence would not tell a random choice from another rule
  constexpr double kMostDeviations = 5;   // in 8 bins a true one fails once in 200,000 tensors
  std::uint64_t count = 0;
  for (const Residuals& bin : tally.residuals) {
    const double expected = static_cast<double>(bin.position) / 65536;
    const double deviation = std::sqrt(static_cast<double>(bin.variance) / 65536);
    if (std::fabs(static_cast<double>(bin.away) - expected) > kMostDeviations * deviation) return false;
    count += bin.count;
  }
  return count >= kFewest && tally.counts.neighbours + tally.counts.nans == tally.counts.elements;
}

JudgedPair judge_pair(const PairWork& work, const Checkpoint& a, const Checkpoint& b) {
  JudgedPair judged;
  TensorDiff& diff = judged.diff;
  name_sides(work.pair(), a, b, diff);
  judged.dtype_a = work.dtype_a();
  judged.dtype_b = work.dtype_b();
  if (!work.has_both()) {
    diff.status = work.pair().b == nullptr ? DiffStatus::missing : DiffStatus::added;
  } else if (work.exchanged()) {
    set_equal(work.elements(), DiffStatus::transposed, diff);
  } else if (!work.same_shape()) {
    diff.status = DiffStatus::reshaped;
  } else if (work.same_kind() && !work.differs()) {
    set_equal(work.elements(), work.pair().rows.head != 0 ? DiffStatus::reordered : DiffStatus::equal, diff);
  } else if (work.comparer() == nullptr) {
    diff.status = DiffStatus::not_compared;
  } else {
    copy_counts(work, diff);
    explain(work.tally(), judged);
  }
  return judged;
}

}  // namespace candor::audit_internal::comparison
