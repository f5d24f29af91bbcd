"""The search for a policy of one probe and one branch: where to open, which trace to bring, and what to do on either side of the reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from amelo.plan.design import CHOICES, CRITERIA, LEAVES, NANO, Design, Situation, neighbours
from amelo.plan.goals import Limits
from amelo.plan.panel import EDGES, GROUP, Panel
from amelo.plan.probe import ALONE, BRANCHES, DRESSING, Trace, branches, openings_of
from amelo.plan.race import FIRST, PENALTY, Entry, Race
from amelo.plan.rollout import Rollouts

__all__ = ["Policy", "mixed", "policy_of", "promising"]

SEEN = (256, 128)  # scenarios to choose a policy by, and where there is no time for so many
GLANCED, SKETCHED = EDGES[:2]  # of them, to look at openings and at traces
CLIMBED = 96  # of those who go one way, to compare what follows
MIXED = 0.02  # least chance of either way of answering, from which there is anything to find out
LEAST = 0.002  # of worth, that carriers must bring those who bear them
DOSES = (NANO[2], NANO[1], NANO[3])  # dilute ones, the strongest first, by which openings are compared
SHARES = (0.01, 0.005, 0.02)  # of a dose, in the order in which they are looked at
THRESHOLDS = 25
OPENED, KEPT = 3, 3
LOOKED_AT = 2  # traces that are looked at together, before the best of them is followed
TAKEN_OVER = 1  # designs of the races, for either branch, that are tried beside what was sketched
DOUBT = 3.0  # times what a trace, or what follows it, may use up of a limit while few scenarios were seen
CAUTIOUS = 0.35  # of every limit, that a second policy may use should the first not be certified
BOLD = 0.8  # of every limit, that a policy may use where there is no other
BRANCH = ("habits", "within", "deproteinise", "line", "cover", "pulp")  # choices that are left in an open cavity


@dataclass(frozen=True, eq=False)
class Policy:
    """A probe and what follows: threshold of the change; designs below and above it; worth, mean of the whole; change (n,) that is read on the panel;
    cautious, the best with less harm, for when this one cannot be certified.
    """

    trace: Trace
    threshold: float
    calm: Design
    alarmed: Design
    worth: float
    change: np.ndarray
    cautious: Policy | None = None


def mixed(rollouts: Rollouts) -> bool:
    """Return whether it is open how a tooth answers carriers, so that a probe may tell something."""
    return bool(MIXED < rollouts.tooth.constants.reacts.mean() < 1.0 - MIXED)


def promising(rollouts: Rollouts, races: Mapping[str, Race]) -> bool:
    """Return whether carriers bring anything to those who bear them, beside the same treatment without, in what was tried so far."""
    tried = {e.design: e for race in races.values() for e in race.ranked()}
    calm = ~rollouts.tooth.constants.reacts
    for design, entry in tried.items():
        plain = tried.get(replace(design, first=None, within=None, gap=design.gap if design.stepwise else 0.0))
        if design.dose is not None and plain is not None:
            n = min(entry.count, plain.count)
            if calm[:n].any() and (entry.worth[:n] - plain.worth[:n])[calm[:n]].mean() > LEAST:
                return True
    return False


def policy_of(
    rollouts: Rollouts,
    situation: Situation,
    races: Mapping[str, Race],
    limits: Limits,
    *,
    budget: int,
    keep_going: Callable[[], bool],
    affords: Callable[[int], bool] = lambda rollouts: True,
) -> Policy | None:
    """Return the best policy of a probe and a branch that the search can find, None where no trace is harmless or none helps.

    Arguments: rollouts on scenarios of the search; situation; races of the arms, whose best designs it starts from; limits; budget of rollouts,
    the same as that of an arm; keep_going; affords, asked before what cannot be left half done whether there is time for so many rollouts.
    Assumptions: what follows is first what the races found best for those who bear carriers and without carriers; branches are then bettered on
    those alone who read so, as if there were no others, and the policy is chosen as a whole.
    """
    tried = sorted((e for race in races.values() for e in race.ranked()), key=lambda e: -e.score(limits.array))
    calm = ~rollouts.tooth.constants.reacts[:FIRST]
    plain = [e.design for e in tried if e.design.dose is None]
    brings = [e.design for e in sorted(tried, key=lambda e: -_among(e, calm, limits)) if e.design.dose is not None]
    # protocols of a first policy; of one that is only begun nothing is left
    whole = ALONE + 1 + len(DOSES) + 2 * TAKEN_OVER + SKETCHED * LOOKED_AT * (ALONE + 2)
    whole += 2 * GLANCED * (len(CRITERIA[1:]) * len(LEAVES) + 2 * OPENED * len(DOSES))
    members = next((m for m in SEEN if affords(round(m * whole))), 0) if brings and keep_going() else 0
    if not members:
        return None
    panel = Panel.of(rollouts, situation, limits, members=members, budget=budget, going=keep_going)
    found = _found(panel, plain, brings)
    rollouts.count += panel.rollouts.count
    return found


def _found(panel: Panel, plain: Sequence[Design], brings: Sequence[Design]) -> Policy | None:
    """Return the best policy, the first of them as soon as there can be one, and better ones as long as there is time."""
    traces = _traces(_sketched(panel, plain, brings))
    worths: dict[Trace, float] = {}
    best: Policy | None = None

    def followed() -> Policy | None:
        trace = max(worths, key=worths.__getitem__)
        worths.pop(trace)
        found = _branched(
            panel, trace, [*_dosed(traces[trace]), *_taken_over(panel, trace, brings), *_taken_over(panel, trace, plain)]
        )
        return found if best is None or (found is not None and found.worth > best.worth) else best

    for k in range(0, len(traces), LOOKED_AT):
        if k and not panel.going():
            break
        read = panel.harmless(list(traces)[k : k + LOOKED_AT], SKETCHED, DOUBT)
        worths |= _weighed(panel, {t: traces[t] for t in read}, read)
        while best is None and worths and (not k or panel.going()):
            best = followed()
    if worths and panel.going() and (best is None or best.worth < max(worths.values())):
        best = followed()
    return _climbed(panel, best) if best is not None and panel.going() else best


def _among(entry: Entry, who: np.ndarray, limits: Limits) -> float:
    """Return the mean over those who are meant among the scenarios that every design has seen, less what harm costs."""
    mine = who[: entry.count]
    return float(entry.worth[: len(mine)][mine].mean()) - entry.penalty(limits.array) if mine.any() else -np.inf


def _sketched(panel: Panel, plain: Sequence[Design], brings: Sequence[Design]) -> list[tuple[Design, Design]]:
    """Return pairs of designs, with carriers for the calm and without for the others, of what is worth most to those who know: openings with a dose each.

    Assumptions: a cavity is opened and dressed in one visit and gone on with in the next, as after a probe; openings are compared with one dose.
    """
    lesion = [] if brings[0].within is not None else [(brings[0], plain[0] if plain else Design())]
    cavity = next((d for d in plain if d.excavate and not d.pulp), None)
    if cavity is None or "combined" not in panel.situation.arms:
        return lesion
    base = replace(cavity, stepwise=False, gap=0.0, first=None, within=None, line=DRESSING)
    due = [
        (replace(d, within=DOSES[0]), d) for c in CRITERIA[1:] for d in (replace(base, excavate=c, leave=left) for left in LEAVES)
    ]
    due = [pair for pair in due if not any(d.refused(panel.situation) for d in pair)]
    for share in EDGES:
        if len(due) > OPENED:  # half of them on twice as many
            value = _knowing(panel, due, share)
            due = sorted(value, key=lambda p: -value[p])[: max(OPENED, len(due) // 2)]
    value = _knowing(panel, [(replace(d, within=dose), d) for _, d in due for dose in DOSES], SKETCHED)
    best = {pair[1]: pair for pair in sorted(value, key=lambda p: value[p])}  # the last of each opening is its best
    return [*sorted(best.values(), key=lambda p: -value[p]), *lesion]


def _knowing(panel: Panel, pairs: Sequence[tuple[Design, Design]], share: float) -> dict[tuple[Design, Design], float]:
    """Return what pairs of designs are worth to those who know whom carriers harm, less what harm costs, on a share of the scenarios."""
    seen = panel.seen((_apart(d) for pair in pairs for d in pair), share)
    count = panel.count(share)
    reacts, weights = panel.reacts(count), panel.weights(count)
    found = {}
    for pair in pairs:
        texts = [_apart(d) for d in pair]
        if all(t in seen for t in texts):
            (with_, held), (without, spared) = (seen[t] for t in texts)
            harms = np.where(reacts[None, :], spared, held)
            worth = weights * np.where(reacts, without, with_)
            found[pair] = float(worth.mean()) - PENALTY * _beyond(weights * harms, panel.limits)
    return found


def _apart(design: Design) -> str:
    """Return the protocol of a design as after a probe, without one: a dressed cavity, and what follows in it after a day."""
    trace = Trace(DOSES[0], SHARES[0], openings_of(design)[0])
    return f"{trace.empty}\n{trace.then(design)}"


def _traces(pairs: Sequence[tuple[Design, Design]]) -> dict[Trace, tuple[Design, Design]]:
    """Return the traces of pairs, the best pair first and dressed before bare, each with its pair."""
    return {
        Trace(with_.dose, share, opening): (with_, without)
        for turn in range(2)
        for with_, without in pairs
        if with_.dose is not None
        for opening in ([None] if with_.within is None else openings_of(with_))[turn : turn + 1]
        for share in SHARES
    }


def _dosed(pair: tuple[Design, Design]) -> list[Design]:
    """Return a pair, and its carriers in other doses."""
    with_, without = pair
    return [with_, without, *(replace(with_, within=dose) for dose in DOSES if with_.within is not None)]


def _taken_over(panel: Panel, trace: Trace, designs: Iterable[Design]) -> list[Design]:
    """Return what may follow a trace, of designs that the races found best."""
    fitting = (trace.fitted(d) for d in designs)
    return list(dict.fromkeys(d for d in fitting if d is not None and not d.refused(panel.situation)))[:TAKEN_OVER]


def _weighed(panel: Panel, pairs: Mapping[Trace, tuple[Design, Design]], read: Mapping[Trace, np.ndarray]) -> dict[Trace, float]:
    """Return what each trace is worth with the first designs that may follow it."""
    seen = panel.seen((t.policy(d) for t, pair in pairs.items() for d in pair), SKETCHED)
    found = {}
    for trace, pair in pairs.items():
        texts = [trace.policy(d) for d in pair]
        if all(t in seen for t in texts):
            got = _parted(panel, *_stacked(seen[t] for t in texts), read[trace], DOUBT * BRANCHES)
            if got is not None:
                found[trace] = got[0]
    return found


def _stacked(seen: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return worth (D, n) and harms (D, H, n) of several."""
    worth, harms = zip(*seen, strict=True)
    return np.stack(worth), np.stack(harms)


def _parted(
    panel: Panel, worth: np.ndarray, harms: np.ndarray, change: np.ndarray, share: float = BRANCHES
) -> tuple[float, float, int, int] | None:
    """Return the worth of the best policy among designs, its threshold, and which designs it takes below and above; None for none.

    Arguments: panel; worth (D, n), harms (D, H, n); change (n,) that is read; share of every limit that it may use.
    """
    weights = panel.weights(len(change))
    worth, harms = worth * weights, harms * weights
    best = None
    for threshold in np.unique(np.quantile(change, np.linspace(0.02, 0.98, THRESHOLDS))):
        above = change >= threshold
        pick = branches(worth, harms, above, panel.limits.array, share)
        if pick is not None:
            mean = float(np.where(above, worth[pick[1]], worth[pick[0]]).mean())
            if best is None or mean > best[0]:
                best = (mean, float(threshold), *pick)
    return best


def _branched(panel: Panel, trace: Trace, pool: Sequence[Design]) -> Policy | None:
    """Return the best policy of a trace that is harmless, and of designs that may follow it."""
    read = panel.harmless([trace])
    return _chosen(panel, trace, read[trace], pool) if trace in read else None


def _chosen(panel: Panel, trace: Trace, change: np.ndarray, pool: Sequence[Design]) -> Policy | None:
    """Return the best policy of a trace, what is read (n,) after it, and designs that may follow."""
    seen = panel.seen(trace.policy(d) for d in pool)
    names = [d for d in dict.fromkeys(pool) if trace.policy(d) in seen]
    if not names:
        return None
    worths, harms = _stacked(seen[trace.policy(d)] for d in names)
    found: Policy | None = None
    for share in (CAUTIOUS, BRANCHES, BOLD):
        got = _parted(panel, worths, harms, change, share) if share < BOLD or found is None else None
        if got is not None:
            worth, threshold, low, high = got
            found = Policy(trace, threshold, names[low], names[high], worth, change, found)
    return found


def _climbed(panel: Panel, policy: Policy) -> Policy:
    """Return a policy whose branches were bettered choice by choice, each for those alone who go that way."""
    above = policy.change >= policy.threshold
    pool = [policy.calm, policy.alarmed]
    for who, start, carriers in ((~above, policy.calm, True), (above, policy.alarmed, False)):
        members = np.flatnonzero(who)[:CLIMBED]
        pool += _bettered(panel, policy.trace, start, members, carriers=carriers) if len(members) and panel.going() else []
    found = _chosen(panel, policy.trace, policy.change, pool) if len(set(pool)) > 2 else None
    return found if found is not None and found.worth > policy.worth else policy


def _bettered(panel: Panel, trace: Trace, start: Design, who: np.ndarray, *, carriers: bool) -> list[Design]:
    """Return the best designs that may follow a trace, for some members alone, by steps to neighbours of the best.

    Arguments: panel; trace; start; who (indices); carriers, whether they may be brought at all.
    """
    weights = panel.weights(panel.members)[who]
    weights = weights / weights.mean()
    scores: dict[Design, float] = {}
    due = [start]
    while due:
        for k in range(0, len(due), GROUP):
            some = due[k : k + GROUP]
            for design, run in zip(some, panel.run_on([trace.policy(d) for d in some], who), strict=True):
                scores[design] = -np.inf
                if not run.refused:
                    cost = PENALTY * _beyond(weights * run.harms, panel.limits)
                    scores[design] = float((weights * run.values.total).mean()) - cost
            if not panel.going():
                return sorted(scores, key=lambda d: -scores[d])[:KEPT]
        best = max(scores, key=scores.__getitem__)
        due = [d for d in _beside(best, trace, panel.situation, carriers) if d not in scores]
    return sorted(scores, key=lambda d: -scores[d])[:KEPT]


def _beyond(harms: np.ndarray, limits: Limits) -> float:
    """Return by how much chances of harm (H, n) pass their limits, all in all."""
    return float(np.maximum(harms.mean(axis=1) - limits.array, 0.0).sum())


def _beside(design: Design, trace: Trace, on: Situation, carriers: bool) -> list[Design]:
    """Return the designs that differ in one choice and may follow a trace; in an open cavity carriers may come or be left out."""
    if trace.opening is None:
        return [d for d in neighbours(design, on) if carriers or d.dose is None]
    found = [
        replace(design, **{field.name: value})
        for field in fields(Design)
        if field.name in BRANCH and (carriers or field.name != "within")
        for value in CHOICES[field.name]
    ]
    return [d for d in dict.fromkeys(found) if d != design and not d.refused(on) and d.arm in on.arms]
