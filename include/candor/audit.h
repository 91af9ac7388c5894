// candor audit: what the values of a file went through before they were stored, with the evidence.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "candor/dtype.h"
#include "candor/generate.h"

namespace candor {

/// What is said of a tensor, and of a checkpoint. docs/audit.md tells when each is claimed.
enum class AuditVerdict {
  consistent,   // with one rounding from a wide source: nothing speaks against it, and something would have
  f16_grid,     // small values lie on f16's lattice, or parity says that f16 rounded them
  p11_source,   // rounded once before to 11 significant bits: f16 or TF32
  truncated,    // cut off instead of rounded to nearest
  widened,      // stored wider than the values are
  dequantised,  // still on the lattice of int4, int8, fp8, …
  mislabelled,  // label, configuration or byte order contradict the bytes
  mixed,        // a part of the values has another history than the rest
  structured,   // constants, tables, masks: nothing to judge statistically
  undecidable,  // no support or too few values
  unsupported,  // a dtype whose values are not judged
  invalid,      // the reader refused the file
};
std::string_view audit_verdict_name(AuditVerdict verdict);  // "f16-grid", "p11-source", …
/// True for what a user would want to know of: f16_grid … mixed.
bool is_audit_finding(AuditVerdict verdict);

/// A single element that shows the verdict, or speaks against it.
struct AuditWitness {
  std::string what;                    // "off f16's lattice", "a value of bf16", "NaN"
  std::uint64_t index = 0;             // of the element, row-major
  std::vector<std::int64_t> position;  // the same by dimension
  std::uint64_t offset = 0;            // of its first byte in its file; of compressed data, where those begin
  std::uint64_t code = 0;              // its bits
  double value = 0;
  double nearest_f16 = 0;  // what an f16 trip would have made of it
};

/// One test: what it measured, and how surprising that is if the values were rounded once from a wide source.
struct AuditTest {
  std::string name;          // "parity", "grid", "zero mantissa", "significand", "blocks", "smoothness", "label", …
  double statistic = 0;      // z of parity, R of the zero mantissa, …
  double low = 0, high = 0;  // interval of the statistic where it has one; equal otherwise
  double p_value = 1;        // one-sided
  bool p_is_bound = false;   // p_value is 2^-min(bits, 1000), not below the true one: of likelihood ratios (e-values)
  double bits = 0;           // of evidence against one rounding from a wide source; negative: for it
  std::uint64_t used = 0;    // values that it looked at
  std::uint64_t needed = 0;  // elements of this tensor's distribution that would reach the threshold; 0: not meant
  std::string text;          // "z = 64.1: 9 even codes to 7 odd ones over 261,842 values"
  std::string not_run;       // why it says nothing here; empty when it ran
};

/// log2 likelihood of a history over that of one rounding from a wide source.
struct AuditHistory {
  std::string name;  // "bf16 through f16", "f32 through f16", "truncated", …
  double bits = 0;
};

/// A way of quantising in blocks and how well the values fit it.
struct AuditBlockScheme {
  std::string name;                       // "int4 asymmetric", "int4 symmetric (q4_0)", "nf4", …
  std::uint32_t block = 0;                // elements of a block; 0: a whole row or tensor, see `extent`
  std::string extent;                     // "32 along rows", "128 along columns", "128x128", "row", "tensor"
  std::uint64_t tested = 0, fitting = 0;  // blocks
  double bits = 0;                        // of evidence, summed over the blocks that were tested, look-elsewhere paid
  double scale = 0, zero = 0;             // of the first block that fits: value = scale * code + zero
};

/// How many different codes blocks of one size have; [k] is the number of sampled blocks with k.
struct AuditDistinct {
  std::string extent;
  std::uint32_t block = 0;
  std::vector<std::uint32_t> blocks;
  double expected = 0;  // of as many draws from a normal
};

struct AuditBinade {
  int exponent = 0;  // floor(log2 |x|)
  std::uint64_t count = 0, even = 0;
};
struct AuditCode {
  std::uint32_t code = 0;  // sign folded
  std::uint64_t count = 0;
};

/// Everything that the verdict rests on. Counts are of elements unless they say otherwise.
struct AuditEvidence {
  std::uint64_t elements = 0, zeros = 0, infinities = 0, nans = 0, subnormals = 0;
  std::uint64_t below_f16_normal = 0;                       // 0 < |x| < 2^-14
  std::uint64_t below_grid = 0;                             // 0 < |x| < 2^-17: where f16 is coarser than bf16
  std::uint64_t off_grid = 0;                               // of those, not a multiple of 2^-24
  std::uint64_t distinct_small = 0, distinct_off_grid = 0;  // different codes, sign folded
  std::uint64_t above_f16 = 0;                              // finite and beyond f16's range
  std::uint64_t at_65536 = 0;                               // exactly +-65536: what f16's lowest value becomes in bf16
  std::uint64_t distinct = 0;                               // different codes, or for f32 patterns a lower bound
  std::uint64_t zero_rows = 0, rows = 0;
  double smallest = 0, largest = 0;  // magnitudes, not zero, finite; wide values: ends of their powers of two
  double sigma = 0, density_at_zero = 0;
  double exponent_entropy = 0;   // bits
  int quantum = 0;               // small values are multiples of 2^quantum; 0: no such lattice
  std::vector<AuditTest> tests;  // in the order in which they were asked
  std::vector<AuditHistory> histories;
  // Of a mixture's laundered part; the interval holds it in at least 95 %: the likelihood falls by 2.2 log units to its
  // ends. Of a part with short significands in 95 %.
  std::optional<double> share, share_low, share_high;
  std::vector<AuditBlockScheme> schemes;  // best first
  // For pictures; kept for findings and for the first tensors only.
  std::vector<AuditBinade> binades;
  std::vector<AuditCode> small_codes;  // |x| < 2^-14
  std::vector<AuditDistinct> distinct_per_block;
};

/// The sub-verdict of a tensor that is stored wider because its format wants it so: not a finding.
inline constexpr std::string_view kAuditByDesign = "by-design";

struct TensorAudit {
  std::string name, file, dtype;  // dtype as the file spells it
  std::vector<std::int64_t> shape;
  AuditVerdict verdict = AuditVerdict::undecidable;
  DType element = DType::any;  // what `dtype` means; any: nothing that candor has a name for
  std::string sub;             // "via-f16", "int4 g32 (q4_0)", "bf16-in-f32", "low-power", …
  double bits = 0;             // of evidence for a finding; of consistent bf16: how far behind the next history is
  std::string sentence;        // plain: "small values lie on f16's lattice: …"
  std::string would_change;    // what would change the verdict; empty: nothing in the file
  std::string note;            // "stochastic rounding is not excluded"
  AuditEvidence evidence;
  std::vector<AuditWitness> witnesses;  // at most 8
};

/// As for its verdict, but that what a format's convention widens is nobody's mistake.
bool is_audit_finding(const TensorAudit& tensor);

/// One checkpoint: a file, or a folder with its shards.
struct CheckpointAudit {
  std::string path, format;
  AuditVerdict verdict = AuditVerdict::undecidable;
  std::string sub;
  double bits = 0;
  std::string sentence;
  std::string error;  // of the reader, when invalid
  std::uint64_t elements = 0, bytes = 0;
  std::vector<TensorAudit> tensors;  // worst first
  std::vector<AuditTest> pooled;     // evidence of all tensors together
  std::vector<std::string> notes;
};

/// As for a tensor.
bool is_audit_finding(const CheckpointAudit& checkpoint);

struct AuditOptions {
  int threads = 0;                         // 0: one per core
  double threshold_bits = 40;              // of evidence that a finding needs
  std::vector<std::string> only, exclude;  // glob patterns of tensor names
  bool v2_as_bf16 = false;                 // .npy of dtype V2: bf16, as ml_dtypes writes it
  std::string fingerprint;                 // file to write; empty: none
  ProgressCallback progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct AuditReport {
  AuditVerdict verdict = AuditVerdict::undecidable;  // the worst
  std::vector<CheckpointAudit> checkpoints;          // in the order of the paths; a folder of files is one for each
  double threshold_bits = 40, seconds = 0;
};

/// Audits files and folders in one streaming pass each: safetensors, GGUF, PyTorch and NumPy files.
///   shapes    any; a row is the last dimension
///   dtypes    bf16, f16, f32, f64 and f8 are judged; others are counted and named unsupported
///   errors    IoError (missing, unreadable), ValueError (a pattern that matches no tensor, a bad threshold),
///             Cancelled, OutOfMemory, std::bad_alloc; none when a reader refuses a file: its verdict is invalid
///   gradient  none
///   source    docs/audit-theory.md
AuditReport audit(const std::vector<std::string>& paths, const AuditOptions& options = {});

/// Judges fingerprint files again, without the weights.
///   shapes    those that were audited
///   dtypes    as audit
///   errors    as audit, and FormatError (not a fingerprint file: the line and byte)
///   gradient  none
///   source    docs/fingerprint-file.md
AuditReport audit_fingerprints(const std::vector<std::string>& files, const AuditOptions& options = {});

}  // namespace candor
