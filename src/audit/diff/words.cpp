#include "audit/diff/words.h"

#include "audit/diff/history.h"

namespace candor::audit_internal::comparison {
namespace {

/// "the tensor 'w' is": which one, where there are others.
std::string tensors_text(const Saying& s, const char* one, const char* several) {
  if (s.tensors != 1) return grouped(s.tensors) + " tensors " + several;
  return "the tensor " + (s.name.empty() ? "" : "'" + s.name + "' ") + one;
}

/// ", 12 became zero": what is lost for good.
std::string loss_text(const DiffCounts& counts) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text.append(", ").append(grouped(count)).append(" ").append(what);
  };
  add(counts.zeroed, "became zero");
  add(counts.overflowed, "became infinite or NaN");
  add(counts.saturated, "are finite where rounding gives none");
  add(counts.zero_signs, "are zero with the other sign");
  add(counts.nan_to_infinity, "went from NaN to infinity");
  add(counts.nan_to_finite, "went from NaN to a number");
  add(counts.nan_codes, "are another NaN");
  return text;
}

bool is_through_f16(const std::string& history) { return history.find("f16") != std::string::npos; }

/// What the counts say beside the history.
std::string count_text(const Saying& s) {
  const std::string all = grouped(s.counts.elements);
  std::string text;
  if (s.history == "rounded once")
    text = grouped(s.counts.elements - s.counts.nans - s.counts.kept) + " of " + all + " values needed it";
  else if (s.same_dtype)
    text = grouped(s.counts.changed) + " of " + all + " values changed";
  else
    text = grouped(s.counts.changed) + " of " + all + " values are not what one rounding gives";
  if (s.counts.snapped > 0 && is_through_f16(s.history))
    text += ", " + grouped(s.counts.snapped) + " that f16 cannot hold lie on its lattice";
  return text + loss_text(s.counts);
}

std::string relative_text(double relative) {
  if (relative == 0) return "";  // zeros, NaN and infinity have none
  return std::string("; the largest relative change is ").append(short_number(relative));
}

std::string source_name(const Saying& s) { return s.blocks_a && !s.same_dtype ? "the dequantised " + s.a : s.a; }

std::string unexplained(const Saying& s) {
  const std::string all = grouped(s.counts.elements);
  if (!s.by_value)
    return grouped(s.counts.changed) + " of " + all + " elements differ between " + s.a + " and " + s.b +
           "; they are compared as bytes";
  std::string text = grouped(s.counts.changed) + " of " + all;
  if (s.blocks_b && !s.same_dtype)
    text += " values changed when " + s.b + " stored them in " + s.dtype_b + " blocks";
  else
    text += " values of " + s.b + " are others than " + source_name(s) + "'s, and no conversion explains them";
  return text + loss_text(s.counts) + relative_text(s.max_relative);
}

std::string explained(const Saying& s) {
  const std::string history = s.status == DiffStatus::same_values ? "kept exactly" : s.history;
  std::string text = s.b + " is " + history_phrase(history, source_name(s), s.dtype_b) + ": ";
  text += s.status == DiffStatus::same_values ? grouped(s.counts.elements) + " values" : count_text(s);
  if (s.exceptions > 0) text += "; " + grouped(s.exceptions) + " do not fit this";
  return text;
}

}  // namespace

std::string sentence(const Saying& s) {
  switch (s.status) {
    case DiffStatus::equal:
      return tensors_text(s, "is", "are") + " the same in both, bit for bit";
    case DiffStatus::transposed:
      return tensors_text(s, "has", "have") + " rows and columns exchanged, and the same elements";
    case DiffStatus::reordered:
      return tensors_text(s, "has", "have") + " the rows of each head in another order, and the same elements";
    case DiffStatus::reshaped:
      return tensors_text(s, "has another shape", "have other shapes") + " in " + s.b + ": not compared";
    case DiffStatus::not_compared:
      return tensors_text(s, "goes", "go") + " from " + s.dtype_a + " to " + s.dtype_b +
             ", whose values cannot be set side by side: not compared";
    case DiffStatus::missing:
      return tensors_text(s, "is", "are") + " missing in " + s.b;
    case DiffStatus::added:
      return tensors_text(s, "is", "are") + " only in " + s.b;
    case DiffStatus::changed:
      return s.subject + unexplained(s);
    default:
      return s.subject + explained(s);
  }
}

}  // namespace candor::audit_internal::comparison
