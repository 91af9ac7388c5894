#include "cli/model_options.h"

#include "candor/error.h"
#include "candor/machine.h"
#include "cli/exit_code.h"
#include "cli/option_text.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {

void add_model_options(CLI::App& command, ModelOptions& options) {
  command
      .add_option("MODEL", options.path,
                  "GGUF file, safetensors or PyTorch file beside its config.json, or Hugging Face folder")
      ->required();
  command
      .add_option("--precision", options.precision,
                  "auto (weights as stored, the rest bf16), bf16, f16, f32, or the long form\n"
                  "weights=bf16,activations=bf16,compute=f32,accumulate=f32,kv=bf16")
      ->type_name("P")
      ->capture_default_str();
  command.add_flag("--allow-upcast", options.allow_upcast,
                   "Cast an operand to a wider dtype where only that has a kernel");
  command.add_flag("--allow-reference", options.allow_reference, "Use the slow f64 reference where nothing else fits");
  command.add_option("--threads", options.threads, "Worker threads [one per core]")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  command.add_flag("-q,--quiet", options.quiet, "No progress bar, notes or statistics on stderr, but for losses");
}

LoadOptions load_options(const ModelOptions& options) {
  LoadOptions load;
  try {
    load.precision = ModelPrecision::parse(options.precision);
  } catch (const ValueError& error) {
    throw UsageError(std::string("--") + error.what());
  }
  load.policy.allow_upcast = options.allow_upcast;
  load.policy.allow_reference = options.allow_reference;
  load.cancel = cancel_requested();
  return load;
}

LanguageModel load_model(const ModelOptions& options) {
  LoadOptions load = load_options(options);
  if (options.threads) set_threads(options.threads);
  ProgressBar bar(options.quiet);
  load.progress = bar.callback();
  LanguageModel model = LanguageModel::load(options.path, load);
  bar.erase();
  if (!options.quiet)
    for (const std::string& text : model.info().notes) note(text);
  return model;
}

}  // namespace candor::cli
