#include "audit/diff/history.h"

#include <array>

namespace candor::audit_internal::comparison {
namespace {

using enum RoundingMode;

class HistoryList {
 public:
  HistoryList(const NumberFormat& from, const NumberFormat& to, std::string_view base)
      : from_(from), to_(to), exact_(holds(to, from)) {
    add(base, {direct()});
  }

  bool exact() const { return exact_; }
  Rounding direct(RoundingMode mode = nearest_even) const { return {.to = to_, .mode = mode}; }
  void add(std::string_view name, std::vector<Rounding> stages) { list_.push_back({std::string(name), stages}); }
  void add_direct(std::string_view name, const Rounding& rounding) { add(name, {rounding}); }
  /// A detour, unless it is where the values come from or go to, or holds all of them.
  void add_through(std::string_view name, const Rounding& first, RoundingMode last = nearest_even) {
    if (holds(first.to, from_) || first.to == to_) return;
    if (last == toward_zero && (holds(to_, first.to) || from_ == to_)) return;  // nothing left to cut off
    add(name, {first, direct(last)});
  }
  /// A detour after the values had come to their dtype.
  void add_twice_rounded(std::string_view name, const Rounding& then) {
    if (!exact_ && !holds(then.to, to_) && !holds(then.to, from_)) add(name, {direct(), then, direct()});
  }
  std::vector<History> take() { return std::move(list_); }

 private:
  NumberFormat from_, to_;
  bool exact_;
  std::vector<History> list_;
};

std::string_view base_name(DType from, DType to) {
  if (from == to) return "unchanged";
  return holds(*number_format(to), *number_format(from)) ? "kept exactly" : "rounded once";
}

void add_16_bit_detours(HistoryList& list, DType from, DType to) {
  const NumberFormat f16 = *number_format(DType::f16), bf16 = *number_format(DType::bf16);
  list.add_through("through f16", {.to = f16});
  list.add_through("through f16, subnormals flushed", {.to = f16, .flush = Flush::results});
  list.add_through("through f16, saturated", {.to = f16, .overflow = Overflow::clamp});
  list.add_twice_rounded("rounded once, then through f16", {.to = f16});
  list.add_twice_rounded("rounded once, then through f16, subnormals flushed", {.to = f16, .flush = Flush::results});
  list.add_through("through f16, then cut off", {.to = f16}, toward_zero);
  list.add_through("cut off to f16", {.to = f16, .mode = toward_zero});
  list.add_through("through bf16", {.to = bf16});
  if (!holds(f16, *number_format(from)) && !holds(bf16, *number_format(from)) && holds(*number_format(to), f16) &&
      holds(*number_format(to), bf16)) {
    list.add("through bf16, then f16", {{.to = bf16}, {.to = f16}});
    list.add("through f16, then bf16", {{.to = f16}, {.to = bf16}});
  }
  list.add_through("cut off to bf16", {.to = bf16, .mode = toward_zero});
  if (from == DType::bf16 || to == DType::bf16) {
    list.add_through("lowest bit lost", {.to = kSevenBitFormat});
    list.add_through("lowest bit cut off", {.to = kSevenBitFormat, .mode = toward_zero});
  }
}

void add_other_detours(HistoryList& list) {
  const NumberFormat tf32 = *number_format(DType::tf32);
  list.add_through("through tf32, half away", {.to = tf32, .mode = half_away});
  list.add_through("through tf32", {.to = tf32});
  list.add_through("cut off to tf32", {.to = tf32, .mode = toward_zero});
  list.add_through("through f32", {.to = *number_format(DType::f32)});
  const NumberFormat e4m3 = *number_format(DType::f8_e4m3), e5m2 = *number_format(DType::f8_e5m2);
  list.add_through("through f8_e4m3", {.to = e4m3});
  list.add_through("through f8_e4m3, saturated", {.to = e4m3, .overflow = Overflow::clamp});
  list.add_through("through f8_e5m2", {.to = e5m2});
}

struct Phrase {
  std::string_view history, text;  // in the text $a is the source and $d the dtype of B
};
constexpr std::array kPhrases{
    Phrase{"unchanged", "$a"},
    Phrase{"kept exactly", "$a with every value kept in $d"},
    Phrase{"rounded once", "$a rounded once to $d"},
    Phrase{"cut off", "$a cut off to $d instead of rounded"},
    Phrase{"rounded half away", "$a rounded to $d with ties away from zero"},
    Phrase{"saturated", "$a in $d with everything too large set to the largest finite value"},
    Phrase{"subnormals flushed", "$a in $d with subnormal values flushed to zero"},
    Phrase{"sign of zero lost", "$a in $d with -0 become +0"},
    Phrase{"through f16", "$a rounded through f16"},
    Phrase{"through f16, subnormals flushed", "$a rounded through f16 with its subnormals flushed to zero"},
    Phrase{"through f16, saturated", "$a rounded through f16, too large values set to 65504"},
    Phrase{"rounded once, then through f16", "$a rounded once to $d, then through f16"},
    Phrase{"rounded once, then through f16, subnormals flushed",
           "$a rounded once to $d, then through f16 with its subnormals flushed to zero"},
    Phrase{"through bf16, then f16", "$a rounded through bf16, then through f16"},
    Phrase{"through f16, then bf16", "$a rounded through f16, then through bf16"},
    Phrase{"through f16, then cut off", "$a rounded to f16, then cut off to $d"},
    Phrase{"cut off to f16", "$a cut off to f16 on the way"},
    Phrase{"through bf16", "$a rounded through bf16"},
    Phrase{"cut off to bf16", "$a cut off to bf16 on the way"},
    Phrase{"lowest bit lost", "$a rounded to seven significant bits: bf16's lowest is lost"},
    Phrase{"lowest bit cut off", "$a with bf16's lowest bit cut off"},
    Phrase{"through tf32, half away", "$a rounded through TF32 (ties away from zero)"},
    Phrase{"through tf32", "$a rounded through TF32"},
    Phrase{"cut off to tf32", "$a cut off to TF32 on the way"},
    Phrase{"through f32", "$a rounded to f32 first, then to $d"},
    Phrase{"through f8_e4m3", "$a rounded through f8_e4m3"},
    Phrase{"through f8_e4m3, saturated", "$a rounded through f8_e4m3, too large values set to 448"},
    Phrase{"through f8_e5m2", "$a rounded through f8_e5m2"},
    Phrase{"the source of A", "what $a was rounded from (give it first, as the original)"},
    Phrase{"of the same source", "no copy of $a, but both can be roundings of the same wider values"},
    Phrase{"rounded stochastically", "$a rounded to $d at random, up as often as the distance says"},
};

}  // namespace

std::vector<History> histories_of(DType from, DType to) {
  const NumberFormat source = *number_format(from), target = *number_format(to);
  HistoryList list(source, target, base_name(from, to));
  if (!list.exact()) {
    list.add_direct("cut off", list.direct(toward_zero));
    list.add_direct("rounded half away", list.direct(half_away));
  }
  add_16_bit_detours(list, from, to);
  if (!list.exact() || source == target) list.add_direct("saturated", {.to = target, .overflow = Overflow::clamp});
  if (target.lowest <= source.lowest && !(source == target))
    list.add("subnormals flushed", {{.to = source, .flush = Flush::results}, {.to = target}});
  else
    list.add_direct("subnormals flushed", {.to = target, .flush = Flush::results});
  list.add_direct("sign of zero lost", {.to = target, .plus_zero = true});
  add_other_detours(list);
  return list.take();
}

std::string history_phrase(std::string_view history, std::string_view a, std::string_view dtype_b) {
  std::string text(history);
  for (const Phrase& phrase : kPhrases)
    if (phrase.history == history) text = phrase.text;
  for (std::size_t at = 0; (at = text.find('$', at)) != std::string::npos;) {
    const std::string_view word = text[at + 1] == 'a' ? a : dtype_b;
    text.replace(at, 2, word);
    at += word.size();
  }
  return text;
}

}  // namespace candor::audit_internal::comparison
