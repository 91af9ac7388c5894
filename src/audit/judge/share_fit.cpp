#include <algorithm>
#include <cmath>
#include <numbers>

#include "audit/judge/likelihood.h"
#include "core/formats.h"

namespace candor::audit_internal {

namespace {

constexpr double kHighestShare = 1 - 1e-9;
// Half of chi-square's 95 % point with one degree of freedom is 1.92; where a few dozen small values decide that covers
// 92 % of the shares, and this 93 to 98 %.
constexpr double kDrop = 2.2;

double logistic(double x) { return std::min(kHighestShare, 1 / (1 + std::exp(-x))); }

// Where the likelihood has fallen by kDrop between `inside` and `outside`, both logits.
double crossing(const ShareLikelihood& likelihood, double inside, double outside, double level) {
  for (int i = 0; i < 50; ++i) {
    const double middle = (inside + outside) / 2;
    (likelihood.at(logistic(middle)) >= level ? inside : outside) = middle;
  }
  return logistic(inside);
}

double golden_maximum(const ShareLikelihood& likelihood, double low, double high) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double at_a = likelihood.at(logistic(a)), at_b = likelihood.at(logistic(b));
  for (int i = 0; i < 40; ++i) {
    if (at_a >= at_b) {
      high = b, b = a, at_b = at_a, a = high - kGolden * (high - low), at_a = likelihood.at(logistic(a));
    } else {
      low = a, a = b, at_a = at_b, b = low + kGolden * (high - low), at_b = likelihood.at(logistic(b));
    }
  }
  return (low + high) / 2;
}

}  // namespace

void ShareLikelihood::add(double weight, double ratio) {
  if (weight == 0 || ratio == 1) return;
  std::uint32_t& recent = recent_[f64_bits(ratio) * 0x9e3779b97f4a7c15u >> (64 - kRecentBits)];
  if (recent < terms_.size() && terms_[recent].ratio == ratio) {
    terms_[recent].weight += weight;
    return;
  }
  recent = static_cast<std::uint32_t>(terms_.size());
  terms_.push_back({weight, ratio});
}

void ShareLikelihood::append(const ShareLikelihood& other) {
  terms_.insert(terms_.end(), other.terms_.begin(), other.terms_.end());
}

void ShareLikelihood::compact() {
  std::stable_sort(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) { return a.ratio < b.ratio; });
  std::vector<Term> all;
  all.swap(terms_);
  for (std::size_t i = 0; i < all.size();) {
    const double ratio = all[i].ratio;
    double weight = all[i++].weight;
    for (; i < all.size() && all[i].ratio == ratio; ++i) weight += all[i].weight;
    add(weight, ratio);
  }
}

double ShareLikelihood::at(double share) const {
  double sum = 0;
  for (const Term& term : terms_) sum += term.weight * std::log1p(share * (term.ratio - 1));
  return sum;
}

double ShareLikelihood::bits_at(double share) const { return at(share) / std::numbers::ln2; }

ShareLikelihood HistoryLikelihood::all() const {
  ShareLikelihood sum = codes;
  sum.append(small);
  sum.append(gap);
  sum.compact();
  return sum;
}

ShareFit fit_share(const ShareLikelihood& likelihood) {
  ShareFit fit;
  // A coarse look over logits first: the normalisers may bend the curve twice.
  constexpr double kLow = -14, kHigh = 20, kStep = 0.5;
  double best = kLow, value = likelihood.at(logistic(kLow));
  for (double x = kLow; x <= kHigh; x += kStep) {
    if (const double here = likelihood.at(logistic(x)); here > value) best = x, value = here;
  }
  const double finer = golden_maximum(likelihood, std::max(kLow, best - kStep), std::min(kHigh, best + kStep));
  if (likelihood.at(logistic(finer)) >= value) best = finer;  // of two maxima it may have taken the lower
  fit.share = logistic(best);
  const double top = likelihood.at(fit.share), level = top - kDrop;
  fit.low = likelihood.at(0) >= level ? 0 : crossing(likelihood, best, -40, level);
  fit.high = likelihood.at(kHighestShare) >= level ? 1 : crossing(likelihood, best, 25, level);
  fit.bits = top / std::numbers::ln2;
  fit.bits_over_pure = fit.bits - likelihood.bits_at(kPure);
  return fit;
}

}  // namespace candor::audit_internal
