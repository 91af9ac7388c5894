#include "prove/model/model_bits.h"

#include <cstdio>
#include <cstring>

#include "prove/workers.h"

namespace candor::prove {
namespace {

using Logits = std::vector<float>;

Logits at_once(const LanguageModel& model, const std::vector<TokenId>& tokens) {
  Logits all;
  model.logits(tokens, [&](const float* rows, std::int64_t count) {
    all.insert(all.end(), rows, rows + count * model.info().vocabulary);
  });
  return all;
}

Logits one_by_one(const LanguageModel& model, const std::vector<TokenId>& tokens) {
  Logits all;
  Session session(model, std::ssize(tokens));
  for (const TokenId& token : tokens) {
    const std::span<const float> row = session.feed({&token, 1});
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

/// The last row only: a prefill gives no others.
Logits in_pieces(const LanguageModel& model, const std::vector<TokenId>& tokens, std::size_t pieces) {
  Session session(model, std::ssize(tokens));
  Logits last;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t begin = tokens.size() * i / pieces, end = tokens.size() * (i + 1) / pieces;
    if (begin == end) continue;
    const std::span<const float> row = session.feed({tokens.data() + begin, end - begin});
    last.assign(row.begin(), row.end());
  }
  return last;
}

Logits last_row(const Logits& all, std::size_t vocabulary) {
  return {all.end() - static_cast<std::ptrdiff_t>(vocabulary), all.end()};
}

ProofCheck compared(const std::string& what, const std::string& text, const std::string& difference) {
  return {.section = "model",
          .what = what,
          .claimed = "the same bits",
          .found = difference.empty() ? "the same bits" : "other bits",
          .evidence = text,
          .verdict = difference.empty() ? ProofVerdict::proven : ProofVerdict::mismatch,
          .finding = difference};
}

}  // namespace

std::string first_other_logit(const std::vector<float>& x, const std::vector<float>& y, std::size_t vocabulary) {
  if (x.size() != y.size()) return std::to_string(x.size()) + " and " + std::to_string(y.size()) + " logits";
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::memcmp(&x[i], &y[i], sizeof(float)) == 0) continue;
    char text[96];
    std::snprintf(text, sizeof text, "token %zu, logit %zu: %.9g and %.9g", i / vocabulary, i % vocabulary,
                  static_cast<double>(x[i]), static_cast<double>(y[i]));
    return text;
  }
  return "";
}

std::vector<ProofCheck> check_same_bits(const LanguageModel& model, const std::string& who,
                                        const std::vector<TokenId>& tokens) {
  const std::size_t vocabulary = static_cast<std::size_t>(model.info().vocabulary);
  const std::string count = std::to_string(tokens.size()) + " tokens, every logit";
  const auto named = [](const char* what, const std::string& difference) {
    return difference.empty() ? "" : what + difference;
  };
  const Logits all = at_once(model, tokens), single = one_by_one(model, tokens);
  const Logits last = last_row(single, vocabulary);
  std::string pieces;
  for (const std::size_t number : {1, 2, 3})
    if (pieces.empty())
      pieces = named(number == 1 ? "the last row alone differs: " : "chunks differ from single tokens: ",
                     first_other_logit(in_pieces(model, tokens, number), last, vocabulary));
  std::vector<ProofCheck> checks = {
      compared(who + "prefill and decode", count,
               named("prefill differs from decode: ", first_other_logit(all, single, vocabulary))),
      compared(who + "one, two and three chunks", "the last row", pieces)};
  std::string other;
  const Workers workers(installed_backends());
  for (const int number : {1, 2}) {
    if (workers.set(number) && other.empty())
      other = named(number == 1 ? "one thread differs: " : "two threads differ: ",
                    first_other_logit(at_once(model, tokens), all, vocabulary));
  }
  checks.push_back(compared(who + "one thread and two", count, other));
  return checks;
}

}  // namespace candor::prove
