"""From a file's tensors to modules of diffusers and transformers: one module per network, no file or net access."""
