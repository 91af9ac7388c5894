// Loads a language model and streams an answer.    generate_text MODEL PROMPT
#include <cstdio>

#include "candor/error.h"
#include "candor/generate.h"

int main(int argc, char** argv) {
  using namespace candor;
  if (argc != 3) {
    std::fprintf(stderr, "usage: generate_text MODEL PROMPT\n");
    return 2;
  }
  try {
    LoadOptions options;
    options.precision = ModelPrecision::parse("bf16");
    const LanguageModel model = LanguageModel::load(argv[1], options);
    Session session(model, 128);

    GenerateOptions generating;
    generating.max_tokens = 12;
    generating.sampler.temperature = 0;  // greedy
    const auto show = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); };
    const GenerateResult result =
        model.has_chat_template() ? Chat(session, "").say(argv[2], generating, show)
                                  : generate(session, model.tokenizer().encode(argv[2], true, true), generating, show);

    std::printf("\n%zu tokens, ended by %s; weights %llu bytes, KV cache %llu bytes\n", result.tokens.size(),
                stop_reason_name(result.reason).data(), static_cast<unsigned long long>(model.info().weight_bytes),
                static_cast<unsigned long long>(session.kv_bytes()));
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "generate_text: %s\n", error.what());
    return 1;
  }
}
