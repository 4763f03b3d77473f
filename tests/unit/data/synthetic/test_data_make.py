"""`cutscore data make` as it is typed."""

from cutscore.cli import main


def test_files_are_made_and_kept(tmp_path, capsys):
    words = ["data", "make", "home_credit", "--rows", "150", "--out", str(tmp_path / "made")]
    assert main(words) == 0
    assert "application_train.parquet" in capsys.readouterr().out
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()}
    assert len(before) == 9
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "--overwrite" in told
    assert "application_train.parquet" in told
    assert before == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "made").iterdir()}
    assert main([*words, "--overwrite"]) == 0


def test_all_that_is_wrong_is_told_at_once(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["data", "make", "home_credt", "--out", str(tmp_path / "taken")]) == 2
    told = capsys.readouterr().err
    assert 'Did you mean "home_credit"' in told
    assert "is a file" in told
