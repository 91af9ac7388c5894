#include "cli/receipt_target.h"

#include "cli/json_text.h"
#include "cli/option_text.h"
#include "cli/terminal.h"

namespace candor::cli {

void add_receipt_option(CLI::App& command, std::string& where) {
  command.add_option("--receipt", where, "Record every operation: JSON to FILE, or a summary on standard error with -")
      ->type_name("FILE")
      ->check(file_name());
}

ReceiptOutput::ReceiptOutput(const std::string& where) : wanted_(!where.empty()) {
  if (wanted_ && where != "-") file_ = std::make_unique<TextFile>("receipt", where);
}

void ReceiptOutput::write(const Receipt& receipt) {
  if (file_)
    file_->commit(json_text(receipt_json(receipt)));
  else if (wanted_)
    write_err("\n" + receipt_summary(receipt, err_style()));
}

ReceiptTarget::ReceiptTarget(const std::string& command, const std::string& where) : where_(where), output_(where) {
  if (output_.wanted()) recorder_ = std::make_unique<ReceiptRecorder>(command);
}

void ReceiptTarget::set_model(const LanguageModel& model, const ExecPolicy& policy) {
  require_no_model_file("--receipt", where_, model.info().files);
  if (recorder_) recorder_->set_model(model, policy);
}

void ReceiptTarget::finish() {
  if (recorder_) receipt_ = recorder_->finish();
}

void ReceiptTarget::write(const std::string& model_path, bool quiet) {
  if (!receipt_) return;
  complete_receipt(*receipt_, model_path, quiet);
  output_.write(*receipt_);
}

}  // namespace candor::cli
