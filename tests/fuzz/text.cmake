candor_fuzz_target(jinja LAYERS text)
candor_fuzz_target(tokenizer_json LAYERS text)
