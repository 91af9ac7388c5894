#include "audit/blocks/whole_tensor.h"

#include <algorithm>
#include <utility>

#include "audit/blocks/scale_traits.h"

namespace candor::audit_internal {
namespace {

// Different magnitudes in the sample. Levels of int4 or int5 and one outlier at 127 are not int8's.
constexpr std::uint32_t kFewestE4m3 = 40, kFewestE5m2 = 24, kFewestInt8 = 20;

const Extent kTensor{.kind = Extent::Kind::tensor};

// A sample of the tensor's values, the outermost among them; no block when it is of no use.
std::optional<Block> sample_with_outermost(const TensorSlice& slice) {
  Places places;
  fitted_places(slice, kTensor, 0, places);
  const auto [lowest, highest] = outermost_places(slice);
  places.push_back(lowest);
  places.push_back(highest);
  Block block;
  if (!read_block(slice, places, block) || block.crowded) return std::nullopt;
  return block;
}

// Of an affine lattice zero is no level, so that only its two ends tell.
bool ends_as_int8(Family family, const Fit& fit) {
  const int reach = std::max(-fit.lowest, fit.highest), span = fit.highest - fit.lowest;
  return span == 254 || span == 255 || (family == Family::integer && (reach == 127 || reach == 128));
}

std::optional<Tally> int8_of(const Tally& sampled, Block block) {
  Tally tally = try_blocks({.extent = kTensor, .blocks = {std::move(block)}, .where = {0}}, sampled.family);
  if (tally.fits.empty()) return std::nullopt;
  const Fit& fit = tally.fits.front();
  if (!ends_as_int8(sampled.family, fit) || fit.magnitudes < kFewestInt8 || scales_are_powers_of_two(tally.fits))
    return std::nullopt;
  return tally;
}

}  // namespace

std::optional<Tally> scheme_of_the_tensor(const TensorSlice& slice, const Tally& sampled) {
  if (sampled.extent.kind != Extent::Kind::tensor) return std::nullopt;
  const std::uint32_t magnitudes = sampled.fits.front().magnitudes;
  switch (sampled.family) {
    case Family::fp8_e4m3:
      return magnitudes >= kFewestE4m3 ? std::optional(sampled) : std::nullopt;
    case Family::fp8_e5m2:
      return magnitudes >= kFewestE5m2 ? std::optional(sampled) : std::nullopt;
    case Family::integer:
    case Family::affine:
      break;
    default:
      return std::nullopt;
  }
  std::optional<Block> block = sample_with_outermost(slice);
  return block ? int8_of(sampled, std::move(*block)) : std::nullopt;
}

}  // namespace candor::audit_internal
