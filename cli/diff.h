// What `candor diff` was asked for, and the shapes in which it tells what it found.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "candor/diff.h"
#include "cli/terminal.h"

namespace candor::cli {

struct DiffCommand {
  std::string a, b, json;
  DiffOptions options;  // as the user gave them: without progress and cancellation
  bool verbose = false, quiet = false;
};

/// One sentence a line for each class of tensors, the worst first.
std::string diff_sentences(const DiffReport& report, const Style& style);
/// Tensors, the worst first, and the first elements of each that changed. `every_tensor`: equal ones too, and how every
/// history agrees.
std::string diff_table(const DiffReport& report, bool every_tensor, const Style& style);

nlohmann::ordered_json diff_json(const DiffReport& report);

}  // namespace candor::cli
