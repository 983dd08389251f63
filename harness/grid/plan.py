"""Which shapes and products make the grid, and with which limits. Starts nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from firstbyte.harness.files.loader import load_profile, load_shape, shape_names
from firstbyte.harness.grid.play import WORLD
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.profile_ops import scaled
from firstbyte.harness.model.shape import Shape, Wait
from firstbyte.harness.model.units import Duration
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.proxies.real.catalogue import program_of
from firstbyte.proxies.real.product import Product

_CLOSE = WORLD // 50


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """One product of a grid. Profiles are unscaled; profile: with the limits that it really gets.

    configured: with the limits that its configuration is made from.
    """

    product: Product
    program: Path
    version: str
    profile: Profile
    configured: Profile
    inexpressible: tuple[str, ...]

    @property
    def limit(self) -> Duration:
        """Of the timer that waits for the origin."""
        waiting = self.product.timers[-1]
        return next(timer.limit or WORLD for timer in self.profile.timers if timer.name == waiting)


def shapes_of(names: Sequence[str]) -> tuple[Shape, ...]:
    """By name; all that can be told apart outside virtual time when there is none."""
    for name in names:
        if name not in shape_names():
            raise BadInput(f"--shape: there is no shape '{name}'{did_you_mean(name, shape_names())}")
    shapes = [load_shape(name) for name in names or shape_names()]
    return tuple(shape for shape in shapes if names or not needs_virtual_time(shape))


def needs_virtual_time(shape: Shape) -> bool:
    """A wait within a fiftieth of the limit: which comes first is a matter of microseconds."""
    return any(isinstance(step, Wait) and abs(step.duration - WORLD) < _CLOSE for step in shape.steps)


def contender(product: Product, factor: float, profile: Profile | None = None) -> Contender:
    """The product with this profile, or its own at limits of 60 s, as it gets them at this time scale."""
    program = program_of(product)
    configured = profile or limited(product)
    setup = product.configure(program, scaled(configured, factor), (), Path("/nowhere"))
    return Contender(
        product=product,
        program=program,
        version=product.version(program),
        profile=with_limits(configured, {name: unscaled(got, factor) for name, got in setup.limits.items()}),
        configured=configured,
        inexpressible=setup.inexpressible,
    )


def emulated_contender(product: Product) -> Contender:
    """The same where the product itself need not be on this machine."""
    profile = limited(product)
    return Contender(
        product=product, program=Path(), version="", profile=profile, configured=profile, inexpressible=()
    )


def limited(product: Product) -> Profile:
    """The profile of a product with every timer that waits for the origin set to 60 s."""
    return with_limits(load_profile(product.name).profile, dict.fromkeys(product.timers, WORLD))


def unscaled(limit: Duration, factor: float) -> Duration:
    """Back in the world of limits of 60 s."""
    return Duration(round(limit * factor))


def with_limits(profile: Profile, limits: dict[str, Duration]) -> Profile:
    """The profile with other limits for some of its timers."""
    timers = (
        msgspec.structs.replace(timer, limit=limits[timer.name]) if timer.name in limits else timer
        for timer in profile.timers
    )
    return msgspec.structs.replace(profile, timers=tuple(timers))


def pairs(shapes: Sequence[Shape], contenders: Sequence[Contender]) -> Iterator[tuple[Shape, Contender]]:
    """All cells: shape by shape."""
    return ((shape, one) for shape in shapes for one in contenders)
