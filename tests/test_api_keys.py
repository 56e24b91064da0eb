import json
import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ticket_triage.files import TriageError
from ticket_triage.serving.api_keys import KeyRing, add, may, read, revoke


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys.json"


def test_a_key_is_random_and_only_its_hash_is_kept(path):
    first, second = add(path, "shop", "predict", 5), add(path, "desk", "review", 1)
    assert first != second and len(first) == len("tt_") + 43  # 256 bits in base64
    assert first not in path.read_text() and second not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [(key.name, key.role, key.rate) for key in read(path)] == [
        ("shop", "predict", 5),
        ("desk", "review", 1),
    ]


def test_a_key_is_known_until_it_is_revoked_without_a_restart(path):
    ring = KeyRing(path)
    assert ring.holder("tt_x") is None
    key = add(path, "shop", "predict", 5)
    assert ring.holder(key).name == "shop"
    assert ring.holder(key[:-1]) is ring.holder("") is ring.holder(f"{key} ") is None
    other = add(path, "desk", "admin", 5)
    revoke(path, "shop")
    assert ring.holder(key) is None
    assert ring.holder(other).name == "desk"
    assert [key.revoked_at is None for key in read(path)] == [False, True]
    path.unlink()
    assert ring.holder(other) is None


def test_a_damaged_file_leaves_those_known_and_is_told(path, caplog):
    key, ring = add(path, "shop", "predict", 5), KeyRing(path)
    assert ring.holder(key)
    path.write_text("{")
    with caplog.at_level(logging.ERROR):
        assert ring.holder(key)
    assert "damaged" in caplog.text
    with pytest.raises(TriageError, match="is damaged"):
        read(path)
    assert KeyRing(path).holder(key) is None


def test_names_are_used_once_since_the_log_knows_callers_by_them(path):
    add(path, "shop", "predict", 5)
    revoke(path, "shop")
    with pytest.raises(TriageError, match="there is or was a key shop"):
        add(path, "shop", "predict", 5)
    with pytest.raises(TriageError, match="there is no key shop to revoke"):
        revoke(path, "shop")


@pytest.mark.parametrize("wrong", [{"name": "a b"}, {"name": ""}, {"role": "root"}, {"rate": 0.0}])
def test_what_no_key_can_have_is_refused(path, wrong):
    with pytest.raises(TriageError, match=next(iter(wrong))):
        add(path, **({"name": "shop", "role": "predict", "rate": 1.0} | wrong))
    assert not path.exists()


def test_two_commands_at_once_lose_no_key(path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(path, f"k{number}", "predict", 1), range(20)))
    assert len(json.loads(path.read_text())["keys"]) == 20


def test_a_higher_role_includes_the_lower():
    assert may("admin", "predict") and may("admin", "review") and may("review", "predict")
    assert not may("predict", "review") and not may("review", "admin")
