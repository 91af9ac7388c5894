// One checkpoint from its tensors to its verdict.
#pragma once

#include <string>

#include "audit/fingerprint/fingerprint_writer.h"
#include "audit/judge/pool.h"
#include "candor/audit.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// A checkpoint while its tensors come, in the order of its files: from a scan, or from a fingerprint file.
class CheckpointJudge {
 public:
  /// `options` outlive this.
  CheckpointJudge(const CheckpointBegin& begin, const AuditOptions& options);

  void add(const Fingerprint& tensor, const LabelFacts& label);
  /// The verdict; invalid when there was an error. Nothing may be added afterwards. errors: Cancelled
  CheckpointAudit conclude(const CheckpointEnd& end);

 private:
  CheckpointAudit audit_;
  EvidencePool pool_;
  const AuditOptions& options_;
};

/// Scans, judges and rolls up. Damage that only shows while it is read makes the verdict invalid. What the verdict
/// rests on is written to `fingerprints`, tensor by tensor.
///   errors   Cancelled, IoError (of the writer)
CheckpointAudit audit_checkpoint(const Checkpoint& checkpoint, const std::string& path, const AuditOptions& options,
                                 FingerprintWriter* fingerprints = nullptr);

/// What is said of a file that its reader refused.
CheckpointAudit refused_checkpoint(const std::string& path, const std::string& error);

std::string_view format_name(CheckpointFormat format);

/// Drops what only pictures need, but for findings and the first kPictures tensors. `index`: in the order of the file.
void keep_pictures(TensorAudit& tensor, std::size_t index);
inline constexpr std::size_t kPictures = 64;

}  // namespace candor::audit_internal
