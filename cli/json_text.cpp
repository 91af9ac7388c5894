#include "cli/json_text.h"

#include <cmath>
#include <stdexcept>

#include "candor/machine.h"
#include "cli/format.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

Json name_or_null(DType dtype) { return dtype == DType::any ? Json(nullptr) : Json(dtype_name(dtype)); }

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string json_text(const Json& json) { return dumped(json) + "\n"; }

void write_json(const TextSink& sink, const Json& document, const std::string& member, const JsonItems& items) {
  const std::string text = json_text(document);
  // Quotes are escaped in every string, so that this is a member wherever it stands.
  const std::string empty = "\"" + member + "\": []";
  const std::size_t at = text.find(empty);
  if (at == std::string::npos) throw std::logic_error("write_json: the document has no empty array " + member);
  const std::size_t open = at + empty.size() - 1;  // before its ]
  const std::string outside = "\n" + std::string(at - text.rfind('\n', at) - 1, ' '), inside = outside + "  ";
  sink(std::string_view(text).substr(0, open));
  bool any = false;
  items([&](const Json& item) {
    // No string has a raw newline either: each begins a line of the item.
    std::string part = (any ? "," : "") + inside;
    for (const char c : dumped(item)) {
      if (c == '\n')
        part += inside;
      else
        part += c;
    }
    sink(part);
    any = true;
  });
  if (any) sink(outside);
  sink(std::string_view(text).substr(open));
}

Json json_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json document_json(const std::string& schema) {
  const MachineInfo machine = machine_info();
  Json json;
  json["schema"] = schema;
  json["created"] = utc_now();
  json["candor"] = {{"version", machine.version}, {"build_hash", machine.build_hash}, {"compiler", machine.compiler}};
  json["machine"] = {{"cpu", machine.cpu_model},
                     {"isa", machine.active_isa},
                     {"best_isa", machine.best_isa},
                     {"threads", machine.threads}};
  return json;
}

Json precision_json(const Precision& p) {
  return {{"a", name_or_null(p.a)},
          {"b", name_or_null(p.b)},
          {"out", name_or_null(p.out)},
          {"compute", name_or_null(p.compute)},
          {"accumulate", name_or_null(p.accumulate)}};
}

}  // namespace candor::cli
