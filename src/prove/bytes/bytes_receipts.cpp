// What a Recorder says of calls whose bytes and casts are known.
#include <functional>

#include "candor/error.h"
#include "candor/ops.h"
#include "prove/bytes/bytes.h"
#include "prove/bytes/dtype_sizes.h"

namespace candor::prove {
namespace {

using enum DType;

constexpr std::int64_t kTokens = 3, kDepth = 64, kColumns = 32, kKeys = 12, kHeads = 4, kDim = 16;
constexpr std::int64_t kPairs = 1;  // packed: whole tiles of 16 rows, whole pairs of k

/// "[3, 64] of bf16": counted by hand, not asked of the tensor.
struct Counted {
  DType dtype;
  std::int64_t elements;
};
BytesByDType sum_of(const std::vector<Counted>& all) {
  BytesByDType bytes;
  for (const Counted& one : all)
    bytes[one.dtype] += bytes_of_elements(one.dtype, static_cast<std::uint64_t>(one.elements));
  return bytes;
}

struct KnownCall {
  std::string op, what;
  std::vector<Counted> read, written;
  std::function<void()> run;
};

Tensor zeros(const Shape& shape, DType dtype) { return Tensor::zeros(shape, dtype); }

std::vector<KnownCall> products() {
  const Tensor x = zeros({kTokens, kDepth}, bf16), w = zeros({kColumns, kDepth}, bf16), bias = zeros({kColumns}, f32);
  const Tensor odd = zeros({kColumns + 1, kDepth - kPairs}, bf16), q8 = zeros({kColumns, kDepth}, q8_0);
  const Counted in{bf16, kTokens * kDepth}, weight{bf16, kColumns * kDepth}, out{bf16, kTokens * kColumns};
  return {
      {"matmul", "matmul bf16·bf16→bf16", {in, weight}, {out}, [=] { matmul(x, w); }},
      {"matmul",
       "matmul bf16·bf16→f32 with a bias",
       {in, weight, {f32, kColumns}},
       {{f32, kTokens * kColumns}},
       [=] { matmul(x, w, bias, {.out = f32}); }},
      {"matmul",
       "matmul bf16·bf16→bf16, packed",
       {in, weight},
       {out},
       [x, packed = pack_tiles(w)] { matmul(x, packed); }},
      {"matmul", "matmul bf16·q8_0→bf16", {in, {q8_0, kColumns * kDepth}}, {out}, [=] { matmul(x, q8); }},
      {"pack_tiles",
       "pack_tiles bf16, padded",
       {{bf16, (kColumns + 1) * (kDepth - kPairs)}},
       {{bf16, (kColumns + 16) * kDepth}},
       [=] { pack_tiles(odd); }},
      {"qkv_projection",
       "qkv_projection bf16",
       {in, weight, weight, weight},
       {out, out, out},
       [=] { qkv_projection(x, w, w, w); }},
      {"gated_linear",
       "gated_linear bf16",
       {in, weight, weight, {f32, kColumns}},
       {out},
       [=] { gated_linear(x, w, w, Activation::silu, bias); }},
  };
}

std::vector<KnownCall> rows() {
  const Tensor x = zeros({kTokens, kDepth}, bf16), w = zeros({kDepth}, bf16);
  const Counted area{bf16, kTokens * kDepth}, row{bf16, kDepth}, indices{i32, kTokens};
  const Tensor heads = zeros({kTokens, kHeads, kDim}, bf16), angles = zeros({kTokens, kDim / 2}, f32);
  const Counted head_area{bf16, kTokens * kHeads * kDim}, angle_area{f32, kTokens * kDim / 2};
  const Tensor q = zeros({1, kTokens, kHeads, kDim}, bf16), kv = zeros({1, kKeys, 2, kDim}, bf16);
  const Counted cache{bf16, kKeys * 2 * kDim};
  return {
      {"rms_norm", "rms_norm bf16", {area, row}, {area}, [=] { rms_norm(x, w); }},
      {"rms_norm",
       "rms_norm bf16 with a residual",
       {area, area, row},
       {area, area},
       [=] { rms_norm_residual(x, x, w); }},
      {"layer_norm", "layer_norm bf16", {area, row, row}, {area}, [=] { layer_norm(x, w, w); }},
      {"softmax", "softmax bf16", {area}, {area}, [=] { softmax(x); }},
      {"rope",
       "rope bf16",
       {head_area, angle_area, angle_area},
       {head_area},
       [=] { rope(heads, angles, angles, RopeStyle::half_split); }},
      {"attention", "attention bf16", {head_area, cache, cache}, {head_area}, [=] { attention(q, kv, kv); }},
      {"argmax", "argmax bf16", {area}, {indices}, [=] { argmax(x); }},
      {"top_k", "top_k bf16", {area}, {{bf16, kTokens * 5}, {i32, kTokens * 5}}, [=] { top_k(x, 5); }},
  };
}

std::vector<KnownCall> elements() {
  const Tensor x = zeros({kTokens, kDepth}, bf16), row = zeros({kDepth}, bf16), wide = zeros({kTokens, kDepth}, f32);
  const Tensor q8 = zeros({kTokens, kDepth}, q8_0), ids = zeros({kTokens}, i32),
               table = zeros({kColumns, kDepth}, bf16);
  const Counted area{bf16, kTokens * kDepth}, wide_area{f32, kTokens * kDepth}, few{f32, kTokens * kDepth / 2};
  return {
      {"unary", "unary bf16", {area}, {area}, [=] { unary(UnaryKind::silu, x); }},
      {"binary", "binary bf16, one operand repeated", {area, {bf16, kDepth}}, {area}, [=] { add(x, row); }},
      {"cast", "cast f32→bf16", {wide_area}, {area}, [=] { cast(wide, bf16); }},
      {"cast", "cast q8_0→f32", {{q8_0, kTokens * kDepth}}, {wide_area}, [=] { cast(q8, f32); }},
      {"copy", "copy f32, half of the columns", {few}, {few}, [=] { contiguous(wide.slice(1, 0, kDepth / 2)); }},
      {"fill",
       "fill f32",
       {},
       {wide_area},
       [=] {
         full({kTokens, kDepth}, f32, 1.5);
       }},
      {"embedding",
       "embedding bf16, rows asked for only",
       {{i32, kTokens}, area},
       {area},
       [=] { embedding(table, ids); }},
  };
}

struct KnownCasts {
  std::string what;
  std::vector<CastCounted> made;
  std::function<void()> run;
};

std::vector<KnownCasts> known_casts() {
  const std::uint64_t area = kTokens * kDepth, weights = kColumns * kDepth, results = kTokens * kColumns;
  const auto one = [&](DType from, DType to) {
    const Tensor x = zeros({kTokens, kDepth}, from);
    return KnownCasts{"cast", {{from, to, area}}, [x, to] { cast(x, to); }};
  };
  std::vector<KnownCasts> all = {one(f32, bf16), one(bf16, f32),    one(f32, f16),
                                 one(f64, f32),  one(f8_e4m3, f32), one(q8_0, f32)};
  for (KnownCasts& cast : all)
    cast.what = std::string("cast ") + std::string(dtype_name(cast.made[0].from)) + "→" +
                std::string(dtype_name(cast.made[0].to));
  const Tensor x = zeros({kTokens, kDepth}, f8_e4m3), w = zeros({kColumns, kDepth}, f8_e5m2);
  OpOptions upcast{.out = bf16};
  upcast.policy.allow_upcast = true;
  all.push_back({"matmul f8_e4m3·f8_e5m2→bf16 that may cast up",
                 {{f8_e4m3, f32, area}, {f8_e5m2, f32, weights}, {f32, bf16, results}},
                 [=] { matmul(x, w, {}, upcast); }});
  return all;
}

ProofCheck not_recorded(const std::string& what, const std::string& why) {
  ProofCheck check;
  check.section = "bytes";
  check.what = what;
  check.verdict = ProofVerdict::unseen;
  check.finding = check.found = "not tried: " + why;
  return check;
}

}  // namespace

std::vector<ProofCheck> prove_cast_ledger() {
  std::vector<ProofCheck> checks;
  for (const KnownCasts& known : known_casts()) {
    try {
      Recorder recorder;
      known.run();
      recorder.stop();
      checks.push_back(judge_casts({known.what, known.made, recorder.casts()}));
    } catch (const OutOfMemory&) {
      throw;
    } catch (const Error& error) {  // someone else records, or there is no such row
      checks.push_back(not_recorded("casts in the ledger: " + known.what, error.what()));
    }
  }
  return checks;
}

std::vector<ProofCheck> prove_receipts() {
  std::vector<ProofCheck> checks;
  for (const auto& calls : {products(), rows(), elements()})
    for (const KnownCall& known : calls) {
      try {
        Recorder recorder;
        known.run();
        recorder.stop();
        checks.push_back(
            judge_receipt({known.op, known.what, sum_of(known.read), sum_of(known.written), recorder.kernels()}));
        if (known.op == "cast") continue;
        const ProofCheck casts = judge_casts({known.what, {}, recorder.casts()});
        if (casts.verdict != ProofVerdict::proven) checks.push_back(casts);
      } catch (const OutOfMemory&) {
        throw;
      } catch (const Error& error) {
        checks.push_back(not_recorded("receipt of " + known.what, error.what()));
      }
    }
  return checks;
}

}  // namespace candor::prove
