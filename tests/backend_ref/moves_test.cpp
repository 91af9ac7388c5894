// cast, copy, fill, embedding, pack_tiles, argmax and top_k.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

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
  const TopK args{.x = w.make(DType::f32, {1, 5}, {2, 7, 2, 9, 7}),
                  .values = w.place(DType::f32, {1, 4}),
                  .indices = w.place(DType::i32, {1, 4})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.values), (Doubles{9, 7, 7, 2}));
  EXPECT_EQ(ref::load_all(args.indices), (Doubles{3, 1, 4, 0}));
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

TEST(ReferenceArgmax, NaNRanksAboveEveryNumber) {
  Workspace w;
  const Argmax args{.x = w.make(DType::f32, {3, 4}, {1, kInfinity, kNaN, -kNaN, -kNaN, 1, 2, kNaN, -1, -2, -3, kNaN}),
                    .indices = w.place(DType::i32, {3})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.indices), (Doubles{2, 0, 3}));
}

TEST(ReferenceTopK, NaNRanksAboveEveryNumberAndValuesMove) {
  Workspace w;
  const std::uint32_t bits[] = {0x3f800000u, 0xff800001u, 0x7f800000u, 0x7fc00000u};  // 1, signalling, infinity, quiet
  const View x = w.place(DType::f32, {1, 4});
  std::memcpy(x.as<void>(), bits, sizeof bits);
  const TopK args{.x = x, .values = w.place(DType::f32, {1, 3}), .indices = w.place(DType::i32, {1, 3})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.indices), (Doubles{1, 3, 2}));
  const std::uint32_t expected[] = {bits[1], bits[3], bits[2]};
  EXPECT_EQ(std::memcmp(args.values.data, expected, sizeof expected), 0);
}

TEST(ReferenceNaN, MovesInItsOwnFormatAndIsQuietInAnother) {
  Workspace w;
  const std::uint16_t signalling = 0xff81;
  const View table = w.place(DType::bf16, {1, 1}), ids = w.make(DType::i32, {1}, {0});
  std::memcpy(table.as<void>(), &signalling, sizeof signalling);
  const Embedding same{.ids = ids, .table = table, .y = w.place(DType::bf16, {1, 1})};
  const Embedding wider{.ids = ids, .table = table, .y = w.place(DType::f32, {1, 1})};
  const Cast cast{.x = table, .y = w.place(DType::f32, {1, 1})};
  run_reference(same);
  run_reference(wider);
  run_reference(cast);
  EXPECT_EQ(*same.y.as<std::uint16_t>(), signalling);
  EXPECT_EQ(*wider.y.as<std::uint32_t>(), 0xffc10000u);
  EXPECT_EQ(*cast.y.as<std::uint32_t>(), 0xffc10000u);
}

}  // namespace
}  // namespace candor::test
