"""Latent formats: how a VAE's latents and a model's differ, and what colours latents roughly are.

Source: spec models.md B (scales, shifts and the latent -> RGB fits).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from nodebook.models.arithmetic import divided, scaled

Rows = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class LatentFormat:
    """z_model = (z_vae - shift) * scale; an all-zero latent is never passed through (it stands for "nothing yet")."""

    name: str
    channels: int
    scale: float
    shift: float = 0.0
    spatial: int = 8
    """Pixels to one latent element along each side."""

    rgb: Rows = ()
    """[channels] rows of (R, G, B) weights in the model's scale, giving -1..1; empty where none were fitted."""

    rgb_bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tiny_vae: str = ""
    """The stem of the TAESD decoder's file that draws previews of this format."""

    def process_in(self, latent: Tensor) -> Tensor:
        """Return a VAE's latent in the model's scale."""
        return scaled(latent - self.shift if self.shift else latent, self.scale)

    def process_out(self, latent: Tensor) -> Tensor:
        """Return a model's latent in the VAE's scale."""
        return divided(latent, self.scale, self.shift)


SD1 = LatentFormat(
    "sd1",
    channels=4,
    scale=0.18215,
    rgb=(
        (0.3512, 0.2297, 0.3227),
        (0.3250, 0.4974, 0.2350),
        (-0.2829, 0.1762, 0.2721),
        (-0.2120, -0.2616, -0.7177),
    ),
    tiny_vae="taesd_decoder",
)
SDXL = LatentFormat(
    "sdxl",
    channels=4,
    scale=0.13025,
    rgb=(
        (0.3651, 0.4232, 0.4341),
        (-0.2533, -0.0042, 0.1068),
        (0.1076, 0.1111, -0.0362),
        (-0.3165, -0.2492, -0.2188),
    ),
    rgb_bias=(0.1084, -0.0175, -0.0011),
    tiny_vae="taesdxl_decoder",
)
SD3 = LatentFormat(
    "sd3",
    channels=16,
    scale=1.5305,
    shift=0.0609,
    rgb=(
        (-0.0922, -0.0175, 0.0749),
        (0.0311, 0.0633, 0.0954),
        (0.1994, 0.0927, 0.0458),
        (0.0856, 0.0339, 0.0902),
        (0.0587, 0.0272, -0.0496),
        (-0.0006, 0.1104, 0.0309),
        (0.0978, 0.0306, 0.0427),
        (-0.0042, 0.1038, 0.1358),
        (-0.0194, 0.0020, 0.0669),
        (-0.0488, 0.0130, -0.0268),
        (0.0922, 0.0988, 0.0951),
        (-0.0278, 0.0524, -0.0542),
        (0.0332, 0.0456, 0.0895),
        (-0.0069, -0.0030, -0.0810),
        (-0.0596, -0.0465, -0.0293),
        (-0.1448, -0.1463, -0.1189),
    ),
    rgb_bias=(0.2394, 0.2135, 0.1925),
    tiny_vae="taesd3_decoder",
)
