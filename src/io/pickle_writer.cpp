#include "io/pickle_writer.h"

#include "io/little_endian.h"

namespace candor::io {

void PickleWriter::integer(std::uint64_t value) {
  if (value <= UINT8_MAX) {
    opcode('K');
    append_little_endian(bytes_, static_cast<std::uint8_t>(value));
  } else if (value <= UINT16_MAX) {
    opcode('M');
    append_little_endian(bytes_, static_cast<std::uint16_t>(value));
  } else if (value <= INT32_MAX) {
    opcode('J');
    append_little_endian(bytes_, static_cast<std::int32_t>(value));
  } else {
    opcode('\x8a');  // two's complement of so many bytes
    append_little_endian(bytes_, static_cast<std::uint8_t>(sizeof value));
    append_little_endian(bytes_, value);
  }
}

void PickleWriter::text(std::string_view value) {
  opcode('X');
  append_little_endian(bytes_, static_cast<std::uint32_t>(value.size()));
  bytes_ += value;
}

void PickleWriter::symbol(std::string_view module, std::string_view name) {
  const std::string lines = std::string(module).append("\n").append(name).append("\n");
  if (recall(lines)) return;
  opcode('c');
  bytes_ += lines;
  remember(lines);
}

void PickleWriter::repeated_text(std::string_view value) {
  const std::string key(value);
  if (recall(key)) return;
  text(value);
  remember(key);
}

bool PickleWriter::recall(const std::string& key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) return false;
  opcode('h');
  append_little_endian(bytes_, found->second);
  return true;
}

void PickleWriter::remember(const std::string& key) {
  const auto number = static_cast<std::uint8_t>(memo_.size());  // a few dozen symbols at most
  memo_.emplace(key, number);
  opcode('q');
  append_little_endian(bytes_, number);
}

}  // namespace candor::io
