"""Small files that change a network's weights: LoRA and its relatives, and merges of whole models.

Source: spec models.md, section J.
"""
