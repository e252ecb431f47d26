"""One command at a time in a home folder, and one source for good."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ServiceError
from core.settings import Settings
from feedrank.home import POSTGRES_FOLDER, occupied, refuse_other_source


def test_a_second_command_is_told_who_is_there(tmp_path: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from feedrank.home import occupied\n"
        f"with occupied(Path({str(tmp_path)!r})): print('in', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    with pytest.raises(ServiceError, match=f"in use by process {holder.pid};"), occupied(tmp_path):
        pass
    holder.kill()  # a killed command gives the folder back
    holder.communicate()
    with occupied(tmp_path):
        pass


def test_demo_and_network_do_not_share_a_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    refuse_other_source(settings, simulated=True)
    refuse_other_source(settings, simulated=False)
    settings.warehouse_file.touch()
    refuse_other_source(settings, simulated=False)
    with pytest.raises(ServiceError, match="holds a network's data"):
        refuse_other_source(settings, simulated=True)
    (tmp_path / POSTGRES_FOLDER).mkdir()
    refuse_other_source(settings, simulated=True)
    with pytest.raises(ServiceError, match="holds a demo's data"):
        refuse_other_source(settings, simulated=False)
