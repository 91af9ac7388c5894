#include "prove/attention/attention_addresses.h"

namespace candor::prove {
namespace {

/// The key that a query chooses, of those that it sees.
std::int64_t chosen_key(const AddressCase& at, std::int64_t batch, std::int64_t token, std::int64_t head) {
  const std::int64_t seen = at.causal ? at.keys - at.tokens + token + 1 : at.keys;
  return (3 * batch + token + 2 * head) % seen;
}

double value_at(const AddressCase& at, std::int64_t batch, std::int64_t key, std::int64_t kv_head, std::int64_t d) {
  return static_cast<double>(1 + (d + at.dim * kv_head + 83 * batch + 17 * key) % 251);
}

/// [batches, count, heads, dim] of what `value` gives for batch, token or key, head and column.
template <class Value>
Values filled(const AddressCase& at, std::int64_t count, std::int64_t heads, const Value& value) {
  Values all;
  for (std::int64_t b = 0; b < at.batches; ++b)
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t h = 0; h < heads; ++h)
        for (std::int64_t d = 0; d < at.dim; ++d) all.push_back(value(b, i, h, d));
  return all;
}

}  // namespace

Canary AddressCase::text() const {
  const std::string shape = "B=" + std::to_string(batches) + ", T=" + std::to_string(tokens) + ", heads " +
                            std::to_string(heads) + "/" + std::to_string(kv_heads) + ", D=" + std::to_string(dim) +
                            ", S=" + std::to_string(keys) + (causal ? "" : ", all keys seen");
  return {"values of every head and column, " + shape,
          shape + ", each query chooses one key, whole numbers in v; the result is how many elements are right"};
}

std::optional<Result> right_elements(const AddressCase& at, const Storage3& storage, const KernelRow& row,
                                     Stream& stream) {
  using Index = std::int64_t;
  const std::vector<Index> q_shape = {at.batches, at.tokens, at.heads, at.dim};
  const std::vector<Index> kv_shape = {at.batches, at.keys, at.kv_heads, at.dim};
  const Values q = filled(at, at.tokens, at.heads, [&](Index b, Index t, Index h, Index d) {
    return d == chosen_key(at, b, t, h) ? 1024.0 : 0.0;
  });
  const Values k = filled(at, at.keys, at.kv_heads, [](Index, Index s, Index, Index d) { return d == s ? 1.0 : 0.0; });
  const Values v =
      filled(at, at.keys, at.kv_heads, [&](Index b, Index s, Index h, Index d) { return value_at(at, b, s, h, d); });
  const Values wanted = filled(at, at.tokens, at.heads, [&](Index b, Index t, Index h, Index d) {
    return value_at(at, b, chosen_key(at, b, t, h), h / (at.heads / at.kv_heads), d);
  });
  Operands memory;
  const Attention args{.q = memory.place(storage.a, q_shape, q),
                       .k = memory.place(storage.b, kv_shape, k),
                       .v = memory.place(storage.b, kv_shape, v),
                       .y = memory.result(storage.out, q_shape),
                       .scale = 1,
                       .causal = at.causal};
  if (!launch(row, stream, args)) return std::nullopt;
  std::int64_t right = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    right += decode(storage.out, code_at(args.y, static_cast<Index>(i))) == wanted[i] ? 1 : 0;
  return Result{"", static_cast<double>(right)};
}

}  // namespace candor::prove
