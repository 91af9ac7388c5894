// The subcommands: one file each, named after it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace candor::cli {

using Action = std::function<int()>;  // returns the exit code; errors are thrown

// Each adds its subcommand to `app`; when that one is parsed, `action` becomes what it does.
void add_run(CLI::App& app, Action& action);
void add_logits(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_kernels(CLI::App& app, Action& action);
void add_prove(CLI::App& app, Action& action);
void add_audit(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_canary(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);

}  // namespace candor::cli
