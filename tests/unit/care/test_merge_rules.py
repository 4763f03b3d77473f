"""Every column of every table that a merge takes has a policy, or its difference is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from made_store import MadeStore, build_store, hexed

from cutscore.care.content import LIFECYCLE, differing, fields_of, in_words, read_contents
from cutscore.care.diff import diff_stores
from cutscore.care.merge import merge_stores
from cutscore.care.merge_registry import VERSION_IDENTITY
from cutscore.care.merge_target import MergeRequest
from cutscore.care.rules import JOINTS, RULES, UNITS, tables_of
from cutscore.care.view import view_database
from cutscore.cli import main

RUN, MODEL = hexed("one", 1), f"m-{hexed('model', hexed('one', 1))}"
MERGED = tables_of("merged")
OF_UNITS = [table for unit in UNITS.values() for table in tables_of(unit.tables)]
POINTED_AT = {
    "experiment_id": "experiment", "dataset_uuid": "dataset", "scorer_id": "scorer",
    "artifact_uri": "address", "artifact_location": "address", "storage_location": "address",
}  # fmt: skip
LATER, EARLIER = 1_800_000_000_000, 1_700_000_000_000


def merge(*sources, into, **options):
    return merge_stores(MergeRequest(tuple(sources), into, **options), lambda _: None)


def diff(one, other):
    return diff_stores(one, other, (), lambda _: None)


def sql(path, query, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        return connection.execute(query, values).fetchall()


def columns(path, table):
    """Name, type and whether it is part of the primary key."""
    return [(row[1], row[2], bool(row[5])) for row in sql(path, f'PRAGMA table_info("{table}")')]


@pytest.fixture(scope="module")
def full(empty, tmp_path_factory):
    """A store with a row in every table that a merge takes."""
    path = build_store(empty, tmp_path_factory.mktemp("full") / "mlflow.db", "one", 3)
    with closing(MadeStore(path)) as made:
        experiment, trace = 1, "tr-1"
        made.insert("registered_model_tags", name="scorer", key="team", value="risk")
        made.insert(
            "trace_info", request_id=trace, experiment_id=experiment, timestamp_ms=1, status="OK",
            db_payload_generation=1,
        )  # fmt: skip
        made.insert("trace_tags", request_id=trace, key="kind", value="test")
        place = path.parent / "artifacts" / "shared" / "traces" / trace / "artifacts"
        place.mkdir(parents=True)
        (place / "traces.json").write_text("{}")
        made.insert("trace_tags", request_id=trace, key="mlflow.artifactLocation", value=str(place))
        made.insert("trace_request_metadata", request_id=trace, key="user", value="ann")
        made.insert("trace_metrics", request_id=trace, key="tokens", value=3.0)
        made.insert(
            "spans", trace_id=trace, experiment_id=experiment, span_id="s1", status="OK",
            start_time_unix_nano=1, content="{}",
        )  # fmt: skip
        made.insert("span_metrics", trace_id=trace, span_id="s1", key="cost", value=0.1)
        made.insert(
            "assessments", assessment_id="a-1", trace_id=trace, experiment_id=experiment,
            trace_timestamp_ms=1, name="good", assessment_type="feedback", value="true", valid=1,
            created_timestamp=1, last_updated_timestamp=1, source_type="HUMAN", is_numeric_value=0,
        )  # fmt: skip
        made.insert(
            "issues", issue_id="iss-1", experiment_id=experiment, name="slow", description="d",
            status="open", severity="low", created_timestamp=1, last_updated_timestamp=1,
        )  # fmt: skip
        made.insert("scorers", scorer_id="sc-1", experiment_id=experiment, scorer_name="judge")
        made.insert(
            "scorer_versions", scorer_id="sc-1", scorer_version=1, serialized_scorer="{}",
            creation_time=1,
        )  # fmt: skip
        made.insert(
            "online_scoring_configs", online_scoring_config_id="c-1", scorer_id="sc-1",
            sample_rate=0.5, experiment_id=experiment,
        )  # fmt: skip
        made.insert("evaluation_datasets", dataset_id="d-1", name="golden", last_update_time=1)
        made.insert("evaluation_dataset_tags", dataset_id="d-1", key="k", value="v")
        made.insert(
            "evaluation_dataset_records", dataset_record_id="dr-1", dataset_id="d-1", inputs="{}",
            input_hash="h", last_update_time=1,
        )  # fmt: skip
        made.insert(
            "entity_associations", association_id="x-1", source_type="evaluation_dataset",
            source_id="d-1", destination_type="experiment", destination_id="1", created_time=1,
        )  # fmt: skip
    return path


@pytest.fixture
def pair(full, tmp_path):
    """Two copies of the full store."""
    found = []
    for name in ("target", "source"):
        shutil.copytree(full.parent, tmp_path / name)
        found.append(tmp_path / name / "mlflow.db")
    return found


def test_the_rules_know_the_schema_and_what_in_it_points_at_what(full):
    tables = {name for (name,) in sql(full, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert tables == set(RULES)
    gives = {table: (rule.own, rule.gives) for table, rule in RULES.items() if rule.gives}
    for table in (*MERGED, *OF_UNITS):
        rule, names = RULES[table], [name for name, _, _ in columns(full, table)]
        said = {
            rule.own,
            rule.number,
            rule.later,
            rule.owner,
            rule.apart[0],
            *rule.key,
            *rule.mapped,
        }
        assert said - {""} <= set(names), table
        for name in names:
            if name in POINTED_AT and name != rule.own:
                assert rule.mapped.get(name) == POINTED_AT[name], (table, name)
        for _, _, parent, name, column, *_ in sql(full, f'PRAGMA foreign_key_list("{table}")'):
            if gives.get(parent, ("", None))[0] == column:
                assert rule.mapped[name] == gives[parent][1], (table, name)
            if parent == "model_versions" and column == "version":
                assert rule.mapped[name] == "version", table
    for table in (*MERGED, *OF_UNITS, "inputs", "input_tags"):
        assert sql(full, f'SELECT count(*) FROM "{table}"') != [(0,)], table


def other(name, kind):
    """An expression for another value of a column."""
    numeric = any(word in kind for word in ("INT", "FLOAT", "DOUBLE", "BOOL", "NUMERIC"))
    return f'coalesce("{name}", 0) + 1' if numeric else f"coalesce(\"{name}\", '') || 'x'"


@pytest.mark.parametrize("kind", UNITS)
def test_every_column_of_runs_models_and_traces_is_compared(full, kind):
    unit = UNITS[kind]
    with closing(sqlite3.connect(full)) as connection, closing(sqlite3.connect(full)) as whole:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        ids = [row[0] for row in connection.execute(f"SELECT {unit.id} FROM {unit.table}")]
        before = read_contents(connection, kind, ids)
        assert set(fields_of(connection, kind)) == set(next(iter(before.values())))
        for table in tables_of(unit.tables):
            rule = RULES[table]
            for name, type_, _ in columns(full, table):
                if name == rule.owner or name in rule.mapped:
                    continue
                where = f" WHERE \"{rule.apart[0]}\" <> '{rule.apart[1]}'" if rule.apart[0] else ""
                connection.execute(f'UPDATE "{table}" SET "{name}" = {other(name, type_)}{where}')
                after = read_contents(connection, kind, ids)
                changed = [one for one in ids if differing(before[one], after[one])]
                assert changed, (table, name)
                fields = differing(before[changed[0]], after[changed[0]])
                assert set(fields) <= {rule.field, LIFECYCLE}
                words = in_words(kind, changed[0], connection, whole, fields)
                if table == unit.table:
                    assert words == [f"{fields[0]} ({name})"]
                connection.rollback()


@pytest.mark.parametrize(
    ("table", "skipped"),
    [("inputs", {"input_uuid", "source_type", "destination_type"}), ("input_tags", {"input_uuid"})],
)
def test_every_column_of_what_joins_runs_to_others_is_compared(full, table, skipped):
    assert {end for joint in JOINTS for end in joint} == {
        "DATASET", "RUN", "RUN_INPUT", "MODEL_INPUT", "RUN_OUTPUT", "MODEL_OUTPUT",
    }  # fmt: skip
    with closing(sqlite3.connect(full)) as connection:
        ids = [row[0] for row in connection.execute("SELECT run_uuid FROM runs")]
        before = read_contents(connection, "run", ids)
        for name, type_, _ in columns(full, table):
            if name not in skipped:
                connection.execute(f'UPDATE "{table}" SET "{name}" = {other(name, type_)}')
                after = read_contents(connection, "run", ids)
                assert any(differing(before[one], after[one]) for one in ids), name
                connection.rollback()


def change(path, table):
    """Change all of a merged table that is not translated or its key; return the columns."""
    rule = RULES[table]
    known = {name: kind for name, kind, _ in columns(path, table)}
    but = {row[3] for row in sql(path, f'PRAGMA foreign_key_list("{table}")')}
    but |= {rule.later, *rule.mapped}
    compared = [name for name in rule.compared(known) if name not in but]
    if table == "experiments":  # what deletion means is planned before
        compared.remove("lifecycle_stage")
    if table == "model_versions":
        compared = [name for name in compared if name not in VERSION_IDENTITY]
    for name in compared:
        sql(path, f'UPDATE "{table}" SET "{name}" = {other(name, known[name])}')
    return compared


def reported(report, table):
    return [one.policy for one in report.sources[0].collisions if one.kind == RULES[table].noun]


def test_a_difference_in_any_column_of_a_merged_table_is_reported(pair):
    target, source = pair
    changed = {table: change(source, table) for table in MERGED}
    lines = diff(target, source)
    shown = "\n".join((*lines.experiments, *lines.registry, *lines.others))
    report = merge(source, into=target)
    for table, names in changed.items():
        rule = RULES[table]
        if table == "scorer_versions":  # another one of the same number
            assert reported(report, table) == ["the number is taken: becomes 2"]
            continue
        told = reported(report, table)
        assert told or not names, table
        for name in names:
            assert any(name in line.split(":")[0] for line in told), (table, name)
            assert f"{rule.noun} " in shown
            assert f": {name} " in shown, (table, name)
    merge(source, into=target)
    assert not merge(source, into=target).changed


def test_rows_that_point_at_nothing_are_counted(pair):
    target, source = pair
    sql(target, "DELETE FROM assessments")
    sql(source, "UPDATE assessments SET trace_id = 'gone'")
    sql(source, "UPDATE issues SET issue_id = 'iss-2', source_run_id = 'gone'")
    sql(source, "UPDATE scorer_versions SET scorer_id = 'gone'")
    (found,) = merge(source, into=target).sources
    assert found.left_out == {"assessments": 1, "issues": 1, "scorer_versions": 1}


def test_what_is_later_is_taken_over(pair):
    target, source = pair
    timed = [table for table in MERGED if RULES[table].later]
    assert set(timed) == {
        "registered_models", "model_versions", "assessments", "issues", "evaluation_datasets",
        "evaluation_dataset_records",
    }  # fmt: skip
    for table in timed:
        change(source, table)
        sql(target, f'UPDATE "{table}" SET "{RULES[table].later}" = ?', EARLIER)
        sql(source, f'UPDATE "{table}" SET "{RULES[table].later}" = ?', LATER)
    report = merge(source, into=target)
    for table in timed:
        (policy,) = reported(report, table)
        assert policy.startswith("the source's is later: its ")
        assert report.sources[0].rows[table] == 1
    found = diff(target, source)
    assert found.same, (found.registry, found.others)
    assert not merge(source, into=target).changed
    sql(source, "UPDATE model_versions SET last_updated_time = ?, description = 'old'", EARLIER)
    report = merge(source, into=target)  # an earlier state does not come back
    assert not report.changed
    assert reported(report, "model_versions") == [
        "another last_updated_time, description: the target's stays"
    ]


def test_the_registry_of_an_earlier_state_is_brought_up_to_date(pair, capsys):
    target, source = pair
    change_ = "UPDATE model_versions SET current_stage = 'Production', description = 'better', "
    sql(source, f"{change_}status = 'FAILED_REGISTRATION', last_updated_time = ?", LATER)
    assert main(["store", "merge", str(source), "--into", str(target)]) == 0
    out = capsys.readouterr().out
    assert "version scorer 1: the source's is later" in out
    found = sql(target, "SELECT current_stage, description, status FROM model_versions")
    assert found == [("Production", "better", "FAILED_REGISTRATION")]


def test_a_run_that_is_in_another_experiment_is_told(pair):
    target, source = pair
    sql(source, "UPDATE runs SET experiment_id = 0 WHERE run_uuid = ?", RUN)
    assert diff(target, source).runs.different[0].fields == ("experiment",)
    (found,) = merge(source, into=target).sources
    told = {(one.kind, one.name): one.policy for one in found.collisions}
    assert told["run", RUN] == "in another experiment in the target: stays there"
    assert found.runs == {"skipped": 3}


def test_experiments_of_one_name_and_two_origins_are_joined_with_a_word(full, empty, tmp_path):
    def joined(report):
        told = [(one.name, one.policy) for one in report.sources[0].collisions]
        return [(name, policy) for name, policy in told if "join" in policy]

    target = build_store(empty, tmp_path / "two" / "mlflow.db", "two", 3)
    source = tmp_path / "one" / "mlflow.db"
    shutil.copytree(full.parent, source.parent)
    word = "the target has one of this name: 5 runs and the like join it"
    assert joined(merge(source, into=target)) == [("shared", word)]
    with closing(MadeStore(source)) as made:  # the next run of what is one by now
        made._experiments["shared"] = 1
        made.run("shared", hexed("next"))
    report = merge(source, into=target)
    assert (report.sources[0].runs, joined(report)) == ({"added": 1, "skipped": 3}, [])


def test_tags_that_name_versions_are_left_as_they_are_unless_numbers_change(full, empty, tmp_path):
    source = tmp_path / "one" / "mlflow.db"
    shutil.copytree(full.parent, source.parent)
    text = '[{"name":"scorer", "version":"1"}]'
    sql(source, "UPDATE logged_model_tags SET tag_value = ? WHERE tag_key LIKE 'mlflow%'", text)
    query = "SELECT tag_value FROM logged_model_tags WHERE model_id = ? AND tag_key LIKE 'mlflow%'"
    plain = tmp_path / "plain.db"
    shutil.copyfile(empty, plain)
    merge(source, into=plain)
    assert sql(plain, query, MODEL) == [(text,)]
    taken = build_store(empty, tmp_path / "two" / "mlflow.db", "two", 2)
    merge(source, into=taken)
    ((found,),) = sql(taken, query, MODEL)
    assert json.loads(found) == [{"name": "scorer", "version": "2"}]


def test_a_merge_of_nothing_says_so(full, empty, tmp_path, capsys):
    source, target = tmp_path / "none.db", tmp_path / "target.db"
    for path in (source, target):
        shutil.copyfile(empty, path)
    assert main(["store", "merge", str(source), "--into", str(target)]) == 0
    assert "nothing to compare" in capsys.readouterr().out
    merge(full, into=target)
    assert main(["store", "merge", str(full), "--into", str(target)]) == 0
    assert "5 of 5" in capsys.readouterr().out


def rollups(path):
    return sql(path, "SELECT count(*) FROM sql_trace_metric_daily_rollups")[0][0]


def test_traces_and_what_belongs_to_them_are_merged(full, empty, tmp_path):
    target = build_store(empty, tmp_path / "two" / "mlflow.db", "two", 3)
    sql(target, "UPDATE experiments SET experiment_id = 9 WHERE name = 'shared'")
    for table in ("runs", "datasets", "experiment_tags", "logged_models", "logged_model_tags"):
        sql(target, f"UPDATE {table} SET experiment_id = 9 WHERE experiment_id = 1")
    sql(
        target,
        "INSERT INTO sql_trace_metric_daily_rollups (id, experiment_id, rollup_day, metric_name, "
        "grouping_set, sample_count) VALUES (1, 9, '2026-01-01', 'm', 'global', 1), "
        "(2, 0, '2026-01-01', 'm', 'global', 1)",
    )
    report = merge(full, into=target)
    (found,) = report.sources
    assert report.whole
    assert found.traces == {"added": 1}
    assert found.rows == {
        "assessments": 1, "issues": 1, "scorers": 1, "scorer_versions": 1,
        "online_scoring_configs": 1, "evaluation_datasets": 1, "evaluation_dataset_records": 1,
        "evaluation_dataset_tags": 1, "entity_associations": 1, "registered_model_tags": 1,
        "model_version_tags": 1,
    }  # fmt: skip
    for table in ("trace_info", "spans", "assessments", "issues", "scorers"):
        assert sql(target, f"SELECT experiment_id FROM {table}") == [(9,)]
    assert sql(target, "SELECT destination_id FROM entity_associations") == [("9",)]
    ((place,),) = sql(target, "SELECT value FROM trace_tags WHERE key = 'mlflow.artifactLocation'")
    folder = target.parent / "artifacts" / "shared" / "traces" / "tr-1" / "artifacts"
    assert place == str(folder)
    assert (folder / "traces.json").read_text() == "{}"
    assert rollups(target) == 1  # of the experiment that has more traces now they are gone
    lines = diff(full, target)
    assert (lines.traces.equal, lines.traces.same) == (1, True)
    assert not [line for line in lines.others if not line.startswith("only in B")]
    assert not merge(full, into=target).changed
    assert view_database(target).contents.others == {
        "traces": 1, "assessments": 1, "scorers": 1, "evaluation data sets": 1,
    }  # fmt: skip


def test_scorers_of_one_name_are_one(full, empty, tmp_path):
    target, source = tmp_path / "a" / "mlflow.db", tmp_path / "b" / "mlflow.db"
    for path in (target, source):
        shutil.copytree(full.parent, path.parent)
    sql(source, "UPDATE scorers SET scorer_id = 'sc-2'")
    for table in ("scorer_versions", "online_scoring_configs"):
        sql(source, f"UPDATE {table} SET scorer_id = 'sc-2'")
    assert not merge(source, into=target).changed
    sql(source, "INSERT INTO scorer_versions VALUES ('sc-2', 2, 'new', 5)")
    sql(source, "UPDATE scorer_versions SET serialized_scorer = 'other' WHERE scorer_version = 1")
    merge(source, into=target)
    found = sql(target, "SELECT * FROM scorer_versions ORDER BY 2")
    assert found == [("sc-1", 1, "{}", 1), ("sc-1", 2, "other", 1), ("sc-1", 3, "new", 5)]
    assert not merge(source, into=target).changed


def test_a_trace_that_differs_and_one_that_goes_on(pair):
    target, source = pair
    sql(target, "UPDATE trace_info SET status = 'IN_PROGRESS', execution_time_ms = NULL")
    sql(target, "DELETE FROM spans")
    sql(target, "DELETE FROM span_metrics")
    report = merge(source, into=target)
    assert report.sources[0].traces == {"updated": 1}
    assert diff(source, target).same
    sql(source, "UPDATE spans SET name = 'other'")
    assert main(["store", "merge", str(source), "--into", str(target)]) == 2
    report = merge(source, into=target, keep_target=True)
    assert report.sources[0].traces == {"kept": 1}
    (said,) = [one.policy for one in report.sources[0].collisions if one.kind == "trace"]
    assert said == "the target has it with different spans: the target's is kept"


def test_what_is_left_out_stays_behind_and_is_told(full, empty, tmp_path, capsys):
    source, target = tmp_path / "a" / "mlflow.db", tmp_path / "target.db"
    shutil.copytree(full.parent, source.parent)
    before = source.read_bytes()
    shutil.copyfile(empty, target)
    words = ["store", "merge", str(source), "--into", str(target)]
    assert main([*words, "--leave-out", "traces, scorers,evaluation-datasets"]) == 0
    out = capsys.readouterr().out
    for table in ("trace_info", "spans", "assessments", "scorers", "entity_associations"):
        assert f"left behind as asked: 1 rows of {table}" in out
        assert sql(target, f"SELECT count(*) FROM {table}") == [(0,)]
    assert sql(target, "SELECT count(*) FROM issues") == [(1,)]
    assert source.read_bytes() == before
    assert main([*words, "--leave-out", "trace"]) == 2
    assert '"trace" is nothing that can be left out' in capsys.readouterr().err
    sql(source, "INSERT INTO webhooks (webhook_id, name, url, status) VALUES ('a', 'b', 'c', 'd')")
    sql(source, "CREATE TABLE novelty (id INTEGER)")
    sql(source, "INSERT INTO novelty VALUES (1)")
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "novelty (1 rows), webhooks (1 rows)" in err
    assert "--leave-out novelty,webhooks merges the rest without" in err
    assert main([*words, "--leave-out", "novelty,webhooks"]) == 0
    assert sql(target, "SELECT count(*) FROM trace_info") == [(1,)]


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred")
def test_mlflow_reads_the_traces_that_were_merged(empty, tmp_path, monkeypatch):
    """A store whose traces, scorers and data sets MLflow itself has written."""
    import mlflow
    from mlflow import MlflowClient, entities

    source, target = tmp_path / "source.db", tmp_path / "all" / "mlflow.db"
    target.parent.mkdir()
    for path in (source, target):
        shutil.copyfile(empty, path)
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    mlflow.set_tracking_uri(f"sqlite:///{source}")
    client = MlflowClient()
    experiment = client.create_experiment("qa", artifact_location=str(tmp_path / "files"))
    run = client.create_run(experiment).info.run_id
    trace = client.start_trace("ask", experiment_id=experiment, inputs={"q": 1}).trace_id
    client.end_trace(trace, outputs=2)
    human = entities.AssessmentSource("HUMAN", "ann")
    mlflow.log_feedback(trace_id=trace, name="good", value=True, source=human)
    store = client._tracing_client.store
    store.link_traces_to_run([trace], run)
    store.register_scorer(experiment, "judge", '{"name": "judge"}')
    golden = store.create_dataset("golden", tags={"a": "b"}, experiment_ids=[experiment])
    store.upsert_dataset_records(golden.dataset_id, [{"inputs": {"q": "x"}}])
    sql(target, "INSERT INTO experiments (experiment_id, name, lifecycle_stage, workspace) "
                "VALUES (1, 'taken', 'active', 'default')")  # fmt: skip
    assert merge(source, into=target).whole
    mlflow.set_tracking_uri(f"sqlite:///{target}")
    client = MlflowClient()
    store = client._tracing_client.store
    merged = client.get_experiment_by_name("qa").experiment_id
    assert merged != experiment
    found = client.get_trace(trace)
    assert found.info.assessments[0].value is True
    assert found.data.spans[0].inputs == {"q": 1}
    (by_run,) = client.search_traces(locations=[merged], run_id=run)
    assert by_run.info.trace_id == trace
    assert store.get_scorer(merged, "judge").scorer_version == 1
    assert store.get_dataset(golden.dataset_id).tags["a"] == "b"
    assert store.get_dataset_experiment_ids(golden.dataset_id) == [merged]
    mlflow.set_tracking_uri(None)  # and the environment variable that it sets
