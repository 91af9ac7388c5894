// binary: every function of two operands in one experiment, with and without broadcasting.
#include <algorithm>
#include <limits>

#include "prove/canary_search.h"
#include "prove/random.h"
#include "prove/value/binary_function.h"
#include "prove/value/binary_table.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

constexpr BinaryKind kKinds[] = {BinaryKind::add, BinaryKind::sub, BinaryKind::mul,
                                 BinaryKind::div, BinaryKind::max, BinaryKind::min};
constexpr std::int64_t kRows = 3;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Pair {
  double x, z;
};

struct BinaryCanary {
  Canary text;
  BinaryKind kind;
  Pair operands{};
  bool nans = false;   // all NaNs of both operands, and those that the function makes
  bool table = false;  // many numbers instead
};

/// True when f64 holds the result, or is so much wider than f32 that its last bit cannot matter.
bool predictable(BinaryKind kind, const Pair& p) {
  const double value = value_of(kind, p.x, p.z);
  if (std::isnan(value)) return false;
  if (kind == BinaryKind::add) return value - p.x == p.z && value - p.z == p.x;
  return kind != BinaryKind::sub || (p.x - value == p.z && value + p.z == p.x);
}

/// Operands of which the widest storage holds all.
Values operand_pool(DType dtype) {
  Values values = {1,
                   -1,
                   3,
                   1 + 0x1p-7,
                   1 + 0x1p-9,
                   1 + 0x1p-10,
                   1 + 0x1p-12,
                   1 + 0x1p-23,
                   widest_value(dtype),
                   -widest_value(dtype),
                   0x1p17,
                   0x1p-8,
                   0x1p-11,
                   0x1p-12,
                   0x1p-14,
                   0x1p-18,
                   0x1p-24,
                   0x1p-30,
                   0,
                   0x1p-70,
                   0x1p-130,
                   0x1p100,
                   -1.5,
                   0x1p-8 + 0x1p-31,
                   0x1p-11 + 0x1p-34,
                   1 + 0x1p-8,
                   1 + 0x1p-11};
  std::erase_if(values, [&](double value) { return !holds(dtype, value); });
  return values;
}

/// z for which the function of x comes within half an ulp of f32 of a tie of `out`.
Values beside_ties(BinaryKind kind, DType out, double x) {
  Values values;
  for (const int odd : {1, 3, 5, 7}) {
    const double tie = 1 + std::ldexp(odd, -format_of(out).bits);
    if (kind == BinaryKind::mul) values.push_back(round_to(DType::f32, tie / x));
    if (kind == BinaryKind::div) values.push_back(round_to(DType::f32, x / tie));
  }
  return values;
}

/// What a function makes a NaN of, besides NaNs.
std::vector<Pair> without_value(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::add:
      return {{kInfinity, -kInfinity}};
    case BinaryKind::sub:
      return {{kInfinity, kInfinity}};
    case BinaryKind::mul:
      return {{0, kInfinity}, {kInfinity, 0}};
    case BinaryKind::div:
      return {{0, 0}, {kInfinity, kInfinity}};
    default:
      return {};
  }
}

/// Of eight bits and like size: f64 holds their sum and product, and what is left of a quotient cannot matter.
Pair drawn_pair(const Storage3& storage, Random& random) {
  const auto drawn = [&](DType dtype) {
    const int bits = std::min(8, significant_bits(dtype)), whole = random.between(1 << (bits - 1), (1 << bits) - 1);
    return std::ldexp(random.bits() & 1 ? -whole : whole, 1 - bits + random.between(-4, 2));
  };
  const double x = drawn(storage.a);
  return {x, drawn(storage.b)};
}

/// Whether an operand has rows and columns of its own, or is repeated along them.
struct Extent {
  bool rows = true, columns = true;
};

struct Place {
  Extent x, z;
  const char* text;
};
constexpr Place kPlaces[] = {
    {{}, {}, "[3, 37]"},
    {{}, {false, true}, "z is one row"},
    {{}, {true, false}, "z is one column"},
    {{}, {false, false}, "z is one element"},
    {{false, true}, {}, "x is one row"},
    {{true, false}, {}, "x is one column"},
    {{false, false}, {}, "x is one element"},
};

View operand(Operands& memory, DType dtype, std::uint64_t code, const Extent& own) {
  View view = filled(memory, dtype, {own.rows ? kRows : 1, own.columns ? kColumns : 1}, code);
  view.shape[0] = kRows;
  view.shape[1] = kColumns;
  view.stride[0] = !own.rows ? 0 : own.columns ? kColumns : 1;
  view.stride[1] = own.columns ? 1 : 0;
  return view;
}

class BinaryExperiment final : public Experiment {
 public:
  explicit BinaryExperiment(const Storage3& storage) : storage_(storage), path_(storage) {
    for (const BinaryKind kind : kKinds) add_canaries(kind);
    for (const BinaryKind kind : kKinds)  // last: they tell no hypotheses apart
      canaries_.push_back({{name_of(kind) + " of many pairs", binary_table_input()}, kind, {}, false, true});
  }

  /// That results are formed in f32, not wider, shows only where operands are wider than the result.
  Questions asked() const override {
    const Questions always = kEntryA | kEntryB | kBeforeOut | kRounding | kSubnormals | kNan;
    const bool narrows = !holds_all(storage_.out, storage_.a) || !holds_all(storage_.out, storage_.b);
    return narrows ? always | kAccumulate : always;
  }
  /// A result formed in 16 bits is one that goes through them on its way out.
  std::vector<Arithmetic> considered(const Storage3& storage) const override {
    std::vector<Arithmetic> all = hypotheses(storage, asked(), usual_order());
    std::erase_if(all, [](const Arithmetic& a) { return a.accumulate == DType::bf16 || a.accumulate == DType::f16; });
    return all;
  }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    const BinaryCanary& canary = canaries_[i];
    if (canary.nans) return nans_kept(arithmetic, nan_operands(canary.kind).size());
    if (canary.table) return wrong_of_table(arithmetic);
    return predicted(canary.kind, canary.operands, arithmetic);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    const BinaryCanary& canary = canaries_[i];
    if (canary.nans) return run_nans(canary.kind, row, stream);
    if (canary.table) return wrong_in_tables(storage_, canary.kind, row, stream);
    std::vector<Result> results;
    const Codes codes = codes_of(canary.operands);
    for (const Place& place : kPlaces) run_place(canary.kind, codes, place, row, stream, results);
    Operands memory;
    const Binary args{.x = every_second(memory, storage_.a, kColumns, codes.x),
                      .z = every_second(memory, storage_.b, kColumns, codes.z),
                      .y = memory.result(storage_.out, {kColumns}),
                      .kind = canary.kind};
    if (launch(row, stream, args)) collect(args.y, "every second element", results);
    return results;
  }

 private:
  struct Codes {
    std::uint64_t x, z;
  };
  Codes codes_of(const Pair& pair) const { return {encode(storage_.a, pair.x), encode(storage_.b, pair.z)}; }

  Prediction predicted(BinaryKind kind, const Pair& pair, const Arithmetic& a) const {
    const auto value = [&](const auto& enter) {
      return value_of(kind, enter(a.entry_a, pair.x), enter(a.entry_b, pair.z));
    };
    const double entered = value([&](DType entry, double operand) { return path_.entering(a, entry, operand); });
    if (!moves_bits(kind)) return path_.leaving(a, exactly(entered));
    return path_.moving(a, entered, value([](DType entry, double operand) { return round_to(entry, operand); }));
  }

  /// None by plain arithmetic. What others make of them other canaries say.
  static Prediction wrong_of_table(const Arithmetic& a) {
    const bool plain = a.entry_a == DType::any && a.entry_b == DType::any && a.before_out == DType::any &&
                       a.rounding == Rounding::nearest_even;
    return {0, plain ? 0 : kInfinity};
  }

  std::vector<Pair> pool(BinaryKind kind) const {
    std::vector<Pair> pairs;
    for (const double x : operand_pool(storage_.a)) {
      Values others = operand_pool(storage_.b);
      const Values near = beside_ties(kind, storage_.out, x);
      others.insert(others.end(), near.begin(), near.end());
      for (const double z : others)
        if (holds(storage_.b, z) && predictable(kind, {x, z})) pairs.push_back({x, z});
    }
    if (asked() & kAccumulate) return pairs;
    Arithmetic wide;
    wide.accumulate = DType::f64;
    std::erase_if(pairs, [&](const Pair& p) { return predicted(kind, p, {}) != predicted(kind, p, wide); });
    return pairs;
  }

  void add_canary(BinaryKind kind, const Pair& pair) {
    const std::string x = text_of(pair.x), z = text_of(pair.z);
    canaries_.push_back({{name_of(kind) + " of " + x + " and " + z, "x = " + x + ", z = " + z}, kind, pair});
  }

  void add_canaries(BinaryKind kind) {
    const std::vector<Pair> pairs = pool(kind);
    Random random(storage_.seed, "operands of " + name_of(kind));
    for (int i = 0; i < 2; ++i) add_canary(kind, drawn_pair(storage_, random));
    const auto predict_pair = [&](std::size_t at, const Arithmetic& a) { return predicted(kind, pairs[at], a); };
    for (const std::size_t at : telling_candidates(pairs.size(), considered(storage_), predict_pair))
      add_canary(kind, pairs[at]);
    if (moves_bits(kind)) {  // may keep what arithmetic flushes: this tells no hypotheses apart, but must be right
      const double subnormal = path_.smallest_normal() / 16, other = kind == BinaryKind::max ? 0 : 1;
      for (const Pair& pair : {Pair{subnormal, other}, Pair{other, subnormal}})
        if (holds(storage_.a, pair.x) && holds(storage_.b, pair.z)) add_canary(kind, pair);
    }
    canaries_.push_back({{"NaNs that " + name_of(kind) + " keeps or makes",
                          "x and z in turn: a quiet NaN, one with its sign set, one with a payload, a signalling one; "
                          "operands without a result"},
                         kind,
                         {},
                         true});
  }

  std::vector<Codes> nan_operands(BinaryKind kind) const {
    const Codes ones = codes_of({1, 1});
    std::vector<Codes> all;
    for (const std::uint64_t code : nan_codes(storage_.a)) all.push_back({code, ones.z});
    for (const std::uint64_t code : nan_codes(storage_.b)) all.push_back({ones.x, code});
    for (const Pair& pair : without_value(kind)) all.push_back(codes_of(pair));
    return all;
  }

  std::vector<Result> run_nans(BinaryKind kind, const KernelRow& row, Stream& stream) const {
    std::vector<Result> counts;
    for (const Place& place : kPlaces) {
      int kept = 0;
      for (const Codes& codes : nan_operands(kind)) {
        std::vector<Result> seen;
        run_place(kind, codes, place, row, stream, seen);
        if (seen.empty()) return counts;
        kept += std::all_of(seen.begin(), seen.end(), [](const Result& r) { return std::isnan(r.value); }) ? 1 : 0;
      }
      counts.push_back({place.text, static_cast<double>(kept)});
    }
    return counts;
  }

  void run_place(BinaryKind kind, const Codes& codes, const Place& place, const KernelRow& row, Stream& stream,
                 std::vector<Result>& results) const {
    Operands memory;
    const Binary args{.x = operand(memory, storage_.a, codes.x, place.x),
                      .z = operand(memory, storage_.b, codes.z, place.z),
                      .y = memory.result(storage_.out, {kRows, kColumns}),
                      .kind = kind};
    if (launch(row, stream, args)) collect(args.y, place.text, results);
  }

  Storage3 storage_;
  ValuePath path_;
  std::vector<BinaryCanary> canaries_;
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Binary>(const Storage3& storage) {
  return std::make_unique<BinaryExperiment>(storage);
}

}  // namespace candor::prove
