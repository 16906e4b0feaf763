"""Nodes that choose a sampler and its options."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.models.sampling.registry import Sampler
from nodebook.nodes.diffusion.ports import Model, SamplerPort

SamplerName = Literal[
    "euler",
    "euler_cfg_pp",
    "euler_ancestral",
    "euler_ancestral_cfg_pp",
    "heun",
    "heunpp2",
    "exp_heun_2_x0",
    "exp_heun_2_x0_sde",
    "dpm_2",
    "dpm_2_ancestral",
    "lms",
    "dpm_fast",
    "dpm_adaptive",
    "dpmpp_2s_ancestral",
    "dpmpp_2s_ancestral_cfg_pp",
    "dpmpp_sde",
    "dpmpp_sde_gpu",
    "dpmpp_2m",
    "dpmpp_2m_cfg_pp",
    "dpmpp_2m_sde",
    "dpmpp_2m_sde_gpu",
    "dpmpp_2m_sde_heun",
    "dpmpp_2m_sde_heun_gpu",
    "dpmpp_3m_sde",
    "dpmpp_3m_sde_gpu",
    "ddpm",
    "lcm",
    "ipndm",
    "ipndm_v",
    "deis",
    "res_multistep",
    "res_multistep_cfg_pp",
    "res_multistep_ancestral",
    "res_multistep_ancestral_cfg_pp",
    "gradient_estimation",
    "gradient_estimation_cfg_pp",
    "er_sde",
    "seeds_2",
    "seeds_3",
    "sa_solver",
    "sa_solver_pece",
    "ddim",
    "uni_pc",
    "uni_pc_bh2",
]
"""The names of ``nodebook.models.sampling.registry.SAMPLERS``; a test compares them."""

Amount = Annotated[float, Field(ge=0.0, le=100.0), Number(step=0.01)]
Percent = Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.001)]
NoiseDevice = Literal["gpu", "cpu"]

_SAMPLERS = "sampling/custom_sampling/samplers"


@node(name="KSamplerSelect", category=_SAMPLERS)
def ksampler_select(sampler_name: SamplerName = "euler") -> SamplerPort:
    """Choose a sampler by its name, with its usual options."""
    return Sampler.of(sampler_name)


@node(name="SamplerEulerAncestral", category=_SAMPLERS)
def sampler_euler_ancestral(eta: Amount = 1.0, s_noise: Amount = 1.0) -> SamplerPort:
    """Euler steps that add noise.

    eta: how much noise, 0 is Euler.
    s_noise: factor of the noise.
    """
    return Sampler.of("euler_ancestral", eta=eta, s_noise=s_noise)


@node(name="SamplerEulerAncestralCFGPP", title="SamplerEulerAncestralCFG++", category=_SAMPLERS)
def sampler_euler_ancestral_cfgpp(
    eta: Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)] = 1.0,
    s_noise: Annotated[float, Field(ge=0.0, le=10.0), Number(step=0.01)] = 1.0,
) -> SamplerPort:
    """Euler steps of CFG++ that add noise. CFG wants to be low, around 1.

    eta: how much noise.
    s_noise: factor of the noise.
    """
    return Sampler.of("euler_ancestral_cfg_pp", eta=eta, s_noise=s_noise)


@node(name="SamplerLMS", category=_SAMPLERS)
def sampler_lms(order: Annotated[int, Field(ge=1, le=100)] = 4) -> SamplerPort:
    """Linear multistep: steps along a polynomial through earlier slopes.

    order: how many slopes at most.
    """
    return Sampler.of("lms", order=order)


@node(name="SamplerDPMPP_3M_SDE", category=_SAMPLERS)
def sampler_dpmpp_3m_sde(eta: Amount = 1.0, s_noise: Amount = 1.0, noise_device: NoiseDevice = "gpu") -> SamplerPort:
    """DPM-Solver++ of third order with noise.

    eta: how much noise.
    s_noise: factor of the noise.
    noise_device: on the CPU a seed gives the same noise on all machines.
    """
    return Sampler.of(_on("dpmpp_3m_sde", noise_device), eta=eta, s_noise=s_noise)


@node(name="SamplerDPMPP_2M_SDE", category=_SAMPLERS)
def sampler_dpmpp_2m_sde(
    solver_type: Literal["midpoint", "heun"] = "midpoint",
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
    noise_device: NoiseDevice = "gpu",
) -> SamplerPort:
    """DPM-Solver++ of second order with noise, one model call a step.

    eta: how much noise.
    s_noise: factor of the noise.
    noise_device: on the CPU a seed gives the same noise on all machines.
    """
    return Sampler.of(_on("dpmpp_2m_sde", noise_device), solver_type=solver_type, eta=eta, s_noise=s_noise)


@node(name="SamplerDPMPP_SDE", category=_SAMPLERS)
def sampler_dpmpp_sde(
    eta: Amount = 1.0, s_noise: Amount = 1.0, r: Amount = 0.5, noise_device: NoiseDevice = "gpu"
) -> SamplerPort:
    """DPM-Solver++ of second order with noise, two model calls a step.

    eta: how much noise.
    s_noise: factor of the noise.
    r: where in a step the second model call is.
    noise_device: on the CPU a seed gives the same noise on all machines.
    """
    return Sampler.of(_on("dpmpp_sde", noise_device), eta=eta, s_noise=s_noise, r=r)


@node(name="SamplerDPMPP_2S_Ancestral", category=_SAMPLERS)
def sampler_dpmpp_2s_ancestral(eta: Amount = 1.0, s_noise: Amount = 1.0) -> SamplerPort:
    """DPM-Solver++ of second order, two model calls a step, with ancestral noise.

    eta: how much noise.
    s_noise: factor of the noise.
    """
    return Sampler.of("dpmpp_2s_ancestral", eta=eta, s_noise=s_noise)


@node(name="SamplerDPMAdaptative", category=_SAMPLERS)
def sampler_dpm_adaptative(  # noqa: PLR0913, PLR0917 -- the inputs of the node
    order: Annotated[int, Field(ge=2, le=3)] = 3,
    rtol: Amount = 0.05,
    atol: Amount = 0.0078,
    h_init: Amount = 0.05,
    pcoeff: Amount = 0.0,
    icoeff: Amount = 1.0,
    dcoeff: Amount = 0.0,
    accept_safety: Amount = 0.81,
    eta: Amount = 0.0,
    s_noise: Amount = 1.0,
) -> SamplerPort:
    """DPM-Solver that chooses its steps by their error; of the noise levels only first and last count.

    rtol: allowed error, relative to the sample.
    atol: allowed error, absolute.
    h_init: the first step, in the logarithm of the noise level.
    pcoeff: proportional coefficient of the step size controller.
    icoeff: integral coefficient of the step size controller.
    dcoeff: differential coefficient of the step size controller.
    accept_safety: a step that would have to be shrunk more than this is done again.
    eta: how much noise.
    s_noise: factor of the noise.
    """
    options = {"order": order, "rtol": rtol, "atol": atol, "h_init": h_init, "pcoeff": pcoeff, "icoeff": icoeff}
    options |= {"dcoeff": dcoeff, "accept_safety": accept_safety, "eta": eta, "s_noise": s_noise}
    return Sampler.of("dpm_adaptive", **options)


@node(name="SamplerER_SDE", category=_SAMPLERS)
def sampler_er_sde(
    solver_type: Literal["ER-SDE", "Reverse-time SDE", "ODE"] = "ER-SDE",
    max_stage: Annotated[int, Field(ge=1, le=3)] = 3,
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
) -> SamplerPort:
    """Extended reverse-time SDE solver.

    solver_type: which noise it adds; ODE adds none.
    max_stage: its order.
    eta: how much noise the reverse-time SDE adds.
    s_noise: factor of the noise.
    """
    if solver_type == "ODE":
        return Sampler.of("er_sde", max_stage=max_stage, s_noise=0.0, noise_power=1.0)
    noise_power = eta + 1 if solver_type == "Reverse-time SDE" else None
    return Sampler.of("er_sde", max_stage=max_stage, s_noise=s_noise, noise_power=noise_power)


@node(name="SamplerSASolver", category=_SAMPLERS)
def sampler_sa_solver(  # noqa: PLR0913, PLR0917 -- the inputs of the node
    model: Model,
    eta: Annotated[float, Field(ge=0.0, le=10.0), Number(step=0.01)] = 1.0,
    sde_start_percent: Percent = 0.2,
    sde_end_percent: Percent = 0.8,
    s_noise: Amount = 1.0,
    predictor_order: Annotated[int, Field(ge=1, le=6)] = 3,
    corrector_order: Annotated[int, Field(ge=0, le=6)] = 4,
    use_pece: bool = False,  # noqa: FBT001, FBT002 -- a toggle of the node
    simple_order_2: bool = False,  # noqa: FBT001, FBT002 -- as above
) -> SamplerPort:
    """Stochastic Adams solver: a predictor and a corrector.

    model: whose noise levels the percentages mean.
    eta: how much noise between the two percentages; there is none elsewhere.
    corrector_order: 0 corrects nothing.
    use_pece: call the model a second time in each step, on the corrected sample.
    simple_order_2: at order 2, weigh estimates as DPM-Solver++ does.
    """
    percent_to_sigma = model.sampling.schedule.percent_to_sigma
    return Sampler.of(
        "sa_solver",
        eta=eta,
        start_sigma=percent_to_sigma(sde_start_percent),
        end_sigma=percent_to_sigma(sde_end_percent),
        s_noise=s_noise,
        predictor_order=predictor_order,
        corrector_order=corrector_order,
        use_pece=use_pece,
        simple_order_2=simple_order_2,
    )


@node(name="SamplerSEEDS2", category=_SAMPLERS)
def sampler_seeds_2(
    solver_type: Literal["phi_1", "phi_2"] = "phi_1",
    eta: Amount = 1.0,
    s_noise: Amount = 1.0,
    r: Annotated[float, Field(ge=0.01, le=1.0), Number(step=0.01)] = 0.5,
) -> SamplerPort:
    """SEEDS-2: an exponential integrator with noise, two model calls a step.

    solver_type: how the second call is weighed. phi_2 with r 1 is the exponential Heun method.
    eta: how much noise, 0 for none.
    s_noise: factor of the noise.
    r: where in a step the second model call is.
    """
    return Sampler.of("seeds_2", solver_type=solver_type, eta=eta, s_noise=s_noise, r=r)


def _on(name: str, noise_device: str) -> str:
    return name if noise_device == "cpu" else f"{name}_gpu"


NODES = (
    ksampler_select,
    sampler_euler_ancestral,
    sampler_euler_ancestral_cfgpp,
    sampler_lms,
    sampler_dpmpp_3m_sde,
    sampler_dpmpp_2m_sde,
    sampler_dpmpp_sde,
    sampler_dpmpp_2s_ancestral,
    sampler_dpm_adaptative,
    sampler_er_sde,
    sampler_sa_solver,
    sampler_seeds_2,
)
