// Which elements are worth converting.
#pragma once

#include "prove/conversion/stored_elements.h"

namespace candor::prove {

/// Numbers of `from`, telling ones first: around everything that can differ between `to` and the formats on the way.
/// Of formats of up to 16 bits: every number. Blocks: values that block_parts() can spell. Integers: none.
Values conversion_probes(DType from, DType to);

/// A class of codes.
struct CodeClass {
  std::string name;
  Codes codes;
};
/// Every code but NaN's of formats of up to 16 bits, subnormals apart. Of wider ones: 16,384 spread over the format,
/// and the probes.
/// `seed`: of 4,096 more that are drawn at random.
std::vector<CodeClass> code_classes(DType from, DType to, std::uint64_t seed = 1);
/// Every NaN of formats of up to 16 bits; of wider ones some of each kind.
Codes nan_codes_of(DType dtype);

}  // namespace candor::prove
