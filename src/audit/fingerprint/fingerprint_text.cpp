#include "audit/fingerprint/fingerprint_text.h"

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::audit_internal {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json, const std::string& subject) {
  std::string line = json.dump();
  line += '\n';
  if (line.size() > kLongestLine)
    throw ValueError("fingerprint: " + io::quote(subject) + " takes a line of " + std::to_string(line.size()) +
                     " bytes, a fingerprint file has at most " + std::to_string(kLongestLine) +
                     "; leave it out or give it a shorter name");
  return line;
}

}  // namespace

std::string header_line(std::uint64_t checkpoints, const std::string& written_by) {
  return line_of({{"schema", kFingerprintSchema}, {"written_by", written_by}, {"checkpoints", checkpoints}},
                 "the header");
}

std::string checkpoint_line(const CheckpointBegin& begin) {
  Json json{{"checkpoint", text_json(begin.path)}, {"format", begin.format}};
  return line_of(json, begin.path);
}

std::string tensor_line(const Fingerprint& tensor, const LabelFacts& label) {
  return line_of(tensor_json(tensor, label), tensor.name);
}

std::string end_line(std::uint64_t tensors, const CheckpointEnd& end) {
  Json json = Json::object({{"end", tensors}});
  if (!end.error.empty()) json["error"] = text_json(end.error);
  for (const std::string& note : end.notes) json["notes"].push_back(text_json(note));
  return line_of(json, "the end of a checkpoint");
}

}  // namespace candor::audit_internal
