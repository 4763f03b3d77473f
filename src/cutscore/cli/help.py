"""The help text of `cutscore run`, from the config folders alone: no heavy import."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from cutscore.config.layers import EXPERIMENT, GROUPS, Layers, find_layers, packaged_folder
from cutscore.errors import RequestError

USAGE = """\
Usage: cutscore run [OVERRIDES] [-m] [FLAGS]

Run one experiment, or with -m a sweep over every combination of comma-separated values.
Results go to standard output, progress to standard error, every run to the store in mlruns/.
"""

EXAMPLES = """\
Examples:
  cutscore run experiment=quickstart
      Two feature strategies x two sampling methods on real credit data, in about a minute.
  cutscore run model=xgboost sampling=balanced cost.false_negative=5
      One experiment, with a false negative five times as dear as a false positive.
  cutscore run -m features=baseline,domain sampling=balanced,undersample
      A sweep of four cells, with a leaderboard.
  cutscore run -m experiment=feature_grid hydra/launcher=joblib hydra.launcher.n_jobs=2
      The 16-cell grid, two cells at a time.
  cutscore run data=table data.path=loans.csv data.target=default data.id=loan_id
      Your own table (CSV, TSV or Parquet).
"""

FLAGS = """\
Flags:
  -m, --multirun           sweep over comma-separated values (also set by some experiments)
  --resume, --fresh        skip the cells of a sweep whose complete run stands in the store, or not;
                           named experiments resume unless told otherwise; one run alone is always
                           made anew
  --cfg job|hydra|all      print the composed config and stop; --resolve fills interpolations in
  --info WHICH             Hydra's own view: searchpath, defaults, defaults-tree, config, plugins
  --config-dir FOLDER      a folder of config groups that ranks above ./conf and the packaged one
  --shell-completion, -sc  install=bash|zsh|fish prints a completion script (see README)
  -h, --help               this text

The environment variable CUTSCORE_CONF names another folder than ./conf; CUTSCORE_CONF= (empty)
leaves ./conf out, where it is another project's.

Exit codes: 0 done; 1 some runs failed; 2 the request was wrong; 130/143 interrupted.
"""


def run_help(words: Sequence[str]) -> str:
    """Return the help of `cutscore run`: groups with their options, examples, flags.

    `words` may name a `--config-dir`, whose options are listed too. Where a folder cannot be used,
    the packaged options alone are listed, and why.
    """
    lines = []
    try:
        layers = find_layers(_config_dir(words))
    except RequestError as error:
        layers = Layers((packaged_folder(),))
        lines += [textwrap.fill(f"Packaged options only. {error}", 100), ""]
    for group in (*GROUPS, EXPERIMENT):
        options = ", ".join(name for name in layers.options(group) if not name.startswith("_"))
        indent = f"  {group:<12} "
        lines.append(
            textwrap.fill(options, 78, initial_indent=indent, subsequent_indent=" " * len(indent))
        )
    settings = (
        "Any setting inside an option is overridden with dots: validation.folds=10,\n"
        'model.params.n_estimators=300; a new mapping entry with +: +data.domain.LATE="a + b".\n'
        "`cutscore run --cfg job` prints them all with the values of an experiment."
    )
    groups = "Groups and their options (GROUP=OPTION):\n" + "\n".join(lines)
    return "\n".join([USAGE, groups + "\n", settings + "\n", EXAMPLES, FLAGS])


def _config_dir(words: Sequence[str]) -> str | None:
    for word, following in zip(words, [*words[1:], None], strict=True):
        flag, _, value = word.partition("=")
        if flag in ("--config-dir", "-cd"):
            return value or following
    return None
