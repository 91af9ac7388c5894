// Embedding rows, argmax and top_k: exact expectations on every ISA and worker count.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/selection/selection.h"
#include "core/packed.h"
#include "tests/backend_cpu/operand.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

using test::Operand;

struct EmbeddingEntry { DType a, out; test::PerIsa<Embedding> kernels; };
#define GATHER(a, out) EmbeddingEntry{DType::a, DType::out, CANDOR_PER_ISA(embedding_##a##_##out)}
#define GATHER3(a) GATHER(a, f32), GATHER(a, bf16), GATHER(a, f16)
const std::vector<EmbeddingEntry> kScalarTables = {GATHER3(f32), GATHER3(bf16), GATHER3(f16)};
const std::vector<EmbeddingEntry> kBlockTables = {GATHER3(q4_0), GATHER3(q4_1), GATHER3(q5_0), GATHER3(q5_1),
                                                  GATHER3(q8_0), GATHER3(q4_k), GATHER3(q5_k), GATHER3(q6_k)};

constexpr std::int32_t kIds[] = {3, 0, 18, 18, 7, 1, 16};
constexpr std::int64_t kTokens = 7, kVocabulary = 19;

Operand make_ids() {
  Operand ids(DType::i32, {kTokens});
  for (std::int64_t t = 0; t < kTokens; ++t) ids.set(t, kIds[t]);
  return ids;
}

double rounded(DType dtype, double value) {
  std::byte bytes[8];
  test::write_element(dtype, bytes, value);
  return test::read_element(dtype, bytes);
}

/// Runs every ISA; element(id, c) is the exact table value.
template <class Element>
void check_embedding(const EmbeddingEntry& entry, const ConstView& table, std::int64_t columns,
                     const Element& element) {
  const Operand ids = make_ids();
  entry.kernels.each([&](Isa isa, Launch<Embedding> run) {
    for (const int workers : {1, 3}) {
      Operand y(entry.out, {kTokens, columns}, {columns + 1, 1});
      test::TestStream stream(workers);
      const Embedding args{.ids = ids.view(), .table = table, .y = y.view()};
      ASSERT_EQ(cpu::embedding_gather_refuses(args), "");
      run(args, stream);
      ASSERT_TRUE(y.guards_intact());
      for (std::int64_t t = 0; t < kTokens; ++t)
        for (std::int64_t c = 0; c < columns; ++c)
          ASSERT_EQ(y.at(t * columns + c), rounded(entry.out, element(kIds[t], c)))
              << isa_name(isa) << " " << t << ", " << c;
    }
  });
}

TEST(CpuEmbedding, StridedAndPackedTables) {
  for (const EmbeddingEntry& entry : kScalarTables) {
    for (const std::int64_t columns : {1, 15, 64, 333}) {
      Operand table(entry.a, {kVocabulary, columns}, {columns + 2, 1}, test::element_bytes(entry.a));
      table.randomise(4);
      const auto element = [&](std::int64_t id, std::int64_t c) { return table.at(id * columns + c); };
      check_embedding(entry, table.view(), columns, element);

      Operand packed(entry.a, {packed_tiles(kVocabulary) * packed_tile_stride(entry.a, columns)});
      for (std::int64_t n = 0; n < kVocabulary; ++n)
        for (std::int64_t c = 0; c < columns; ++c) packed.set(packed_index(entry.a, columns, n, c), element(n, c));
      ConstView view = table.view();
      view.data = packed.data();
      view.layout = Layout::packed_tiles;
      check_embedding(entry, view, columns, element);
    }
  }
}

TEST(CpuEmbedding, BlockTables) {
  for (const EmbeddingEntry& entry : kBlockTables) {
    const DTypeInfo& info = dtype_info(entry.a);
    const std::int64_t columns = 2 * info.block_elements;
    std::vector<std::byte> bytes(static_cast<std::size_t>(kVocabulary * 2 * info.block_bytes));
    std::mt19937 generator(6);
    for (std::byte& b : bytes) b = static_cast<std::byte>(generator() % 0x70);  // every f16 scale is finite
    std::vector<float> exact(static_cast<std::size_t>(kVocabulary * columns));
    ASSERT_TRUE(dequantize_blocks(entry.a, bytes.data(), kVocabulary * columns, exact.data()));
    const ConstView table{bytes.data(), entry.a, Layout::strided, 2, {kVocabulary, columns}, {columns, 1}};
    check_embedding(entry, table, columns, [&](std::int64_t id, std::int64_t c) {
      return static_cast<double>(exact[static_cast<std::size_t>(id * columns + c)]);
    });
  }
}

struct SelectionEntry { DType a; test::PerIsa<Argmax> argmax; test::PerIsa<TopK> top_k; };
const std::vector<SelectionEntry> kSelection = {{DType::f32, CANDOR_PER_ISA(argmax_f32), CANDOR_PER_ISA(top_k_f32)},
                                                {DType::bf16, CANDOR_PER_ISA(argmax_bf16), CANDOR_PER_ISA(top_k_bf16)},
                                                {DType::f16, CANDOR_PER_ISA(argmax_f16), CANDOR_PER_ISA(top_k_f16)}};

/// Rows with many ties: values from a handful, plus one row of -infinity and one of zeros of both signs.
Operand tied_rows(DType dtype, std::int64_t columns, int distinct) {
  Operand x(dtype, {4, columns}, {columns + 3, 1}, test::element_bytes(dtype));
  std::mt19937 generator(static_cast<unsigned>(columns));
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const int v = static_cast<int>(generator() % static_cast<unsigned>(distinct));
    x.set(i, i / columns == 2 ? -INFINITY : i / columns == 3 ? (v % 2 ? -0.0 : 0.0) : v - distinct / 2);
  }
  return x;
}

TEST(CpuSelection, ArgmaxAndTopKBreakTiesTowardsTheLowerIndex) {
  for (const SelectionEntry& entry : kSelection) {
    for (const std::int64_t columns : {1, 2, 15, 16, 17, 100, 1000}) {
      for (const int distinct : {1, 4, 200}) {
        const Operand x = tied_rows(entry.a, columns, distinct);
        std::vector<std::vector<std::int64_t>> order(4);
        for (std::int64_t r = 0; r < 4; ++r) {
          order[r].resize(static_cast<std::size_t>(columns));
          std::iota(order[r].begin(), order[r].end(), 0);
          std::stable_sort(order[r].begin(), order[r].end(), [&](std::int64_t i, std::int64_t j) {
            return x.at(r * columns + i) > x.at(r * columns + j);
          });
        }
        for (const int workers : {1, 3}) {
          test::TestStream stream(workers);
          entry.argmax.each([&](Isa isa, Launch<Argmax> run) {
            Operand indices(DType::i32, {4});
            run({.x = x.view(), .indices = indices.view()}, stream);
            ASSERT_TRUE(indices.guards_intact());
            for (std::int64_t r = 0; r < 4; ++r)
              ASSERT_EQ(indices.at(r), order[r][0]) << isa_name(isa) << " " << columns;
          });
          for (const std::int64_t k : {std::int64_t{1}, std::min<std::int64_t>(columns, 7), columns}) {
            entry.top_k.each([&](Isa isa, Launch<TopK> run) {
              Operand values(entry.a, {4, k}, {k + 1, 1}), indices(DType::i32, {4, k});
              run({.x = x.view(), .values = values.view(), .indices = indices.view()}, stream);
              ASSERT_TRUE(values.guards_intact() && indices.guards_intact());
              for (std::int64_t i = 0; i < 4 * k; ++i) {
                const std::int64_t r = i / k, at = order[r][i % k];
                ASSERT_EQ(indices.at(i), at) << isa_name(isa) << " k " << k;
                ASSERT_EQ(values.at(i), x.at(r * columns + at));
              }
            });
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace candor
