// attention in several ways: a prompt at once, and token by token over a cache that grows.
#include "prove/bits/bits_case.h"

namespace candor::prove {
namespace {

struct AttentionSize {
  std::int64_t batch, tokens, keys, heads, kv_heads, dim;
  bool causal;
  Drawn drawn;
  bool quick;
};
constexpr AttentionSize kSizes[] = {
    {2, 5, 9, 4, 2, 18, true, Drawn::ordinary, true},
    {1, 7, 67, 3, 1, 64, true, Drawn::special, true},
    {1, 6, 70, 2, 2, 34, false, Drawn::ordinary, true},
    {1, 9, 600, 4, 2, 32, true, Drawn::ordinary, true},  // more keys than a chunk of kAttentionChunk
    {1, 33, 130, 9, 3, 64, true, Drawn::ordinary, false},
    {2, 3, 1100, 2, 1, 128, true, Drawn::ordinary, false},
};

std::string text_of_size(const AttentionSize& s) {
  return "B=" + std::to_string(s.batch) + " T=" + std::to_string(s.tokens) + " S=" + std::to_string(s.keys) +
         " H=" + std::to_string(s.heads) + " Hkv=" + std::to_string(s.kv_heads) + " D=" + std::to_string(s.dim) +
         (s.causal ? ", causal" : "");
}

/// Query t alone, over the keys that it sees.
Attention alone(const Attention& whole, std::int64_t b, std::int64_t t) {
  Attention one = whole;
  one.q = only(only(whole.q, b), t, 1);
  one.y = only(only(whole.y, b), t, 1);
  one.k = only(whole.k, b);
  one.v = only(whole.v, b);
  if (whole.causal) one.k.shape[1] = one.v.shape[1] = whole.k.shape[1] - whole.q.shape[1] + t + 1;
  return one;
}

Calls<Attention> attention_calls(RandomOperands& memory, const Storage3& storage, const AttentionSize& s) {
  const std::vector<std::int64_t> q{s.batch, s.tokens, s.heads, s.dim}, kv{s.batch, s.keys, s.kv_heads, s.dim};
  Calls<Attention> calls{{.q = memory.operand(storage.a, q),
                          .k = memory.operand(storage.b, kv),
                          .v = memory.operand(storage.b, kv),
                          .y = memory.result(storage.out, q),
                          .scale = 0.5f,
                          .causal = s.causal},
                         {}};
  for (std::int64_t b = 0; b < s.batch; ++b)
    for (std::int64_t t = 0; t < s.tokens; ++t) calls.alone.push_back(alone(calls.whole, b, t));
  return calls;
}

}  // namespace

template <>
BitsCases bits_cases<Attention>(const BitsPlan& plan) {
  BitsCases cases;
  for (const AttentionSize& size : kSizes)
    if (!plan.quick || size.quick)
      add_case<Attention>(cases, plan, text_of_size(size), size.drawn,
                          [&](RandomOperands& memory) { return attention_calls(memory, plan.storage, size); });
  return cases;
}

}  // namespace candor::prove
