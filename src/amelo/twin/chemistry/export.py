"""The reaction table as a PHREEQC database, so that anyone can repeat a calculation with another program."""

from __future__ import annotations

from amelo.twin.chemistry.table import ReactionTable, Species

__all__ = ["phreeqc_database", "phreeqc_solution"]


def phreeqc_database(table: ReactionTable) -> str:
    """Return a database that any PHREEQC 3 reads; valid only at the temperature of the set."""
    lines = [
        f"# {table.constants.name} {table.constants.version}, written by amelo; every log_k holds at {table.constants.temperature:g} C only",
        "SOLUTION_MASTER_SPECIES",
        "H H+ -1 H 1.008",
        "H(0) H2 0 H",
        "H(1) H+ -1 H",
        "E e- 0 0 0",
        "O H2O 0 O 15.999",
        "O(0) O2 0 O",
        "O(-2) H2O 0 O",
    ]
    for c in table.components:
        element = c.name.partition("(")[0]
        lines += [f"{name} {c.master} 0 {element} 1.0" for name in dict.fromkeys([element, c.name])]
    lines += ["Alkalinity CO3-2 1 Ca0.5(CO3)0.5 50.05", "SOLUTION_SPECIES", "H+ = H+", "e- = e-", "H2O = H2O"]
    lines += [f"{c.master} = {c.master}" for c in table.components]
    lines += ["2 H+ + 2 e- = H2", "  log_k -3.15", "2 H2O = O2 + 4 H+ + 4 e-", "  log_k -85.98"]
    masters = {c.name: c.master for c in table.components}
    trivial = {"H+", *masters.values()}
    for s in table.species:
        if s.name not in trivial:
            lines += [_formation(s, masters), f"  log_k {s.log_k!r}"]
    lines.append("PHASES")
    for solid in table.solids:
        ions = " + ".join(f"{n:g}{ion}" for ion, n in solid.reaction.items())
        lines += [solid.name, f"  {solid.formula} = {ions}", f"  log_k {solid.log_k!r}"]
    lines += [
        "CO2(g)",
        "  CO2 = CO2",
        f"  log_k {table.constants.value('gas.CO2')!r}",
        "Fix_H+",
        "  H+ = H+",
        "  log_k 0",
        "END",
        "",
    ]
    return "\n".join(lines)


def phreeqc_solution(number: int, totals: dict[str, float], ph: float, temperature: float, closing: str | None) -> str:
    """Return a SOLUTION block [mmol/kgw] for the database above."""
    body = "".join(f" {name} {float(amount)!r}{' charge' if name == closing else ''}\n" for name, amount in totals.items())
    return f"SOLUTION {number}\n temp {temperature:g}\n pH {float(ph)!r}\n units mmol/kgw\n{body}"


def _formation(s: Species, masters: dict[str, str]) -> str:
    """Write the reaction with every stoichiometric number positive, on the side where it belongs."""
    left, right = [], [s.name]
    parts = [(n, masters[c]) for c, n in s.components.items()] + [(s.hydrogen, "H+"), (s.water, "H2O")]
    for n, name in parts:
        if n:
            (left if n > 0 else right).append(f"{abs(n)} {name}" if abs(n) != 1 else name)
    return f"{' + '.join(left)} = {' + '.join(right)}"
