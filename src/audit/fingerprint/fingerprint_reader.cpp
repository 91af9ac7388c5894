#include "audit/fingerprint/fingerprint_reader.h"

#include <algorithm>

#include "audit/checkpoint_audit.h"
#include "io/refuse.h"
#include "io/strict_json.h"

namespace candor::audit_internal {
namespace {

constexpr std::size_t kMostNotes = 4096;
constexpr const char* kKinds[] = {"schema", "checkpoint", "tensor", "end"};

bool is_format(const std::string& name) {
  constexpr CheckpointFormat kFormats[] = {CheckpointFormat::safetensors, CheckpointFormat::gguf,
                                           CheckpointFormat::pytorch, CheckpointFormat::npy};
  return name.empty() || std::any_of(std::begin(kFormats), std::end(kFormats),
                                     [&name](CheckpointFormat format) { return format_name(format) == name; });
}

}  // namespace

bool may_be_fingerprint(std::string_view text) {
  if (text.empty()) return true;
  const std::string_view begin = text.substr(0, kLongestLine), line = begin.substr(0, begin.find('\n'));
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos || line[first] != '{') return false;
  return std::any_of(std::begin(kKinds), std::end(kKinds), [line](std::string_view kind) {
    return line.find('"' + std::string(kind) + '"') != std::string_view::npos;
  });
}

FingerprintReader::FingerprintReader(std::string_view text, const std::string& file) : text_(text) {
  place_.file = file;
}

void FingerprintReader::next_line() {
  ++place_.number;
  place_.start = at_;
  const std::string_view rest = text_.substr(at_);
  const std::size_t length = rest.substr(0, kLongestLine).find('\n');
  if (length == std::string_view::npos) {
    const char* what =
        rest.size() < kLongestLine ? "the file ends within a line: it is truncated" : "a line of more than 4 MiB";
    place_.text = {};
    place_.refuse({}, what);
  }
  place_.text = rest.substr(0, length);
  at_ += length + 1;
}

void FingerprintReader::refuse_end() const {
  LinePlace end{place_.file, place_.number + 1, at_, {}};
  if (state_ == State::inside)
    end.refuse({}, "the file ends within a checkpoint, after " + std::to_string(tensors_) + " of its tensors");
  if (state_ == State::begin) end.refuse({}, "the file is empty");
  end.refuse({}, "the file ends after " + std::to_string(checkpoints_).append(" of ") + std::to_string(promised_) +
                     " checkpoints");
}

void FingerprintReader::read_header(const RecordFields& fields) {
  const std::string schema = fields.text("schema");
  if (schema != kFingerprintSchema)
    fields.refuse("schema", "is " + io::quote(schema).append(" where ") + io::quote(kFingerprintSchema) + " belongs");
  fields.know({"schema", "written_by", "checkpoints"});
  fields.text("written_by");
  promised_ = fields.number("checkpoints");
  if (promised_ == 0) fields.refuse("checkpoints", "is 0; a fingerprint file has one at least");
  checkpoints_ = 0;
  state_ = State::between;
}

CheckpointBegin FingerprintReader::read_begin(const RecordFields& fields) {
  fields.know({"checkpoint", "format"});
  CheckpointBegin begin{fields.text("checkpoint"), fields.text("format")};
  if (!is_format(begin.format))
    fields.refuse("format", "is " + io::quote(begin.format) + ", which is no format of checkpoints");
  tensors_ = 0;
  state_ = State::inside;
  return begin;
}

CheckpointEnd FingerprintReader::read_end(const RecordFields& fields) {
  fields.know({"end", "error", "notes"});
  if (const std::uint64_t said = fields.number("end"); said != tensors_)
    fields.refuse(
        "end", "is " + std::to_string(said).append(", and ") + std::to_string(tensors_) + " tensors stand before it");
  CheckpointEnd end;
  if (fields.has("error")) end.error = fields.text("error");
  if (fields.has("notes")) end.notes = fields.texts("notes", kMostNotes);
  ++checkpoints_;
  state_ = State::between;
  return end;
}

std::string FingerprintReader::expected() const {
  if (state_ == State::begin) return "a header, which begins with 'schema',";
  if (state_ == State::inside) return "a 'tensor' or the 'end' of the checkpoint";
  return checkpoints_ < promised_ ? "a 'checkpoint'" : "a header or the end of the file";
}

void FingerprintReader::require_turn(const std::string& kind) const {
  const bool full = checkpoints_ == promised_;
  const bool right = state_ == State::begin    ? kind == "schema"
                     : state_ == State::inside ? kind == "tensor" || kind == "end"
                                               : kind == (full ? "schema" : "checkpoint");
  if (!right) refuse(kind, "a line of " + io::quote(kind).append(" where ").append(expected()) + " belongs");
}

std::optional<FingerprintEvent> FingerprintReader::next() {
  for (;;) {
    if (at_ == text_.size()) {
      if (state_ != State::between || checkpoints_ < promised_) refuse_end();
      return std::nullopt;
    }
    next_line();
    const nlohmann::ordered_json json = io::parse_strict_json(place_.text, place_.name(), place_.start);
    const RecordFields fields(json, place_);
    const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&fields](const std::string& key) { return fields.has(key); });
    if (kind == std::end(kKinds))
      place_.refuse({}, "a line that has none of 'schema', 'checkpoint', 'tensor' and 'end'");
    require_turn(*kind);
    if (*kind == std::string_view("checkpoint")) return read_begin(fields);
    if (*kind == std::string_view("end")) return read_end(fields);
    if (*kind == std::string_view("tensor")) {
      ++tensors_;
      return read_tensor(fields);
    }
    read_header(fields);
  }
}

}  // namespace candor::audit_internal
