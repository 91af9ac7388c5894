// candor canary: a checkpoint of values that every wrong conversion damages in
// its own way, and what the damage says.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

enum class CanaryVerdict {
  intact,      // every canary kept its bits; probes may have been rounded once to bf16, to nearest even
  widened,     // every value kept, in a wider dtype
  incomplete,  // what is there is intact; some canaries are missing
  damaged,     // values, NaNs or signs of zero were lost, or the label does not fit the bits
};
std::string_view canary_verdict_name(CanaryVerdict verdict);  // "intact", …

/// One element that is not what it was, or not what the conversion named would have made of it.
struct CanaryWitness {
  std::uint64_t index = 0;       // of the element as it was written, row-major
  std::uint64_t code = 0;        // bits as written
  double value = 0;              // their value
  std::uint64_t found_code = 0;  // bits found; of a block dtype those of the f32 value
  double found = 0;              // their value
  std::string meaning;           // "subnormal", "largest finite", … empty: nothing special
};

/// One canary of the file.
struct CanaryTensor {
  std::string canary;               // "canary.codes"
  std::string name;                 // in the file; empty: missing
  std::string dtype, found;         // as written; as the file spells it now
  std::vector<std::int64_t> shape;  // in the file
  /// "intact"; "widened"; "kept": every value, in a dtype that is not wider; "rounded": probes, once, to bf16;
  /// "damaged"; "missing"; "unsupported": of a dtype that is not compared
  std::string state;
  std::string order;  // "as written"; "transposed", shape and values; "values transposed", under the old shape
  std::uint64_t elements = 0;
  std::uint64_t changed = 0;               // value, class or sign of zero differs
  std::vector<std::string> explained_by;   // ids of conversions that predict all elements, simplest first
  std::string best;                        // where none does: the one with the fewest exceptions
  std::uint64_t exceptions = 0;            // elements that `best` does not predict
  std::vector<CanaryWitness> witnesses;    // at most 8 that changed
  std::vector<CanaryWitness> unexplained;  // at most 8 of the exceptions
};

/// A conversion that explains damage.
struct CanaryCulprit {
  std::string id;                    // "f16", "truncated", "q8_0", …
  std::string text;                  // "through f16, rounded to nearest even"
  std::vector<std::string> tensors;  // canaries that show it
  std::uint64_t exceptions = 0;      // elements that it does not explain; 0: it explains every one
};

/// What happened to NaNs and to signs of zero, whatever the conversion did to values.
struct CanaryFinding {
  std::string id;      // "nan-canonical", "nan-quieted", "nan-to-infinity", "negative-zero", …
  std::string text;    // "254 NaNs became 0x7fc0: legal, …"
  bool legal = false;  // allowed to a conversion, though no plain copy does it
  std::uint64_t count = 0;
};

struct CanaryReport {
  std::string path, format;  // "safetensors", "gguf", …
  CanaryVerdict verdict = CanaryVerdict::intact;
  std::string sentence;                     // the answer in plain words
  std::vector<CanaryCulprit> culprits;      // several that no canary tells apart are all here
  std::vector<CanaryCulprit> not_excluded;  // detours that would have left the same bits
  std::vector<CanaryFinding> findings;
  std::vector<CanaryTensor> tensors;  // in the order in which they are written
};

/// Writes a canary checkpoint in the format that the suffix of `path` names (create_checkpoint() of io.h): same call,
/// same bytes. The file appears whole or not at all.
///   shapes    canary.codes [30], .all_codes [128, 512], .finite_codes [510, 128], .below_65536 [286, 128],
///             .matrix [8, 256], .norm [256], .f32_probes [2, 32], .f32_specials [8], .repeated [10, 64],
///             .f16_probes [40]
///   dtypes    bf16; f32 (probes, specials, repeated values); f16 (probes)
///   errors    FormatError (a suffix of no format that is written, or of one that holds a single tensor), IoError
///             (exists and not `overwrite`, cannot create, disk full), Cancelled (`cancel` became true before the
///             rename)
///   gradient  none
///   source    docs/canary.md
void write_canary(const std::string& path, bool overwrite = false, const std::atomic<bool>* cancel = nullptr);

/// Finds the canaries of a checkpoint (also renamed, transposed, in another dtype) and names the conversion that
/// explains what became of them: every conversion that is known is predicted over all of them and compared bit by bit.
///   shapes    those of write_canary, or any others with as many elements; a canary may be missing
///   dtypes    any; integers of the same width are compared as bits, blocks by their values
///   errors    IoError (missing, unreadable, changed while it was read), FormatError (the reader refuses it),
///   ValueError (no canary in it),
///             Cancelled (`cancel` became true)
///   gradient  none
///   source    docs/canary.md
CanaryReport check_canary(const std::string& path, const std::atomic<bool>* cancel = nullptr);

}  // namespace candor
