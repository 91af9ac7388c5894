// What a pickle says, as data: a tree whose calls are written down and never made.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/byte_cursor.h"

namespace candor::io {

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  symbol,
  tuple,
  list,
  dict,
  set,
  call,
  persistent
};

using PickleId = std::uint32_t;

/// One value in 16 bytes: a pickle has up to one for every two of its own.
class PickleNode {
 public:
  PickleNode(PickleKind kind, std::uint64_t position, std::uint64_t number, unsigned header = 0)
      : head_(position << 16 | std::uint64_t{header} << 8 | static_cast<std::uint64_t>(kind)), number_(number) {}
  PickleKind kind() const { return static_cast<PickleKind>(head_ & 0xff); }
  std::uint64_t position() const { return head_ >> 16; }           // of the opcode in the file: where errors point
  std::uint64_t content() const { return position() + header(); }  // text, bytes: of the first byte
  std::uint64_t number() const { return number_; }                 // what it means depends on the kind
  void set_number(std::uint64_t number) { number_ = number; }

 private:
  std::uint64_t header() const { return head_ >> 8 & 0xff; }  // text, bytes: of the opcode and the length
  std::uint64_t head_, number_;
};

/// Consecutive items of all that are in a pickle.
struct PickleRange {
  std::uint32_t first = 0, count = 0;
  static PickleRange of(std::uint64_t number) {
    return {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)};
  }
  std::uint64_t number() const { return first | std::uint64_t{count} << 32; }  // as nodes hold it
};

struct PickleCall {
  PickleId callable = 0, arguments = 0;
  std::uint32_t state = 0;     // id + 1 of what BUILD gave it
  std::uint64_t contents = 0;  // a range, as a list has it
};

/// The result of run_pickle(). Texts are views of the file. Ids may form cycles: whoever walks must count his steps.
class Pickle {
 public:
  PickleId root() const { return root_; }
  std::size_t size() const { return nodes_.size(); }
  std::uint64_t bytes() const { return bytes_; }  // of the pickle in its file
  PickleKind kind(PickleId id) const { return nodes_[id].kind(); }
  /// Of the opcode. None, the bools and the empty tuple are one value each: where they came first.
  std::uint64_t position(PickleId id) const { return nodes_[id].position(); }

  bool is_integer(PickleId id) const { return kind(id) == PickleKind::integer; }
  std::int64_t integer(PickleId id) const { return static_cast<std::int64_t>(nodes_[id].number()); }  // or boolean
  std::string_view text(PickleId id) const;  // text, bytes; integers of more than 8 bytes are bytes
  /// symbol: "module.name"
  const std::string& symbol(PickleId id) const { return symbols_[nodes_[id].number()]; }

  /// tuple, list, set: the items; dict and a call that was filled like one: key, value, key, value, …
  std::span<const PickleId> items(PickleId id) const;

  PickleId callable(PickleId id) const { return call(id).callable; }    // call
  PickleId arguments(PickleId id) const { return call(id).arguments; }  // call: a tuple
  bool has_state(PickleId id) const { return kind(id) == PickleKind::call && call(id).state != 0; }
  PickleId state(PickleId id) const { return call(id).state - 1; }  // of a call that has_state()
  PickleId inner(PickleId id) const { return static_cast<PickleId>(nodes_[id].number()); }  // persistent: its id

  /// A call of the symbol `name` ("" otherwise).
  std::string_view called(PickleId id) const;

 private:
  friend class PickleMachine;
  const PickleCall& call(PickleId id) const { return calls_[nodes_[id].number()]; }

  const std::byte* file_ = nullptr;
  PickleId root_ = 0;
  std::uint64_t bytes_ = 0;
  std::deque<PickleNode> nodes_;  // which grow without a copy of what is there
  std::deque<PickleCall> calls_;
  std::vector<PickleId> items_;  // of all tuples, lists, dicts, sets and calls
  std::vector<std::string> symbols_;
};

/// Reads one pickle (protocols 2 to 5) at the cursor, up to and including its STOP. Nothing is imported, called or
/// built; memory stays within some ten times the pickle's bytes, and fixed limits. errors: FormatError
Pickle run_pickle(ByteCursor& cursor);

}  // namespace candor::io
