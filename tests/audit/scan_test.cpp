// The scan of 8- and 16-bit tensors against a plain loop over the elements: counts are equal, not close.
#include "audit/scan/scan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "audit/scan/sampled_bytes.h"
#include "audit/scan/zero_rows.h"
#include "tests/audit/scan_support.h"

namespace candor::audit_internal {
namespace {

using namespace candor::testing;

TEST(Scan, CountsEveryCodeOfEach16BitDtype) {
  const std::vector<std::uint16_t> codes = all_codes();
  for (const DType dtype : {DType::bf16, DType::f16}) {
    const TemporaryFolder folder;
    const std::string path = write_safetensors(folder, {stored(codes, {256, 256}, dtype)});
    expect_same_counts(scan_file(path).at(0), fingerprint_of(codes, {256, 256}, dtype));
  }
  for (const DType dtype : {DType::i16, DType::u16}) {
    const TemporaryFolder folder;
    const Fingerprint found = scan_file(write_safetensors(folder, {stored(codes, {65536}, dtype)})).at(0);
    EXPECT_EQ(found.codes.size(), 65536u);
    EXPECT_TRUE(std::all_of(found.codes.begin(), found.codes.end(), [](const auto& c) { return c.second == 1; }));
    EXPECT_TRUE(found.witnesses.empty());
  }
}

TEST(Scan, CountsEveryCodeOfEach8BitDtype) {
  std::vector<std::uint8_t> bytes(256 * 5 + 3);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  for (const DType dtype : {DType::u8, DType::i8, DType::bool_, DType::f8_e4m3, DType::f8_e5m2}) {
    const TemporaryFolder folder;
    const std::string path =
        write_safetensors(folder, {{"weight", dtype, flat(bytes), bytes_of(bytes)}, stored(all_codes(), {65536})});
    std::string renamed = candor::testing::read_bytes(path);
    renamed.replace(renamed.rfind("weight"), 6, "second");
    const std::vector<Fingerprint> found = scan_file(folder.put("renamed.safetensors", renamed));
    CodeCounts wanted;
    for (std::uint32_t code = 0; code < 256; ++code)
      wanted.emplace_back(code, static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), code)));
    EXPECT_TRUE(found.at(0).codes == wanted) << dtype_name(dtype);
    EXPECT_EQ(found.at(0).code_dtype, dtype);
    EXPECT_EQ(found.at(1).codes.size(), 65536u) << "the counters are left empty for the next tensor";
  }
}

TEST(Scan, RaggedSizesAtEveryAddress) {
  for (const std::size_t size : {1u, 2u, 3u, 63u, 64u, 127u, 128u, 129u, 4095u, 4096u, 4097u, 16383u, 16384u, 20001u}) {
    SCOPED_TRACE(size);
    const std::vector<float> values = draw(Law::laplace, 0.02, size, size);
    const std::vector<std::uint16_t> codes = to_bf16(values, Route::rne);
    for (const std::size_t gap : {0u, 1u, 2u, 3u}) {
      expect_same_counts(scanned(codes, flat(codes), gap), fingerprint_of(codes, flat(codes)));
      expect_same_counts(scanned(values, flat(values), gap), reference(values, flat(values)));
    }
  }
}

TEST(Scan, RunsOfOneValueAreCountedOnce) {
  for (const std::size_t size : {128u, 1000u, 70000u}) {
    std::vector<std::uint16_t> codes(size, 0x3f80);
    expect_same_counts(scanned(codes, flat(codes)), fingerprint_of(codes, flat(codes)));
    for (std::size_t i = 0; i < size; ++i) codes[i] = static_cast<std::uint16_t>(0x3c00 + i % 4);  // a run of 8 bytes
    expect_same_counts(scanned(codes, flat(codes)), fingerprint_of(codes, flat(codes)));
    codes[size / 2] = 0x3377;  // within a run
    expect_same_counts(scanned(codes, flat(codes)), fingerprint_of(codes, flat(codes)));
    expect_exact(std::vector<float>(size, 0.25f), {static_cast<std::int64_t>(size)});
    expect_exact(std::vector<float>(size, 0.0f), {static_cast<std::int64_t>(size)});
    expect_exact(std::vector<float>(size, 0.1f), {static_cast<std::int64_t>(size)});
  }
}

TEST(Scan, WitnessesAreTheFirstEightOfEachKindAcrossSpans) {
  std::vector<std::uint16_t> codes(2 * kSpan16 + 1000, 0x3c00);
  const std::size_t places[] = {5, kSpan16 - 1, kSpan16, kSpan16 + 1, 2 * kSpan16 - 1, 2 * kSpan16, 2 * kSpan16 + 999};
  for (const std::size_t at : places) codes[at] = 0x36ff;                     // off the grid: seven
  for (std::size_t i = 0; i < 20; ++i) codes[kSpan16 - 10 + 2 * i] = 0x7fc0;  // NaN, on both sides of a border
  codes[2 * kSpan16 + 3] = 0x4780;                                            // 65536
  codes[2 * kSpan16 + 4] = 0xff80;
  codes[2 * kSpan16 + 5] = 0x0001;
  const std::vector<std::int64_t> shape = flat(codes);
  expect_same_counts(scanned(codes, shape), fingerprint_of(codes, shape));
}

TEST(Scan, RowsOfZeros) {
  std::vector<std::uint16_t> codes(300 * 77, 0x3c00);
  for (const std::size_t row : {0u, 5u, 6u, 299u})
    for (std::size_t i = 0; i < 77; ++i) codes[row * 77 + i] = i % 2 == 0 ? 0 : 0x8000;
  codes[6 * 77 + 76] = 1;
  const Fingerprint found = scanned(codes, {300, 77});
  EXPECT_EQ(found.rows, 300u);
  EXPECT_EQ(found.zero_rows, 3u);
  EXPECT_EQ(scanned(codes, {3, 100, 77}).zero_rows, 3u);
  EXPECT_EQ(scanned(codes, {300 * 77}).rows, 0u) << "one dimension has no rows";
  std::vector<float> rows(3 * (kSpan32 / 2 + 1000),
                          0.0f);  // rows that cross the spans' borders
  rows[kSpan32 / 2 + 1000] = 1;
  const Fingerprint crossed = scanned(rows, {3, static_cast<std::int64_t>(kSpan32 / 2 + 1000)});
  EXPECT_EQ(crossed.rows, 3u);
  EXPECT_EQ(crossed.zero_rows, 2u);
}

TEST(Scan, ZeroRowsOfPartsJoin) {
  std::vector<float> values(7 * 5, 0.0f);
  values[12] = values[13] = values[34] = 1;  // rows 2 and 6
  const auto* data = reinterpret_cast<const std::byte*>(values.data());
  for (std::uint64_t a = 0; a <= values.size(); ++a)
    for (std::uint64_t b = a; b <= values.size(); ++b) {
      ZeroRows whole(DType::f32, 5);
      const std::uint64_t ends[] = {0, a, b, values.size()};
      for (int part = 0; part < 3; ++part) {
        ZeroRows rows(DType::f32, 5, ends[part]);
        rows.add(data + 4 * ends[part], ends[part + 1] - ends[part]);
        whole.append(rows);
      }
      EXPECT_EQ(whole.count(), 5u) << a << " " << b;
    }
}

TEST(Scan, ARowOfSeveralSpans) {
  constexpr std::size_t kElements = 9u << 20;  // 18 MiB of two rows: neither of the three spans holds one
  std::vector<std::uint16_t> codes(kElements, 0);
  EXPECT_EQ(scanned(codes, {2, kElements / 2}).zero_rows, 2u);
  EXPECT_EQ(scanned(codes, {1, kElements}).zero_rows, 1u);
  codes[kElements / 2 - 1] = 0x3f80;
  EXPECT_EQ(scanned(codes, {2, kElements / 2}).zero_rows, 1u);
  EXPECT_EQ(scanned(codes, {1, kElements}).zero_rows, 0u);
}

TEST(Scan, ZeroRowsInPieces) {
  const std::vector<float> values = {0, 0, 0, 0, -0.0f, 0, 0, 1, 0, 0, 0, 0};
  for (std::size_t piece = 1; piece <= values.size(); ++piece) {
    ZeroRows rows(DType::f32, 3);
    for (std::size_t i = 0; i < values.size(); i += piece)
      rows.add(reinterpret_cast<const std::byte*>(values.data() + i), std::min(piece, values.size() - i));
    EXPECT_EQ(rows.count(), 3u) << piece;
  }
}

TEST(Scan, EmptyAndScalarTensors) {
  const TemporaryFolder folder;
  std::vector<StoredTensor> tensors = {{"a", DType::bf16, {0}, ""},
                                       {"b", DType::f32, {0, 4}, ""},
                                       {"c", DType::f32, {4, 0}, ""},
                                       {"d", DType::i64, {0}, ""},
                                       {"e", DType::bf16, {}, "\x80\x3f"}};
  const std::vector<Fingerprint> found = scan_file(write_safetensors(folder, tensors), 4);
  ASSERT_EQ(found.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(found[i].name, tensors[i].name);
  EXPECT_EQ(found[2].elements, 0u);
  EXPECT_EQ(found[2].rows, 0u);
  EXPECT_EQ(found[4].elements, 1u);
  EXPECT_TRUE((found[4].codes == CodeCounts{{0x3f80, 1}}));
}

TEST(Scan, IdentityTellsTensorsApart) {
  std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, 40000, 15), Route::rne);
  const Fingerprint first = scanned(codes, {200, 200});
  EXPECT_EQ(scanned(codes, {200, 200}, 1).identity, first.identity) << "wherever it lies in its file";
  EXPECT_NE(scanned(codes, {400, 100}).identity, first.identity);
  std::vector<std::uint16_t> other = codes;
  std::swap(other[0], other[1]);  // the same histogram
  EXPECT_NE(scanned(other, {200, 200}).identity, first.identity);
  other = codes;
  other[20000] = static_cast<std::uint16_t>(other[20000] + 1);
  EXPECT_NE(scanned(other, {200, 200}).identity, first.identity);
}

TEST(Scan, SampledBytesInAnyOrder) {
  std::vector<std::byte> data(100000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(random_bits(16, i));
  SampledBytes whole(data.size()), parts(data.size());
  whole.take(data.data(), 0, data.size());
  for (std::size_t i = 10; i-- > 0;) parts.take(data.data() + i * 10000, i * 10000, 10000);
  EXPECT_EQ(whole.bytes(), parts.bytes());
  EXPECT_EQ(whole.bytes().size(), 2u * 4096 + 64 * 64);
}

TEST(Scan, OtherDtypesAreNotCounted) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> numbers = {1, 2, 3};
  const Fingerprint found = scan_file(write_safetensors(folder, {{"n", DType::i64, {3}, bytes_of(numbers)}})).at(0);
  EXPECT_EQ(found.code_dtype, DType::any);
  EXPECT_TRUE(found.codes.empty());
  EXPECT_EQ(found.elements, 3u);
  EXPECT_NE(found.identity, 0u);
}

}  // namespace
}  // namespace candor::audit_internal
