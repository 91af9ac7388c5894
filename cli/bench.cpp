// candor bench: prefill and decode beside what the machine can do.
#include <chrono>
#include <memory>
#include <span>

#include "candor/error.h"
#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/lost_logits.h"
#include "cli/option_text.h"
#include "cli/progress.h"
#include "cli/receipt_target.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

constexpr std::int64_t kMostTokens = 1 << 20;  // more than any context; keeps prefill + decode far from overflow

constexpr const char* kExamples =
    "Loading, packing and one warm-up pass are not timed; decoding starts after the prefill. Token ids are random\n"
    "but fixed. The receipt comes from one more pass that is recorded.\n"
    "\n"
    "Examples:\n"
    "  candor bench model-bf16\n"
    "  candor bench model-bf16 --precision bf16 --prefill 512 --decode 128 --repeat 9 --json bench.json";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The same ids on every machine: a 64-bit linear congruential generator (Knuth's MMIX constants), high bits.
std::vector<TokenId> fixed_tokens(std::int64_t count, std::int64_t vocabulary) {
  std::vector<TokenId> tokens(static_cast<std::size_t>(count));
  std::uint64_t state = 1;
  for (TokenId& id : tokens) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    id = static_cast<TokenId>((state >> 33) % static_cast<std::uint64_t>(vocabulary));
  }
  return tokens;
}

/// One pass over an empty cache.
class Pass {
 public:
  Pass(Session& session, const BenchOptions& options, std::int64_t vocabulary)
      : session_(session), options_(options), tokens_(fixed_tokens(options.prefill + options.decode, vocabulary)) {}

  double prefill() {
    session_.truncate(0);
    const auto start = Clock::now();
    logits_ = session_.feed(std::span(tokens_).first(static_cast<std::size_t>(options_.prefill)), cancel_requested());
    return seconds_since(start);
  }

  double decode() {
    const auto start = Clock::now();
    for (std::int64_t i = options_.prefill; i < options_.prefill + options_.decode; ++i)
      logits_ = session_.feed(std::span(tokens_).subspan(static_cast<std::size_t>(i), 1), cancel_requested());
    return seconds_since(start);
  }

  /// Untimed. errors: ValueError when no logit is finite: speed on NaN would mean nothing
  void warm_up() {
    prefill();
    require_some_finite(logits_, "logits after the prefill");
    decode();
    require_some_finite(logits_, "logits after the last token decoded");
  }

 private:
  Session& session_;
  const BenchOptions& options_;
  std::vector<TokenId> tokens_;
  std::span<const float> logits_;  // after the last token fed
};

std::uint64_t flops_of(const std::vector<KernelEntry>& kernels) {
  std::uint64_t flops = 0;
  for (const KernelEntry& k : kernels) flops += k.flops;
  return flops;
}

// Loads under a recorder of its own, for the casts of loading.
LanguageModel load_recorded(const BenchOptions& options, std::vector<CastEntry>& casts) {
  Recorder recorder;
  LanguageModel model = load_model(options.model);
  recorder.stop();
  casts = recorder.casts();
  return model;
}

Receipt recorded_pass(Pass& pass, const LanguageModel& model, const Session& session, const BenchOptions& options,
                      BenchResult& result, std::vector<CastEntry> casts) {
  ReceiptRecorder recorder("bench");
  recorder.set_model(model, load_options(options.model).policy);
  recorder.set_kv_bytes(session.kv_bytes());
  GenerateResult measured;
  measured.prompt_tokens = options.prefill;
  measured.decode_steps = options.decode;
  measured.prefill_seconds = pass.prefill();
  result.prefill_flops = flops_of(recorder.kernels());
  measured.decode_seconds = pass.decode();
  recorder.add_speed(measured);
  Receipt receipt = recorder.finish();
  casts.insert(casts.end(), receipt.casts.begin(), receipt.casts.end());
  receipt.casts = std::move(casts);
  return receipt;
}

BenchResult measure(const BenchOptions& options) {
  BenchResult result;
  std::vector<CastEntry> casts;
  const LanguageModel model = load_recorded(options, casts);
  require_no_model_file("--json", options.json, model.info().files);
  require_no_model_file("--receipt", options.receipt, model.info().files);
  Session session(model, options.prefill + options.decode);
  Pass pass(session, options, model.info().vocabulary);
  ProgressBar bar(options.model.quiet);
  Progress progress{"measuring", "passes", 0, static_cast<std::uint64_t>(options.repeat) + 2};
  pass.warm_up();
  result.ceilings = measure_ceilings();
  for (std::int64_t i = 0; i < options.repeat; ++i) {
    bar.show(progress);
    ++progress.done;
    result.prefill_seconds.push_back(pass.prefill());
    result.decode_seconds.push_back(pass.decode());
  }
  result.receipt = recorded_pass(pass, model, session, options, result, std::move(casts));
  throw_if_cancelled();
  return result;
}

int run(const BenchOptions& options) {
  load_options(options.model);
  require_different_files("--json", options.json, "--receipt", options.receipt);
  std::unique_ptr<TextFile> json_file;
  if (!options.json.empty() && options.json != "-") json_file = std::make_unique<TextFile>("--json", options.json);
  ReceiptOutput receipt(options.receipt);
  BenchResult result = measure(options);
  complete_receipt(result.receipt, options.model.path, options.model.quiet, result.ceilings);
  const std::string json = json_text(bench_json(options, result));
  if (json_file) json_file->commit(json);
  if (options.json == "-")
    write_out(json);
  else
    write_out(bench_table(options, result));
  receipt.write(result.receipt);
  return kExitOk;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App& command = *app.add_subcommand("bench", "Measure prefill and decode beside the machine's ceilings");
  add_model_options(command, options->model);
  const auto tokens = whole_number(1, kMostTokens);
  command.add_option("--prefill", options->prefill, "Tokens of the prompt")
      ->type_name("N")
      ->check(tokens)
      ->capture_default_str();
  command.add_option("--decode", options->decode, "Tokens decoded after it")
      ->type_name("N")
      ->check(tokens)
      ->capture_default_str();
  command.add_option("--repeat", options->repeat, "Timed passes")
      ->type_name("R")
      ->check(whole_number(1, 10000))
      ->capture_default_str();
  command.add_option("--json", options->json, "Write everything as JSON, with a receipt; - is standard output")
      ->type_name("FILE")
      ->check(file_name());
  add_receipt_option(command, options->receipt);
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
