// Lies of the engine around the kernels: the linker calls these functions wherever the library or the program names
// the honest one (--wrap, see CMakeLists.txt). Parameters and results are those of the function of the symbol.
#include <cstring>
#include <vector>

#include "candor/generate.h"
#include "core/block_cache.h"
#include "core/ledger.h"
#include "core/storage.h"
#include "models/llama/forward.h"
#include "tests/prove/liars/lies.h"

namespace candor::liars {

#define CANDOR_HONEST(symbol) asm("__real_" symbol)
#define CANDOR_LYING(symbol) asm("__wrap_" symbol)

// --- candor::Storage::allocate -----------------------------------------------------------------------------------

std::shared_ptr<Storage> honest_allocate(std::uint64_t bytes, DType dtype)
    CANDOR_HONEST("_ZN6candor7Storage8allocateEmNS_5DTypeE");
std::shared_ptr<Storage> lying_allocate(std::uint64_t bytes, DType dtype)
    CANDOR_LYING("_ZN6candor7Storage8allocateEmNS_5DTypeE");

std::shared_ptr<Storage> lying_allocate(std::uint64_t bytes, DType dtype) {
  if (told() != Lie::stores_f32 || dtype != DType::bf16) return honest_allocate(bytes, dtype);
  std::shared_ptr<Storage> storage = honest_allocate(2 * bytes, dtype);
  if (bytes > 0) std::memset(storage->writable() + bytes, 1, bytes);  // pages that nobody touches take no memory
  return storage;
}

// --- candor::memory::take and give_back --------------------------------------------------------------------------

std::byte* honest_take(std::uint64_t bytes) CANDOR_HONEST("_ZN6candor6memory4takeEm");
std::byte* lying_take(std::uint64_t bytes) CANDOR_LYING("_ZN6candor6memory4takeEm");
void honest_give_back(std::byte* block, std::uint64_t bytes) CANDOR_HONEST("_ZN6candor6memory9give_backEPSt4bytem");
void lying_give_back(std::byte* block, std::uint64_t bytes) CANDOR_LYING("_ZN6candor6memory9give_backEPSt4bytem");

std::byte* lying_take(std::uint64_t bytes) {
  if (told() != Lie::memory_counted_once) return honest_take(bytes);
  std::byte* block = honest_take(2 * bytes);
  if (block != nullptr) std::memset(block + bytes, 1, bytes);
  return block;
}

void lying_give_back(std::byte* block, std::uint64_t bytes) {
  honest_give_back(block, told() == Lie::memory_counted_once ? 2 * bytes : bytes);
}

// --- candor::ledger ----------------------------------------------------------------------------------------------

void honest_record_cast(DType from, DType to, std::string_view reason, std::uint64_t elements)
    CANDOR_HONEST("_ZN6candor6ledger11record_castENS_5DTypeES1_St17basic_string_viewIcSt11char_traitsIcEEm");
void lying_record_cast(DType from, DType to, std::string_view reason, std::uint64_t elements)
    CANDOR_LYING("_ZN6candor6ledger11record_castENS_5DTypeES1_St17basic_string_viewIcSt11char_traitsIcEEm");

void lying_record_cast(DType from, DType to, std::string_view reason, std::uint64_t elements) {
  if (told() != Lie::cast_not_in_ledger) honest_record_cast(from, to, reason, elements);
}

void honest_record(const ledger::KernelCall& call) CANDOR_HONEST("_ZN6candor6ledger6recordERKNS0_10KernelCallE");
void lying_record(const ledger::KernelCall& call) CANDOR_LYING("_ZN6candor6ledger6recordERKNS0_10KernelCallE");

std::vector<ledger::BytesOf> halved(std::span<const ledger::BytesOf> counts) {
  std::vector<ledger::BytesOf> all(counts.begin(), counts.end());
  for (ledger::BytesOf& count : all) count.bytes /= 2;
  return all;
}

void lying_record(const ledger::KernelCall& call) {
  if (told() != Lie::receipt_undercounts) return honest_record(call);
  const std::vector<ledger::BytesOf> read = halved(call.read), written = halved(call.written);
  ledger::KernelCall less = call;
  less.read = read;
  less.written = written;
  honest_record(less);
}

// --- candor::LanguageModel::load ---------------------------------------------------------------------------------

LanguageModel honest_load(const std::string& path, const LoadOptions& options) CANDOR_HONEST(
    "_ZN6candor13LanguageModel4loadERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11LoadOptionsE");
LanguageModel lying_load(const std::string& path, const LoadOptions& options) CANDOR_LYING(
    "_ZN6candor13LanguageModel4loadERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11LoadOptionsE");

LanguageModel lying_load(const std::string& path, const LoadOptions& options) {
  LoadOptions used = options;
  if (told() == Lie::precision_ignored) used.precision = {};
  return honest_load(path, used);
}

// --- candor::models::llama_hidden --------------------------------------------------------------------------------

#define CANDOR_LLAMA_HIDDEN \
  "_ZN6candor6models12llama_hiddenERKNS0_10LlamaModelERKNS_6TensorElRNS_2nn7KvCacheERKNS0_14ForwardOptionsE"
Tensor honest_hidden(const models::LlamaModel& model, const Tensor& ids, std::int64_t first, nn::KvCache& cache,
                     const models::ForwardOptions& options) CANDOR_HONEST(CANDOR_LLAMA_HIDDEN);
Tensor lying_hidden(const models::LlamaModel& model, const Tensor& ids, std::int64_t first, nn::KvCache& cache,
                    const models::ForwardOptions& options) CANDOR_LYING(CANDOR_LLAMA_HIDDEN);

/// Four bits of bf16's eight are left, in f32 too.
void keep_half_of_the_bits(Tensor& tensor) {
  auto* bytes = static_cast<std::uint8_t*>(tensor.data());
  const std::uint64_t width = tensor.nbytes() / static_cast<std::uint64_t>(tensor.elements());
  for (std::uint64_t i = 0; i < tensor.nbytes(); i += width) {
    std::memset(bytes + i, 0, width - 2);
    bytes[i + width - 2] &= 0xf0;
  }
}

Tensor lying_hidden(const models::LlamaModel& model, const Tensor& ids, std::int64_t first, nn::KvCache& cache,
                    const models::ForwardOptions& options) {
  Tensor hidden = honest_hidden(model, ids, first, cache, options);
  const bool there = hidden.defined() && !hidden.is_shape_only() && hidden.is_contiguous() && hidden.elements() > 0;
  if (told() == Lie::prefill_differs && ids.elements() > 1 && there) keep_half_of_the_bits(hidden);
  return hidden;
}

}  // namespace candor::liars
