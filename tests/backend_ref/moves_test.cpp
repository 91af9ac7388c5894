// cast, copy, fill, embedding, pack_tiles, argmax and top_k.
#include <gtest/gtest.h>

#include <cstring>

#include "backend_ref/run.h"
#include "core/packed.h"
#include "support/operand.h"

namespace candor::test {
namespace {

TEST(ReferenceCast, RoundsOnceFromF64) {
  Workspace w;
  const Cast args{.x = w.make(DType::f64, {2, 2}, {1.0 + 0x1p-8 + 0x1p-40, -0.0, 0x1p-133, 3e38}, {.row_gap = 1}),
                  .y = w.place(DType::bf16, {2, 2})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y), (Doubles{1.0 + 0x1p-7, 0.0, 0x1p-133, ref::round_to(DType::bf16, 3e38)}));
}

TEST(ReferenceCopy, MovesBitsOfSignallingNaN) {
  Workspace w;
  const View x = w.place(DType::bf16, {1, 3}), y = w.place(DType::bf16, {1, 3}, {.row_gap = 2});
  const std::uint16_t bits[] = {0x7f81, 0x8000, 0x3f80};
  std::memcpy(x.as<void>(), bits, sizeof bits);
  run_reference(Copy{.x = x, .y = y});
  EXPECT_EQ(std::memcmp(y.data, bits, sizeof bits), 0);
  EXPECT_EQ(w.damage(), "");
}

TEST(ReferenceCopy, MovesWholeBlocks) {
  Workspace w;
  const View x = w.place(DType::q4_0, {2, 64}), y = w.place(DType::q4_0, {2, 64});
  for (int i = 0; i < 4 * 18; ++i) x.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(3 * i);
  run_reference(Copy{.x = x, .y = y});
  EXPECT_EQ(std::memcmp(x.data, y.data, 4 * 18), 0);
}

TEST(ReferenceFill, RoundsAndKeepsGaps) {
  Workspace w;
  const Fill args{.y = w.place(DType::bf16, {2, 2}, Placement{.row_gap = 1}), .value = 1.0 + 0x1.8p-7};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y), Doubles(4, 1.0 + 0x1p-6));
  EXPECT_EQ(w.damage(), "");
}

TEST(ReferenceEmbedding, PicksRows) {
  Workspace w;
  const Embedding args{.ids = w.make(DType::i32, {3}, {2, 0, 2}),
                       .table = w.make(DType::f32, {3, 2}, {1, 2, 3, 4, 5, 6}),
                       .y = w.place(DType::bf16, {3, 2})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y), (Doubles{5, 6, 1, 2, 5, 6}));
}

TEST(ReferencePackTiles, LayoutOfPackedHeader) {
  Workspace w;
  const Doubles values = integers(17 * 3, 5, 99);
  const PackTiles args{.x = w.make(DType::bf16, {17, 3}, values, {.row_gap = 2}),
                       .y = w.place(DType::bf16, {17, 3}, {.layout = Layout::packed_tiles})};
  run_reference(args);
  // Tile 0, pair k = 0 and 1: row 0's two values are neighbours; k = 2 starts the next pair, beside its zero padding.
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 0), values[0]);
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 1), values[1]);
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 2), values[3]);
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 32), values[2]);
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 33), 0.0);
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 64), values[48]);
  EXPECT_EQ(ref::load_element(DType::bf16, args.y.data, 66), 0.0);  // row 17 does not exist
  EXPECT_EQ(w.damage(), "");
}

TEST(ReferenceArgmax, LowestIndexAmongEquals) {
  Workspace w;
  const Argmax args{.x = w.make(DType::f32, {3, 3}, {1, 3, 3, -1, -2, -3, 0, 0, 5}),
                    .indices = w.place(DType::i32, {3})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.indices), (Doubles{1, 0, 2}));
}

TEST(ReferenceTopK, FallingAndStable) {
  Workspace w;
  const TopK args{.x = w.make(DType::f32, {1, 5}, {2, 7, 2, 9, 7}), .values = w.place(DType::f32, {1, 4}),
                  .indices = w.place(DType::i32, {1, 4})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.values), (Doubles{9, 7, 7, 2}));
  EXPECT_EQ(ref::load_all(args.indices), (Doubles{3, 1, 4, 0}));
}

}  // namespace
}  // namespace candor::test
