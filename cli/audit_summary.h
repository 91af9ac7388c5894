// Tensors of a checkpoint, gathered by what was found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "candor/audit.h"

namespace candor::cli {

/// Tensors with the same verdict and dtype. Never empty; the worst tensor
/// first.
struct AuditClass {
  std::vector<const TensorAudit*> tensors;
  std::uint64_t elements = 0;

  const TensorAudit& first() const { return *tensors.front(); }
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
/// Elements of the tensor's distribution with which a test of it would decide that has not decided yet; 0: it has, as
/// many are there already and did not do, or none would.
std::uint64_t elements_to_decide(const TensorAudit& tensor, const AuditTest& test, double threshold_bits);
/// False of levels of a quantiser, tables, and bits that were taken for another dtype's: what assumes a smooth density
/// says nothing about them.
bool has_smooth_density(const TensorAudit& tensor);
/// Why the answer of a test of `tensor` does not count although it ran: those after the test of smoothness assume a
/// smooth density. "" where it counts.
std::string_view caveat_of(const TensorAudit& tensor, const AuditTest& test);

/// "99.8 %"; never "100.0 %" or "0.0 %" for what is not all or nothing.
std::string share_percent(std::uint64_t part, std::uint64_t whole);
/// "210 of 290 tensors, 98.6 % of parameters; 214 and 99.8 % with other kinds": those with the checkpoint's own verdict
/// and second word, and those that have another one; of what is mixed tensor by tensor those with a finding. "" when
/// there are none.
std::string share_text(const CheckpointAudit& checkpoint);

/// "4.3e-19", "1234", "inf"; NaN has no sign
std::string short_number(double value);
/// "1,234" whole bits; one decimal below 10.
std::string bits_text(double bits);
/// The bits of a finding that weighs evidence; "" for others. That a mask holds nothing but zeros is plain to see, and
/// a wrong label is a fact. The bits of what is consistent are no evidence but a distance to the next history, and
/// beside those of findings would be taken for it.
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
