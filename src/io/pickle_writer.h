// The few opcodes of pickle protocol 2 that a checkpoint needs. What repeats goes through the memo.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace candor::io {

class PickleWriter {
 public:
  PickleWriter() : bytes_("\x80\x02") {}

  void opcode(char code) { bytes_ += code; }
  void mark() { opcode('('); }
  void tuple() { opcode('t'); }  // of everything above the mark
  void empty_tuple() { opcode(')'); }
  void empty_dict() { opcode('}'); }
  void set_items() { opcode('u'); }  // everything above the mark
  void no() { opcode('\x89'); }
  void persistent() { opcode('Q'); }
  void reduce() { opcode('R'); }

  void integer(std::uint64_t value);  // below 2^63
  void text(std::string_view value);  // UTF-8 of less than 2^32 bytes
  void symbol(std::string_view module, std::string_view name);
  void repeated_text(std::string_view value);  // for the few that come again

  /// The whole pickle.
  std::string finish() { return std::move(bytes_ += '.'); }

 private:
  /// The value from the memo; false when it is not there and the caller must write it, and then remember() it.
  bool recall(const std::string& key);
  void remember(const std::string& key);

  std::string bytes_;
  std::map<std::string, std::uint8_t> memo_;
};

}  // namespace candor::io
