// The stack machine that reads pickles; see pickle.h for what it leaves behind.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "io/pickle.h"

namespace candor::io {

/// "a tuple", as errors say it.
std::string_view pickle_kind_name(PickleKind kind);

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
  std::uint64_t consumed() const { return opcode_at_ - begin_; }

  // New values.
  PickleId add(PickleKind kind, std::uint64_t number = 0, unsigned header = 0);
  void push_new(PickleKind kind, std::uint64_t number = 0) { push(add(kind, number)); }
  void push_shared(std::optional<PickleId>& shared, PickleKind kind, std::uint64_t number = 0);
  void push_none() { push_shared(none_, PickleKind::none); }
  void push_boolean(bool value) { push_shared(booleans_[value ? 1 : 0], PickleKind::boolean, value ? 1 : 0); }
  void push_bytes(PickleKind kind, std::uint64_t length);
  void push_long(std::uint64_t length);
  void push_symbol(std::string_view module, std::string_view name);
  void push_tuple(std::span<const PickleId> items);
  void push_top_tuple(std::size_t count);  // of the uppermost values
  void push_call(PickleId callable, PickleId arguments);
  PickleRange hold(std::span<const PickleId> items);
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
  std::uint64_t joined(std::uint64_t last);
  void join_runs();
  std::string_view line(std::string_view what);

  ByteCursor& cursor_;
  std::uint64_t begin_, opcode_at_ = 0;
  bool stopped_ = false;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::vector<PickleId> memo_;      // by key, as far as keys are as small as writers make them
  std::unordered_map<std::uint64_t, PickleId> distant_memo_;  // the few others
  std::uint64_t remembered_ = 0;                              // different keys
  std::unordered_map<std::string, std::uint64_t> symbol_numbers_;
  std::optional<PickleId> none_, booleans_[2], empty_tuple_;  // values that nothing can change, made once

  /// What one opcode added to a container. Until the pickle stops its number is 1 + that of its last run.
  struct Run {
    PickleRange items;
    std::uint32_t before = 0;  // 1 + the run before this one
  };
  std::vector<Run> runs_;
};

}  // namespace candor::io
