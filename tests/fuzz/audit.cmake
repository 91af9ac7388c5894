candor_fuzz_target(fingerprint LAYERS audit)
