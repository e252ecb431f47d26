"""`feedrank up`: everything on one machine, against the PostgreSQL of the settings."""

from core.settings import load_settings
from feedrank.home import LOGS_FOLDER, occupied, refuse_other_source
from feedrank.prefect_server import Prefect
from feedrank.processes import Servers, stop_on_signals
from feedrank.serve import has_snapshot, show_addresses, show_answers, start_api, start_worker, stay, train
from feedrank.terminal import Json
from warehouse.source import inspect_source


def up(*, as_json: Json = False) -> None:
    """Prefect with its schedules, and the API, against FEEDRANK_SOURCE__DSN or [source] of feedrank.toml.

    Trains at once if nothing has been published yet; from then on the schedules do.
    """
    settings = load_settings()
    inspect_source(settings)  # a wrong address or mapping is told here, not in a flow run's log
    refuse_other_source(settings, simulated=False)
    stop_on_signals()
    with occupied(settings.home), Servers(settings.home / LOGS_FOLDER) as servers:
        prefect = Prefect(servers, settings)
        environment = {"FEEDRANK_HOME": str(settings.home.absolute())}
        start_worker(prefect, environment)
        if not has_snapshot(settings):
            train(prefect, servers, settings)
        api_url = start_api(servers, settings, environment)
        show_answers(settings, api_url, as_json)
        show_addresses(settings, api_url, prefect, as_json)
        stay(servers)
