// The parts of the page that `candor audit --html` writes.
#pragma once

#include <string>

#include "candor/audit.h"
#include "cli/audit_summary.h"

namespace candor::cli {

/// Text out of a file, or in our own words, as it may stand in an element.
std::string html_said(std::string_view text);
/// A verdict as a coloured word that leads to its explanation.
std::string verdict_tag(AuditVerdict verdict, const std::string& sub);
/// Name of the place of a tensor in the table of all: "t0-17".
std::string tensor_anchor(std::size_t checkpoint, std::size_t tensor);
/// One class of tensors: what was found, the evidence of its worst tensors with
/// pictures, witnesses. `index` is the checkpoint's in the report.
std::string class_section(const AuditReport& report, std::size_t index, const AuditClass& group);

}  // namespace candor::cli
