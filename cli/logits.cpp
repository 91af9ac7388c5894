// candor logits: every logit of a text as a .npy file, so that anyone can compare.
#include <algorithm>
#include <charconv>
#include <memory>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/lost_logits.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/prompt_text.h"
#include "cli/receipt_target.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/text_file.h"

namespace candor::cli {
namespace {

struct LogitsOptions {
  ModelOptions model;
  std::string tokens, text, output, receipt;
  bool tokens_given = false;
};

constexpr const char* kExamples =
    "Row t of the f32 array [T, V] holds the scores of the token after token t.\n"
    "--tokens needs no tokenizer; --text adds the special tokens that the tokenizer adds.\n"
    "\n"
    "Examples:\n"
    "  candor logits model.gguf --text \"The capital of France is\" -o logits.npy\n"
    "  candor logits model-bf16 --precision f32 --tokens 1,504,28 -o logits.npy\n"
    "  python3 -c \"import numpy; print(numpy.load('logits.npy').argmax(1))\"";

std::string shortened(const std::string& word) {
  constexpr std::size_t kLongest = 40;
  return word.size() > kLongest ? word.substr(0, kLongest) + "…" : word;
}

std::vector<TokenId> parse_tokens(const std::string& list) {
  std::vector<TokenId> tokens;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string word = list.substr(begin, end - begin);
    word.erase(0, std::min(word.find_first_not_of(" \t\n"), word.size()));
    word.erase(word.find_last_not_of(" \t\n") + 1);
    TokenId id = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || rest != word.data() + word.size() || id < 0)
      throw UsageError("--tokens: '" + shortened(word) + "' at position " + std::to_string(tokens.size()) +
                       " is not a token id; give numbers such as 1,504,28");
    tokens.push_back(id);
    begin = end + 1;
  }
  return tokens;
}

std::vector<TokenId> tokens_of(const LogitsOptions& options, const std::string& text, const LanguageModel& model) {
  if (options.tokens_given) return parse_tokens(text);
  std::vector<TokenId> tokens = model.tokenizer().encode(text, true, true);
  if (tokens.empty()) throw ValueError("--text: it is empty; give at least one character");
  return tokens;
}

void write_logits(const LogitsOptions& options, const LanguageModel& model, const std::vector<TokenId>& tokens) {
  const auto rows = static_cast<std::int64_t>(tokens.size());
  const std::int64_t columns = model.info().vocabulary;
  NpyWriter writer(options.output, rows, columns);
  ProgressBar bar(options.model.quiet);
  Progress progress{"logits", "tokens", 0, tokens.size()};
  std::int64_t lost = 0;
  bar.show(progress);
  model.logits(
      tokens,
      [&](const float* values, std::int64_t count) {
        writer.write(values, count * columns);
        lost += count_lost({values, static_cast<std::size_t>(count * columns)});
        progress.done += static_cast<std::uint64_t>(count);
        bar.show(progress);
      },
      cancel_requested());
  writer.finish(cancel_requested());
  bar.erase();
  note_lost(lost, rows * columns, "logits");
  if (!options.model.quiet && stderr_is_terminal())
    write_err(readable(options.output) + ": f32 [" + std::to_string(rows) + ", " + std::to_string(columns) + "]\n");
}

int run(const LogitsOptions& options) {
  load_options(options.model);
  std::string text = options.tokens_given ? options.tokens : options.text;
  if (text == "-") text = read_standard_input();
  if (options.tokens_given)
    parse_tokens(text);
  else
    require_utf8("--text", text);
  if (options.output == "-") throw UsageError("--output: a .npy file cannot go to standard output; name a file");
  require_different_files("--output", options.output, "--receipt", options.receipt);
  require_different_files("--output", options.output, "MODEL", options.model.path);
  require_writable("output", options.output);
  ReceiptTarget target("logits", options.receipt);
  {
    const LanguageModel model = load_model(options.model);
    require_no_model_file("--output", options.output, model.info().files);
    target.set_model(model, load_options(options.model).policy);
    write_logits(options, model, tokens_of(options, text, model));
    target.finish();
  }
  target.write(options.model.path, options.model.quiet);
  return kExitOk;
}

}  // namespace

void add_logits(CLI::App& app, Action& action) {
  auto options = std::make_shared<LogitsOptions>();
  CLI::App& command = *app.add_subcommand("logits", "Write the logits of every position to a .npy file");
  add_model_options(command, options->model);
  auto* tokens = command.add_option("--tokens", options->tokens, "Token ids; - reads standard input");
  tokens->type_name("1,2,3");
  auto* text = command.add_option("--text", options->text, "Text to tokenize; - reads standard input");
  text->type_name("TEXT")->excludes(tokens);
  command.add_option("-o,--output", options->output, "The .npy file; replaced if it exists")
      ->type_name("FILE")
      ->required();
  add_receipt_option(command, options->receipt);
  command.footer(kExamples);
  command.callback([options, tokens, text, &action] {
    options->tokens_given = tokens->count() > 0;
    if (!options->tokens_given && text->count() == 0) throw CLI::RequiredError("--tokens or --text");
    action = [options] { return run(*options); };
  });
}

}  // namespace candor::cli
