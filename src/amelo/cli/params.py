"""``amelo params`` and ``amelo cite``: where the numbers come from."""

from __future__ import annotations

from functools import cache

from amelo.cite import last_citations, remember_citations
from amelo.cite.references import references
from amelo.cli.options import Flag
from amelo.cli.output import one_format, print_csv, print_json, print_table
from amelo.errors import ParameterError, nearest
from amelo.params import load_set, set_names
from amelo.params.load import GRADES
from amelo.params.load import Parameter as Constant

__all__ = ["cite", "find_parameters", "params"]


def params(
    name: str | None = None,
    /,
    *,
    search: str | None = None,
    set: str | None = None,  # noqa: A002
    grades: Flag = False,
    phreeqc: Flag = False,
    json: Flag = False,
    csv: Flag = False,
) -> int:
    """Every constant with value, unit, range, grade and source.

    Parameters
    ----------
    name
        A name such as pk.HAp, in every set that has it, or set/name such as dental-37C/pk.HAp; or a set or a group of sets such as nano.
    search
        Keep constants whose name, meaning, unit, note or source contains this word.
    set
        Keep constants of this set; without name or search, list the set.
    grades
        Explain the grades.
    phreeqc
        Print the set given by --set (default dental-37C) as a PHREEQC database.
    json
        Print JSON.
    csv
        Print CSV.
    """
    form = one_format(json=json, csv=csv)
    if grades:
        print_table(("grade", "meaning"), GRADES.items(), left=2)
        return 0
    if phreeqc:
        from amelo.twin.chemistry.export import phreeqc_database
        from amelo.twin.chemistry.table import SETS, reaction_table

        temperature = next((t for t, named in SETS.items() if named == (set or "dental-37C")), None)
        if temperature is None:
            raise ParameterError(f"'{set}' is not a set for fluids", fix=nearest(set, SETS.values()))
        print(phreeqc_database(reaction_table(temperature)), end="")
        return 0
    found = find_parameters(name, search=search, set_name=set)
    remember_citations("amelo params", [key for p in found for key in p.source.split()])
    rows = [p.to_dict() for p in found]
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(rows)
    else:
        cells = [(p.set, p.name, f"{p.value:g}", p.unit, f"{p.low:g} to {p.high:g}", p.grade, p.source, p.note) for p in found]
        print_table(("set", "name", "value", "unit", "range", "grade", "source", "note"), cells, left=2)
    return 0


def find_parameters(name: str | None = None, *, search: str | None = None, set_name: str | None = None) -> list[Constant]:
    """Return the constants that a name, a word and a set select.

    Raises: ParameterError when nothing matches, with the nearest name.
    """
    chosen = [set_name] if set_name else set_names()
    if name and (group := [key for key in chosen if f"{key}/".startswith(f"{name}/")]):
        chosen, name = group, None
    everything = [p for key in chosen for p in load_set(key)]
    found = everything
    if name:
        in_set, _, bare = name.rpartition("/")
        found = [p for p in found if p.name == bare and (not in_set or p.set.startswith(in_set))]
        if not found:  # a last part such as HAp is enough when it is unambiguous to a reader
            found = [p for p in everything if p.name.rpartition(".")[2] == bare and (not in_set or p.set.startswith(in_set))]
    if search:
        word = search.casefold()
        meant = _in_words()
        found = [p for p in found if word in f"{p.set} {p.name} {meant.get(p.name, '')} {p.unit} {p.note} {p.source}".casefold()]
    if not found:
        names = dict.fromkeys([p.name for p in everything] + [p.name.rpartition(".")[2] for p in everything])
        what = f"no constant is called '{name}'" if name else f"no constant mentions '{search}'"
        raise ParameterError(what, fix=nearest(name or search, names) or "'amelo params' lists them all")
    return found


@cache
def _in_words() -> dict[str, str]:
    """Return what the names of constants of minerals and dissolved species stand for, such as fluorapatite for ``pk.FAp``."""
    from amelo.twin.chemistry.table import reaction_table

    table = reaction_table()
    about = {c.name: c.about for c in table.components}
    words = {f"pk.{s.name}": f"{s.about} {' '.join(s.names)}" for s in table.solids}
    return words | {f"log_k.{s.name}": " ".join(about[name] for name in s.components) for s in table.species}


def cite(keys: list[str] | None = None, /, *, bibtex: Flag = False, json: Flag = False) -> int:
    """The references behind the last command, or those of the keys given.

    Parameters
    ----------
    keys
        Citation keys; default: those of the last command.
    bibtex
        Print BibTeX entries.
    json
        Print JSON.
    """
    form = one_format(bibtex=bibtex, json=json)
    command, wanted = ("", keys) if keys else last_citations()
    found = references(wanted)
    if form == "json":
        print_json([{"key": r.key, "reference": str(r), **r.fields} for r in found])
    elif form == "bibtex":
        print("\n\n".join(r.bibtex for r in found))
    else:
        if command:
            print(f"references behind '{command}':")
        for r in found:
            print(f"[{r.key}] {r}")
    return 0
