#include "kernels/cases_qkv_projection.h"
#include "kernels/suite-inl.h"

namespace candor::test {

template <> std::unique_ptr<OpSuite> make_suite<QkvProjection>() { return std::make_unique<Suite<QkvProjection>>(); }

}  // namespace candor::test
