// candor info: this machine, this build, and how each dtype is handled here.
#include <memory>
#include <optional>

#include "candor/machine.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

struct InfoOptions {
  bool probe = false, json = false;
};

constexpr const char* kExamples =
    "matmul: native (an instruction takes the dtype), via f32 (widened exactly on entry) or refused.\n"
    "Dtypes that are storage only can be read, named and copied by convert.\n"
    "\n"
    "Examples:\n"
    "  candor info --probe\n"
    "  candor info --json";

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string machine_table(const MachineInfo& m) {
  Table table({Table::Align::left, Table::Align::left});
  table.add({"candor", m.version + " (" + m.build_hash + ", " + m.compiler + ")"});
  table.add({"cpu", m.cpu_model});
  table.add(
      {"isa", m.active_isa == m.best_isa ? m.active_isa : m.active_isa + " (forced down from " + m.best_isa + ")"});
  table.add({"features", join(m.features)});
  table.add({"cores", std::to_string(m.cores) + ", " + std::to_string(m.threads) + " threads used"});
  table.add({"memory", format_bytes(m.memory_bytes)});
  return table.text();
}

std::string ceilings_table(const Ceilings& c) {
  Table table({Table::Align::left, Table::Align::right});
  table.add({"memory read", format_byte_rate(c.read_bytes_per_second)});
  table.add({"f32 fma", format_flop_rate(c.fma_flops_per_second)});
  if (c.dpbf16_flops_per_second > 0) table.add({"vdpbf16ps", format_flop_rate(c.dpbf16_flops_per_second)});
  return table.text();
}

// Dtypes that no kernel reads share one line.
std::string dtype_table() {
  Table table(std::vector<Table::Align>(4, Table::Align::left));
  table.add({"dtype", "storage", "matmul", "cast"});
  std::vector<std::string> storage_only;
  for (const DTypeSupport& s : dtype_support()) {
    if (dtype_info(s.dtype).storage_only)
      storage_only.emplace_back(dtype_name(s.dtype));
    else
      table.add({std::string(dtype_name(s.dtype)), s.storage, s.matmul, s.cast});
  }
  return table.text() + "\nstorage only: " + join(storage_only) + "\n";
}

std::string info_json(const MachineInfo& m, const std::optional<Ceilings>& c) {
  nlohmann::ordered_json json;
  json["version"] = m.version;
  json["build_hash"] = m.build_hash;
  json["compiler"] = m.compiler;
  json["cpu"] = m.cpu_model;
  json["isa"] = m.active_isa;
  json["best_isa"] = m.best_isa;
  json["features"] = m.features;
  json["cores"] = m.cores;
  json["threads"] = m.threads;
  json["memory_bytes"] = m.memory_bytes;
  json["dtypes"] = nlohmann::ordered_json::array();
  for (const DTypeSupport& s : dtype_support())
    json["dtypes"].push_back(
        {{"dtype", dtype_name(s.dtype)}, {"storage", s.storage}, {"matmul", s.matmul}, {"cast", s.cast}});
  if (c)
    json["ceilings"] = {{"read_bytes_per_second", c->read_bytes_per_second},
                        {"fma_flops_per_second", c->fma_flops_per_second},
                        {"dpbf16_flops_per_second", c->dpbf16_flops_per_second}};
  return json_text(json);
}

int run(const InfoOptions& options) {
  const MachineInfo machine = machine_info();
  std::optional<Ceilings> ceilings;
  if (options.probe) ceilings = measure_ceilings();
  if (options.json) {
    write_out(info_json(machine, ceilings));
    return kExitOk;
  }
  write_out(machine_table(machine) + (ceilings ? "\n" + ceilings_table(*ceilings) : "") + "\n" + dtype_table());
  return kExitOk;
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App& command = *app.add_subcommand("info", "This machine, and how it handles each dtype");
  command.add_flag("--probe", options->probe, "Measure memory read, FMA and VDPBF16PS peaks (about a second)");
  command.add_flag("--json", options->json, "As JSON");
  command.footer(kExamples);
  command.callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace candor::cli
