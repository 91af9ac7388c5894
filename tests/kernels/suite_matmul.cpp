#include "kernels/cases_matmul.h"
#include "kernels/suite-inl.h"

namespace candor::test {

template <> std::unique_ptr<OpSuite> make_suite<Matmul>() { return std::make_unique<Suite<Matmul>>(); }

}  // namespace candor::test
