"""References as people read them: no braces and no commands of LaTeX are left."""

from __future__ import annotations

import pytest

from amelo.cite.references import Reference, bibliography, references


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"M{\"a}kel{\"a}, M. and Bj{\o}rndal, L.", "Mäkelä, M.; Bjørndal, L."),
        (r"C{\u{a}}runtu, I.-D. and N\'u\~nez, S. M.", "Căruntu, I.-D.; Núñez, S. M."),
        (r"Kj{\ae}ldgaard, M. and {World Health Organization}", "Kjældgaard, M.; World Health Organization"),
    ],
)
def test_accents_and_letters_are_those_of_the_name(written, read):
    found = Reference(
        "x", {"author": written, "title": r"How `clean' is {OHXDEN}\_{J}, 2017--2018?", "year": "2004", "journal": "J"}, ""
    )
    assert str(found) == f"{read} (2004). How ‘clean’ is OHXDEN_J, 2017–2018?. J"


def test_no_reference_shows_latex():
    for reference in references(list(bibliography())):
        assert not set("\\{}`") & set(str(reference)), reference
