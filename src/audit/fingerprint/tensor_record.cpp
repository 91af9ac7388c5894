#include "audit/fingerprint/tensor_record.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/fingerprint/counts_text.h"
#include "audit/fingerprint/witness_kinds.h"
#include "audit/scan/span_counter.h"
#include "io/checked.h"
#include "io/refuse.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr auto kMostExtent = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

DType read_dtype(const RecordFields& fields, const std::string& key) {
  const std::string name = fields.text(key);
  if (name == dtype_name(DType::any)) return DType::any;
  const std::optional<DType> dtype = parse_dtype(name);
  if (!dtype || dtype_info(*dtype).block_bytes == 0)
    fields.refuse(key, "is " + io::quote(name) + ", which is no dtype that files have");
  return *dtype;
}

void read_shape(const RecordFields& fields, Fingerprint& tensor) {
  const auto& shape = fields.array("shape", kMostExtents);
  for (const auto& extent : shape) {
    if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > kMostExtent)
      fields.refuse("shape", "holds what is no extent; an extent is a whole number up to 2^63 - 1");
    tensor.shape.push_back(static_cast<std::int64_t>(extent.get<std::uint64_t>()));
  }
  tensor.elements = fields.number("elements");
  tensor.offset = fields.number("offset");
  tensor.nbytes = fields.number("bytes");
  const std::optional<std::uint64_t> elements = io::checked_elements(tensor.shape);
  if (elements != tensor.elements)
    fields.refuse("elements", "is " + std::to_string(tensor.elements)
                                          .append(", and the shape ")
                                          .append(io::shape_text(tensor.shape))
                                          .append(elements ? " has " + std::to_string(*elements) : " is no tensor's"));
  if (tensor.dtype == DType::any) return;
  const std::optional<std::uint64_t> bytes = dtype_bytes(tensor.dtype, tensor.elements);
  if (bytes != tensor.nbytes)
    fields.refuse("bytes", "is " + std::to_string(tensor.nbytes)
                                       .append(" where ")
                                       .append(std::to_string(tensor.elements))
                                       .append(" elements of ")
                                       .append(dtype_name(tensor.dtype))
                                       .append(bytes ? " take " + std::to_string(*bytes) : " are no whole blocks"));
}

/// Refuses counts that are not those of all elements.
void require_all(const RecordFields& fields, const std::string& key, std::optional<std::uint64_t> sum,
                 const Fingerprint& tensor) {
  if (sum == tensor.elements) return;
  fields.refuse(key, std::string("counts ")
                         .append(sum ? std::to_string(*sum) : "2^64 or more")
                         .append(" values of a tensor that has ")
                         .append(std::to_string(tensor.elements)));
}

void read_codes(const RecordFields& fields, Fingerprint& tensor) {
  if (fields.has("code_dtype")) tensor.code_dtype = read_dtype(fields, "code_dtype");
  const bool right =
      is_wide(tensor.dtype)
          ? tensor.code_dtype == DType::any || tensor.code_dtype == DType::bf16 || tensor.code_dtype == DType::f16
          : tensor.code_dtype == (is_counted(tensor.dtype) ? tensor.dtype : DType::any);
  if (!right)
    fields.refuse("code_dtype", std::string("is ")
                                    .append(dtype_name(tensor.code_dtype))
                                    .append(", which is not how the values of a tensor of ")
                                    .append(dtype_name(tensor.dtype))
                                    .append(" are counted"));
  if (tensor.code_dtype == DType::any) {
    if (fields.has("codes")) fields.refuse("codes", "has no 'code_dtype'");
    return;
  }
  tensor.codes = fields.counts("codes", std::uint64_t{1} << 8 * dtype_info(tensor.code_dtype).block_bytes);
  require_all(fields, "codes", sum_of(tensor.codes), tensor);
}

void read_wide(const RecordFields& wide, Fingerprint& tensor) {
  wide.know({"zeros", "infinities", "nans", "subnormals", "sum_squares", "significands", "distinct"});
  tensor.zeros = wide.number_at_most("zeros", tensor.elements);
  tensor.infinities = wide.number_at_most("infinities", tensor.elements);
  tensor.nans = wide.number_at_most("nans", tensor.elements);
  tensor.subnormals = wide.number_at_most("subnormals", tensor.elements);
  tensor.sum_squares = wide.real("sum_squares");
  constexpr std::size_t kCells = static_cast<std::size_t>(SignificandCounts::kExponents * SignificandCounts::kZeros);
  const CodeCounts cells = wide.counts("significands", kCells);
  tensor.significands.counts.resize(kCells);
  for (const auto& [cell, count] : cells) tensor.significands.counts[cell] = count;
  std::optional<std::uint64_t> sum = sum_of(cells);
  for (const std::uint64_t more : {tensor.zeros, tensor.infinities, tensor.nans})
    if (sum) sum = io::checked_add(*sum, more);
  require_all(wide, "significands", sum, tensor);
  for (const auto& [zeros, count] : wide.counts("distinct", tensor.distinct_by_zeros.size())) {
    if (count > kDistinctCap)
      wide.refuse("distinct", "counts " + std::to_string(count).append(" patterns where at most ") +
                                  std::to_string(kDistinctCap) + " are counted");
    tensor.distinct_by_zeros[zeros] = count;
  }
}

void read_witnesses(const RecordFields& fields, Fingerprint& tensor) {
  const std::size_t size = fields.array("witnesses", kWitnessKinds * kWitnessesPerKind).size();
  for (std::size_t i = 0; i < size; ++i) {
    const RecordFields item = fields.item("witnesses", i);
    item.know({"kind", "index", "code", "offset"});
    const std::string name = item.text("kind");
    const std::optional<ClassWitness::Kind> kind = parse_witness_kind(name);
    if (!kind) item.refuse("kind", "is " + io::quote(name) + ", which is no kind of witness");
    ClassWitness& witness = tensor.witnesses.emplace_back();
    witness.kind = *kind;
    witness.index = item.number("index");
    if (witness.index >= tensor.elements)
      item.refuse("index", "is " + std::to_string(witness.index).append(" in a tensor of ") +
                               std::to_string(tensor.elements) + " elements");
    witness.code = item.hexadecimal("code");
    if (item.has("offset")) witness.offset = item.number("offset");
    const int bits = 8 * dtype_info(tensor.dtype).block_bytes;
    if (bits < 64 && witness.code >> bits != 0)
      item.refuse("code", std::string("is wider than an element of ").append(dtype_name(tensor.dtype)));
  }
}

AuditDistinct read_distinct(const RecordFields& fields) {
  fields.know({"extent", "block", "expected", "slots", "blocks"});
  AuditDistinct distinct;
  distinct.extent = fields.text("extent");
  distinct.block = static_cast<std::uint32_t>(fields.number_at_most("block", kMost32));
  distinct.expected = fields.real("expected");
  if (!std::isfinite(distinct.expected) || distinct.expected < 0)
    fields.refuse("expected", "is no number of codes; it must be finite and not negative");
  distinct.blocks.resize(fields.number_at_most("slots", kMostDistinctCodes));
  for (const auto& [different, count] : fields.counts("blocks", kMostDistinctCodes)) {
    if (different >= distinct.blocks.size() || count > kMost32)
      fields.refuse("blocks", "counts " + std::to_string(count).append(" blocks with ") + std::to_string(different) +
                                  " different codes; 'slots' is " + std::to_string(distinct.blocks.size()) +
                                  ", and a count has 32 bits");
    distinct.blocks[different] = static_cast<std::uint32_t>(count);
  }
  return distinct;
}

AuditBlockScheme read_scheme(const RecordFields& fields) {
  fields.know({"name", "extent", "block", "tested", "fitting", "bits", "scale", "zero"});
  AuditBlockScheme scheme;
  scheme.name = fields.text("name");
  scheme.extent = fields.text("extent");
  scheme.block = static_cast<std::uint32_t>(fields.number_at_most("block", kMost32));
  scheme.tested = fields.number("tested");
  scheme.fitting = fields.number_at_most("fitting", scheme.tested);
  scheme.bits = fields.real("bits");
  scheme.scale = fields.real("scale");
  scheme.zero = fields.real("zero");
  return scheme;
}

void read_blocks(const RecordFields& fields, BlockEvidence& blocks) {
  fields.know({"sampled", "distinct", "schemes"});
  blocks.sampled = fields.number("sampled");
  const std::size_t sizes = fields.array("distinct", kMostDistinct).size();
  for (std::size_t i = 0; i < sizes; ++i) blocks.distinct.push_back(read_distinct(fields.item("distinct", i)));
  const std::size_t schemes = fields.array("schemes", kMostSchemes).size();
  for (std::size_t i = 0; i < schemes; ++i) blocks.schemes.push_back(read_scheme(fields.item("schemes", i)));
}

}  // namespace

TensorRecord read_tensor(const RecordFields& fields) {
  fields.know({"tensor", "file", "type", "dtype", "shape", "elements", "offset", "bytes", "identity", "label", "rows",
               "zero_rows", "code_dtype", "codes", "wide", "witnesses", "blocks"});
  TensorRecord record;
  Fingerprint& tensor = record.tensor;
  tensor.name = fields.text("tensor");
  tensor.file = fields.text("file");
  tensor.type_name = fields.text("type");
  tensor.dtype = read_dtype(fields, "dtype");
  read_shape(fields, tensor);
  tensor.identity = fields.hexadecimal("identity");
  if (fields.has("label")) {
    const RecordFields label = fields.object("label");
    label.know({"contradiction", "sub", "f32_by_convention"});
    record.label = {label.text("contradiction"), label.text("sub"), label.flag("f32_by_convention")};
  }
  if (fields.has("rows")) {
    tensor.rows = fields.number_at_most("rows", tensor.elements);
    tensor.zero_rows = fields.number_at_most("zero_rows", tensor.rows);
  }
  read_codes(fields, tensor);
  if (fields.has("wide") != is_wide(tensor.dtype))
    fields.refuse("wide", "belongs to tensors of f32 and f64, to all of them and to no other");
  if (fields.has("wide")) read_wide(fields.object("wide"), tensor);
  if (fields.has("witnesses")) read_witnesses(fields, tensor);
  if (fields.has("blocks")) read_blocks(fields.object("blocks"), tensor.blocks);
  return record;
}

}  // namespace candor::audit_internal
