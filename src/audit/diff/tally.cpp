#include "audit/diff/tally.h"

#include <algorithm>

namespace candor::audit_internal::comparison {
namespace {

constexpr std::uint64_t DiffCounts::*kCounts[] = {
    &DiffCounts::elements,      &DiffCounts::kept,       &DiffCounts::as_rounded,
    &DiffCounts::changed,       &DiffCounts::step_up,    &DiffCounts::step_down,
    &DiffCounts::zeroed,        &DiffCounts::overflowed, &DiffCounts::saturated,
    &DiffCounts::zero_signs,    &DiffCounts::nans,       &DiffCounts::nan_codes,
    &DiffCounts::small_a,       &DiffCounts::small_b,    &DiffCounts::nan_to_infinity,
    &DiffCounts::nan_to_finite, &DiffCounts::off_grid_a, &DiffCounts::off_grid_b,
    &DiffCounts::snapped,       &DiffCounts::neighbours, &DiffCounts::shared_source};
static_assert(sizeof(DiffCounts) == sizeof kCounts / sizeof *kCounts * sizeof(std::uint64_t), "every count is added");

}  // namespace

void Tally::keep(const ChangedElement& element) {
  const auto same = [&](const ChangedElement& e) { return e.code_a == element.code_a && e.code_b == element.code_b; };
  const auto found = std::find_if(changed.begin(), changed.end(), same);
  if (found != changed.end()) {
    if (found->index <= element.index) return;
    changed.erase(found);
  }
  const auto place =
      std::find_if(changed.begin(), changed.end(), [&](const ChangedElement& e) { return e.index > element.index; });
  changed.insert(place, element);
  if (changed.size() > kMostWitnesses) changed.pop_back();
}

void Tally::add(const Tally& other) {
  for (const auto member : kCounts) counts.*member += other.counts.*member;
  absolute.see(other.absolute.value, other.absolute.index);
  relative.see(other.relative.value, other.relative.index);
  for (std::size_t k = 0; k < above.size(); ++k) {
    above[k] += other.above[k];
    below[k] += other.below[k];
  }
  for (std::size_t k = 0; k < histories.size(); ++k) {
    histories[k].explains += other.histories[k].explains;
    histories[k].differs += other.histories[k].differs;
    histories[k].differs_right += other.histories[k].differs_right;
  }
  for (std::size_t k = 0; k < residuals.size(); ++k) {
    residuals[k].count += other.residuals[k].count;
    residuals[k].away += other.residuals[k].away;
    residuals[k].position += other.residuals[k].position;
    residuals[k].variance += other.residuals[k].variance;
  }
  for (const ChangedElement& element : other.changed)
    if (wants(element.index)) keep(element);
}

}  // namespace candor::audit_internal::comparison
