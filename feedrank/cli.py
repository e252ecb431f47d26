"""`feedrank`: the commands and the one place where errors become messages and exit codes.

Commands are named by module and imported when they are called, so that `feedrank snapshot list` does not wait for
Prefect or CatBoost to load.
"""

import sys
from importlib.metadata import version

from cyclopts import App

from core.errors import FeedrankError
from core.logging import log_to_terminal
from feedrank.terminal import INTERRUPTED, WRONG, complain

app = App(
    name="feedrank",
    help="A self-hosted recommender for a social network's feed.",
    help_epilogue=(
        "Settings come from feedrank.toml in this folder and from FEEDRANK_… environment variables.\n\n"
        "Every command takes --json. Exit codes: 0 done; 1 it could not be done, or something is wrong; 2 the command "
        "was not understood; 130 ended by Ctrl-C. More in docs/command-line.md."
    ),
    version=lambda: version("feedrank"),
)
app.command("feedrank.demo:demo", help="A simulated network, trained rankers and the API, until Ctrl-C.")
app.command("feedrank.up:up", help="Everything against your own PostgreSQL, until Ctrl-C.")
app.command("feedrank.snapshot:app", name="snapshot", help="List, show, verify and roll back snapshots.")
app.command("feedrank.experiment:app", name="experiment", help="Start, change and end the A/B experiment.")
app.command("feedrank.keys:app", name="keys", help="Make, list and revoke keys of the API.")
app.command("feedrank.sql:sql", help="Ask the current snapshot a question in SQL.")
app.command("feedrank.migrate:migrate", help="Create the API's tables in the source database.")
app.command("feedrank.recommend:recommend", help="Recommendations for one user, from the current snapshot.")
app.command("feedrank.report:report", help="What an experiment has shown, and which arm to keep.")
app.command("feedrank.doctor:doctor", help="Look at everything, say what is wrong and what to do.")
app.command("feedrank.simulate:simulate", help="Fill the source database with a simulated network.")
app.register_install_completion_command(
    add_to_startup=False, help="Let Tab complete commands and options, in bash, zsh or fish."
)


def main() -> None:
    """Run a command; an error that we raise on purpose is printed as it is, and the exit code is 1."""
    log_to_terminal()
    try:
        app(sys.argv[1:])
    except FeedrankError as error:
        complain(str(error))
        sys.exit(WRONG)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
