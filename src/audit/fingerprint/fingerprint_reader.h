// Reads what FingerprintWriter wrote, and files that claim to be that, one line at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "audit/fingerprint/fingerprint_text.h"

namespace candor::audit_internal {

/// False of files of another kind: their first line is no record. What is empty or damaged later may have been one.
bool may_be_fingerprint(std::string_view text);

using FingerprintEvent = std::variant<CheckpointBegin, TensorRecord, CheckpointEnd>;

/// Several files one after the other are a fingerprint file: each begins with its header.
class FingerprintReader {
 public:
  /// `text` outlives this; `file` names it in errors.
  FingerprintReader(std::string_view text, const std::string& file);

  /// Nothing at the end of the file. Memory is bounded by that of one line.
  /// errors   FormatError with the line and the byte of the first violation
  std::optional<FingerprintEvent> next();

  std::uint64_t position() const { return at_; }  // bytes that were read
  /// Refuses the last line for what stands at `key`. errors: FormatError, always
  [[noreturn]] void refuse(const std::string& key, const std::string& what, std::string_view remedy = kRewrite) const {
    place_.refuse({key}, what, remedy);
  }

 private:
  enum class State { begin, between, inside };  // … the file; two checkpoints; one of them

  void next_line();
  void read_header(const RecordFields& fields);
  CheckpointBegin read_begin(const RecordFields& fields);
  CheckpointEnd read_end(const RecordFields& fields);
  [[noreturn]] void refuse_end() const;
  std::string expected() const;                      // in words
  void require_turn(const std::string& kind) const;  // of line

  std::string_view text_;
  std::uint64_t at_ = 0;
  LinePlace place_;
  State state_ = State::begin;
  std::uint64_t promised_ = 0, checkpoints_ = 0;  // by the last header; since then
  std::uint64_t tensors_ = 0;                     // of the checkpoint at hand
};

}  // namespace candor::audit_internal
