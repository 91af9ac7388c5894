#include "cli/receipt_target.h"

#include "cli/terminal.h"

namespace candor::cli {

void add_receipt_option(CLI::App& command, std::string& where) {
  command.add_option("--receipt", where, "Record every operation: JSON to FILE, or a summary on standard error with -")
      ->type_name("FILE");
}

ReceiptTarget::ReceiptTarget(const std::string& command, const std::string& where) {
  if (where.empty()) return;
  if (where != "-") file_ = std::make_unique<TextFile>("receipt", where);
  recorder_ = std::make_unique<ReceiptRecorder>(command);
}

void ReceiptTarget::set_model(const LanguageModel& model) {
  if (recorder_) recorder_->set_model(model);
}

void ReceiptTarget::finish() {
  if (recorder_) receipt_ = recorder_->finish();
}

void ReceiptTarget::write(const std::string& model_path, bool quiet) {
  if (!receipt_) return;
  complete_receipt(*receipt_, model_path, quiet);
  if (file_)
    file_->commit(receipt_json(*receipt_).dump(2) + "\n");
  else
    write_err("\n" + receipt_summary(*receipt_, err_style()));
}

}  // namespace candor::cli
