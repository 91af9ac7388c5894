// The opcodes that the machine understands: one row each. Everything else ends the reading.
#include <array>

#include "io/pickle_machine.h"

namespace candor::io {

struct PickleMachine::Opcode {
  std::uint8_t code;
  void (*act)(PickleMachine&);
  static const Opcode kRows[];
};

namespace {

// Widths of the lengths before texts.
using Length1 = std::uint8_t;
using Length4 = std::uint32_t;
using Length8 = std::uint64_t;

constexpr std::uint64_t extended(std::int64_t value) { return static_cast<std::uint64_t>(value); }

}  // namespace

const PickleMachine::Opcode PickleMachine::Opcode::kRows[] = {
    {0x80, [](PickleMachine& m) { m.protocol(); }},
    {0x95, [](PickleMachine& m) { m.frame(); }},
    {'.', [](PickleMachine& m) { m.stop(); }},
    {'(', [](PickleMachine& m) { m.open_mark(); }},
    {'0', [](PickleMachine& m) { m.pop(); }},
    {'1', [](PickleMachine& m) { m.pop_mark(); }},
    {'2', [](PickleMachine& m) { m.push(m.top()); }},
    // scalars
    {'N', [](PickleMachine& m) { m.push_none(); }},
    {0x88, [](PickleMachine& m) { m.push_boolean(true); }},
    {0x89, [](PickleMachine& m) { m.push_boolean(false); }},
    {'J', [](PickleMachine& m) { m.push_new(PickleKind::integer, extended(m.read<std::int32_t>())); }},
    {'K', [](PickleMachine& m) { m.push_new(PickleKind::integer, m.read<std::uint8_t>()); }},
    {'M', [](PickleMachine& m) { m.push_new(PickleKind::integer, m.read<std::uint16_t>()); }},
    {0x8a, [](PickleMachine& m) { m.push_long(m.read<Length1>()); }},
    {0x8b, [](PickleMachine& m) { m.push_long(m.read<Length4>()); }},
    {'G', [](PickleMachine& m) { m.real(); }},
    // texts
    {0x8c, [](PickleMachine& m) { m.push_bytes(PickleKind::text, m.read<Length1>()); }},
    {'X', [](PickleMachine& m) { m.push_bytes(PickleKind::text, m.read<Length4>()); }},
    {0x8d, [](PickleMachine& m) { m.push_bytes(PickleKind::text, m.read<Length8>()); }},
    {'U', [](PickleMachine& m) { m.push_bytes(PickleKind::text, m.read<Length1>()); }},
    {'T', [](PickleMachine& m) { m.push_bytes(PickleKind::text, m.read<Length4>()); }},
    {'C', [](PickleMachine& m) { m.push_bytes(PickleKind::bytes, m.read<Length1>()); }},
    {'B', [](PickleMachine& m) { m.push_bytes(PickleKind::bytes, m.read<Length4>()); }},
    {0x8e, [](PickleMachine& m) { m.push_bytes(PickleKind::bytes, m.read<Length8>()); }},
    {0x96, [](PickleMachine& m) { m.push_bytes(PickleKind::bytes, m.read<Length8>()); }},
    // containers
    {')', [](PickleMachine& m) { m.push_tuple({}); }},
    {0x85, [](PickleMachine& m) { m.push_top_tuple(1); }},
    {0x86, [](PickleMachine& m) { m.push_top_tuple(2); }},
    {0x87, [](PickleMachine& m) { m.push_top_tuple(3); }},
    {'t', [](PickleMachine& m) { m.push_filled(PickleKind::tuple); }},
    {']', [](PickleMachine& m) { m.push_new(PickleKind::list); }},
    {'l', [](PickleMachine& m) { m.push_filled(PickleKind::list); }},
    {'a', [](PickleMachine& m) { m.append(); }},
    {'e', [](PickleMachine& m) { m.fill_marked(PickleKind::list); }},
    {'}', [](PickleMachine& m) { m.push_new(PickleKind::dict); }},
    {'d', [](PickleMachine& m) { m.push_filled(PickleKind::dict); }},
    {'s', [](PickleMachine& m) { m.set_item(); }},
    {'u', [](PickleMachine& m) { m.fill_marked(PickleKind::dict); }},
    {0x8f, [](PickleMachine& m) { m.push_new(PickleKind::set); }},
    {0x90, [](PickleMachine& m) { m.fill_marked(PickleKind::set); }},
    {0x91, [](PickleMachine& m) { m.push_filled(PickleKind::set); }},
    // the memo
    {'q', [](PickleMachine& m) { m.put(m.read<Length1>()); }},
    {'r', [](PickleMachine& m) { m.put(m.read<Length4>()); }},
    {0x94, [](PickleMachine& m) { m.put(m.remembered_); }},
    {'h', [](PickleMachine& m) { m.get(m.read<Length1>()); }},
    {'j', [](PickleMachine& m) { m.get(m.read<Length4>()); }},
    // symbols and what Python would call; here they become nodes
    {'c', [](PickleMachine& m) { m.global(); }},
    {0x93, [](PickleMachine& m) { m.stack_global(); }},
    {'Q', [](PickleMachine& m) { m.persistent(); }},
    {'R', [](PickleMachine& m) { m.reduce(); }},
    {0x81, [](PickleMachine& m) { m.new_object(false); }},
    {0x92, [](PickleMachine& m) { m.new_object(true); }},
    {'b', [](PickleMachine& m) { m.build(); }},
};

const PickleMachine::Opcode* const* PickleMachine::opcodes() {
  static const auto kByCode = [] {
    std::array<const Opcode*, 256> table{};
    for (const Opcode& row : Opcode::kRows) table[row.code] = &row;
    return table;
  }();
  return kByCode.data();
}

Pickle PickleMachine::run() {
  constexpr std::uint64_t kMostOpcodes = 1u << 26;
  const Opcode* const* const table = opcodes();
  for (std::uint64_t count = 0; !stopped_; ++count) {
    opcode_at_ = cursor_.position();
    if (count == kMostOpcodes) fail("the pickle has more than " + std::to_string(kMostOpcodes) + " opcodes");
    const auto code = cursor_.read<std::uint8_t>("an opcode");
    if (table[code] == nullptr)
      fail("the pickle has the opcode " + std::to_string(code) + ", which no checkpoint needs");
    table[code]->act(*this);
  }
  return std::move(pickle_);
}

}  // namespace candor::io
