// Shapes that the attention kernels do not take.
#include "backend/cpu/attention/attention.h"

namespace candor::cpu {

std::string_view attention_flash_refuses(const Attention& args) {
  if (args.q.shape[3] % 2 != 0) return "the head dim must be even";
  for (const ConstView* view : {&args.q, &args.k, &args.v}) {
    if (view->stride[3] != 1) return "q, k and v must be contiguous along the head dim";
  }
  if (args.k.shape[1] < 1) return "there must be at least one key";
  return "";
}

std::string_view attention_decode_refuses(const Attention& args) {
  if (args.q.shape[1] > kDecodeTokens) return "more than 4 query tokens: attention_flash takes them";
  return attention_flash_refuses(args);
}

}  // namespace candor::cpu
