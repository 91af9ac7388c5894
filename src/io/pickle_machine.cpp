#include "io/pickle_machine.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace candor::io {
namespace {

// Far above what a checkpoint of a hundred thousand tensors needs; at 32 bytes a value a hostile file costs 128 MiB.
constexpr std::uint64_t kMostValues = 1u << 22, kMostItems = 1u << 24;
constexpr std::size_t kDeepestStack = 1u << 20, kMostMarks = 1u << 12;
constexpr std::uint64_t kLongestLine = 1024;

std::string_view kind_name(PickleKind kind) {
  constexpr std::string_view kNames[] = {"None",  "a bool",    "an integer",     "a float", "a text",
                                         "bytes", "a symbol",  "a tuple",        "a list",  "a dict",
                                         "a set", "an object", "a persistent id"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

Pickle run_pickle(ByteCursor& cursor) { return PickleMachine(cursor).run(); }

PickleMachine::PickleMachine(ByteCursor& cursor) : cursor_(cursor), begin_(cursor.position()) {
  pickle_.file_ = cursor.take(0, "a pickle") - cursor.position();
}

PickleId PickleMachine::add(PickleKind kind, std::uint64_t number) {
  if (pickle_.nodes_.size() >= kMostValues)
    fail("the pickle has more than " + std::to_string(kMostValues) + " values, the most that are read");
  PickleNode node;
  node.kind = kind;
  node.position = opcode_at_;
  node.number = number;
  pickle_.nodes_.push_back(node);
  return static_cast<PickleId>(pickle_.nodes_.size() - 1);
}

void PickleMachine::push(PickleId id) {
  if (stack_.size() >= kDeepestStack)
    fail("the pickle's stack is higher than " + std::to_string(kDeepestStack) + ", the most that is read");
  stack_.push_back(id);
}

PickleId PickleMachine::top() const {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) fail("the opcode takes a value but the pickle's stack has none above its mark");
  return stack_.back();
}

PickleId PickleMachine::pop() {
  const PickleId id = top();
  stack_.pop_back();
  return id;
}

void PickleMachine::open_mark() {
  if (marks_.size() >= kMostMarks)
    fail("the pickle nests deeper than " + std::to_string(kMostMarks) + " marks, the most that are read");
  marks_.push_back(stack_.size());
}

std::vector<PickleId> PickleMachine::pop_mark() {
  if (marks_.empty()) fail("the opcode takes what is above a mark but there is no mark");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleId> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::put(std::uint64_t key) {
  const PickleId id = top();
  if (memo_.size() >= kMostValues) fail("the pickle's memo has more than " + std::to_string(kMostValues) + " values");
  memo_[key] = id;
}

void PickleMachine::get(std::uint64_t key) {
  const auto it = memo_.find(key);
  if (it == memo_.end())
    fail("the pickle takes value " + std::to_string(key) + " from its memo, where nothing was put");
  push(it->second);
}

void PickleMachine::push_bytes(PickleKind kind, std::uint64_t length) {
  if (length > UINT32_MAX) fail("a text of " + std::to_string(length) + " bytes; at most 4294967295 are read");
  const std::uint64_t at = cursor_.position();
  cursor_.take(length, "a text");
  const PickleId id = add(kind, at);
  pickle_.nodes_[id].state = static_cast<std::uint32_t>(length);
  push(id);
}

void PickleMachine::push_long(std::uint64_t length) {
  if (length > sizeof(std::int64_t)) return push_bytes(PickleKind::bytes, length);
  const std::byte* digits = cursor_.take(length, "an integer");  // two's complement, little-endian
  const bool negative = length > 0 && std::to_integer<int>(digits[length - 1] & std::byte{0x80}) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  if (length > 0) std::memcpy(&value, digits, length);
  push_new(PickleKind::integer, value);
}

void PickleMachine::push_symbol(std::string_view module, std::string_view name) {
  if (!is_utf8(module) || !is_utf8(name)) fail("a symbol's name is not UTF-8");
  pickle_.symbols_.push_back(std::string(module).append(".").append(name));
  push_new(PickleKind::symbol, pickle_.symbols_.size() - 1);
}

void PickleMachine::push_tuple(std::span<const PickleId> items) {
  held_ += items.size();
  if (held_ > kMostItems) fail("the pickle's containers hold more than " + std::to_string(kMostItems) + " items");
  const PickleId id = add(PickleKind::tuple, pickle_.tuples_.size());
  pickle_.nodes_[id].contents = static_cast<std::uint32_t>(items.size());
  pickle_.tuples_.insert(pickle_.tuples_.end(), items.begin(), items.end());
  push(id);
}

void PickleMachine::push_top_tuple(std::size_t count) {
  PickleId items[3] = {};
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push_tuple({items, count});
}

void PickleMachine::push_call(PickleId callable, PickleId arguments) {
  if (pickle_.kind(arguments) != PickleKind::tuple)
    fail("a call takes " + std::string(kind_name(pickle_.kind(arguments))) + " where a tuple of arguments belongs");
  const PickleId id = add(PickleKind::call, callable);
  pickle_.nodes_[id].arguments = arguments;
  push(id);
}

void PickleMachine::extend(PickleId target, std::span<const PickleId> items, PickleKind kind) {
  const PickleKind found = pickle_.kind(target);
  if (found != kind && found != PickleKind::call)
    fail("the opcode fills " + std::string(kind_name(kind)) + " but finds " + std::string(kind_name(found)));
  if (items.empty()) return;
  held_ += items.size();
  if (held_ > kMostItems) fail("the pickle's containers hold more than " + std::to_string(kMostItems) + " items");
  std::uint32_t& place = pickle_.nodes_[target].contents;
  if (place == 0) {
    pickle_.contents_.emplace_back();
    place = static_cast<std::uint32_t>(pickle_.contents_.size());
  }
  std::vector<PickleId>& contents = pickle_.contents_[place - 1];
  contents.insert(contents.end(), items.begin(), items.end());
}

void PickleMachine::push_filled(PickleKind kind) {
  const std::vector<PickleId> items = pop_mark();
  if (kind == PickleKind::tuple) return push_tuple(items);
  const PickleId id = add(kind);
  if (kind == PickleKind::dict && items.size() % 2 != 0) fail("a key without a value");
  extend(id, items, kind);
  push(id);
}

void PickleMachine::protocol() {
  constexpr unsigned kFirst = 2, kLast = 5;
  const auto version = read<std::uint8_t>();
  if (opcode_at_ != begin_) fail("a second pickle begins inside the first");
  if (version < kFirst || version > kLast)
    fail("the pickle has protocol " + std::to_string(version) + "; 2 to 5 are read");
}

void PickleMachine::frame() {
  const auto bytes = read<std::uint64_t>();
  if (bytes > cursor_.remaining())
    fail("a frame of " + std::to_string(bytes) + " bytes where " + std::to_string(cursor_.remaining()) + " are left");
}

void PickleMachine::real() {
  std::uint64_t big_endian = read<std::uint64_t>();
  push_new(PickleKind::real, __builtin_bswap64(big_endian));
}

std::string_view PickleMachine::line(std::string_view what) {
  const std::uint64_t longest = std::min(cursor_.remaining(), kLongestLine);
  const std::uint64_t at = cursor_.position();
  const char* text = reinterpret_cast<const char*>(pickle_.file_) + at;
  const void* end = std::memchr(text, '\n', longest);
  if (end == nullptr) fail(std::string(what) + " does not end within " + std::to_string(longest) + " bytes");
  const auto length = static_cast<std::uint64_t>(static_cast<const char*>(end) - text);
  cursor_.take(length + 1, what);
  return {text, length};
}

void PickleMachine::global() {
  const std::string_view module = line("a module's name");
  push_symbol(module, line("a symbol's name"));
}

void PickleMachine::stack_global() {
  const PickleId name = pop(), module = pop();
  if (pickle_.kind(name) != PickleKind::text || pickle_.kind(module) != PickleKind::text)
    fail("a symbol's module and name are no texts");
  if (pickle_.text(name).size() > kLongestLine || pickle_.text(module).size() > kLongestLine)
    fail("a symbol's name has more than " + std::to_string(kLongestLine) + " bytes");
  push_symbol(pickle_.text(module), pickle_.text(name));
}

void PickleMachine::persistent() {
  const PickleId inner = pop();
  push_new(PickleKind::persistent, inner);
}

void PickleMachine::reduce() {
  const PickleId arguments = pop();
  push_call(pop(), arguments);
}

void PickleMachine::new_object(bool keywords) {
  if (keywords) pop();  // a dict of named arguments, which no symbol that is understood takes
  reduce();
}

void PickleMachine::build() {
  const PickleId state = pop(), target = top();
  if (pickle_.kind(target) != PickleKind::call)
    fail("a state is set on " + std::string(kind_name(pickle_.kind(target))) + ", which has none");
  pickle_.nodes_[target].state = state + 1;
}

void PickleMachine::append() {
  const PickleId item = pop();
  extend(top(), {&item, 1}, PickleKind::list);
}

void PickleMachine::set_item() {
  const PickleId value = pop(), key = pop();
  const PickleId pair[] = {key, value};
  extend(top(), pair, PickleKind::dict);
}

void PickleMachine::fill_marked(PickleKind kind) {
  const std::vector<PickleId> items = pop_mark();
  if (kind == PickleKind::dict && items.size() % 2 != 0) fail("a key without a value");
  extend(top(), items, kind);
}

void PickleMachine::stop() {
  pickle_.root_ = pop();
  if (!stack_.empty() || !marks_.empty()) fail("the pickle stops with values left on its stack");
  stopped_ = true;
}

}  // namespace candor::io
