// The symbol table of an ELF file: which function lies where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace candor::prove {

struct Symbol {
  std::uint64_t address, size;  // as the file says, before it is loaded anywhere
  std::string name;
  bool is_function;  // otherwise an object
};

/// Functions and objects of .symtab, by rising address, one for each address. Empty: the file is stripped.
/// errors: FormatError where the file is no 64-bit little-endian ELF file or points outside itself
std::vector<Symbol> elf_symbols(std::span<const std::byte> file);

/// The symbol whose bytes hold `address`; nullptr: none.
const Symbol* symbol_at(const std::vector<Symbol>& symbols, std::uint64_t address);

}  // namespace candor::prove
