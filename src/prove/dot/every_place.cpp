#include "prove/dot/every_place.h"

#include <algorithm>

#include "prove/rounding.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kColumns = 37;  // two tiles of packed weights and a part of a third
constexpr std::int64_t kScalarTerms = 19, kBlocks = 3;
constexpr std::int64_t kPrime = 127;  // steps from a column, a block and a product to the next lead to other numbers

double weight_at(std::int64_t number, std::int64_t n, std::int64_t block) {
  return static_cast<double>((n * 7 + block * 31 + number * 53) % kPrime + 1);
}
double bias_at(std::int64_t number, std::int64_t n) { return static_cast<double>((n * 11 + number * 29) % kPrime + 1); }
double factor_at(std::int64_t n) { return static_cast<double>(1 << n % 4); }

}  // namespace

EveryPlace::EveryPlace(const Storage3& storage)
    : storage_(storage),
      unit_(dtype_info(storage.b).block_elements),
      terms_(unit_ == 1 ? kScalarTerms : kBlocks * unit_),
      text_{"every element another number",
            "x[m, k] = 1 at one k of each row, a whole number of its own for each weight and bias; the result is how "
            "many of the 37 columns are not what they should be"} {}

View EveryPlace::x(Operands& memory, std::int64_t rows) const {
  Values values(static_cast<std::size_t>(rows * terms_), 0.0);  // [M, K]
  for (std::int64_t m = 0; m < rows; ++m) values[static_cast<std::size_t>(m * terms_ + one_of_row(m))] = 1;
  return memory.place(storage_.a, {rows, terms_}, values);
}

View EveryPlace::weight(Operands& memory, std::int64_t number, Layout layout) const {
  Values values;  // [N, K / unit]
  for (std::int64_t n = 0; n < kColumns; ++n)
    for (std::int64_t block = 0; block < terms_ / unit_; ++block) values.push_back(weight_at(number, n, block));
  return memory.place(storage_.b, {kColumns, terms_}, values, layout);
}

View EveryPlace::zero_weight(Operands& memory, Layout layout) const {
  const Values zeros(static_cast<std::size_t>(kColumns * terms_ / unit_), 0.0);
  return memory.place(storage_.b, {kColumns, terms_}, zeros, layout);
}

View EveryPlace::bias(Operands& memory, std::int64_t number) const {
  Values values;
  for (std::int64_t n = 0; n < kColumns; ++n) values.push_back(bias_at(number, n));
  return memory.place(DType::f32, {kColumns}, values);
}

View EveryPlace::factors(Operands& memory) const {
  Values values;
  for (std::int64_t n = 0; n < kColumns; ++n) values.push_back(factor_at(n));
  return memory.place(DType::f32, {kColumns}, values);
}

View EveryPlace::result(Operands& memory, std::int64_t rows) const {
  return memory.result(storage_.out, {rows, kColumns});
}

double EveryPlace::misplaced(const View& y, std::int64_t number, bool factors) const {
  const Values values = values_of(y);  // [M, N]
  std::vector<bool> wrong(kColumns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t m = static_cast<std::int64_t>(i) / kColumns, n = static_cast<std::int64_t>(i) % kColumns;
    const double sum = weight_at(number, n, one_of_row(m) / unit_) + bias_at(number, n);
    if (values[i] != sum * (factors ? factor_at(n) : 1)) wrong[static_cast<std::size_t>(n)] = true;
  }
  return static_cast<double>(std::count(wrong.begin(), wrong.end(), true));
}

}  // namespace candor::prove
