"""JAX with float64: the one place where it is imported, set and checked."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from amelo.cite.references import cache_folder
from amelo.errors import SolveError

__all__ = ["jax64"]


@cache
def jax64() -> ModuleType:
    """Return JAX, in double precision and with a persistent compilation cache.

    Raises: SolveError when JAX refuses double precision, because solubility products span more than 100 orders of magnitude.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "jax"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    if jax.numpy.asarray(1.0).dtype != jax.numpy.float64:
        raise SolveError("JAX does not compute in double precision", fix="unset JAX_ENABLE_X64=0 and start a new process")
    return jax
