// candor run: a prompt or a conversation.
#include "cli/run.h"

#include <algorithm>
#include <memory>

#include "candor/error.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/option_text.h"
#include "cli/prompt_text.h"
#include "cli/receipt_target.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

constexpr std::int64_t kDefaultContext = 4096;

constexpr const char* kExamples =
    "The answer goes to standard output, everything else to standard error.\n"
    "A model with a chat template gets the prompt as a user turn; --raw turns that off.\n"
    "\n"
    "Examples:\n"
    "  candor run model.gguf -p \"Why is the sky blue?\"\n"
    "  candor run model-bf16 --precision bf16 --greedy -n 64 -p \"Hello\" --receipt receipt.json\n"
    "  candor run model-bf16 --chat --system \"Answer in one sentence.\"\n"
    "  cat article.txt | candor run model-bf16 -p - -c 8192\n"
    "  candor run model-bf16 --raw -p \"Once upon a time\" --temperature 1 --seed 7";

void check(RunOptions& options) {
  if (options.chat && options.raw) throw UsageError("--chat needs the model's template; it cannot go with --raw");
  if (options.raw && !options.system.empty())
    throw UsageError("--raw sends the prompt as it is; it cannot go with --system");
  if (!options.prompt && !options.chat) {
    if (!stdin_is_terminal()) throw UsageError("no prompt; give -p TEXT, -p - for standard input, or --chat");
    options.chat = true;
  }
  if (options.greedy) options.sampler.temperature = 0;
  try {
    const Sampler in_range(options.sampler);
  } catch (const ValueError& error) {
    throw UsageError(error.what());
  }
  require_utf8("--system", options.system);
  for (const std::string& stop : options.stop) {
    require_utf8("--stop", stop);
    if (stop.empty()) throw UsageError("--stop: an empty text would end every answer at once");
  }
}

GenerateResult answer(const RunOptions& options, const LanguageModel& model, Session& session,
                      const std::string& prompt) {
  const GenerateOptions generating = generate_options(options);
  if (!options.raw && model.has_chat_template())
    return Chat(session, options.system).say(prompt, generating, write_out);
  if (!options.system.empty())
    throw ValueError("--system: '" + options.model.path + "' has no chat template to put it in");
  const std::vector<TokenId> tokens = model.tokenizer().encode(prompt, true, true);
  if (tokens.empty()) throw ValueError("prompt: it is empty; give at least one character");
  return generate(session, tokens, generating, write_out);
}

// The model lives and dies in here, so that what follows does not add to its memory.
void compute(const RunOptions& options, const std::string& prompt, ReceiptTarget& target) {
  const LanguageModel model = load_model(options.model);
  if (options.chat && !model.has_chat_template())
    throw ValueError("--chat: '" + options.model.path + "' has no chat template; use --raw -p TEXT");
  model.tokenizer();                                                     // says which file is missing
  if (!options.raw && model.has_chat_template()) model.chat_template();  // says why it cannot be used
  target.set_model(model, load_options(options.model).policy);
  std::int64_t context = options.context;
  if (!options.context_given)
    context = model.info().context_length ? std::min(kDefaultContext, model.info().context_length) : kDefaultContext;
  Session session(model, context);
  ReceiptRecorder* recorder = target.recorder();
  if (recorder) recorder->set_kv_bytes(session.kv_bytes());
  if (options.chat) {
    converse(options, session, recorder);
  } else {
    const GenerateResult result = answer(options, model, session, prompt);
    write_out("\n");
    throw_if_cancelled();
    if (recorder) recorder->add_speed(result);
    report_answer(options, session, result);
  }
  target.finish();
}

int run(RunOptions options) {
  check(options);
  load_options(options.model);  // a wrong --precision is noticed before standard input is read
  std::string prompt;
  if (!options.chat) {
    prompt = text_argument("prompt", *options.prompt);
    if (prompt.empty() && !options.raw) throw ValueError("prompt: it is empty; give at least one character");
  }
  ReceiptTarget target("run", options.receipt);
  compute(options, prompt, target);
  target.write(options.model.path, options.model.quiet);
  return kExitOk;
}

void add_sampler_options(CLI::App& command, RunOptions& options) {
  const auto add = [&command](const char* name, auto& value, const char* type, const CLI::Validator& check,
                              const char* what) {
    return command.add_option(name, value, what)
        ->type_name(type)
        ->check(check)
        ->capture_default_str()
        ->group("Sampling");
  };
  const CLI::Validator number = finite_number(), count = whole_number(0, std::numeric_limits<std::int32_t>::max());
  SamplerOptions& sampler = options.sampler;
  auto* greedy = command.add_flag("--greedy", options.greedy, "Always the likeliest token (temperature 0)");
  greedy->group("Sampling");
  add("--temperature", sampler.temperature, "X", number, "Flattens the distribution; 0 is greedy")->excludes(greedy);
  add("--top-k", sampler.top_k, "K", count, "Only the K likeliest tokens; 0 is all");
  add("--top-p", sampler.top_p, "X", number, "Only the likeliest that together reach X; 1 is all");
  add("--min-p", sampler.min_p, "X", number, "Only those at least X times as likely as the likeliest; 0 is all");
  add("--repetition-penalty", sampler.repetition_penalty, "X", number, "Divides the scores of recent tokens; 1 is off");
  add("--repetition-window", sampler.repetition_window, "N", count, "How many tokens are recent");
  add("--seed", sampler.seed, "S", unsigned_number(), "The same seed gives the same text");
}

}  // namespace

GenerateOptions generate_options(const RunOptions& options) {
  return {
      .max_tokens = options.max_tokens, .stop = options.stop, .sampler = options.sampler, .cancel = cancel_requested()};
}

void report_answer(const RunOptions& options, const Session& session, const GenerateResult& result) {
  if (options.show_tokens) {
    std::string line = "tokens:";
    for (const TokenId id : session.tokens()) line += " " + std::to_string(id);
    write_err(line + "\n");
  }
  if (options.model.quiet) return;
  if (result.reason == StopReason::context_full)
    note("the context of " + std::to_string(session.context()) + " tokens is full; -c gives more");
  if (!stderr_is_terminal()) return;
  Speed speed;
  speed.add(result);
  const Style& style = err_style();
  std::string line(style.dim);
  line += std::to_string(result.tokens.size()) + " tokens";
  if (speed.decode_rate() > 0) line += ", " + fixed(speed.decode_rate(), 1) + " tokens/s";
  if (speed.prefill_rate() > 0) line += " · prompt " + fixed(speed.prefill_rate(), 0) + " tokens/s";
  line.append(" · ended by ").append(stop_reason_name(result.reason)).append(style.reset).append("\n");
  write_err(line);
}

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App& command = *app.add_subcommand("run", "Answer a prompt, or hold a conversation");
  auto* prompt = command.add_option("-p,--prompt", options->prompt, "The prompt; - reads standard input");
  prompt->type_name("TEXT");
  command.add_flag("--chat", options->chat, "A conversation; /help tells its commands")->excludes(prompt);
  command.add_option("--system", options->system, "System message of the chat template")->type_name("TEXT");
  command.add_flag("--raw", options->raw, "No chat template: the prompt as it is, control tokens recognised");
  command.add_option("-n,--max-tokens", options->max_tokens, "Longest answer; -1 is until the context is full")
      ->type_name("N")
      ->check(whole_number(-1))
      ->capture_default_str();
  auto* context = command.add_option("-c,--context", options->context,
                                     "Tokens that the KV cache holds; 0 is all the model was made for\n"
                                     "[4096, or the model's if that is less]");
  context->type_name("N")->check(whole_number(0));
  command.add_option("--stop", options->stop, "Text that ends the answer; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  add_receipt_option(command, options->receipt);
  command.add_flag("--show-tokens", options->show_tokens, "Print the token ids on standard error");
  add_model_options(command, options->model);
  add_sampler_options(command, *options);
  command.footer(kExamples);
  command.callback([options, context, &action] {
    options->context_given = context->count() > 0;
    action = [options] { return run(*options); };
  });
}

}  // namespace candor::cli
