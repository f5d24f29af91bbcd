"""The dental examination of NHANES 2017-2018 as counts of teeth per person, and its estimates by age with design-based
intervals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amelo.errors import FileError, FormatError
from amelo.forecast.survey import Design, Estimate, survey_ratio

__all__ = ["FILE", "GROUPS", "STATUSES", "People", "estimates", "read_people"]

FILE = "nhanes_2017_2018_tooth_level.parquet"
GROUPS = ((6, 11), (12, 19), (20, 34), (50, 64))  # ages that are open; 35-49 and 65-80 are kept back
STATUSES = ("decayed", "filled", "missing", "sound")
CODES = {"decayed": ("Z", "J", "T"), "missing": ("E", "P", "R"), "filled": ("F",)}
NEEDED = ("SEQN", "tooth_universal", "ctc", "RIDAGEYR", "WTMEC2YR", "SDMVPSU", "SDMVSTRA")
POSITIONS = 7


@dataclass(frozen=True)
class People:
    """One row per person: age [year], design, and counts of teeth (people × 7 positions × 4 statuses of ``STATUSES``).

    A tooth that is neither decayed, filled nor missing through disease counts as sound: primary, unerupted, extracted for another
    reason.
    """

    age: np.ndarray
    design: Design
    teeth: np.ndarray

    @property
    def dmft(self) -> np.ndarray:
        """Decayed, missing and filled permanent teeth of each person."""
        return self.teeth[:, :, :3].sum(axis=(1, 2))


def read_people(folder: str | Path) -> People:
    """Read the tooth-level file of the survey.

    Arguments: folder that holds it.
    Raises: FileError when it is not there, FormatError when a column is missing.
    """
    import pandas as pd

    path = Path(folder) / FILE
    if not path.is_file():
        why = "the file of the survey is not shipped with amelo"
        raise FileError(f"there is no {FILE} in the folder given", why=why, fix="name the folder that holds it")
    table = pd.read_parquet(path)
    for column in NEEDED:
        if column not in table.columns:
            raise FormatError(f"{path.name} has no column {column}", fix="take the tooth-level file of the survey")
    table = table[table["ctc"].notna()]
    number = table["tooth_universal"].to_numpy(int)
    within = (number - 1) % 16 + 1  # 1 to 16 along an arch, 8 and 9 beside the midline
    position = np.where(within <= 8, 9 - within, within - 8)
    keep = position <= POSITIONS
    code = table["ctc"].astype(str).to_numpy()
    status = np.full(len(table), STATUSES.index("sound"))
    for name, letters in CODES.items():
        status[np.isin(code, letters)] = STATUSES.index(name)
    persons, row = np.unique(table["SEQN"].to_numpy(), return_inverse=True)
    teeth = np.zeros((len(persons), POSITIONS, len(STATUSES)))
    np.add.at(teeth, (row[keep], position[keep] - 1, status[keep]), 1.0)
    first = table.drop_duplicates("SEQN").sort_values("SEQN")
    design = Design(*(first[name].to_numpy(float) for name in ("SDMVSTRA", "SDMVPSU", "WTMEC2YR")))
    return People(first["RIDAGEYR"].to_numpy(float), design, teeth)


def estimates(people: People, low: int, high: int) -> dict[str, Estimate]:
    """Return estimates for an age group: ``dmft``, mean ``decayed``, ``filled`` and ``missing`` teeth, ``untreated`` (part with a
    decayed tooth), and the part of each position that is in each status, such as ``filled 6``.

    Arguments: people, low and high (ages, both included).
    """
    domain = (people.age >= low) & (people.age <= high)
    found = {"dmft": survey_ratio(people.design, people.dmft, domain=domain)}
    for k, status in enumerate(STATUSES):
        found[status] = survey_ratio(people.design, people.teeth[:, :, k].sum(axis=1), domain=domain)
        for position in range(POSITIONS):
            counted = people.teeth[:, position].sum(axis=1)
            found[f"{status} {position + 1}"] = survey_ratio(people.design, people.teeth[:, position, k], counted, domain)
    found["untreated"] = survey_ratio(people.design, people.teeth[:, :, 0].sum(axis=1) > 0, domain=domain)
    return found
