#include "cli/audit_words.h"

#include <algorithm>

namespace candor::cli {
namespace {

using enum AuditVerdict;

constexpr VerdictWords kWords[kVerdictCount] = {
    {mislabelled, "labels contradict each other, or the bytes",
     "What is said of the values (header, configuration, file name, byte order) does not agree with itself or with the "
     "bytes.",
     "Find out which of the two is right before you load the file by either, and write or name it again. Where the "
     "values show a history, the note says which.",
     "error"},
    {f16_grid, "the weights went through f16 on the way",
     "bf16 has the range of f32; f16 has not. Above 65504 f16 holds nothing, and near zero only multiples of 2^-24. "
     "Down to 2^-17 (0.0000076) these are no coarser than bf16; below it they are, and f16 moves the values or makes "
     "them zero. These values lie where a detour through f16 puts them, and values that were never in f16 do not.",
     "What f16 could not hold is gone: the small values were moved or became "
     "zero. Get the original bf16 or f32 file, "
     "or convert again without f16 on the way (out-type, torch_dtype, a NumPy "
     "step). Where only values below 2^-17 were "
     "touched the harm to a model is usually small.",
     "warning"},
    {p11_source, "the weights had 11 significant bits before they were rounded to bf16",
     "Even bf16 mantissas are more frequent than odd ones, 9 to 7. That is "
     "what rounding leaves whose source had 11 "
     "significant bits, as f16 and TF32 have, and averages of eight bf16 values; a source in f32 leaves 1 to 1.",
     "After rounding one value in sixteen differs by one bf16 step from what a single rounding gives: convert from the "
     "f32 original if there is one. Nothing, if it is an average or a merge by eighths.",
     "warning"},
    {truncated, "the values were cut off instead of rounded",
     "The lower bits of a wider format were dropped. Every value is then the "
     "next bf16 towards zero instead of the "
     "nearest: half of them are one step too small, all in the same direction.",
     "Convert again from the wider original with a converter that rounds to "
     "nearest even.",
     "warning"},
    {dequantised, "the weights were made from a quantised model",
     "The values still lie on the few levels of a quantised format, block by "
     "block. The file is large, but it holds no "
     "more than the quantised one did.",
     "Treat it as the quantised model that it is. For full precision get the "
     "original; this file cannot give it back.",
     "warning"},
    {mixed, "a part of the weights has another history than the rest",
     "Some values, or some tensors, show a history (f16, say) that the others "
     "rule out, as after merging or editing a "
     "checkpoint.",
     "See which tensors and how large a part. If a merge was not meant, get "
     "the original.",
     "warning"},
    {widened, "the file is wider than its values",
     "Every value fits a narrower format exactly: the lower bits are zero. The "
     "file takes more space than its values "
     "need, and is not more precise than the format it came from.",
     "Nothing is lost by storing it in the narrower format (`candor convert`). "
     "Do not take it for a full-precision "
     "original.",
     "note"},
    {invalid, "the file was refused",
     "The file breaks the rules of its format, so that no value of it can be "
     "trusted to be where the file says.",
     "Get the file again. If its source has the same fault, tell whoever wrote "
     "it.",
     "error"},
    {undecidable, "the values do not tell what they went through",
     "The tensor has too few values, or none in the range where the histories differ, or it looks as several of them "
     "leave it. Where no value is in that range, a detour through f16 would have changed nothing either.",
     "Nothing, unless you must know: then compare with the original (`candor "
     "diff`).",
     "none"},
    {unsupported, "values of this dtype are not judged",
     "The tensor is counted, but its dtype has no statistics here: integers, "
     "for example, and blocks that are still quantised.",
     "Nothing.", "none"},
    {structured, "constants, tables or masks: nothing to judge",
     "The values follow a rule (all equal, a table of angles, a mask) and are "
     "not spread like weights. Statistics of "
     "rounding say nothing about them.",
     "Nothing.", "none"},
    {consistent, "nothing speaks against a single rounding from a wider format",
     "bf16 values look as they do after one rounding to nearest from a wider format: one of them at least is none "
     "that f16 leaves, and where there are enough to show other roundings, they show none. Of F16, F32 and F64 only "
     "the width and the blocks are tested: they have more bits than bf16 and are on no lattice of a quantiser. Whether "
     "they were cut off is not asked.",
     "Nothing. This is not a proof: what leaves no trace in the values cannot "
     "be found in them.",
     "none"},
};

struct SubWords {
  AuditVerdict verdict;
  std::string_view sub, meaning;
};
constexpr SubWords kSubs[] = {
    {consistent, "bf16-arithmetic",
     "The codes are those of sums of bf16 values, of training in bf16, or of values of 8 or 11 bits times a constant; "
     "f16 was not the last stop of all of them, though of a part it may have been."},
    {f16_grid, "via-f16",
     "They were bf16 before, went to f16 and came back: values in f16's range kept their bits. f16 that was rounded to "
     "bf16 with ties away from zero, or by chance, looks the same."},
    {f16_grid, "from-f16",
     "They came from a wider format and were rounded twice: to f16, then to bf16. That moved one value in sixteen by "
     "one step, at every size."},
    {f16_grid, "from-f16-truncated", "They were f16 and were cut off to bf16 instead of rounded."},
    {f16_grid, "ftz", "The f16 on the way dropped everything below 2^-14 to zero (flush to zero)."},
    {f16_grid, "f16", "What they were before f16 cannot be told."},
    {p11_source, "tf32",
     "f16 as it is could not have left some of these values: it was TF32, an average of eight bf16 values, or f16 that "
     "was multiplied afterwards."},
    {p11_source, "f16-or-tf32",
     "f16 is not ruled out: too few values are small enough, or they lie where scaled f16 has values. Averages of "
     "eight bf16 values have 11 bits too."},
    {mixed, "via-f16", "The part was bf16 before, went to f16 and came back."},
    {mixed, "from-f16", "The part came from a wider format and was rounded to f16, then to bf16."},
    {mixed, "from-f16-truncated", "The part was f16 and was cut off to bf16."},
    {mixed, "f16", "What the part was before f16 cannot be told."},
    {mixed, "ftz", "The part went through f16, which dropped everything below 2^-14 to zero (flush to zero)."},
    {widened, "by-design", "The format keeps such tensors wider by convention. This is not counted as a finding."},
    {undecidable, "no-support", "No values are in the range where the histories differ."},
    {undecidable, "low-power", "There are too few values to tell."},
    {undecidable, "f16-or-differences",
     "The small values lie where f16 has values, and so do differences of f32 numbers."},
    {undecidable, "other-grid", "The small values lie on a lattice that is not f16's own."},
    {undecidable, "bf16-arithmetic", "Sums, averages and merges of bf16 values look like this."},
    {undecidable, "ftz-or-pruned",
     "Of the values below 2^-14 a part is missing, and as many are zero: f16 flushed them, or they were pruned."},
    {undecidable, "few-values",
     "Rows have far fewer different values than the tensor: int4 with reordered columns does that, and copied values."},
    {undecidable, "no-test", "No test applies to values of this dtype."},
    {structured, "constant", "All values are the same, or half of them are."},
    {structured, "mask", "One or two constants beside zeros or infinities."},
    {structured, "table", "The values follow a rule, such as equal steps."},
    {structured, "sparse", "Nearly all values are zero."},
    {structured, "narrow", "All values lie within a few codes."},
    {structured, "rough",
     "Neighbouring codes differ far more than chance makes them, as where bf16 values were multiplied by a constant in "
     "bf16, or in tables. What was before cannot be told."},
    {mislabelled, "label-vs-config", "The configuration beside the file names another dtype than the file."},
    {mislabelled, "label-vs-name", "The file's name promises another dtype than the file holds."},
    {mislabelled, "bit-view", "The bits of another dtype were taken as they are, without converting them."},
    {mislabelled, "byte-swapped", "The two bytes of each value stand in the wrong order."},
};

// Of a mixture within a wider file: "f16-in-f32".
constexpr std::string_view kNarrowerMeaning =
    "The part fits the narrower format, which is named first; the rest fills the wider one.";
// Of "int4 g32 (q4_1)", "int8 tensor" and the like.
constexpr std::string_view kSchemeMeaning =
    "What shares one scale: g and a number: so many values; row, column, tensor: all of it; 128x128: a square tile. A "
    "name in brackets is GGUF's own for the scheme.";

}  // namespace

const VerdictWords (&verdict_words())[kVerdictCount] { return kWords; }

const VerdictWords& words_of(AuditVerdict verdict) {
  return *std::find_if(std::begin(kWords), std::end(kWords) - 1,
                       [&](const VerdictWords& words) { return words.verdict == verdict; });
}

std::string verdict_text(AuditVerdict verdict, std::string_view sub) {
  std::string text(audit_verdict_name(verdict));
  if (!sub.empty()) text.append("/").append(sub);
  return text;
}

std::string phrase_of(AuditVerdict verdict, std::string_view sub) {
  if (const std::size_t in = sub.find("-in-"); verdict == widened && in != std::string_view::npos)
    return std::string(sub.substr(0, in)).append(" values are stored as ").append(sub.substr(in + 4));
  if (verdict == consistent && sub == "bf16-arithmetic") return "f16 was not the last stop of all values";
  if (verdict == structured && sub == "rough") return "the codes are too uneven for statistics of rounding";
  std::string text(words_of(verdict).phrase);
  if (verdict == dequantised && !sub.empty()) text.append(": ").append(sub);
  return text;
}

std::string_view sub_meaning(AuditVerdict verdict, std::string_view sub) {
  for (const SubWords& words : kSubs)
    if (words.verdict == verdict && words.sub == sub) return words.meaning;
  if (verdict == mixed && sub.find("-in-") != std::string_view::npos) return kNarrowerMeaning;
  if (verdict == dequantised && sub.find(' ') != std::string_view::npos) return kSchemeMeaning;
  return "";
}

std::string sentence_case(std::string text) {
  const bool dtype = text.substr(0, text.find(' ')).find_first_of("0123456789") != std::string::npos;
  if (!dtype && !text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string_view verdict_mood(AuditVerdict verdict) {
  if (verdict == consistent) return "good";
  if (verdict == undecidable || verdict == widened) return "open";
  if (verdict == structured || verdict == unsupported) return "soft";
  return "bad";
}

}  // namespace candor::cli
