// What gives computed buffers away: values that no sampling from a smooth density, and no quantiser, leaves behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/judge/magnitudes.h"

namespace candor::audit_internal {

struct TableSign {
  double bits = 0;
  std::string what;  // "the values are whole multiples of 2^-8, …"
};

/// Values of one exponent and last bit; `distinct`, how many different ones, never counts too many.
struct LatticeCell {
  int exponent = 0, lowest = 0;
  double distinct = 1;
  std::uint64_t count = 1;
};
std::vector<LatticeCell> lattice_cells(const MagnitudeTable& table);
std::vector<LatticeCell> lattice_cells(const std::vector<SignificandCell>& cells);

/// Counts, indices, labels, codes: no value has a fraction, though the significands that occur (three bits at least, as
/// no format has fewer) could have shown one in the values that are small enough: a tenth of all or more, and three
/// different ones.
std::optional<TableSign> find_whole_numbers(const std::vector<LatticeCell>& cells, double threshold_bits);

/// Whole multiples of one coarse power of two: positions, ALiBi, grids of coordinates. A floating-point format has a
/// finer spacing for smaller values, so every small value that is still such a multiple speaks for the progression, as
/// far as the longest significand of the tensor does not explain it. Nothing for fp8 values: their significands are
/// too short for that.
std::optional<TableSign> find_progression(const std::vector<LatticeCell>& cells, double threshold_bits);

/// The same for those values of an f32 or f64 tensor whose significands have eleven bits at most, when they are a tenth
/// of all or more: ALiBi's slopes alternate between powers of two and irrational ones. One in a hundred may be there by
/// chance.
std::optional<TableSign> find_partial_progression(const std::vector<SignificandCell>& cells, double threshold_bits);

/// The smallest value and all of its first multiples, rounded to `significand` bits: ALiBi with slopes that are not
/// powers of two. Chance hits each of them as often as the sixteen codes around it are occupied: rarely, near the
/// smallest value. f16's own multiples, of 2^-24, are not meant: the step is 2^-14 or more.
std::optional<TableSign> find_multiples(const MagnitudeTable& table, int significand, double threshold_bits);

/// Most values sit on a few codes with empty neighbours: a smooth density fills those as well.
std::optional<TableSign> find_isolated_codes(const MagnitudeTable& table, double threshold_bits);

/// Nothing is larger than one, which is reached often, and the density rises towards it: sines, windows, gates. Those
/// have small values too, two in a hundred below a quarter; gains that bf16 training left stuck at one have not.
std::optional<TableSign> find_wall_at_one(const MagnitudeTable& table, double threshold_bits);

}  // namespace candor::audit_internal
