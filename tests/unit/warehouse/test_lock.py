import logging
import os
import subprocess
import threading
from datetime import timedelta

import pytest

from core.errors import WarehouseBusy
from core.settings import Settings
from warehouse.lock import warehouse_lock


def waiting(settings: Settings, **wait: float) -> Settings:
    warehouse = settings.warehouse.model_copy(update={"lock_wait": timedelta(**wait)})
    return settings.model_copy(update={"warehouse": warehouse})


def test_whoever_comes_second_is_told_who_holds_it(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with (
        warehouse_lock(settings, "retrain/nightly"),
        caplog.at_level(logging.INFO),
        pytest.raises(WarehouseBusy, match=rf"held by 'retrain/nightly' \(process {os.getpid()}, since .*lock_wait"),
        warehouse_lock(waiting(settings, seconds=0.2), "refresh"),
    ):
        pass
    assert "waiting up to 0:00:00.200000 for the warehouse, held by 'retrain/nightly'" in caplog.text


def test_it_is_free_again_afterwards_whatever_happened(settings: Settings) -> None:
    at_once = waiting(settings, seconds=0)
    with pytest.raises(RuntimeError), warehouse_lock(at_once, "first"):
        raise RuntimeError
    with warehouse_lock(at_once, "second"):
        assert '"second"' in settings.warehouse_lock.read_text()
    assert settings.warehouse_lock.read_text() == ""


def test_the_second_goes_on_as_soon_as_the_first_is_done(settings: Settings) -> None:
    order = []

    def wait_for_it() -> None:
        with warehouse_lock(settings, "second"):
            order.append("second")

    with warehouse_lock(settings, "first"):
        thread = threading.Thread(target=wait_for_it)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_child_that_lives_on_does_not_keep_it(settings: Settings) -> None:
    with warehouse_lock(settings, "parent"):
        child = subprocess.Popen(["sleep", "600"], close_fds=False)
    try:
        with warehouse_lock(waiting(settings, seconds=0), "next"):
            pass
    finally:
        child.kill()
        child.wait()
