// What is found in a canary against what every considered conversion would have made of it.
#pragma once

#include "audit/canary/conversion.h"
#include "audit/canary/found.h"

namespace candor::audit_internal {

/// Counts the exceptions of every conversion and chooses the order of elements that has the fewest. One that the shape
/// does not tell is chosen only where it makes sense of the values.
void compare(FoundCanary& found);

/// True where so many exceptions are at most half of the elements: a conversion that is worth a name.
bool explains_half(const FoundCanary& found, std::uint64_t exceptions);

/// True when element `index` is what `conversion` predicts. NaNs of the source and the sign of zero are judged apart
/// (special_values.h): they are handled differently by otherwise equal conversions.
bool is_predicted(const FoundCanary& found, const Conversion& conversion, std::size_t index);

/// Found value of element `index`, and whether it still is what was written: value, class and sign.
float found_value(const FoundCanary& found, std::size_t index);
bool is_unchanged(const FoundCanary& found, std::size_t index);

}  // namespace candor::audit_internal
