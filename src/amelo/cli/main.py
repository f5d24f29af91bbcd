"""``amelo``: parses the command line, runs one command, and turns every error into one block on standard error.

Commands are imported when they are called, so that ``amelo --help`` answers at once.
"""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError, UnusedCliTokensError

from amelo import __version__
from amelo.errors import AmeloError, nearest

__all__ = ["COMMANDS", "app", "main", "run"]

COMMANDS = {
    "saturation": ("amelo.cli.chemistry:saturation", "How saturated a fluid is with enamel, dentine and other minerals."),
    "critical-ph": ("amelo.cli.chemistry:critical_ph", "The pH at which a fluid stops being saturated with a phase."),
    "solubility": ("amelo.cli.chemistry:solubility", "Solubility of a mineral against pH, with a plot."),
    "simulate": ("amelo.cli.simulate:simulate", "What a protocol does to a specimen or to a tooth: profiles, mineral loss, depth."),
    "swarm": (
        "amelo.cli.swarm:swarm",
        "Carriers one by one in a tubule, a canal, a slab or a channel: how deep they come, with a movie.",
    ),
    "fit": ("amelo.cli.fit:fit", "Calibrate parameters of a specimen to measured profiles, with intervals and checks."),
    "sensitivity": ("amelo.cli.fit:sensitivity", "Which parameters and which numbers of a protocol move an outcome."),
    "forecast": (
        "amelo.cli.forecast:forecast",
        "What may go wrong in a mouth, by when, how sure that is, why, and what would change it.",
    ),
    "plan": ("amelo.cli.plan:plan", "The protocol that helps a patient most while harm is certified below its limits, and why."),
    "compare": ("amelo.cli.compare:compare", "Your own protocols beside the planner's and beside waiting, on the same scenarios."),
    "synergy": (
        "amelo.cli.synergy:synergy",
        "What carriers and operative care add to each other, with controls that must find nothing.",
    ),
    "models": ("amelo.cli.cohort:models", "The models behind the forecasts, each with its card."),
    "train": ("amelo.cli.cohort:train", "Train a model on your own cohort."),
    "evaluate": ("amelo.cli.cohort:evaluate", "Test a model on your own cohort, with intervals."),
    "population": ("amelo.cli.population:population", "Lifetimes by the models beside a national survey, age by age."),
    "evidence": ("amelo.cli.evidence:evidence", "What therapies do, as published and by our own network of fluoride trials."),
    "case": ("amelo.cli.case:app", "Check, draw and use patient cases."),
    "genotype": (
        "amelo.cli.genotype:genotype",
        "Which genes of teeth are touched, what that does to the twin, what is unknown, how sure.",
    ),
    "protocol": ("amelo.cli.protocol:app", "Check and show protocols: what is done to a tooth, and when."),
    "specimen": ("amelo.cli.specimen:app", "Check and look at tooth samples."),
    "params": ("amelo.cli.params:params", "Every constant with value, unit, range, grade and source."),
    "cite": ("amelo.cli.params:cite", "The references behind the last command."),
    "validate": ("amelo.cli.validate:validate", "Compare amelo with published results: a table of hits and misses."),
    "doctor": ("amelo.cli.doctor:doctor", "Versions, device, precision, cache and a timed reference solve."),
    "demo": ("amelo.cli.demo:demo", "A worked answer on a synthetic case, with files to look at."),
}

app = App(
    name="amelo",
    version=__version__,
    help="Predictive, minimally invasive and nano-dentistry. Research and teaching software, not a medical device.",
    help_epilogue="Add --debug to any command for a traceback. Documentation: docs/index.md",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # else it would leave with a SystemExit that says nothing
)
for _name, (_where, _help) in COMMANDS.items():
    app.command(_where, name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 a check failed or amelo is at fault, 2 the input is at fault."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    debug = "--debug" in arguments
    # a lone hyphen would read as an option without a name
    words = ["<stdin>" if word == "-" else word for word in arguments if word != "--debug"]
    try:
        result = app(words, exit_on_error=False, print_error=False, help_on_error=False, result_action="return_value")
        if sys.stdout is not None:  # None where whoever started the program closed it
            sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except AmeloError as error:
        return _fail(str(error), error, debug, 2)
    except CycloptsError as error:
        return _fail(_reword(error, words), error, debug, 2)
    except KeyboardInterrupt as stop:  # a run that was being written says what there is
        return _fail(f"stopped by the user; {stop if stop.args else 'nothing was written half'}", None, False, 130)
    except (BrokenPipeError, SystemExit):  # the reader, such as head, has seen enough; rich makes an exit of it
        _mute()
        return 0
    except OSError as error:  # the commands answer for the files that they are given; what is left is the output
        _mute()
        what = f"{error.filename} cannot be used" if error.filename else "the output cannot be written"
        return _fail(f"{what}; {error.strerror or error}", error, debug, 2)
    except Exception as error:  # every other failure is ours
        what = f"this is a bug in amelo ({type(error).__name__}); run the command again with --debug and report the traceback"
        return _fail(what, error, debug, 1)


def _mute() -> None:
    """Send what is still to be written nowhere, so that the interpreter does not stumble over it when it ends."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str, error: BaseException | None, debug: bool, code: int) -> int:
    if debug and error is not None:
        traceback.print_exception(error, file=sys.stderr)  # frames only: local variables may hold patients' data
    print(f"amelo: {sentence}", file=sys.stderr)
    return code


def _reword(error: CycloptsError, words: Sequence[str]) -> str:
    """Say what is wrong with a command line in amelo's way."""
    text = " ".join(str(error).split())
    named = [word for word in words if not word.startswith("-")]
    command = named[0] if named else ""
    if command and command not in COMMANDS:
        return f"'{command}' is not a command; {nearest(command, COMMANDS)}"
    if not command:
        return f"'{words[0]}' is not an option here; see 'amelo --help'"
    command = " ".join(error.command_chain or ()) or command  # with the subcommand
    if isinstance(error, UnusedCliTokensError):
        return f"'{(error.unused_tokens or [''])[0]}' is more than 'amelo {command}' takes; see 'amelo {command} --help'"
    text = re.sub(r"\. Did you mean \"?([^\"?]+)\"?\?", r"; did you mean '\1'?", text)
    return f"{text.rstrip('.')}; see 'amelo {command + ' ' if command else ''}--help'"
