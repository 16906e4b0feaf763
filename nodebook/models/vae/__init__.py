"""Between pictures and latents: encoding and decoding, whole or in tiles, and the tiny decoders of previews."""
