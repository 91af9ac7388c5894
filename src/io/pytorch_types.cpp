#include "io/pytorch_types.h"

#include <algorithm>
#include <iterator>

namespace candor::io {
namespace {

constexpr PytorchType kTypes[] = {
    {"float64", "DoubleStorage", DType::f64, 8},
    {"float32", "FloatStorage", DType::f32, 4},
    {"float16", "HalfStorage", DType::f16, 2},
    {"bfloat16", "BFloat16Storage", DType::bf16, 2},
    {"int64", "LongStorage", DType::i64, 8},
    {"int32", "IntStorage", DType::i32, 4},
    {"int16", "ShortStorage", DType::i16, 2},
    {"int8", "CharStorage", DType::i8, 1},
    {"uint8", "ByteStorage", DType::u8, 1},
    {"bool", "BoolStorage", DType::bool_, 1},
    {"complex64", "ComplexFloatStorage", DType::c64, 8},
    {"complex128", "ComplexDoubleStorage", DType::any, 16},
    {"complex32", "", DType::any, 4},
    {"quint8", "QUInt8Storage", DType::any, 1},
    {"qint8", "QInt8Storage", DType::any, 1},
    {"qint32", "QInt32Storage", DType::any, 4},
    {"quint4x2", "QUInt4x2Storage", DType::any, 1},
    {"quint2x4", "QUInt2x4Storage", DType::any, 1},
    {"uint16", "", DType::u16, 2},
    {"uint32", "", DType::u32, 4},
    {"uint64", "", DType::u64, 8},
    {"float8_e4m3fn", "", DType::f8_e4m3, 1},
    {"float8_e5m2", "", DType::f8_e5m2, 1},
    {"float8_e4m3fnuz", "", DType::f8_e4m3fnuz, 1},
    {"float8_e5m2fnuz", "", DType::f8_e5m2fnuz, 1},
    {"float8_e8m0fnu", "", DType::f8_e8m0, 1},
    {"float4_e2m1fn_x2", "", DType::any, 1},  // two values in what PyTorch counts as one
};

constexpr std::string_view kTorch = "torch.";

constexpr std::string_view kKnown[] = {
    "collections.OrderedDict",
    "collections.defaultdict",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._tensor._rebuild_from_type_v2",
    "torch.storage.UntypedStorage",
    "torch.storage.TypedStorage",
    "torch.storage._TypedStorage",
    "torch.storage._UntypedStorage",
    "torch.UntypedStorage",
    "torch.Size",
    "torch.Tensor",
    "torch.device",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
};

}  // namespace

const PytorchType* pytorch_type_of_storage(std::string_view symbol) {
  if (!symbol.starts_with(kTorch)) return nullptr;
  const std::string_view name = symbol.substr(kTorch.size());
  const auto it = std::find_if(std::begin(kTypes), std::end(kTypes),
                               [&](const PytorchType& type) { return !type.storage.empty() && type.storage == name; });
  return it == std::end(kTypes) ? nullptr : &*it;
}

const PytorchType* pytorch_type_of_dtype(std::string_view symbol) {
  if (!symbol.starts_with(kTorch)) return nullptr;
  const std::string_view name = symbol.substr(kTorch.size());
  const auto it =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const PytorchType& type) { return type.name == name; });
  return it == std::end(kTypes) ? nullptr : &*it;
}

const PytorchType* pytorch_type_of(DType dtype) {
  const auto it = std::find_if(std::begin(kTypes), std::end(kTypes),
                               [&](const PytorchType& type) { return dtype != DType::any && type.dtype == dtype; });
  return it == std::end(kTypes) ? nullptr : &*it;
}

bool pytorch_symbol_is_known(std::string_view symbol) {
  return pytorch_type_of_storage(symbol) != nullptr || pytorch_type_of_dtype(symbol) != nullptr ||
         std::find(std::begin(kKnown), std::end(kKnown), symbol) != std::end(kKnown);
}

}  // namespace candor::io
