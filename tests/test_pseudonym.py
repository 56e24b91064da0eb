import multiprocessing
import stat

import pytest

from ticket_triage.feedback import pseudonym
from ticket_triage.files import TriageError


def test_a_customer_has_one_pseudonym_on_a_machine_and_another_elsewhere(tmp_path):
    here, again, there = (pseudonym.maker(tmp_path / name) for name in ("a", "a", "b"))
    assert here("ann@example.com") == again("ann@example.com") != there("ann@example.com")
    assert here("ann") != here("bob") and len(here("ann")) == 32 and "ann" not in here("ann")
    kept = tmp_path / "a" / "salt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["salt"]


def test_a_salt_that_is_given_is_the_same_everywhere_and_none_is_kept(tmp_path):
    one, other = (pseudonym.maker(tmp_path / name, "pepper") for name in ("a", "b"))
    assert one("ann") == other("ann")
    assert not list(tmp_path.iterdir())


def of(folder):
    return pseudonym.maker(folder)("ann")


def test_processes_that_start_together_take_one_salt(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(of, [tmp_path] * 8))) == 1


def test_a_salt_that_is_damaged_is_said(tmp_path):
    (tmp_path / "salt").write_text("")
    with pytest.raises(TriageError, match="holds no salt"):
        pseudonym.maker(tmp_path)
