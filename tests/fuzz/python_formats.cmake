candor_fuzz_target(pytorch LAYERS io)
candor_fuzz_target(pickle LAYERS io)
candor_fuzz_target(npy LAYERS io)
candor_fuzz_target(npz LAYERS io)
