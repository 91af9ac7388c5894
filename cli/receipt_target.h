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

/// Where a receipt goes: nowhere (""), to standard error as a summary ("-"), or to a file as JSON.
class ReceiptOutput {
 public:
  explicit ReceiptOutput(const std::string& where);  // errors: IoError (a path that cannot be written)
  bool wanted() const { return wanted_; }
  void write(const Receipt& receipt);  // errors: IoError

 private:
  bool wanted_;
  std::unique_ptr<TextFile> file_;
};

/// A command that records all that it does. Construct before the model is loaded (an unwritable path is noticed then),
/// finish() while the model is alive, write() after it is gone.
class ReceiptTarget {
 public:
  /// errors   IoError
  ReceiptTarget(const std::string& command, const std::string& where);

  ReceiptRecorder* recorder() { return recorder_.get(); }  // nullptr: no receipt
  /// errors   UsageError (the receipt would replace a file of the model)
  void set_model(const LanguageModel& model, const ExecPolicy& policy);
  void finish();
  /// `model_path` "": no model's files to hash. errors: IoError, Cancelled
  void write(const std::string& model_path, bool quiet);

 private:
  std::string where_;
  ReceiptOutput output_;
  std::unique_ptr<ReceiptRecorder> recorder_;
  std::optional<Receipt> receipt_;
};

}  // namespace candor::cli
