// What `candor run` was asked for; shared by the single prompt and the conversation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "candor/generate.h"
#include "cli/model_options.h"
#include "cli/receipt.h"

namespace candor::cli {

struct RunOptions {
  ModelOptions model;
  std::optional<std::string> prompt;
  bool chat = false, raw = false, greedy = false, show_tokens = false;
  std::string system;
  std::int64_t max_tokens = 256, context = 0;
  bool context_given = false;
  std::vector<std::string> stop;
  SamplerOptions sampler;
  std::string receipt;
};

GenerateOptions generate_options(const RunOptions& options);

/// After an answer: prompt and answer tokens (--show-tokens), why it ended, tokens per second.
void report_answer(const RunOptions& options, const Session& session, const GenerateResult& result);

/// The conversation loop: reads turns from standard input until it ends or /exit.
void converse(const RunOptions& options, Session& session, ReceiptRecorder* recorder);

}  // namespace candor::cli
