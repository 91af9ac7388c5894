// --receipt: where a command's receipt goes. Without the option nothing is recorded.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/receipt.h"
#include "cli/text_file.h"

namespace candor::cli {

void add_receipt_option(CLI::App& command, std::string& where);

/// Construct before the model is loaded (an unwritable path is noticed then), finish() while the model is alive,
/// write() after it is gone.
class ReceiptTarget {
 public:
  /// `where`: "" (no receipt), "-" (a summary on standard error) or a file for the JSON. errors: IoError
  ReceiptTarget(const std::string& command, const std::string& where);

  ReceiptRecorder* recorder() { return recorder_.get(); }  // nullptr: no receipt
  void set_model(const LanguageModel& model);
  void finish();
  /// `model_path` "": no model's files to hash. errors: IoError, Cancelled
  void write(const std::string& model_path, bool quiet);

 private:
  std::unique_ptr<TextFile> file_;
  std::unique_ptr<ReceiptRecorder> recorder_;
  std::optional<Receipt> receipt_;
};

}  // namespace candor::cli
