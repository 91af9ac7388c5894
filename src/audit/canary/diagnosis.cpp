#include "audit/canary/diagnosis.h"

#include <algorithm>

#include "audit/canary/compare.h"
#include "audit/canary/lattice.h"

namespace candor::audit_internal {
namespace {

using Group = std::vector<std::size_t>;  // indices of canaries

/// Conversions without an exception in any canary of the group, simplest first.
std::vector<const Conversion*> explaining(const std::vector<FoundCanary>& canaries, const Group& group) {
  std::vector<const Conversion*> all;
  const std::vector<Conversion>& considered = considered_conversions();
  for (std::size_t c = 0; c < considered.size(); ++c) {
    const bool explains =
        std::all_of(group.begin(), group.end(), [&](std::size_t i) { return canaries[i].exceptions[c] == 0; });
    if (explains) all.push_back(&considered[c]);
  }
  return all;
}

/// Leaves out what another of them does with less.
std::vector<const Conversion*> simplest(const std::vector<const Conversion*>& all) {
  std::vector<const Conversion*> kept;
  for (const Conversion* conversion : all) {
    const bool adds = std::any_of(all.begin(), all.end(), [&](const Conversion* other) {
      return other != conversion && other->within(*conversion);
    });
    if (!adds) kept.push_back(conversion);
  }
  return kept;
}

/// With fewer values, NaNs aside, some conversion fits whatever was done: alone they name none beside larger tensors
/// that nothing explains.
constexpr std::size_t kFewestValues = 16;

constexpr const char* kUnknown = "unknown";

bool has_few_values(const FoundCanary& found) {
  const std::vector<std::uint32_t>& bits = found.canary->bits;
  const auto nans = std::count_if(bits.begin(), bits.end(),
                                  [&](std::uint32_t code) { return is_nan_code(found.canary->dtype, code); });
  return bits.size() - static_cast<std::size_t>(nans) < kFewestValues;
}

/// No conversion makes a canary that.
bool is_all_zeros(const FoundCanary& found) {
  const FoundTensor& tensor = found.tensor;
  return std::all_of(tensor.bits.begin(), tensor.bits.end(),
                     [&](std::uint64_t bits) { return value_of(tensor.dtype, bits) == 0; });
}

class Diagnostician {
 public:
  Diagnostician(const std::vector<FoundCanary>& canaries, const std::vector<bool>& damaged)
      : canaries_(canaries), damaged_(damaged) {
    result_.chosen.resize(canaries.size());
    result_.exact.resize(canaries.size());
  }

  Diagnosis run() {
    Group rest, few;
    for (std::size_t i = 0; i < canaries_.size(); ++i) {
      if (is_block(canaries_[i].tensor.file_dtype))
        add_stored(i);
      else if (canaries_[i].compared() && is_all_zeros(canaries_[i]))
        add_zeros(i);
      else if (canaries_[i].compared())
        rest.push_back(i);
    }
    while (!rest.empty() && explain_most(rest, false)) {
    }
    std::copy_if(rest.begin(), rest.end(), std::back_inserter(few),
                 [&](auto i) { return has_few_values(canaries_[i]); });
    std::erase_if(rest, [&](std::size_t i) { return has_few_values(canaries_[i]); });
    add_unexplained(rest);
    if (unknown_ == 0) {
      while (!few.empty() && explain_most(few, true)) {
      }
    }
    for (const std::size_t i : few) add_nearest(i, std::nullopt);
    put_first_what_is_most();
    return std::move(result_);
  }

 private:
  void add(std::vector<CanaryCulprit>& list, const std::string& id, const std::string& text, const Group& group,
           std::uint64_t exceptions) const {
    auto it = std::find_if(list.begin(), list.end(), [&](const CanaryCulprit& culprit) { return culprit.id == id; });
    if (it == list.end()) it = list.insert(list.end(), {id, text, {}, 0});
    for (const std::size_t i : group) it->tensors.emplace_back(canaries_[i].canary->name);
    it->exceptions += exceptions;
  }

  void add_zeros(std::size_t i) {
    result_.chosen[i] = &considered_conversions().front();
    result_.exact[i] = true;
    add(result_.culprits, "all-zeros", "every value zero: nothing is left of what was written", Group{i}, 0);
  }

  /// A narrower dtype in the file is its own culprit.
  void add_stored(std::size_t i) {
    const std::string spelling = canaries_[i].tensor.spelling;
    std::string name(dtype_name(canaries_[i].tensor.file_dtype)), text = "stored ";
    text.append(is_block(canaries_[i].tensor.file_dtype) ? "in blocks of " : "as ").append(spelling);
    add(result_.culprits, name, text, Group{i}, 0);
  }

  /// Explains as many of the remaining canaries as one conversion can; false when none explains any. Few values count
  /// as explained by something else than a copy only beside more, or with `few_too`.
  bool explain_most(Group& rest, bool few_too) {
    const std::vector<Conversion>& considered = considered_conversions();
    Group group;
    for (std::size_t c = 0; c < considered.size(); ++c) {
      Group explained;
      for (const std::size_t i : rest)
        if (canaries_[i].exceptions[c] == 0) explained.push_back(i);
      const bool few =
          std::all_of(explained.begin(), explained.end(), [&](auto i) { return has_few_values(canaries_[i]); });
      if (few && !few_too && !considered[c].direct()) continue;
      if (explained.size() > group.size()) group = std::move(explained);
    }
    if (group.empty()) return false;
    std::erase_if(rest, [&](std::size_t i) { return std::find(group.begin(), group.end(), i) != group.end(); });
    const std::vector<const Conversion*> all = explaining(canaries_, group);
    for (const std::size_t i : group) {
      result_.chosen[i] = all.front();
      result_.exact[i] = true;
    }
    report(group, all);
    return true;
  }

  void report(const Group& group, const std::vector<const Conversion*>& all) {
    Group hurt;
    for (const std::size_t i : group)
      if (damaged_[i]) hurt.push_back(i);
    if (all.front()->direct()) {
      for (const std::size_t i : hurt)
        if (canaries_[i].tensor.dtype != canaries_[i].canary->dtype) add_stored(i);
      if (hurt.empty()) add_not_excluded(group, all);
      return;
    }
    for (const Conversion* conversion : simplest(all)) add(result_.culprits, conversion->id, conversion->text, hurt, 0);
  }

  /// Detours that the group would not show. Another rounding alone is none: either the probes exclude it, or nothing
  /// was rounded.
  void add_not_excluded(const Group& group, const std::vector<const Conversion*>& all) {
    for (const Conversion* conversion : simplest({all.begin() + 1, all.end()}))
      if (conversion->store == Store::nearest_even && conversion->detour.dtype != DType::bf16)
        add(result_.not_excluded, conversion->id, conversion->text, group, 0);
  }

  void add_unexplained(const Group& rest) {
    std::optional<LatticeFit> lattice;
    for (const std::size_t i : rest)
      if (std::optional<LatticeFit> fit = fit_lattice(canaries_[i])) {
        add(result_.culprits, fit->id, fit->text, Group{i}, fit->exceptions);
        lattice = std::move(fit);
      }
    for (const std::size_t i : rest) add_nearest(i, lattice);
  }

  void add_nearest(std::size_t i, const std::optional<LatticeFit>& lattice) {
    const FoundCanary& found = canaries_[i];
    const auto least = std::min_element(found.exceptions.begin(), found.exceptions.end());
    const Conversion& nearest = considered_conversions()[static_cast<std::size_t>(least - found.exceptions.begin())];
    result_.chosen[i] = &nearest;
    if (lattice && found.canary->ordinary) return;  // it is explained
    if (explains_half(found, *least) && (unknown_ == 0 || !has_few_values(found)))
      return add(result_.culprits, nearest.id, nearest.text, Group{i}, *least);
    unknown_ += found.canary->bits.size();
    add(result_.culprits, kUnknown, "by nothing that is considered here", Group{i}, *least);
  }

  /// Where more of what is damaged is not explained than is, that leads the answer.
  void put_first_what_is_most() {
    std::size_t damaged = 0;
    for (std::size_t i = 0; i < canaries_.size(); ++i)
      if (damaged_[i]) damaged += canaries_[i].canary->bits.size();
    const auto unknown = std::find_if(result_.culprits.begin(), result_.culprits.end(),
                                      [](const CanaryCulprit& culprit) { return culprit.id == kUnknown; });
    if (unknown_ * 2 > damaged) std::rotate(result_.culprits.begin(), unknown, unknown + 1);
  }

  const std::vector<FoundCanary>& canaries_;
  const std::vector<bool>& damaged_;
  std::size_t unknown_ = 0;  // elements of the canaries that nothing explains
  Diagnosis result_;
};

}  // namespace

std::vector<const Conversion*> explanations(const FoundCanary& found) {
  std::vector<const Conversion*> all;
  for (std::size_t c = 0; c < found.exceptions.size(); ++c)
    if (found.exceptions[c] == 0) all.push_back(&considered_conversions()[c]);
  return simplest(all);
}

Diagnosis diagnose(const std::vector<FoundCanary>& canaries, const std::vector<bool>& damaged) {
  return Diagnostician(canaries, damaged).run();
}

}  // namespace candor::audit_internal
