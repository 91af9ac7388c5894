#include <algorithm>

#include "audit/blocks/distinct.h"
#include "audit/blocks/scheme_name.h"

namespace candor::audit_internal {
namespace {

constexpr double kLeastBits = 20;  // of a scheme that is listed
constexpr std::size_t kMostSchemes = 3;
constexpr std::uint64_t kFinalElements = 4096,
                        kFewestFinal = 24;  // behind the evidence that is reported

// A sample of a large block need not hold its largest value, without which an
// 8-bit float's scale is known up to a power of two only.
Fit first_fit(const TensorSlice& slice, const BlockSet& set, const Tally& tally) {
  constexpr std::uint64_t kMostLookedAt = std::uint64_t{1} << 19;
  const Fit& sampled = tally.fits.front();
  const bool is_f8 = tally.family == Family::fp8_e4m3 || tally.family == Family::fp8_e5m2;
  const std::uint64_t count = block_count(slice, set.extent);
  if (!is_f8 || slice.elements() / count <= kMostDraws || slice.elements() / count > kMostLookedAt) return sampled;
  const std::uint64_t index = set.where[tally.which.front()];
  Places places;
  Block block;
  fitted_places(slice, set.extent, index, places);
  places.back() = largest_place(slice, set.extent, index);
  if (!read_block(slice, places, block) || block.crowded) return sampled;
  const Fit fit = fit_block(tally.family, block);
  return fit.fits ? fit : sampled;
}

std::uint64_t final_blocks(const TensorSlice& slice, const Extent& extent) {
  const std::uint64_t count = block_count(slice, extent),
                      elements = slice.elements() / std::max<std::uint64_t>(1, count);
  return std::max(kFewestFinal, kFinalElements / std::max<std::uint64_t>(1, elements));
}

AuditBlockScheme report(const Tally& tally, const Fit& first, std::string name) {
  return {.name = std::move(name),
          .block = tally.extent.block,
          .extent = tally.extent.name(),
          .tested = tally.tested,
          .fitting = tally.fitting,
          .bits = evidence_bits(tally),
          .scale = first.scale(),
          .zero = first.zero};
}

}  // namespace

BlockEvidence examine_blocks(const TensorSlice& tensor) {
  BlockEvidence evidence;
  const TensorSlice slice = without_short_rows(tensor);
  evidence.distinct = count_distinct(slice, evidence.sampled);
  BlockShelf shelf(slice);
  const std::vector<Tally> found = search_schemes(shelf);
  if (found.empty()) return evidence;
  for (const Tally& candidate : found) {
    if (evidence.schemes.size() == kMostSchemes) break;
    // More blocks for the first; how well others fit is known well enough.
    const bool first = evidence.schemes.empty();
    const BlockSet more =
        first ? read_blocks(slice, candidate.extent, final_blocks(slice, candidate.extent)) : BlockSet{};
    const BlockSet& set = first ? more : shelf.blocks(candidate.extent);
    const Tally tally = first ? try_blocks(set, candidate.family) : candidate;
    evidence.sampled += tally.tested;
    if (evidence_bits(tally) < kLeastBits) continue;
    std::string name = scheme_name(slice, tally, one_lattice_throughout(shelf, tally));
    if (name.empty()) continue;
    if (evidence.schemes.empty()) evidence.first = first_place(slice, set.extent, set.where[tally.which.front()]);
    evidence.schemes.push_back(report(tally, first_fit(slice, set, tally), std::move(name)));
  }
  return evidence;
}

}  // namespace candor::audit_internal
