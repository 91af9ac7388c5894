// Tensors of a checkpoint, gathered by what was found.
#pragma once

#include <string>
#include <vector>

#include "candor/audit.h"

namespace candor::cli {

/// Tensors with the same verdict and dtype. Never empty; the worst tensor
/// first.
struct AuditClass {
  std::vector<const TensorAudit*> tensors;
  std::uint64_t elements = 0;

  const TensorAudit& first() const { return *tensors.front(); }
  /// The fewest elements of the tensors' distribution that would decide one of
  /// them; 0: more values do not help.
  std::uint64_t needed() const;
};

/// In the order of the checkpoint, which is worst first.
std::vector<AuditClass> audit_classes(const CheckpointAudit& checkpoint);

inline constexpr int kAuditFinding = 1;      // at or above the threshold
inline constexpr int kAuditUndecidable = 2;  // no finding, but --strict wants all to be decided
inline constexpr int kAuditRejected = 3;     // a file that its reader refuses

/// 0 when nothing was found; a rejected file counts more than a finding, and
/// that more than what is undecidable.
int audit_exit_code(const AuditReport& report, bool strict);

std::uint64_t element_count(const TensorAudit& tensor);
/// Smallest number of elements at which a test of `tensor` would reach the
/// threshold; 0: none says.
std::uint64_t needed_elements(const TensorAudit& tensor);

/// "99.8 %"; never "100.0 %" or "0.0 %" for what is not all or nothing.
std::string share_percent(std::uint64_t part, std::uint64_t whole);
/// "214 of 290 tensors, 99.8 % of parameters": those with the checkpoint's own verdict, of a mixed one those with a
/// finding; "" when there are none.
std::string share_text(const CheckpointAudit& checkpoint);

/// "4.3e-19", "1234", "inf"; NaN has no sign
std::string short_number(double value);
/// "1,234" whole bits; one decimal below 10.
std::string bits_text(double bits);
/// The bits of a verdict that weighs evidence; "" for others: that a mask holds nothing but zeros is plain to see, and
/// the millions of bits for it would only hide those of findings.
std::string bits_text(const TensorAudit& tensor);
/// "0xb68f": as many hexadecimal digits as the dtype has, where candor knows it.
std::string code_text(const TensorAudit& tensor, std::uint64_t code);
/// "[3, 17]"
std::string position_text(const AuditWitness& witness);
/// Bytes of an element; 0: not known, or a block has them.
std::uint64_t element_bytes(const TensorAudit& tensor);
/// What the reader said of a refused file, to stand after its path: without it.
std::string error_text(const CheckpointAudit& checkpoint);

}  // namespace candor::cli
