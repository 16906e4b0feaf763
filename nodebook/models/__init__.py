"""Diffusion models: detection, loading, the pool, text, sampling, guidance, VAE, LoRA, previews.

Nothing here knows of graphs, notebooks or files' places in a session. Importing this package loads nothing;
``docs/design/models.md`` has the map.
"""
