// Options that every command with a model takes, and loading it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "candor/generate.h"

namespace candor::cli {

struct ModelOptions {
  std::string path;
  std::string precision = "auto";
  int threads = 0;  // 0: as many as the machine has cores
  bool allow_upcast = false, allow_reference = false;
  bool quiet = false;
};

/// MODEL, --precision, --allow-upcast, --allow-reference, --threads, --quiet.
void add_model_options(CLI::App& command, ModelOptions& options);

/// errors   UsageError (a precision that is not one)
LoadOptions load_options(const ModelOptions& options);

/// Sets the threads and loads, with a bar on stderr; the model's notes go to stderr too.
LanguageModel load_model(const ModelOptions& options);

}  // namespace candor::cli
