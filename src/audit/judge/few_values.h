// Rows that have far fewer different values than the tensor has to offer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

/// Rows against as many values drawn from the whole tensor, so that tables, palettes, pruned tensors and those with few
/// codes are not held to be short of values; f32 and f64 that use their width should have none twice. What is left was
/// quantised in groups that do not lie side by side (int4 with act-order), was copied along its rows, or has rows that
/// lie close around values of their own.
struct FewValues {
  std::uint64_t looked_at = 0;  // values of a row
  double different = 0;         // of them, on average
  double expected = 0;          // of as many values drawn from the whole tensor
  bool wide = false;  // the tensor has no codes: zeros and what is not finite apart, all were expected to differ
};

/// Nothing unless three of four rows have less than 0.6 of what is expected; rows of one or two values do not count.
std::optional<FewValues> find_few_values(const Fingerprint& tensor);

/// What the rows show: a sentence without its capital and its stop.
std::string few_values_words(const FewValues& few);

}  // namespace candor::audit_internal
