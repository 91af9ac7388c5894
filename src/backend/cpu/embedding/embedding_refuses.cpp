// Layouts that the gather does not take.
#include "backend/cpu/embedding/embedding.h"

namespace candor::cpu {

std::string_view embedding_gather_refuses(const Embedding& args) {
  if (args.table.layout == Layout::strided && args.table.shape[1] > 1 && args.table.stride[1] != 1) {
    return "rows of the table must be contiguous";
  }
  return "";
}

}  // namespace candor::cpu
