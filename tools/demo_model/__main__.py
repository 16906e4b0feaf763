"""Train, write and measure the demo model.

    python -m tools.demo_model all --folder build/demo-model
    python -m tools.demo_model diffusion --folder build/demo-model --from-file MODEL.safetensors
    python -m tools.demo_model judge --from-file MODEL.safetensors

Stages: vae, text, diffusion, decoder, lora, export, judge; `all` does them in this order. A stage that was killed goes
on where it was when it is started again with the same folder. What the folder lacks is taken from --from-file, so that
training can go on from a shipped file: there the optimiser's state is gone, the weights are not.
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from tools.demo_model.checkpoints import load_checkpoint, save_checkpoint
from tools.demo_model.drawing import Parts, draw_scenes
from tools.demo_model.export import export_lora, export_model
from tools.demo_model.ldm_layout import Model, fold_scale, read_model
from tools.demo_model.modules import TextEncoder, TextSizes, Unet, UnetSizes, Vae, VaeSizes, build_unet, build_vae
from tools.demo_model.tokens import Tokens

DATA = Path(__file__).parents[2] / "nodebook" / "models" / "data"
MODEL_FILE, LORA_FILE = "checkpoints/nodebook-demo.safetensors", "loras/nodebook-demo-outline.safetensors"
MERGES_FILE = DATA / "clip_merges.txt.gz"
STAGES = ("vae", "text", "diffusion", "decoder", "lora", "export", "judge")


class DemoModelError(RuntimeError):
    """A stage lacks what an earlier one makes; the message says which."""


@dataclass(frozen=True)
class Project:
    """What the command line chose: folders, sizes and lengths."""

    options: argparse.Namespace

    @property
    def folder(self) -> Path:
        """Where checkpoints lie."""
        return Path(self.options.folder)

    @property
    def sizes(self) -> tuple[UnetSizes, TextSizes, VaeSizes]:
        """Sizes of the three networks."""
        options = self.options
        unet = UnetSizes(options.unet, tuple(bool(flag) for flag in options.attention), context=options.text_width)
        return unet, TextSizes(options.text_width, options.text_layers), VaeSizes(options.vae)

    @cached_property
    def tokens(self) -> Tokens:
        """CLIP's tokens, from its published merges."""
        return Tokens(Path(self.options.merges))

    @cached_property
    def shipped(self) -> Model | None:
        """The model of --from-file."""
        if self.options.from_file is None:
            return None
        return read_model(Path(self.options.from_file), self.sizes, self.tokens.ids)[0]

    def text(self) -> TextEncoder:
        """The trained text encoder; trains it where there is none."""
        from tools.demo_model.train_text import train_text

        if self.shipped is not None and not (self.folder / "text.pt").is_file():
            return self.shipped.text.to(self.options.device)
        text = train_text(self.sizes[1], self.tokens, self.folder, steps=self.options.text_steps)
        return text.to(self.options.device)

    def vae(self, *, decoder: bool = True) -> Vae:
        """The trained VAE with its scale folded in and, if asked for, its later decoder where there is one."""
        state = load_checkpoint(self.folder / "decoder.pt") if decoder else None
        state = state or load_checkpoint(self.folder / "vae-scaled.pt")
        if state is None:
            if self.shipped is None:
                raise DemoModelError(
                    f"No VAE in {self.folder}: run the stage vae first, or name a model by --from-file."
                )
            return self.shipped.vae.to(self.options.device)
        vae = build_vae(self.sizes[2])
        vae.load_state_dict(state["average"])
        return vae.eval().requires_grad_(requires_grad=False).to(self.options.device)

    def unet(self) -> Unet:
        """The trained UNet's averaged weights."""
        state = load_checkpoint(self.folder / "diffusion.pt")
        if state is None:
            if self.shipped is None:
                raise DemoModelError(f"No UNet in {self.folder}: run the stage diffusion first, or give --from-file.")
            return self.shipped.unet.to(self.options.device)
        unet = build_unet(self.sizes[0])
        unet.load_state_dict(state["average"])
        return unet.to(self.options.device)

    def parts(self, *, decoder: bool = True) -> Parts:
        """VAE and text encoder for the diffusion stages, in the memory order that convolutions like best."""
        return Parts(self.vae(decoder=decoder).to(memory_format=torch.channels_last), self.text(), self.tokens)


def run_vae(project: Project) -> None:
    """Train the VAE and fold its scale in."""
    from tools.demo_model.bank import sample_latents
    from tools.demo_model.train_vae import VaeRun, train_vae

    options = project.options
    run = VaeRun(steps=options.vae_steps, seed=options.seed, device=options.device)
    vae = train_vae(run, project.sizes[2], project.folder).cpu()
    fold_scale(vae, sample_latents(vae, seed=options.seed))
    save_checkpoint(project.folder / "vae-scaled.pt", {"average": vae.state_dict()})


def run_text(project: Project) -> None:
    """Train the text encoder."""
    project.text()


def run_diffusion(project: Project) -> None:
    """Train the UNet."""
    from tools.demo_model.train_diffusion import DiffusionRun, DiffusionTrainer

    options = project.options
    run = DiffusionRun(steps=options.steps, batch=options.batch, seed=options.seed, device=options.device)
    start = project.shipped.unet.state_dict() if project.shipped else None
    DiffusionTrainer(run, project.sizes[0], project.parts(), project.folder, start=start).train()


def run_decoder(project: Project) -> None:
    """Train the VAE's decoder further."""
    from tools.demo_model.train_decoder import DecoderRun, train_decoder

    options = project.options
    run = DecoderRun(steps=options.decoder_steps, seed=options.seed, device=options.device)
    unet = project.unet().requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)
    train_decoder(run, unet, project.parts(decoder=False), project.folder)


def run_lora(project: Project) -> None:
    """Train the LoRA and write it."""
    from tools.demo_model.train_lora import LoraRun, lora_state, train_lora

    options = project.options
    run = LoraRun(steps=options.lora_steps, seed=options.seed, device=options.device)
    added = train_lora(run, copy.deepcopy(project.unet()), project.parts(), project.folder / "lora")
    export_lora(lora_state(added), run.rank, Path(options.out) / LORA_FILE)


def run_export(project: Project) -> None:
    """Write the model file."""
    model = Model(project.unet().cpu(), project.text().cpu(), project.vae().cpu(), project.tokens.ids)
    export_model(model, Path(project.options.out) / MODEL_FILE)


def run_judge(project: Project) -> None:
    """Print the shares of right answers as JSON, and write a sheet of pictures."""
    from tools.demo_model.captions import held_out_scenes
    from tools.demo_model.measure import measure_drawings, measure_model, save_sheet

    options, parts, unet = project.options, project.parts(), project.unet()
    scenes = [*[*held_out_scenes(400, 0)][::10], *held_out_scenes(0, 24)]
    pictures = draw_scenes(unet, parts, scenes, steps=options.sampler_steps, guidance=options.guidance)
    save_sheet(pictures, project.folder / "sheet.png")
    found = measure_drawings(parts)
    found |= measure_model(unet, parts, steps=options.sampler_steps, guidance=options.guidance)
    print(json.dumps(found, indent=1))


RUNS = {
    "vae": run_vae,
    "text": run_text,
    "diffusion": run_diffusion,
    "decoder": run_decoder,
    "lora": run_lora,
    "export": run_export,
    "judge": run_judge,
}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.demo_model", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=(*STAGES, "all"))
    parser.add_argument("--folder", default="build/demo-model", help="where checkpoints and sheets go")
    parser.add_argument("--out", default=str(DATA), help="where finished files go")
    parser.add_argument("--from-file", help="a model file that supplies what the folder lacks")
    parser.add_argument("--merges", default=str(MERGES_FILE), help="CLIP's published byte-pair merges")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves it to torch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vae", type=_numbers, default=VaeSizes().widths, help="widths of the VAE's levels")
    parser.add_argument("--unet", type=_numbers, default=UnetSizes().widths, help="widths of the UNet's levels")
    parser.add_argument("--attention", type=_numbers, default=(0, 1, 0), help="1 for each level with attention")
    parser.add_argument("--text-width", type=int, default=TextSizes().width)
    parser.add_argument("--text-layers", type=int, default=TextSizes().layers)
    parser.add_argument("--vae-steps", type=int, default=4000)
    parser.add_argument("--text-steps", type=int, default=700)
    parser.add_argument("--steps", type=int, default=8000, help="steps of the UNet's training")
    parser.add_argument("--batch", type=int, default=32, help="pictures in each of those steps")
    parser.add_argument("--decoder-steps", type=int, default=600)
    parser.add_argument("--lora-steps", type=int, default=400)
    parser.add_argument("--sampler-steps", type=int, default=20, help="Euler steps when judging")
    parser.add_argument("--guidance", type=float, default=5.0, help="classifier-free guidance when judging")
    return parser


def main() -> None:
    """Run what the command line names."""
    options = _parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    project = Project(options)
    for stage in STAGES if options.stage == "all" else (options.stage,):
        RUNS[stage](project)


if __name__ == "__main__":
    main()
