"""The environment that is written down with a run."""

from __future__ import annotations

from cutscore.launch.provenance import environment_text


def test_what_ray_brings_along_for_its_own_processes_is_no_difference(tmp_path, monkeypatch):
    plain = environment_text.__wrapped__()
    own = tmp_path / "ray" / "thirdparty_files" / "colours-1.0.dist-info"
    own.mkdir(parents=True)
    (own / "METADATA").write_text("Metadata-Version: 2.1\nName: colours\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(own.parent))
    assert environment_text.__wrapped__() == plain
    other = tmp_path / "other" / own.name
    other.mkdir(parents=True)
    (own / "METADATA").rename(other / "METADATA")
    monkeypatch.syspath_prepend(str(other.parent))
    assert "colours==1.0" in environment_text.__wrapped__()
