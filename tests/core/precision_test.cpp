#include "candor/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "candor/error.h"

namespace candor {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

TEST(Precision, Text) {
  const Precision precision{.a = DType::bf16, .b = DType::q4_0, .out = DType::f32};
  EXPECT_EQ(to_string(precision), "a=bf16 b=q4_0 out=f32 · compute=f32 · accumulate=f32");
}

TEST(ModelPrecision, ShortForms) {
  EXPECT_EQ(ModelPrecision::parse("auto").to_string(),
            "weights=stored,activations=bf16,compute=f32,accumulate=f32,kv=bf16");
  EXPECT_EQ(ModelPrecision::parse("bf16").to_string(),
            "weights=bf16,activations=bf16,compute=f32,accumulate=f32,kv=bf16");
  EXPECT_EQ(ModelPrecision::parse("f16").to_string(), "weights=f16,activations=f16,compute=f32,accumulate=f32,kv=f16");
  EXPECT_EQ(ModelPrecision::parse("f32").to_string(), "weights=f32,activations=f32,compute=f32,accumulate=f32,kv=f32");
}

TEST(ModelPrecision, LongForm) {
  for (const char* text : {"weights=bf16,activations=f32,compute=bf16,accumulate=f64,kv=f16",
                           "weights=stored,activations=bf16,compute=tf32,accumulate=f32,kv=f8_e4m3",
                           "weights=q4_k,activations=f32,compute=f32,accumulate=f32,kv=f32"})
    EXPECT_EQ(ModelPrecision::parse(text).to_string(), text);
  const ModelPrecision partial = ModelPrecision::parse("kv=f32,weights=f16");
  EXPECT_EQ(partial.kv, DType::f32);
  EXPECT_EQ(partial.weights, DType::f16);
  EXPECT_EQ(partial.activations, DType::bf16);  // auto's
}

TEST(ModelPrecision, ErrorsListWhatIsAllowed) {
  const auto parse = [](const char* text) { return [text] { ModelPrecision::parse(text); }; };
  EXPECT_THAT(parse("bf17"), ThrowsMessage<ValueError>(AllOf(HasSubstr("'bf17'"), HasSubstr("auto, bf16, f16, f32"))));
  EXPECT_THAT(parse(""), ThrowsMessage<ValueError>(HasSubstr("''")));
  EXPECT_THAT(parse("weight=bf16"), ThrowsMessage<ValueError>(AllOf(
                                        HasSubstr("unknown key 'weight'"),
                                        HasSubstr("weights, activations, compute, accumulate, kv"))));
  EXPECT_THAT(parse("weights=i32"), ThrowsMessage<ValueError>(AllOf(
                                        HasSubstr("weights=i32 is not possible; weights can be stored, f64, f32, f16"),
                                        HasSubstr("q6_k"), Not(HasSubstr("tf32")), Not(HasSubstr("q2_k")))));
  EXPECT_THAT(parse("kv=q8_0"), ThrowsMessage<ValueError>(AllOf(HasSubstr("kv can be f64, f32, f16, bf16"),
                                                               Not(HasSubstr("q4_0")))));
  EXPECT_THAT(parse("activations=tf32"), ThrowsMessage<ValueError>(HasSubstr("activations=tf32")));
  EXPECT_THAT(parse("compute=stored"), ThrowsMessage<ValueError>(HasSubstr("compute can be f64, f32, tf32, f16")));
  EXPECT_THAT(parse("kv=bf16,kv=bf16"), ThrowsMessage<ValueError>(HasSubstr("kv is given twice")));
  EXPECT_THAT(parse("kv=bf16,"), ThrowsMessage<ValueError>(HasSubstr("''")));
  EXPECT_THAT(parse("weights=any"), ThrowsMessage<ValueError>(HasSubstr("weights=any")));
}

}  // namespace
}  // namespace candor
