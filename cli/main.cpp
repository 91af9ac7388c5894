// candor: parses the command line, runs one subcommand, turns errors into one sentence and an exit code.
#include <CLI/CLI.hpp>
#include <new>

#include "candor/error.h"
#include "candor/machine.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/option_text.h"
#include "cli/prompt_text.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  candor run model.gguf -p \"Why is the sky blue?\" --receipt -\n"
    "  candor convert model.gguf model-bf16 --dtype bf16\n"
    "  candor explain model-bf16 --precision bf16\n"
    "\n"
    "Exit codes: 0 done, 1 error, 2 wrong command line, 130 Ctrl-C, 129 and 143 hung up and terminated;\n"
    "those of audit, diff and canary check are their answers.\n"
    "candor COMMAND --help tells more.";

std::string version_text() {
  const MachineInfo machine = machine_info();
  return "candor " + machine.version + " (" + machine.build_hash + ", " + machine.compiler + ")";
}

// The library's texts begin with the op, which is often what the command is called: once is enough.
void complain(const std::string& command, std::string_view text, Lines lines = Lines::joined) {
  const Style& style = err_style();
  const std::string op = command.substr(command.rfind(' ') + 1) + ": ";
  if (text.starts_with(op)) text.remove_prefix(op.size());
  std::string line;
  line.append(style.bold).append(command).append(":").append(style.reset).append(" ");
  line.append(readable(text, lines)).append("\n");
  write_err(line);
}

// "candor" or "candor run", as far as the command line was understood.
std::string command_name(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app.get_name() : app.get_name() + " " + command_name(*chosen.front());
}

int usage_error(const std::string& command, const std::string& text) {
  complain(command, text);
  write_err("Try '" + command + " --help'.\n");
  return failure_codes(command).usage;
}

// What was taken for an option explains why something else is missing.
std::string not_an_option(const std::string& word) {
  return "there is no option '" + word + "'; a file that is called so goes after --";
}

int no_command(const CLI::App& app, const std::string& first) {
  if (first.empty()) {
    write_err(app.help());
    return kExitUsage;
  }
  std::string known;
  for (const CLI::App* command : app.get_subcommands({}))
    known.append(known.empty() ? "" : ", ").append(command->get_name());
  if (first[0] == '-') return usage_error("candor", "no command before '" + first + "'; there are " + known);
  return usage_error("candor", "there is no command '" + first + "'; there are " + known);
}

// A text that already says what to do ("…; a smaller context …") is left alone.
void complain_of_memory(const CLI::App& app, const std::string& command, const std::string& text) {
  const auto chosen = app.get_subcommands();
  const bool advises = text.find("; ") != std::string::npos;
  complain(command, advises ? text : text + "; " + memory_advice(chosen.empty() ? app : *chosen.front()));
}

// The library knows no option.
void complain_of_existing(const CLI::App& app, const std::string& command, const std::string& text) {
  const auto chosen = app.get_subcommands();
  const bool forces = !chosen.empty() && chosen.front()->get_option_no_throw("--force") != nullptr;
  complain(command, forces ? text + " (--force)" : text);
}

int run_action(const CLI::App& app, const std::string& command, const Action& action) {
  const FailureCodes codes = failure_codes(command);
  exit_for_lost_input(codes.error);
  try {
    const int code = action();
    return signal_exit_code() ? signal_exit_code() : code;
  } catch (const UsageError& error) {
    return usage_error(command, error.what());
  } catch (const Cancelled&) {
    return signal_exit_code() ? signal_exit_code() : codes.error;
  } catch (const BrokenPipe&) {
    return kExitBrokenPipe;
  } catch (const std::bad_alloc&) {
    complain_of_memory(app, command, "out of memory");
  } catch (const OutOfMemory& error) {
    complain_of_memory(app, command, error.what());
  } catch (const UnsupportedPrecision& error) {
    complain(command, error.what(), Lines::kept);  // one for each missing kernel
  } catch (const FormatError& error) {
    if (signal_exit_code()) return signal_exit_code();
    complain(command, error.what());
    return codes.format;
  } catch (const ExistsError& error) {
    if (signal_exit_code()) return signal_exit_code();
    complain_of_existing(app, command, error.what());
  } catch (const PlacedError& error) {
    complain(command, error.what());  // also after a signal: what is in place is news
    if (signal_exit_code()) return signal_exit_code();
  } catch (const std::exception& error) {
    if (signal_exit_code()) return signal_exit_code();  // whatever the interruption made fail
    complain(command, error.what());
  }
  return codes.error;
}

int program(int argc, char** argv) {
  hold_standard_streams();
  install_signal_handlers();
  CLI::App app("Mixed-precision computing where the dtype is the truth.", "candor");
  Action action;
  app.set_version_flag("--version", version_text, "Version, build hash and compiler");
  app.set_help_flag("-h,--help", "This text");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.formatter(help_formatter());
  for (auto* add : {add_run, add_logits, add_convert, add_bench, add_kernels, add_prove, add_audit, add_diff,
                    add_canary, add_explain, add_info})
    add(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return run_action(app, "candor", [&] {
      std::ostringstream out, err;
      app.exit(success, out, err);
      write_out(out.str());
      return kExitOk;
    });
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> unknown = app.remaining(true);
    const bool missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    if (missing && !unknown.empty() && !app.get_subcommands().empty())
      return usage_error(command_name(app), not_an_option(unknown.front()));
    const std::string first = argc > 1 ? argv[1] : "";
    if (app.get_subcommands().empty()) return no_command(app, first);
    return usage_error(command_name(app), error.what());
  } catch (const std::exception& error) {  // --version asks the machine, which CANDOR_ISA can make refuse
    complain("candor", error.what());
    return kExitError;
  }
  return run_action(app, command_name(app), action);
}

}  // namespace
}  // namespace candor::cli

int main(int argc, char** argv) { return candor::cli::program(argc, argv); }
