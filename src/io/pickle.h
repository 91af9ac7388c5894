// What a pickle says, as data: a tree whose calls are written down and never made.
#pragma once

#include <cstdint>
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

/// One value. What the numbers mean depends on the kind; Pickle's accessors know.
struct PickleNode {
  PickleKind kind = PickleKind::none;
  std::uint32_t state = 0;     // call: id + 1 of what BUILD gave it; text, bytes: length
  std::uint32_t contents = 0;  // list, dict, set, call: 1 + place in `contents`, 0 when nothing was added
  std::uint32_t arguments = 0;
  std::uint64_t position = 0;  // of the opcode in the file: where errors point
  std::uint64_t number = 0;
};

/// The result of run_pickle(). Texts are views of the file. Ids may form cycles: whoever walks must count his steps.
class Pickle {
 public:
  PickleId root() const { return root_; }
  std::size_t size() const { return nodes_.size(); }
  PickleKind kind(PickleId id) const { return nodes_[id].kind; }
  std::uint64_t position(PickleId id) const { return nodes_[id].position; }

  bool is_integer(PickleId id) const { return kind(id) == PickleKind::integer; }
  std::int64_t integer(PickleId id) const { return static_cast<std::int64_t>(nodes_[id].number); }  // integer, boolean
  std::string_view text(PickleId id) const;  // text, bytes; integers of more than 8 bytes are bytes
  /// symbol: "module.name"
  const std::string& symbol(PickleId id) const { return symbols_[nodes_[id].number]; }

  /// tuple, list, set: the items; dict and a call that was filled like one: key, value, key, value, …
  std::span<const PickleId> items(PickleId id) const;

  PickleId callable(PickleId id) const { return static_cast<PickleId>(nodes_[id].number); }  // call
  PickleId arguments(PickleId id) const { return nodes_[id].arguments; }                     // call: a tuple
  bool has_state(PickleId id) const { return kind(id) == PickleKind::call && nodes_[id].state != 0; }
  PickleId state(PickleId id) const { return nodes_[id].state - 1; }                      // of a call that has_state()
  PickleId inner(PickleId id) const { return static_cast<PickleId>(nodes_[id].number); }  // persistent: its id

  /// A call of the symbol `name` ("" otherwise).
  std::string_view called(PickleId id) const;

 private:
  friend class PickleMachine;
  const std::byte* file_ = nullptr;
  PickleId root_ = 0;
  std::vector<PickleNode> nodes_;
  std::vector<PickleId> tuples_;                 // the items of all tuples
  std::vector<std::vector<PickleId>> contents_;  // of what grows: lists, dicts, sets, calls
  std::vector<std::string> symbols_;
};

/// Reads one pickle (protocols 2 to 5) at the cursor, up to and including its STOP. Nothing is imported, called or
/// built; memory grows with the opcodes that are there, up to fixed limits. errors: FormatError
Pickle run_pickle(ByteCursor& cursor);

}  // namespace candor::io
