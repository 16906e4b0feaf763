"""From a prompt to what a diffusion network is conditioned on: weights syntax, tokens, chunks, encoders.

Source: spec models.md, section G. ``encode.py`` joins the parts.
"""
