#include "audit/judge/few_values.h"

#include <algorithm>
#include <cmath>

#include "audit/number_words.h"

namespace candor::audit_internal {
namespace {

// A row of weights with a spread of its own has 0.76 of what a tensor has whose rows differ by four decades.
constexpr double kFewShare = 0.6, kOfRows = 0.75;
constexpr std::uint32_t kFewestValues = 128;
constexpr std::uint64_t kFewestRows = 4;
constexpr std::size_t kUnused = 2;  // a row with no more different values is zero, or one constant

/// Different ones of `draws` values of the tensor. Without codes there is none twice, but for zeros and what is no
/// number.
double expected_of_own(const Fingerprint& tensor, double draws) {
  const auto all = static_cast<double>(tensor.elements);
  if (tensor.codes.empty())
    return draws * (1 - static_cast<double>(tensor.zeros + tensor.infinities + tensor.nans) / all);
  double expected = 0;
  for (const auto& [code, count] : tensor.codes)
    expected -= std::expm1(draws * std::log1p(-static_cast<double>(count) / all));
  return expected;
}

struct Rows {
  std::uint64_t all = 0, few = 0;
  double mean = 0;
};

Rows count_rows(const AuditDistinct& distinct, double limit) {
  Rows rows;
  double sum = 0;
  for (std::size_t different = kUnused + 1; different < distinct.blocks.size(); ++different) {
    const std::uint64_t here = distinct.blocks[different];
    rows.all += here;
    rows.few += static_cast<double>(different) < limit ? here : 0;
    sum += static_cast<double>(different) * static_cast<double>(here);
  }
  if (rows.all > 0) rows.mean = sum / static_cast<double>(rows.all);
  return rows;
}

}  // namespace

std::optional<FewValues> find_few_values(const Fingerprint& tensor) {
  // Whole rows: parts of them, and columns, lie close together where positions are embedded.
  const auto& counted = tensor.blocks.distinct;
  const auto row = std::find_if(counted.begin(), counted.end(), [](const auto& d) { return d.extent == "row"; });
  if (row == counted.end() || row->block < kFewestValues) return std::nullopt;
  const double expected = expected_of_own(tensor, row->block);
  const Rows rows = count_rows(*row, kFewShare * expected);
  if (rows.all < kFewestRows || static_cast<double>(rows.few) < kOfRows * static_cast<double>(rows.all))
    return std::nullopt;
  return FewValues{row->block, rows.mean, expected, tensor.codes.empty()};
}

std::string few_values_words(const FewValues& few) {
  std::string text = std::string("of ").append(grouped(few.looked_at)).append(" values of a row ");
  text.append(grouped_rounded(std::round(few.different))).append(" are different, where ");
  if (few.wide)
    text.append("ordinary values of this width all are, zeros and what is not finite apart");
  else
    text.append("as many from the whole tensor have ").append(grouped_rounded(std::round(few.expected)));
  return text.append(
      ": int4 whose columns were put in another order looks like this, as do values that were copied, and rows that "
      "lie close around values of their own");
}

}  // namespace candor::audit_internal
