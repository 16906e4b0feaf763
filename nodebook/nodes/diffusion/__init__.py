"""The diffusion nodes: thin functions over ``nodebook.models``, with ComfyUI's names, inputs and defaults."""
