// What `candor audit` was asked for, and the shapes in which it tells what it
// found.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "candor/audit.h"
#include "cli/terminal.h"

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

nlohmann::ordered_json audit_json(const AuditCommand& command, const AuditReport& report);
/// A log in SARIF 2.1.0: one result for each tensor with a finding and for each
/// file that was refused.
nlohmann::ordered_json audit_sarif(const AuditCommand& command, const AuditReport& report);
/// One page that needs nothing else.
std::string audit_html(const AuditCommand& command, const AuditReport& report);

}  // namespace candor::cli
