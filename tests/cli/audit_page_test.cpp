// What the pictures of the page stand for, and that the page says it: lines of mixtures against draws, marks, bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>

#include "cli/audit.h"
#include "cli/audit_plots.h"
#include "cli/audit_sample.h"
#include "cli/audit_summary.h"

namespace candor::cli {
namespace {

using audit_internal::Route;
using ::testing::HasSubstr;
using ::testing::Not;
using enum AuditVerdict;

std::string page_of(const TensorAudit& tensor) {
  CheckpointAudit checkpoint = sample_genuine_checkpoint();
  checkpoint.tensors = {tensor};
  std::string page;
  write_audit_html([&](std::string_view part) { page += part; }, sample_report({checkpoint}));
  return page;
}

TEST(AuditPage, FitsAPhoneAndPaper) {
  const std::string page = page_of(sample_tensor("w", Route::from_f16));
  EXPECT_THAT(page, HasSubstr("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"));
  EXPECT_THAT(page, HasSubstr("@media (max-width: 44rem)"));
  EXPECT_THAT(page, HasSubstr("@media print"));
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'\""));  // nothing is fetched
}

std::string figure_of(const std::string& page, const std::string& title) {
  const std::size_t at = page.find("<h5>" + title);
  return at == std::string::npos ? "" : page.substr(at, page.find("</figure>", at) - at);
}

TensorAudit mixture(const char* sub, double share) {
  TensorAudit tensor = sample_tensor("w", Route::from_f16);
  tensor.verdict = mixed;
  tensor.sub = sub;
  tensor.bits = 80;
  tensor.evidence.share = tensor.evidence.share_low = tensor.evidence.share_high = share;
  return tensor;
}

constexpr double kShare = 0.3;
constexpr std::size_t kDraws = 1 << 22;

/// Of values spread so little that f16's subnormals have thousands: counts by binade, and those of the even.
std::map<int, AuditBinade> drawn(Route route) {
  const auto values = audit_internal::draw(audit_internal::Law::normal, 1e-4, kDraws, 11);
  const auto part = audit_internal::to_bf16(values, route), rest = audit_internal::to_bf16(values, Route::rne);
  std::map<int, AuditBinade> binades;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const std::uint32_t code = ((i % 10 < 10 * kShare ? part : rest)[i]) & 0x7fffu;
    if (code == 0) continue;
    AuditBinade& binade = binades[std::ilogb(std::bit_cast<float>(code << 16))];
    ++binade.count;
    binade.even += code % 2 == 0 ? 1 : 0;
  }
  return binades;
}

TEST(AuditPage, TheLineOfAMixtureIsWhereDrawsOfItLie) {
  const std::pair<const char*, Route> kinds[] = {
      {"from-f16", Route::from_f16}, {"via-f16", Route::via_f16}, {"from-f16-truncated", Route::f16_truncated}};
  for (const auto& [sub, route] : kinds) {
    const TensorAudit tensor = mixture(sub, kShare);
    int seen = 0;
    for (const auto& [exponent, binade] : drawn(route)) {
      if (binade.count < 1000) continue;
      const auto count = static_cast<double>(binade.count);
      const double share = static_cast<double>(binade.even) / count, expected = *even_in_mixture(tensor, exponent);
      // Powers of two are even and have three quarters of the others' width: a 250th in the share of each history.
      EXPECT_NEAR(share, expected, 0.004 + 4.5 * 0.5 / std::sqrt(count)) << sub << " 2^" << exponent;
      ++seen;
    }
    EXPECT_GE(seen, 12) << sub;
  }
}

TEST(AuditPage, NarrowerValuesAreAllEvenInTheWiderFile) {
  const TensorAudit tensor = mixture("bf16-in-f32", 0.2);
  for (const int exponent : {-30, -20, -3}) EXPECT_DOUBLE_EQ(*even_in_mixture(tensor, exponent), 0.6);
}

TEST(AuditPage, OnlyAMixtureOfOneHistoryHasALine) {
  EXPECT_FALSE(even_in_mixture(mixture("ftz", 0.2), -3)) << "f32 and bf16 through f16 that flushes have this word";
  TensorAudit tensor = mixture("from-f16", 0.2);
  tensor.evidence.share.reset();
  EXPECT_FALSE(even_in_mixture(tensor, -3));
  tensor = mixture("from-f16", 0.2);
  tensor.verdict = f16_grid;
  EXPECT_FALSE(even_in_mixture(tensor, -3));
}

TEST(AuditPage, DotsOfAMixtureAreSaidToFollowNoHistory) {
  const auto figure = [](const TensorAudit& tensor) { return figure_of(page_of(tensor), "Even mantissas"); };
  const std::string fitted = figure(mixture("from-f16", 0.188));
  EXPECT_THAT(fitted, HasSubstr("class=\"fitted\""));
  EXPECT_THAT(fitted, HasSubstr("the mixture: 18.8 %, the rest rounded once"));
  EXPECT_THAT(fitted, HasSubstr("follow no history's line, but the thin solid one"));
  EXPECT_THAT(fitted, Not(HasSubstr("follow the line of what")));
  const std::string flushed = figure(mixture("ftz", 0.188));
  EXPECT_THAT(flushed, Not(HasSubstr("class=\"fitted\"")));
  EXPECT_THAT(flushed, HasSubstr("but lie between them"));
  TensorAudit wide = mixture("bf16-in-f32", 0.5);
  wide.element = DType::f32;
  EXPECT_THAT(figure(wide), HasSubstr("class=\"fitted\""));
  EXPECT_THAT(figure(wide), Not(HasSubstr("TF32 → bf16"))) << "of what is half bf16 these lines say nothing";
  TensorAudit whole = mixture("from-f16", 0.188);
  whole.verdict = f16_grid;
  EXPECT_THAT(figure(whole), Not(HasSubstr("class=\"fitted\"")));
  EXPECT_THAT(figure(whole), HasSubstr("follow the line of what"));
}

TEST(AuditPage, EveryMarkOfRoundedOrCutOffIsExplained) {
  const std::string figure = figure_of(page_of(sample_tensor("w", Route::rne)), "Rounded or cut off");
  const std::string caption = figure.substr(figure.find("<figcaption>"));
  std::size_t marks = 0;
  for (const char* value : {"0.75", "0.84", "1"}) {
    marks += figure.find(std::string(">") + value + "</text>") != std::string::npos ? 1 : 0;
    EXPECT_THAT(caption, HasSubstr(std::string("gives ") + value));
  }
  EXPECT_EQ(marks, 3u);
  EXPECT_THAT(figure, HasSubstr("this tensor, 95 % interval"));
}

TEST(AuditPage, BitsOfWhatIsConsistentAreADistance) {
  TensorAudit tensor = sample_tensor("w", Route::rne);
  tensor.verdict = consistent;
  tensor.bits = 503.2;
  EXPECT_EQ(bits_text(tensor), "");
  const std::string page = page_of(tensor);
  EXPECT_THAT(page, HasSubstr("; the next best history explains the values worse, by 503 bits</p>"));
  EXPECT_THAT(page, Not(HasSubstr("evidence 503")));
  tensor.bits = 0;  // of F32, say
  EXPECT_THAT(page_of(tensor), Not(HasSubstr("next best history explains the values worse, by 0")));
}

TEST(AuditPage, AWrongLabelIsAFactWithoutOdds) {
  TensorAudit tensor = sample_tensor("w", Route::rne);
  AuditTest label;
  label.name = "label";
  label.bits = 64;
  label.p_value = 0;
  tensor.evidence.tests.insert(tensor.evidence.tests.begin(), label);
  tensor.verdict = mislabelled;
  tensor.sub = "label-vs-name";
  tensor.bits = 64;
  EXPECT_EQ(bits_text(tensor), "");
  const std::string page = page_of(tensor);
  EXPECT_THAT(page, Not(HasSubstr("; evidence ")));
  EXPECT_THAT(page, Not(HasSubstr(">64<")));
  EXPECT_THAT(page, Not(HasSubstr("&lt; 1e-300")));
  tensor.sub = "bit-view";
  EXPECT_EQ(bits_text(tensor), "64");
}

}  // namespace
}  // namespace candor::cli
