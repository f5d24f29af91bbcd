"""The search for a policy of one probe and one branch: where to open, which trace to bring, and what to do on either side of the reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from amelo.plan.design import CHOICES, CRITERIA, LEAVES, NANO, Design, Situation, neighbours
from amelo.plan.goals import Limits
from amelo.plan.probe import DRESSING, Trace, branches, harmless, openings_of, stacked
from amelo.plan.race import PENALTY, Entry, Race
from amelo.plan.rollout import Outcome, Rollouts

__all__ = ["Policy", "mixed", "policy_of", "promising"]

GLANCED, SKETCHED = 48, 96  # scenarios to look at openings, and to weigh traces
CLIMBED, SEEN = 96, 384  # scenarios to compare branches, and to choose a policy
MIXED = 0.02  # least chance of either way of answering, from which there is anything to find out
LEAST = 0.002  # of worth, that carriers must bring those who bear them
SHARES = (0.02, 0.05, 0.15)  # of a dose
THRESHOLDS = 25
OPENED, TRACES, KEPT, GROUP = 3, 2, 3, 8
DOUBT = 3.0  # times what a trace may use up of a limit, while few scenarios were seen
SKETCHES = 3  # of each opening: without carriers, and with two doses
FOLLOWING = 14  # designs, of what may follow, that are compared at last
BRANCH = ("habits", "within", "deproteinise", "line", "cover", "pulp")  # choices that are left in an open cavity


@dataclass(frozen=True, eq=False)
class Policy:
    """A probe and what follows: threshold of the change; designs below and above it; worth (n,) and harms (H, n) of the whole; above (n,)."""

    trace: Trace
    threshold: float
    calm: Design
    alarmed: Design
    worth: np.ndarray
    harms: np.ndarray
    above: np.ndarray


@dataclass(eq=False)
class _Search:
    """What the search for a policy looks at: scenarios, what the tooth allows, limits, and whether it may go on."""

    rollouts: Rollouts
    situation: Situation
    limits: Limits
    going: Callable[[], bool]

    def run(self, texts: Iterable[str], count: int, members: np.ndarray | None = None) -> list[Outcome]:
        """Return what protocols do to the first scenarios, or to some members, a group at a time."""
        texts, found = list(texts), []
        on = self.rollouts if members is None else _on(self.rollouts, members)
        for k in range(0, len(texts), GROUP):
            found += on.run(texts[k : k + GROUP], 0, count if members is None else len(members))
        if members is not None:
            self.rollouts.count += on.count
        return found


def _on(rollouts: Rollouts, members: np.ndarray) -> Rollouts:
    """Return the same on some members alone."""
    r = rollouts
    return Rollouts(r.twin, r.tooth.take(members), r.clock, r.goals, r.years, r.seed, r.threads)


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
    Assumptions: branches are first compared on those alone who read so, as if there were no others; the policy is then chosen as a whole.
    """
    begun = rollouts.count
    search = _Search(rollouts, situation, limits, lambda: rollouts.count - begun < budget and keep_going())
    if not affords(GLANCED * len(CRITERIA[1:]) * len(LEAVES) * SKETCHES):
        return None
    tried = [e for race in races.values() for e in race.ranked()]
    plain = [e.design for e in sorted(tried, key=lambda e: -_score(e, limits)) if e.design.dose is None]
    calm = ~rollouts.tooth.constants.reacts
    brings = [e.design for e in sorted(tried, key=lambda e: -_mean(e.worth, calm)) if e.design.dose is not None]
    if not brings:
        return None
    count = min(SEEN, rollouts.tooth.members)
    pairs = _sketched(search, plain, brings, min(GLANCED, count))
    traces = {
        Trace(with_.dose, share, opening): (with_, without)
        for with_, without in pairs
        if with_.dose is not None
        for opening in ([None] if with_.within is None else openings_of(with_))
        for share in SHARES
    }
    few = min(SKETCHED, count)
    seen: dict[Trace, np.ndarray] = {}
    for k in range(0, len(traces), len(SHARES)):  # one opening after the other, as long as there is time
        if not search.going():
            break
        seen |= harmless(rollouts, list(traces)[k : k + len(SHARES)], limits, 0, few, doubt=DOUBT)
    worths = _weighed(search, {t: traces[t] for t in seen}, seen, few)
    best: Policy | None = None
    tried_out = 0
    for trace in sorted(worths, key=lambda t: -worths[t]):
        if tried_out == TRACES or not search.going():
            break
        read = harmless(rollouts, [trace], limits, 0, count)
        if trace not in read:
            continue
        tried_out += 1
        if not affords(FOLLOWING * count):
            break
        found = _branched(search, trace, read[trace], *traces[trace], plain, count)
        if found is not None and (best is None or found.worth.mean() > best.worth.mean()):
            best = found
    return best


def _score(entry: Entry, limits: Limits) -> float:
    return entry.score(limits.array)


def _mean(worth: np.ndarray, who: np.ndarray) -> float:
    """Return the mean over those who are meant among the scenarios seen."""
    mine = who[: len(worth)]
    return float(worth[mine].mean()) if mine.any() else -np.inf


def _sketched(search: _Search, plain: Sequence[Design], brings: Sequence[Design], count: int) -> list[tuple[Design, Design]]:
    """Return pairs of designs, with carriers for the calm and without for the others, of the openings that are worth most to those who know."""
    reacts = search.rollouts.tooth.constants.reacts[:count]
    pairs = []
    if brings[0].within is None:
        pairs.append((brings[0], plain[0] if plain else Design()))
    cavity = next((d for d in plain if d.excavate and not d.pulp), None)
    if cavity is None or "combined" not in search.situation.arms:
        return pairs
    # carriers, dressed: what follows in an open cavity, before anything finer is asked
    doses = [n for n in NANO if n is not None and not n.peroxide]
    base = replace(cavity, stepwise=False, gap=0.0, first=None, within=None, line=DRESSING)
    sketches = [
        replace(base, excavate=c, leave=left, within=n) for c in CRITERIA[1:] for left in LEAVES for n in (None, *doses[:2])
    ]
    sketches = [d for d in sketches if not d.refused(search.situation)]
    runs = dict(zip(sketches, search.run([d.text() for d in sketches], count), strict=True))
    value: dict[tuple[Design, Design], float] = {}
    for design, run in runs.items():
        without = replace(design, within=None)
        if design.within is None or run.refused or runs[without].refused:
            continue
        total = np.where(reacts, runs[without].values.total, run.values.total)
        harms = np.where(reacts[None, :], runs[without].harms, run.harms)
        value[design, without] = float(total.mean()) - PENALTY * _beyond(harms, search.limits)
    openings: dict[tuple[str, float], tuple[Design, Design]] = {}
    for pair in sorted(value, key=lambda p: -value[p]):
        openings.setdefault((pair[0].excavate, pair[0].leave), pair)
    return [*pairs, *list(openings.values())[:OPENED]]


def _weighed(
    search: _Search, pairs: Mapping[Trace, tuple[Design, Design]], read: Mapping[Trace, np.ndarray], count: int
) -> dict[Trace, float]:
    """Return what each trace is worth with the first designs that may follow it."""
    known: dict[str, Outcome] = {}
    texts = dict.fromkeys(text for t, pair in pairs.items() for text in (t.policy(pair[0]), t.policy(pair[1])))
    known = dict(zip(texts, search.run(texts, count), strict=True))
    found = {}
    for trace, (with_, without) in pairs.items():
        runs = [known[trace.policy(with_)], known[trace.policy(without)]]
        if not any(r.refused for r in runs):
            n = len(runs[0].values.total)
            worth, harms = stacked(runs)
            got = _best_threshold(worth, harms, read[trace][:n], search.limits)
            if got is not None:
                found[trace] = got[0]
    return found


def _best_threshold(
    worth: np.ndarray, harms: np.ndarray, change: np.ndarray, limits: Limits
) -> tuple[float, float, int, int] | None:
    """Return the worth of the best policy among designs, its threshold, and which designs it takes below and above; None for none."""
    best = None
    for threshold in np.unique(np.quantile(change, np.linspace(0.02, 0.98, THRESHOLDS))):
        above = change >= threshold
        pick = branches(worth, harms, above, limits.array)
        if pick is not None:
            mean = float(np.where(above, worth[pick[1]], worth[pick[0]]).mean())
            if best is None or mean > best[0]:
                best = (mean, float(threshold), *pick)
    return best


def _branched(
    search: _Search, trace: Trace, change: np.ndarray, with_: Design, without: Design, plain: Sequence[Design], count: int
) -> Policy | None:
    """Return the best policy of a trace, its branches climbed from two designs that may follow."""
    reacts = search.rollouts.tooth.constants.reacts[:count]
    at = np.quantile(change, np.linspace(0.02, 0.98, 97))
    above = change >= at[int(np.argmax([(change[reacts] >= t).mean() - (change[~reacts] >= t).mean() for t in at]))]
    low, high = np.flatnonzero(~above)[:CLIMBED], np.flatnonzero(above)[:CLIMBED]
    others = [d for d in (without, *plain[:4], Design()) if trace.fits(d)]
    pool = _climbed(search, trace, [with_, without], low, carriers=True) if len(low) else [with_]
    pool += _climbed(search, trace, others, high, carriers=False) if len(high) else []
    pool = list(dict.fromkeys([*pool, with_, *others]))
    runs = {d: r for d, r in zip(pool, search.run([trace.policy(d) for d in pool], count), strict=True) if not r.refused}
    if not runs:
        return None
    worth, harms = stacked(list(runs.values()))
    got = _best_threshold(worth, harms, change, search.limits)
    if got is None:
        return None
    _, threshold, k, m = got
    high_ = change >= threshold
    names = list(runs)
    total, harm = np.where(high_, worth[m], worth[k]), np.where(high_[None, :], harms[m], harms[k])
    return Policy(trace, threshold, names[k], names[m], total, harm, high_)


def _climbed(search: _Search, trace: Trace, start: Sequence[Design], who: np.ndarray, *, carriers: bool) -> list[Design]:
    """Return the best designs that may follow a trace, for some members alone, by steps to neighbours of the best.

    Arguments: search; trace; start; who (indices); carriers, whether they may be brought at all.
    """
    scores: dict[Design, float] = {}
    due = list(dict.fromkeys(start))
    while due:
        for k in range(0, len(due), GROUP):
            some = due[k : k + GROUP]
            for design, run in zip(some, search.run([trace.policy(d) for d in some], 0, who), strict=True):
                scores[design] = (
                    -np.inf if run.refused else float(run.values.total.mean()) - PENALTY * _beyond(run.harms, search.limits)
                )
            if not search.going():
                break
        if not search.going():
            break
        leaders = sorted(scores, key=lambda d: -scores[d])[:KEPT]
        due = [d for leader in leaders for d in _beside(leader, trace, search.situation, carriers) if d not in scores]
        due = list(dict.fromkeys(due))
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
