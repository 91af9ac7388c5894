#include "tests/prove/liars/lies.h"

#include <cstdio>
#include <cstdlib>

namespace candor::liars {
namespace {

constexpr DescribedLie kLies[] = {
    {Lie::none, "none", "no lie: nothing may be found"},
    {Lie::accumulates_in_bf16, "accumulates_in_bf16", "matmul bf16·bf16 rounds every sum to bf16"},
    {Lie::accumulates_in_f64, "accumulates_in_f64", "matmul bf16·bf16 sums in f64: too good"},
    {Lie::through_f16, "through_f16", "matmul f32·f32 rounds both operands to f16"},
    {Lie::rounds_products, "rounds_products", "matmul f32·f32 multiplies and adds, with two roundings, and has no FMA"},
    {Lie::truncates, "truncates", "cast f32→bf16 cuts bits off"},
    {Lie::drops_nan, "drops_nan", "cast f32→bf16 makes infinity of NaN"},
    {Lie::flushes_subnormals, "flushes_subnormals", "cast f32→bf16 makes zero of subnormals"},
    {Lie::rounds_p, "rounds_p", "attention rounds softmax's P to bf16"},
    {Lie::rounds_rope_tables, "rounds_rope_tables", "rope rounds its tables to bf16"},
    {Lie::norm_sums_in_bf16, "norm_sums_in_bf16", "rms_norm sums in bf16"},
    {Lie::prefill_row_differs, "prefill_row_differs", "attention rounds P to bf16 for more than one query"},
    {Lie::v_differs, "v_differs", "qkv_projection sums v, and only v, in bf16"},
    {Lie::f32_as_avx512bf16, "f32_as_avx512bf16", "a row of class x86-dpbf16-ftz runs an f32 kernel"},
    {Lie::isa_matters, "isa_matters", "matmul sums by rising k on AVX2 and odd k first elsewhere, from 32 columns on"},
    {Lie::threads_matter, "threads_matter",
     "matmul sums the halves of k apart on two threads or more, from 32 columns on"},
    {Lie::hidden_f32_copy, "hidden_f32_copy", "matmul copies bf16 weights to f32 while it runs"},
    {Lie::stores_f32, "stores_f32", "a bf16 tensor takes four bytes an element"},
    {Lie::memory_counted_once, "memory_counted_once", "every block takes twice the bytes that the ledger counts"},
    {Lie::cast_not_in_ledger, "cast_not_in_ledger", "casts are not recorded"},
    {Lie::receipt_undercounts, "receipt_undercounts", "receipts halve the bytes read and written"},
    {Lie::precision_ignored, "precision_ignored", "a model is loaded as it is stored, whatever was asked for"},
    {Lie::prefill_differs, "prefill_differs", "several tokens at once leave half of the bits of the hidden states"},
};

const DescribedLie* find(const char* name) {
  if (name != nullptr)
    for (const DescribedLie& lie : kLies)
      if (lie.name == name) return &lie;
  return nullptr;
}

}  // namespace

std::span<const DescribedLie> all_lies() { return kLies; }

Lie told() {
  static const DescribedLie* const lie = find(std::getenv("CANDOR_LIE"));
  return lie == nullptr ? Lie::none : lie->lie;
}

// cli/main.cpp's, around which the linker puts the other.
int honest_main(int argc, char** argv) asm("__real_main");
int lying_main(int argc, char** argv) asm("__wrap_main");

int lying_main(int argc, char** argv) {
  if (find(std::getenv("CANDOR_LIE")) != nullptr) return honest_main(argc, argv);
  std::fputs("candor_liar: CANDOR_LIE names no lie; there are\n", stderr);
  for (const DescribedLie& lie : kLies)
    std::fprintf(stderr, "%-20s %.*s\n", lie.name.data(), static_cast<int>(lie.what.size()), lie.what.data());
  return 2;
}

}  // namespace candor::liars
