#include "prove/code/elf_symbols.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "candor/error.h"

namespace candor::prove {
namespace {

// The sizes and numbers of the ELF-64 specification, which <elf.h> has on Linux only.
constexpr std::uint64_t kHeaderBytes = 64, kSectionBytes = 64, kSymbolBytes = 24;
constexpr std::uint32_t kSymbolTable = 2, kStringTable = 3;
constexpr unsigned kObject = 1, kFunction = 2;

[[noreturn]] void refuse(const std::string& why) { throw FormatError("prove: this program's own file: " + why); }

/// Reads little-endian numbers; nothing outside the file is ever touched.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Bytes part(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) refuse("a part of it would lie outside");
    return Bytes(bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)));
  }
  std::uint64_t size() const { return bytes_.size(); }
  std::uint64_t number(std::uint64_t offset, int bytes) const {
    const Bytes field = part(offset, static_cast<std::uint64_t>(bytes));
    std::uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint64_t>(field.bytes_[static_cast<std::size_t>(i)]);
    return value;
  }
  /// Up to the next zero byte.
  std::string text(std::uint64_t offset) const {
    const Bytes rest = part(offset, size() - std::min(offset, size()));
    const auto end = std::find(rest.bytes_.begin(), rest.bytes_.end(), std::byte{0});
    if (end == rest.bytes_.end()) refuse("a name does not end");
    return {reinterpret_cast<const char*>(rest.bytes_.data()), static_cast<std::size_t>(end - rest.bytes_.begin())};
  }

 private:
  std::span<const std::byte> bytes_;
};

struct Section {
  std::uint32_t type, link;
  std::uint64_t offset, size;
};

std::vector<Section> sections_of(const Bytes& file) {
  if (file.size() < kHeaderBytes || file.number(0, 4) != 0x464c457f) refuse("no ELF file");
  if (file.number(4, 1) != 2 || file.number(5, 1) != 1) refuse("no 64-bit little-endian ELF file");
  const std::uint64_t at = file.number(40, 8), step = file.number(58, 2), count = file.number(60, 2);
  if (at != 0 && step != kSectionBytes) refuse("section headers of " + std::to_string(step) + " bytes, not 64");
  const Bytes table = file.part(at, at == 0 ? 0 : count * kSectionBytes);  // 16 bits times 64: no overflow
  std::vector<Section> sections;
  for (std::uint64_t i = 0; i < table.size(); i += kSectionBytes)
    sections.push_back({static_cast<std::uint32_t>(table.number(i + 4, 4)),
                        static_cast<std::uint32_t>(table.number(i + 40, 4)), table.number(i + 24, 8),
                        table.number(i + 32, 8)});
  return sections;
}

std::optional<Symbol> symbol_of(const Bytes& entry, const Bytes& names) {
  const auto type = static_cast<unsigned>(entry.number(4, 1) & 15);
  const std::uint64_t section = entry.number(6, 2), address = entry.number(8, 8);
  if ((type != kFunction && type != kObject) || section == 0 || address == 0) return std::nullopt;
  return Symbol{address, entry.number(16, 8), names.text(entry.number(0, 4)), type == kFunction};
}

/// Aliases (a constructor's two names) share an address: the longest of them stays.
void sort_by_address(std::vector<Symbol>& symbols) {
  std::sort(symbols.begin(), symbols.end(), [](const Symbol& x, const Symbol& y) {
    return x.address != y.address ? x.address < y.address : x.size != y.size ? x.size > y.size : x.name < y.name;
  });
  const auto same = [](const Symbol& x, const Symbol& y) { return x.address == y.address; };
  symbols.erase(std::unique(symbols.begin(), symbols.end(), same), symbols.end());
}

}  // namespace

std::vector<Symbol> elf_symbols(std::span<const std::byte> file) {
  const Bytes bytes(file);
  const std::vector<Section> sections = sections_of(bytes);
  std::vector<Symbol> symbols;
  for (const Section& section : sections) {
    if (section.type != kSymbolTable) continue;
    if (section.link >= sections.size() || sections[section.link].type != kStringTable) refuse("symbols without names");
    const Bytes names = bytes.part(sections[section.link].offset, sections[section.link].size);
    const Bytes table = bytes.part(section.offset, section.size);
    if (table.size() % kSymbolBytes != 0) refuse("a symbol table of " + std::to_string(table.size()) + " bytes");
    for (std::uint64_t i = 0; i < table.size(); i += kSymbolBytes)
      if (auto symbol = symbol_of(table.part(i, kSymbolBytes), names)) symbols.push_back(std::move(*symbol));
  }
  sort_by_address(symbols);
  return symbols;
}

const Symbol* symbol_at(const std::vector<Symbol>& symbols, std::uint64_t address) {
  auto next = std::upper_bound(symbols.begin(), symbols.end(), address,
                               [](std::uint64_t at, const Symbol& symbol) { return at < symbol.address; });
  if (next == symbols.begin()) return nullptr;
  const Symbol& symbol = *--next;
  return address - symbol.address < symbol.size ? &symbol : nullptr;
}

}  // namespace candor::prove
