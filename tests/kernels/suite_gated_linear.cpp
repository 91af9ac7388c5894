#include "kernels/cases_gated_linear.h"
#include "kernels/suite-inl.h"

namespace candor::test {

template <> std::unique_ptr<OpSuite> make_suite<GatedLinear>() { return std::make_unique<Suite<GatedLinear>>(); }

}  // namespace candor::test
