// The pictures of the page that `candor audit --html` writes: each a whole
// <figure>, or "" where there is nothing to show.
#pragma once

#include <optional>
#include <string>

#include "candor/audit.h"

namespace candor::cli {

/// How many values each power of two has, beside a normal distribution of the
/// same width.
std::string exponent_figure(const TensorAudit& tensor);
/// Share of even mantissas by binade, beside what each history leaves.
std::string parity_figure(const TensorAudit& tensor);
/// The share of even mantissas that a mixture leaves in a power of two, if its fitted share holds at every size;
/// nothing for other verdicts, and where several histories have the mixture's second word.
std::optional<double> even_in_mixture(const TensorAudit& tensor, int exponent);
/// The smallest codes as marks over the lattice 2^-24: on it upwards, off it
/// downwards. bf16 only.
std::string lattice_figure(const TensorAudit& tensor);
/// How many different values blocks have. One figure for each size of block, at
/// most three.
std::string distinct_figures(const TensorAudit& tensor);
/// Where the test of codes with mantissa zero lies between rounding and cutting
/// off.
std::string zero_mantissa_figure(const TensorAudit& tensor);

}  // namespace candor::cli
