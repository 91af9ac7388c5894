// What `candor audit` was asked for, and the shapes in which it tells what it
// found.
#pragma once

#include <string>
#include <vector>

#include "candor/audit.h"
#include "cli/terminal.h"
#include "cli/text_sink.h"

namespace candor::cli {

struct AuditCommand {
  std::vector<std::string> paths;
  AuditOptions options;  // as the user gave them: without progress and cancellation
  std::string json, sarif, html;
  bool strict = false, from_fingerprint = false, verbose = false, quiet = false;
};

/// "model.safetensors: f16-grid/via-f16: the weights went through f16 on the
/// way (214 of 290 tensors, …)"
std::string audit_headline(const CheckpointAudit& checkpoint, const Style& style);
/// All that a terminal shows: headline, classes of tensors, findings with
/// witnesses, what is undecidable.
std::string audit_table(const AuditReport& report, bool every_tensor, const Style& style);

// Documents, tensor by tensor: a checkpoint may have many, and their JSON is a hundred times what is known of them.

/// docs/schema/audit-1.json
void write_audit_json(const TextSink& sink, const AuditCommand& command, const AuditReport& report);
/// A log in SARIF 2.1.0: one result for each tensor with a finding and for each
/// file that was refused.
void write_audit_sarif(const TextSink& sink, const AuditCommand& command, const AuditReport& report);
/// One page that needs nothing else.
void write_audit_html(const TextSink& sink, const AuditReport& report);

}  // namespace candor::cli
