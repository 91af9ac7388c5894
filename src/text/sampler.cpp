// The order of the filters: repetition penalty, temperature, top-k, top-p, min-p, draw. Each sees what the one before
// it left: top-p counts the probability among the top-k, min-p compares with the likeliest token.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

#include "candor/error.h"
#include "candor/text.h"
#include "text/philox.h"
#include "text/stable_exp.h"

namespace candor {
namespace {

struct Candidate {
  TokenId id;
  double logit;
  double weight = 0;  // exp((logit - largest) / temperature)
};

/// More likely first; of equals the lower id. A strict order: nothing depends on how a library sorts.
bool before(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

[[noreturn]] void refuse(const std::string& option, double value, const std::string& range) {
  std::string text = std::to_string(value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  throw ValueError("sampler: " + option + " is " + text + ", expected " + range);
}

void require_finite_logits(std::span<const float> logits) {
  if (logits.empty()) throw ValueError("sampler: there are no logits");
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]) || logits[i] == std::numeric_limits<float>::infinity()) {
      throw ValueError("sampler: logit " + std::to_string(i) + " of " + std::to_string(logits.size()) + " is " +
                       (std::isnan(logits[i]) ? "NaN" : "infinite") +
                       ", expected finite numbers or minus infinity; "
                       "the model is damaged, or values left the range of the activations' dtype: f32 has the widest");
    }
  }
}

/// A copy of the logits in which the recent tokens are less likely, each once however often it occurred.
std::vector<float> penalised(std::span<const float> logits, std::span<const TokenId> recent,
                             const SamplerOptions& options) {
  std::vector<float> out(logits.begin(), logits.end());
  const std::size_t window =
      options.repetition_window < 0 ? recent.size() : static_cast<std::size_t>(options.repetition_window);
  const std::span<const TokenId> last = recent.last(std::min(window, recent.size()));
  for (const TokenId id : std::unordered_set<TokenId>(last.begin(), last.end())) {
    if (id < 0 || static_cast<std::size_t>(id) >= out.size()) {
      throw ValueError("sampler: recent token " + std::to_string(id) + " is outside the " + std::to_string(out.size()) +
                       " logits");
    }
    float& logit = out[static_cast<std::size_t>(id)];
    logit = logit > 0 ? logit / options.repetition_penalty : logit * options.repetition_penalty;
    if (logit == std::numeric_limits<float>::infinity())
      refuse("repetition_penalty", options.repetition_penalty, "one that keeps logits finite");
  }
  return out;
}

/// The k likeliest, in order. A heap of k whose top is the least likely: one pass, most logits cost one comparison.
std::vector<Candidate> select_top_k(std::span<const float> logits, std::size_t k) {
  std::vector<Candidate> heap;
  heap.reserve(k);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Candidate candidate{static_cast<TokenId>(i), logits[i]};
    if (heap.size() < k) {
      heap.push_back(candidate);
      std::push_heap(heap.begin(), heap.end(), before);
    } else if (logits[i] > heap.front().logit) {  // an equal one has the higher id and stays out
      std::pop_heap(heap.begin(), heap.end(), before);
      heap.back() = candidate;
      std::push_heap(heap.begin(), heap.end(), before);
    }
  }
  std::sort_heap(heap.begin(), heap.end(), before);
  return heap;
}

std::vector<Candidate> all_candidates(std::span<const float> logits) {
  std::vector<Candidate> out(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) out[i] = {static_cast<TokenId>(i), logits[i]};
  return out;
}

void fill_weights(std::vector<Candidate>& candidates, double temperature) {
  const double largest = std::min_element(candidates.begin(), candidates.end(), before)->logit;
  for (Candidate& c : candidates) c.weight = text::stable_exp((c.logit - largest) / temperature);
}

double total_weight(const std::vector<Candidate>& candidates) {
  return std::accumulate(candidates.begin(), candidates.end(), 0.0,
                         [](double sum, const Candidate& c) { return sum + c.weight; });
}

/// Leaves the fewest of the likeliest whose weights reach `p` of all, in order. A heap: only those are sorted.
void keep_top_p(std::vector<Candidate>& candidates, double p) {
  const double wanted = p * total_weight(candidates);
  const auto worse = [](const Candidate& a, const Candidate& b) {
    return before(b, a);
  };  // the heap's top is the likeliest
  std::make_heap(candidates.begin(), candidates.end(), worse);
  std::vector<Candidate> kept;
  double sum = 0;
  do {
    std::pop_heap(candidates.begin(), candidates.end(), worse);
    kept.push_back(candidates.back());
    candidates.pop_back();
    sum += kept.back().weight;
  } while (sum < wanted && !candidates.empty());
  candidates = std::move(kept);
}

/// The weight of the likeliest is 1, so that a weight is the ratio that min-p speaks of.
void keep_min_p(std::vector<Candidate>& candidates, double min_p) {
  std::erase_if(candidates, [min_p](const Candidate& c) { return c.weight < min_p; });
}

TokenId draw(const std::vector<Candidate>& candidates, double uniform) {
  const double target = uniform * total_weight(candidates);
  double sum = 0;
  TokenId last = candidates.front().id;
  for (const Candidate& c : candidates) {
    if (c.weight == 0) continue;  // minus infinity, or far below the others
    sum += c.weight;
    last = c.id;
    if (target < sum) break;
  }
  return last;
}

}  // namespace

Sampler::Sampler(const SamplerOptions& options) : options_(options) {
  const auto& o = options_;
  if (!(o.temperature >= 0) || std::isinf(o.temperature)) refuse("temperature", o.temperature, "0 (greedy) or more");
  if (o.top_k < 0) refuse("top_k", o.top_k, "0 (off) or more");
  if (!(o.top_p > 0 && o.top_p <= 1)) refuse("top_p", o.top_p, "more than 0, at most 1 (off)");
  if (!(o.min_p >= 0 && o.min_p <= 1)) refuse("min_p", o.min_p, "0 (off) to 1");
  if (!(o.repetition_penalty > 0) || std::isinf(o.repetition_penalty)) {
    refuse("repetition_penalty", o.repetition_penalty, "more than 0, 1 is off");
  }
  if (o.repetition_window < -1) refuse("repetition_window", o.repetition_window, "-1 (all), 0 (off) or more");
}

TokenId Sampler::sample(std::span<const float> logits, std::span<const TokenId> recent, std::uint64_t position) const {
  require_finite_logits(logits);
  std::vector<float> changed;
  if (options_.repetition_penalty != 1.0f) {
    changed = penalised(logits, recent, options_);
    logits = changed;
  }
  const auto best = std::max_element(logits.begin(), logits.end());  // the first of equals
  if (*best == -std::numeric_limits<float>::infinity()) {
    throw ValueError("sampler: all " + std::to_string(logits.size()) +
                     " logits are minus infinity, nothing can be drawn");
  }
  if (options_.temperature == 0) return static_cast<TokenId>(best - logits.begin());
  const std::size_t k = std::min(static_cast<std::size_t>(options_.top_k), logits.size());
  std::vector<Candidate> candidates = k > 0 ? select_top_k(logits, k) : all_candidates(logits);
  fill_weights(candidates, options_.temperature);
  if (options_.top_p < 1) keep_top_p(candidates, options_.top_p);
  if (options_.min_p > 0) keep_min_p(candidates, options_.min_p);
  return draw(candidates, text::uniform_draw(options_.seed, position));
}

}  // namespace candor
