"""Samplers: one page each, all of one signature. They know a model only as a ``Denoiser``; source: spec models.md E."""
