#include "core/formats.h"
#include "kernels/cases_moves.h"
#include "kernels/claims_value.h"

namespace candor::test {
namespace {

constexpr std::int64_t kCopies = 17;

// A payload without the quiet bit, of which every format keeps something.
constexpr std::uint64_t kSignalling = 0x5a5a5a5a5a5a5;

}  // namespace

// Canaries and rounding probes against one rounding from the exact value; NaN stays NaN, quiet, with its sign.
void Cases<Cast>::claims(Runner<Cast>& runner) {
  const Precision& p = runner.precision();
  const bool floating = is_floating(p.a) && is_floating(p.out);
  Doubles values = floating ? canaries(p.a) : Doubles{1, 4};
  for (int j = 0; j < 16 && floating; ++j) values.push_back(1.0 + std::ldexp(j, -format_of(p.out).precision - 1));
  if (p.a == DType::f64 && floating)
    values.push_back(1.0 + unit_roundoff(p.out) + 0x1p-50);  // two roundings go to even
  for (const double value : values) {
    if (!holds(p.a, value)) continue;
    Workspace workspace;
    const std::int64_t count = whole_blocks(p.a, kCopies);
    const View x = is_block(p.a) ? make_constant_blocks(workspace, p.a, {count}, {value})
                                 : workspace.make(p.a, {count}, Doubles(static_cast<std::size_t>(count), value));
    const Cast args{.x = x, .y = workspace.place(p.out, {count})};
    if (!runner.run(args)) continue;
    for (const double actual : ref::load_all(args.y))
      expect_value(ref::round_to(p.out, value), actual, describe(value));
  }
  if (!floating) return;
  for (const bool negative : {false, true})
    for (const std::uint64_t payload : {kSignalling, kQuietBit | kSignalling, kQuietBit}) {
      Workspace workspace;
      const std::uint64_t code = nan_code(p.a, negative, payload);
      const Cast args{.x = of_bits(workspace, p.a, code, kCopies), .y = workspace.place(p.out, {kCopies})};
      // What a's mantissa holds of the payload, and of that what out's does.
      const int mantissa = format_of(p.a).precision - 1;
      const std::uint64_t kept = p.a == DType::f8_e4m3 ? 0 : payload >> (52 - mantissa) << (52 - mantissa);
      if (runner.run(args))
        expect_bits(args.y, nan_code(p.out, negative, kept | kQuietBit), "quiet NaN, sign and payload kept");
    }
}

void Cases<Copy>::claims(Runner<Copy>& runner) {
  const Precision& p = runner.precision();
  Workspace workspace;
  if (!is_floating(p.a)) {
    const std::int64_t count = whole_blocks(p.a, 32);
    const View x = is_block(p.a) ? make_constant_blocks(workspace, p.a, {count}, {4})
                                 : workspace.make(p.a, {count}, Doubles(32, 4));
    const Copy args{.x = x, .y = workspace.place(p.out, {count})};
    if (!runner.run(args)) return;
    EXPECT_EQ(element_bytes(args.x), element_bytes(args.y));
    return;
  }
  const std::uint64_t code = nan_code(p.a, true, kSignalling);
  const Copy args{.x = of_bits(workspace, p.a, code, kCopies), .y = workspace.place(p.out, {kCopies})};
  if (runner.run(args)) expect_bits(args.y, code, "a signalling NaN is moved, not quieted");
}

void Cases<Fill>::claims(Runner<Fill>& runner) {
  const DType out = runner.precision().out;
  for (int j = 0; j < 16; ++j) {
    Workspace workspace;
    const double value = is_floating(out) ? 1.0 + std::ldexp(j, -format_of(out).precision - 1) : j;
    const Fill args{.y = workspace.place(out, {kCopies}), .value = value};
    if (!runner.run(args)) continue;
    for (const double actual : ref::load_all(args.y)) expect_value(ref::round_to(out, value), actual, describe(value));
  }
}

void Cases<Embedding>::claims(Runner<Embedding>& runner) {
  const Precision& p = runner.precision();
  const std::int64_t columns = whole_blocks(p.b, kCopies);
  for (const double value : is_block(p.b) ? Doubles{1, 4, 1 + 0x1p-9} : canaries(p.b)) {
    Workspace workspace;
    const View table = is_block(p.b)
                           ? make_constant_blocks(workspace, p.b, {2, columns}, {2, value})
                           : workspace.make(p.b, {2, columns}, Doubles(static_cast<std::size_t>(2 * columns), value));
    const Embedding args{
        .ids = workspace.make(DType::i32, {2}, {1, 1}), .table = table, .y = workspace.place(p.out, {2, columns})};
    if (!runner.run(args)) continue;
    for (const double actual : ref::load_all(args.y))
      expect_value(ref::round_to(p.out, value), actual, describe(value));
  }
  if (is_block(p.b)) return;
  Workspace workspace;  // NaN: moved within one format, quiet in another
  View table = of_bits(workspace, p.b, nan_code(p.b, true, kSignalling), kCopies);
  table.rank = 2;
  table.shape[1] = table.shape[0];
  table.stride[0] = table.shape[0];
  table.shape[0] = table.stride[1] = 1;
  const Embedding args{
      .ids = workspace.make(DType::i32, {1}, {0}), .table = table, .y = workspace.place(p.out, {1, kCopies})};
  const int mantissa = format_of(p.b).precision - 1;
  const std::uint64_t kept = kSignalling >> (52 - mantissa) << (52 - mantissa);
  if (runner.run(args))
    expect_bits(args.y, nan_code(p.out, true, p.b == p.out ? kept : kept | kQuietBit), "NaN of the table");
}

void Cases<PackTiles>::claims(Runner<PackTiles>& runner) {
  const Precision& p = runner.precision();
  Workspace workspace;  // one element: everything else of the tile is written as zero
  const PackTiles args{.x = workspace.make(p.a, {1, 1}, {1}),
                       .y = workspace.place(p.out, {1, 1}, {.layout = Layout::packed_tiles})};
  if (!runner.run(args)) return;
  const std::vector<std::byte> bytes = element_bytes(args.y);
  const auto unit = static_cast<std::size_t>(dtype_info(p.a).block_bytes);
  EXPECT_EQ(bytes.size(), (p.a == DType::bf16 ? 32 : 16) * unit);
  EXPECT_EQ(std::memcmp(bytes.data(), args.x.data, unit), 0);
  EXPECT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(unit), bytes.end(),
                          [](std::byte b) { return b == std::byte{0}; }));
}

template <>
std::unique_ptr<OpSuite> make_suite<Cast>() {
  return std::make_unique<Suite<Cast>>();
}
template <>
std::unique_ptr<OpSuite> make_suite<Copy>() {
  return std::make_unique<Suite<Copy>>();
}
template <>
std::unique_ptr<OpSuite> make_suite<Fill>() {
  return std::make_unique<Suite<Fill>>();
}
template <>
std::unique_ptr<OpSuite> make_suite<Embedding>() {
  return std::make_unique<Suite<Embedding>>();
}
template <>
std::unique_ptr<OpSuite> make_suite<PackTiles>() {
  return std::make_unique<Suite<PackTiles>>();
}

}  // namespace candor::test
