"""Nodes for changing a part of a picture."""

from nodebook.engine.annotations import Hidden
from nodebook.engine.node import node
from nodebook.models import latent_operations as latents
from nodebook.models.guidance import operations as ops
from nodebook.models.guidance.masks import DifferentialDiffusion
from nodebook.models.pool import Pool
from nodebook.nodes.blame import about
from nodebook.nodes.convert import to_image, to_mask
from nodebook.nodes.diffusion.conditioning import Share
from nodebook.nodes.diffusion.ports import Cond, LatentImage, Model, Vae
from nodebook.nodes.diffusion.vae import grey_out, leased_codec
from nodebook.nodes.ports import Image, Mask
from nodebook.nodes.sizes import resize_mask


@node(
    name="InpaintModelConditioning",
    title="InpaintModelConditioning",
    category="conditioning/inpaint",
    outputs=("positive", "negative", "latent"),
)
def inpaint_model_conditioning(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    positive: Cond,
    negative: Cond,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    *,
    noise_mask: bool = True,
    pool: Hidden[Pool],
) -> tuple[Cond, Cond, LatentImage]:
    """Show an inpainting model the picture that it is to fill, with the masked part greyed out.

    mask: 1 = made anew; resized to the picture.
    noise_mask: also keep the rest of the picture as it is.
    """
    pixels, mask = to_image(pixels), to_mask(mask)
    mask = resize_mask(mask, pixels.shape[2], pixels.shape[1])
    with leased_codec(vae, pool) as codec, about("pixels"):
        pixels, mask = codec.crop(pixels), codec.crop(mask)
        shown = codec.encode(grey_out(pixels, mask.round()))
        latent: LatentImage = {"samples": codec.encode(pixels)}
    if noise_mask:
        latent = latents.with_noise_mask(latent, mask)
    prompts = [ops.with_options(each, concat_latent_image=shown, concat_mask=mask) for each in (positive, negative)]
    return prompts[0], prompts[1], latent


@node(name="DifferentialDiffusion", title="Differential Diffusion", category="_for_testing")
def differential_diffusion(model: Model, strength: Share = 1.0) -> Model:
    """Let grey parts of a noise mask be changed from a later step on, so that changes fade in.

    strength: below 1, mixed with the mask as it is.
    """
    return model.with_option(DifferentialDiffusion(strength))


NODES = (inpaint_model_conditioning, differential_diffusion)
