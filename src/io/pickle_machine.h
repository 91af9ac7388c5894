// The stack machine that reads pickles; see pickle.h for what it leaves behind.
#pragma once

#include <unordered_map>
#include <vector>

#include "io/pickle.h"

namespace candor::io {

class PickleMachine {
 public:
  explicit PickleMachine(ByteCursor& cursor);
  Pickle run();

 private:
  struct Opcode;
  static const Opcode* const* opcodes();  // by their byte; nullptr: not understood

  // The cursor, the stack and the memo.
  template <class T>
  T read() {
    return cursor_.read<T>("an opcode's argument");
  }
  [[noreturn]] void fail(const std::string& what) const { cursor_.fail_at(opcode_at_, what); }
  void push(PickleId id);
  PickleId pop();
  PickleId top() const;
  void open_mark();
  std::vector<PickleId> pop_mark();  // everything above the last mark, and the mark
  void put(std::uint64_t key);
  void get(std::uint64_t key);

  // New values.
  PickleId add(PickleKind kind, std::uint64_t number = 0);
  void push_new(PickleKind kind, std::uint64_t number = 0) { push(add(kind, number)); }
  void push_bytes(PickleKind kind, std::uint64_t length);
  void push_long(std::uint64_t length);
  void push_symbol(std::string_view module, std::string_view name);
  void push_tuple(std::span<const PickleId> items);
  void push_top_tuple(std::size_t count);  // of the uppermost values
  void push_call(PickleId callable, PickleId arguments);
  void extend(PickleId target, std::span<const PickleId> items, PickleKind kind);
  void push_filled(PickleKind kind);  // of everything above the last mark

  // Opcodes of several lines.
  void protocol();
  void frame();
  void real();
  void global();
  void stack_global();
  void persistent();
  void reduce();
  void new_object(bool keywords);
  void build();
  void append();
  void set_item();
  void fill_marked(PickleKind kind);
  void stop();
  std::string_view line(std::string_view what);

  ByteCursor& cursor_;
  std::uint64_t begin_, opcode_at_ = 0;
  bool stopped_ = false;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::unordered_map<std::uint64_t, PickleId> memo_;
  std::uint64_t held_ = 0;  // items in tuples and containers
};

}  // namespace candor::io
