"""The posterior of the fluoride network as a file under the hash of its own content, and the priors that others take from it.

A file is one canonical JSON document, as the models of the forecast are: sorted keys, no white space, ASCII, with ``sha256`` over the text of
``posterior``.  It holds draws, checks and provenance, and no row of the trials.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from amelo.errors import FileError, FormatError, ParameterError, nearest

__all__ = ["POSTERIORS", "EffectPrior", "fluoride_posterior", "fluoride_prior", "read_posterior", "save_posterior"]

POSTERIORS = Path(__file__).parent / "posteriors"
SHORT = 12  # characters of the hash in a file's name
SEED = 20101  # of the draws for a trial that was never made
QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class EffectPrior:
    """What the trials say of one comparison, as a prior for others.

    Fields: treatment; against; adjusted (for bias); mean and sd of the log ratio of caries increments; low, median and high of the ratio (95 %);
    next_low and next_high (95 % for the true ratio in a setting that was not among the trials); tau (median spread between settings, of the log);
    hash of the posterior's file.
    """

    treatment: str
    against: str
    adjusted: bool
    mean: float
    sd: float
    low: float
    median: float
    high: float
    next_low: float
    next_high: float
    tau: float
    hash: str

    @property
    def prevented(self) -> tuple[float, float, float]:
        """Prevented fraction in percent, and its 95 % interval from low to high."""
        return 100 * (1 - self.median), 100 * (1 - self.high), 100 * (1 - self.low)

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return dict(self.__dict__)


def save_posterior(posterior: dict[str, Any], folder: str | Path) -> Path:
    """Write a posterior and return the path, ``KIND.HASH.json``.

    Arguments: posterior (JSON values only, with ``kind``), folder.
    """
    body = json.dumps(posterior, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    digest = hashlib.sha256(body.encode()).hexdigest()
    path = Path(folder) / f"{posterior['kind']}.{digest[:SHORT]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f'{{"posterior":{body},"sha256":"{digest}"}}\n'.encode("ascii"))
    return path


def read_posterior(path: str | Path) -> dict[str, Any]:
    """Read a posterior and check it against its hash, which stands under ``hash`` in what is returned.

    Raises: FileError when it is not there, FormatError when it is not such a file or was changed.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("ascii")
    except OSError as error:
        raise FileError(f"cannot read the posterior {path.name}", why=error.strerror or str(error)) from None
    except UnicodeDecodeError:
        text = ""
    start = '{"posterior":'
    body, separator, tail = text.removeprefix(start).rpartition(',"sha256":"')
    digest = hashlib.sha256(body.encode()).hexdigest()
    if not text.startswith(start) or not separator or tail != f'{digest}"}}\n':
        why = "its content does not have the hash that it was saved under, or it is no such file"
        raise FormatError(f"the posterior {path.name} is refused", why=why, fix="take the original again: python bench/evidence.py")
    return {**json.loads(body), "hash": digest}


@cache
def fluoride_posterior() -> dict[str, Any]:
    """Return the shipped posterior of the fluoride network.

    Raises: FileError when it is not there once.
    """
    found = sorted(POSTERIORS.glob("fluoride-network.*.json"))
    if len(found) != 1:
        raise FileError(
            f"there are {len(found)} posteriors of the fluoride network", why="amelo ships one", fix="install amelo again"
        )
    return read_posterior(found[0])


def fluoride_prior(
    treatment: str, against: str = "placebo", *, adjusted: bool = True, posterior: dict[str, Any] | None = None
) -> EffectPrior:
    """Return what the network says of one treatment against another, with the doubt that others need to build on it.

    Arguments: treatment and against (such as "toothpaste", "placebo", "no treatment"); adjusted (for bias of trials at risk); posterior (by
    default the shipped one).
    Raises: ParameterError for a treatment that is not in the network, or for one against itself.
    """
    posterior = posterior or fluoride_posterior()
    names = posterior["treatments"]
    for name in (treatment, against):
        if name not in names:
            raise ParameterError(f"'{name}' is not in the fluoride network", fix=nearest(name, names))
    if treatment == against:
        raise ParameterError(f"'{treatment}' is compared with itself", fix="give another treatment to compare with")
    draws = posterior["adjusted" if adjusted else "plain"]["draws"]
    effects = np.column_stack([np.zeros(len(draws["tau"])), np.array(draws["effects"])])
    log_ratio = effects[:, names.index(treatment)] - effects[:, names.index(against)]
    tau = np.array(draws["tau"])
    beyond = log_ratio + tau * np.random.default_rng(SEED).standard_normal(len(tau))
    low, median, high = np.exp(np.quantile(log_ratio, QUANTILES))
    next_low, _, next_high = np.exp(np.quantile(beyond, QUANTILES))
    return EffectPrior(
        treatment, against, adjusted, float(log_ratio.mean()), float(log_ratio.std(ddof=1)), float(low), float(median), float(high),
        float(next_low), float(next_high), float(np.median(tau)), posterior["hash"],
    )  # fmt: skip
