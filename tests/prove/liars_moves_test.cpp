// Kernels of the ops that move, convert and select, which lie: each is a mismatch, and the finding names the lie.
#include "tests/prove/liars_moves.h"
#include "prove/canary_search.h"
#include "tests/prove/prover.h"

namespace candor::test {
namespace {

using enum DType;
using enum MoveLie;

struct Liar {
  MoveLie lie;
  DType a, out;
  const char* finding;  // how it begins; "": proven
};

template <class Op>
void expect_findings(Launch<Op> launch, const std::vector<Liar>& liars) {
  for (const Liar& liar : liars) {
    const Prover<Op> prover(prove::Storage3{liar.a, liar.a, liar.out});
    move_lie = liar.lie;
    const RowProof proof = prover.proof_of(launch, InstructionClass::convert_rne);
    move_lie = none;
    expect_finding(proof, liar.finding);
  }
}

TEST(LyingCast, NamesDetoursAndRoundings) {
  expect_findings<Cast>(lying_cast, {
                                        {none, f64, bf16, ""},
                                        {none, f32, f16, ""},
                                        {none, f32, f8_e4m3, ""},
                                        {none, f16, f8_e5m2, ""},
                                        {none, f8_e4m3, bf16, ""},
                                        {none, q4_k, bf16, ""},
                                        {through_f32, f64, bf16, "on the way out: through f32, not direct"},
                                        {through_f32, f64, f16, "on the way out: through f32, not direct"},
                                        {through_f32, f64, f8_e4m3, "on the way out: through f32, not direct"},
                                        {through_tf32, f32, bf16, "on the way out: through tf32, not direct"},
                                        {through_f16, f64, f32, "on the way out: through f16, not direct"},
                                        {through_f16, f32, bf16, "on the way out: through f16, not direct"},
                                        {through_f16, f32, f8_e4m3, "on the way out: through f16, not direct"},
                                        {through_f16, bf16, f32, "on the way out: through f16, not direct"},
                                        {through_f16, q8_0, f32, "on the way out: through f16, not direct"},
                                        {through_bf16, f16, f32, "on the way out: through bf16, not direct"},
                                        {through_bf16, f16, f8_e5m2, "on the way out: through bf16, not direct"},
                                        {through_bf16, q4_0, f16, "on the way out: through bf16, not direct"},
                                        {truncates, f64, f32, "result: truncated, not"},
                                        {truncates, f32, bf16, "result: truncated, not"},
                                        {truncates, f32, f16, "result: truncated, not"},
                                        {truncates, f16, f8_e4m3, "result: truncated, not"},
                                        {truncates, q6_k, bf16, "result: truncated, not"},
                                        {ties_away, f32, bf16, "result: nearest, ties away from zero, not"},
                                        {ties_away, f64, f16, "result: nearest, ties away from zero, not"},
                                        {ties_away, bf16, f8_e5m2, "result: nearest, ties away from zero, not"},
                                        {ties_away, q8_0, bf16, "result: nearest, ties away from zero, not"},
                                    });
}

TEST(LyingCast, NamesSubnormalsNanAndPlaces) {
  expect_findings<Cast>(
      lying_cast, {
                      {flushes, f32, bf16, "subnormals: flushed, not kept"},
                      {flushes, f32, f16, "subnormals: flushed, not kept"},
                      {flushes, f16, f32, "subnormals: flushed, not kept"},
                      {flushes, bf16, f64, "subnormals: flushed, not kept"},
                      {flushes, f64, f8_e5m2, "subnormals: flushed, not kept"},
                      {flushes, f8_e4m3, f16, "subnormals: flushed, not kept"},
                      {flushes, q4_0, f16, "subnormals: flushed, not kept"},
                      {nan_to_infinity, f32, bf16, "NaN: lost, not kept"},
                      {nan_to_infinity, f16, f32, "NaN: lost, not kept"},
                      {nan_to_infinity, q5_1, f32, "NaN: lost, not kept"},
                      {nan_sign_lost, f32, bf16, "NaN: lost, not kept"},
                      {nan_sign_lost, f8_e5m2, f16, "NaN: lost, not kept"},
                      {saturates, f32, f16, "no arithmetic considered explains it"},
                      {saturates, bf16, f8_e4m3, "no arithmetic considered explains it"},
                      {one_number, bf16, f32,
                       "no arithmetic considered explains it (every code of bf16 but subnormals and NaN: 65028 was"},
                      {one_number, f16, f8_e5m2, "no arithmetic considered explains it (every code of f16 but"},
                      {even_elements, f32, bf16, "results differ: one row gives"},
                      {even_elements, bf16, f32, "results differ: one row gives"},
                      {tail_through_bf16, f32, f16, "results differ: one row gives"},
                      {apart_through_bf16, f32, f16, "results differ: one row gives"},
                  });
}

TEST(LyingCopy, IsNamed) {
  expect_findings<Copy>(lying_copy, {
                                        {none, f32, f32, ""},
                                        {none, q8_0, q8_0, ""},
                                        {none, i32, i32, ""},
                                        {quiets_nan, f32, f32, "NaN: lost, not kept"},
                                        {quiets_nan, bf16, bf16, "NaN: lost, not kept"},
                                        {quiets_nan, f64, f64, "NaN: lost, not kept"},
                                        {quiets_nan, q4_0, q4_0, "NaN: lost, not kept"},
                                        {flushes, f32, f32, "subnormals: flushed, not kept"},
                                        {flushes, f16, f16, "subnormals: flushed, not kept"},
                                        {flushes, f8_e5m2, f8_e5m2, "subnormals: flushed, not kept"},
                                        {flushes, q8_0, q8_0, "subnormals: flushed, not kept"},
                                        {through_f32, f64, f64, "on the way out: through f32, not direct"},
                                        {through_f32, i32, i32, "on the way out: through f32, not direct"},
                                        {through_tf32, f32, f32, "on the way out: through tf32, not direct"},
                                        {through_f16, bf16, bf16, "on the way out: through f16, not direct"},
                                        {apart_through_bf16, f32, f32, "results differ: one row gives"},
                                    });
}

constexpr const char* kWrongId = "no arithmetic considered explains it (every id of a table: ";

TEST(LyingEmbedding, IsNamed) {
  expect_findings<Embedding>(lying_embedding, {
                                                  {none, bf16, bf16, ""},
                                                  {none, f32, bf16, ""},
                                                  {none, q5_k, f16, ""},
                                                  {through_f16, bf16, bf16, "on the way out: through f16, not direct"},
                                                  {through_f16, bf16, f32, "on the way out: through f16, not direct"},
                                                  {through_f16, f32, bf16, "on the way out: through f16, not direct"},
                                                  {through_bf16, q4_0, f32, "on the way out: through bf16, not direct"},
                                                  {quiets_nan, bf16, bf16, "NaN: lost, not kept"},
                                                  {flushes, f32, f32, "subnormals: flushed, not kept"},
                                                  {packed_through_bf16, f32, f32, "results differ: table gives"},
                                                  {middle_ids_off, f32, f32, kWrongId},
                                                  {middle_ids_off, bf16, bf16, kWrongId},
                                                  {middle_ids_off, bf16, f32, kWrongId},
                                                  {middle_ids_off, q4_0, f32, kWrongId},
                                                  {middle_ids_off, q6_k, bf16, kWrongId},
                                              });
}

TEST(LyingPackTiles, IsNamed) {
  expect_findings<PackTiles>(
      lying_pack_tiles,
      {
          {none, f32, f32, ""},
          {none, bf16, bf16, ""},
          {through_bf16, f32, f32, "on the way out: through bf16, not direct"},
          {through_bf16, f16, f16, "on the way out: through bf16, not direct"},
          {quiets_nan, bf16, bf16, "NaN: lost, not kept"},
          {swaps_rows, f32, f32, "no arithmetic considered explains it (where elements go: 703 was"},
          {swaps_rows, bf16, bf16, "no arithmetic considered explains it (where elements go: 703 was"},
          {padding_left, f16, f16, "no arithmetic considered explains it (what fills the last tile"},
      });
}

TEST(LyingFill, IsNamed) {
  expect_findings<Fill>(lying_fill, {
                                        {none, f64, f64, ""},
                                        {none, bf16, bf16, ""},
                                        {none, i32, i32, ""},
                                        {through_f32, bf16, bf16, "on the way out: through f32, not direct"},
                                        {through_f32, f16, f16, "on the way out: through f32, not direct"},
                                        {through_f32, f64, f64, "on the way out: through f32, not direct"},
                                        {through_f32, i32, i32, "on the way out: through f32, not direct"},
                                        {through_bf16, f32, f32, "on the way out: through bf16, not direct"},
                                        {through_bf16, u8, u8, "on the way out: through bf16, not direct"},
                                        {truncates, bf16, bf16, "result: truncated, not"},
                                        {truncates, i64, i64, "result: truncated, not"},
                                        {ties_away, i8, i8, "result: nearest, ties away from zero, not"},
                                        {flushes, bf16, bf16, "subnormals: flushed, not kept"},
                                        {nan_to_infinity, bf16, bf16, "NaN: lost, not kept"},
                                        {even_elements, f32, f32, "results differ: contiguous gives"},
                                    });
}

template <class Op>
void expect_selection_findings(Launch<Op> launch) {
  expect_findings<Op>(launch, {
                                  {none, f32, f32, ""},
                                  {none, f16, f16, ""},
                                  {none, bf16, bf16, ""},
                                  {compares_in_bf16, f32, f32, "first operand: rounded to bf16, not as it is"},
                                  {compares_in_bf16, f16, f16, "first operand: rounded to bf16, not as it is"},
                                  {compares_in_f16, f32, f32, "first operand: rounded to f16, not as it is"},
                                  {compares_in_f16, bf16, bf16, "first operand: rounded to f16, not as it is"},
                                  {flushes, f32, f32, "subnormals: flushed, not kept"},
                                  {flushes, f16, f16, "subnormals: flushed, not kept"},
                                  {flushes, bf16, bf16, "subnormals: flushed, not kept"},
                                  {nan_ranks_last, f32, f32, "NaN: lost, not kept"},
                                  {nan_ranks_last, bf16, bf16, "NaN: lost, not kept"},
                                  {last_among_equals, f32, f32,
                                   "no arithmetic considered explains it (two equal ones: 11 was predicted, 29"},
                              });
}

TEST(LyingArgmax, IsNamed) { expect_selection_findings<Argmax>(lying_argmax); }

TEST(LyingTopK, IsNamed) {
  expect_selection_findings<TopK>(lying_top_k);
  expect_findings<TopK>(
      lying_top_k, {
                       {through_bf16, f32, f32, "on the way out: through bf16, not direct"},
                       {through_f16, bf16, bf16, "on the way out: through f16, not direct"},
                       {quiets_nan, bf16, bf16, "no arithmetic considered explains it (NaNs that come first"},
                       {swaps_ranks, f32, f32, "no arithmetic considered explains it (37 ranks of 37 numbers: 222"},
                       {swaps_ranks, bf16, bf16, "no arithmetic considered explains it (37 ranks of 37 numbers"},
                       {first_value_again, f32, f32, "no arithmetic considered explains it (37 ranks of 37 numbers"},
                       {first_value_again, f16, f16, "no arithmetic considered explains it (37 ranks of 37 numbers"},
                   });
}

/// Pairs of hypotheses that no canary of the experiment tells apart.
template <class Op>
std::size_t untold_pairs(DType a, DType out) {
  const prove::Storage3 storage{a, a, out};
  const auto experiment = prove::make_experiment<Op>(storage);
  const std::vector<prove::Arithmetic> all = experiment->considered(storage);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size(); ++j) pairs.emplace_back(i, j);
  for (std::size_t canary = 0; canary < experiment->size() && !pairs.empty(); ++canary) {
    std::vector<prove::Prediction> predictions;
    for (const prove::Arithmetic& one : all) predictions.push_back(experiment->predict(canary, one));
    std::erase_if(pairs,
                  [&](const auto& pair) { return prove::disjoint(predictions[pair.first], predictions[pair.second]); });
  }
  return pairs.size();
}

constexpr DType kFloats[] = {f64, f32, f16, bf16, f8_e4m3, f8_e5m2};
constexpr DType kBlocks[] = {q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k};

TEST(MoveExperiments, TellEveryTwoHypothesesApart) {
  for (const DType from : kFloats)
    for (const DType to : kFloats) EXPECT_EQ(untold_pairs<Cast>(from, to), 0u) << dtype_name(from) << dtype_name(to);
  for (const DType from : kBlocks)
    for (const DType to : {f32, f16, bf16})
      EXPECT_EQ(untold_pairs<Cast>(from, to), 0u) << dtype_name(from) << dtype_name(to);
  for (const DType of : {f64, f32, f16, bf16, f8_e4m3, f8_e5m2, i64, i32, i8, u8, bool_, q4_0, q6_k})
    EXPECT_EQ(untold_pairs<Copy>(of, of), 0u) << dtype_name(of);
  for (const DType to : {f64, f32, f16, bf16, i64, i32, i8, u8})
    EXPECT_EQ(untold_pairs<Fill>(to, to), 0u) << dtype_name(to);
  for (const DType of : {f32, f16, bf16}) {
    EXPECT_EQ(untold_pairs<PackTiles>(of, of), 0u) << dtype_name(of);
    EXPECT_EQ(untold_pairs<Argmax>(of, of), 0u) << dtype_name(of);
    EXPECT_EQ(untold_pairs<TopK>(of, of), 0u) << dtype_name(of);
  }
}

// The rows of the reference are proven in storages that `candor prove` does not run them in.
TEST(MoveExperiments, ReferenceIsProvenInEveryStorage) {
  for (const DType to : kFloats) {
    for (const DType from : kFloats)
      if (from != to) expect_findings<Cast>(ref::cast, {{none, from, to, ""}});
    for (const DType from : kBlocks) expect_findings<Cast>(ref::cast, {{none, from, to, ""}});
    for (const DType from : {f16, bf16, q6_k}) expect_findings<Embedding>(ref::embedding, {{none, from, to, ""}});
    expect_findings<Fill>(ref::fill, {{none, to, to, ""}});
    expect_findings<Copy>(ref::copy, {{none, to, to, ""}});
  }
  for (const DType of : kBlocks) expect_findings<Copy>(ref::copy, {{none, of, of, ""}});
  for (const DType of : {i64, i32, i8, u8}) {
    expect_findings<Fill>(ref::fill, {{none, of, of, ""}});
    expect_findings<Copy>(ref::copy, {{none, of, of, ""}});
  }
}

}  // namespace
}  // namespace candor::test
