"""What a page costs to make, and how fast it answers in a browser; Streamlit beside it.

307,511 made scores, as many as Home Credit has rows. A move is from the key that moves the slider
to the frame in which the figures of the new threshold are painted, in headless Chromium. The first
result is from opening the address to the frame that shows the figures. Streamlit's side (the same
scores, slider, figures and cost curve, in `page_streamlit.py`) needs a Python that has Streamlit.

    uv run python benchmarks/page.py [--moves 200] [--streamlit PYTHON]
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))
from browser import chromium

ROWS = 307_511
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
WATCH = """(figure) => {
  window.painted = [];
  let pressed = 0;
  const seen = () => { if (pressed) { painted.push(performance.now() - pressed); pressed = 0; } };
  document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(seen)))
    .observe(document.querySelector(figure),
      { subtree: true, childList: true, characterData: true });
}"""


def made_scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    target = (rng.random(ROWS) < 0.081).astype(np.int8)
    return target, 1 / (1 + np.exp(-0.8 * (rng.normal(size=ROWS) + 1.05 * target - 2.9)))


def make_page(path: Path, rounds: int = 20) -> None:
    """Write the page of the scores; print its size and the CPU time on top of the evidence."""
    from cutscore.assess.assessing import AssessRequest, assess
    from cutscore.assess.page import assessment_page
    from cutscore.assess.plain import as_json
    from cutscore.assess.reading import ScoreRows
    from cutscore.assess.settings import strategies

    rows = ScoreRows("scores.parquet", *made_scores())
    made = assess(rows, AssessRequest(strategies([]), resamples=100))
    document, spent = as_json(made), []
    for _ in range(rounds):
        start = time.process_time()
        text = assessment_page(made, document)
        spent.append(time.process_time() - start)
    path.write_text(text, encoding="utf-8")
    print(f"bytes                {len(text.encode()):,}")
    print(f"CPU s, first page    {spent[0]:.3f}")
    print(f"CPU s, further ones  {min(spent):.3f}")


def timed(browser, address: str, figure: str, slider: str, moves: int) -> None:
    """Print how long the first result and further moves take."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(figure, timeout=60_000)
    page.wait_for_selector(slider, state="attached", timeout=60_000)
    page.evaluate(PAINTED)
    print(f"  first result, s    {time.perf_counter() - start:.2f}")
    page.evaluate(WATCH, figure)
    page.focus(slider)
    for i in range(moves):
        before = page.evaluate("painted.length")
        page.keyboard.press("ArrowRight" if i % 100 < 50 else "ArrowLeft")
        page.wait_for_function("(n) => painted.length > n", arg=before, timeout=20_000)
    found = sorted(page.evaluate("painted"))
    print(f"  move, median, ms   {statistics.median(found):.1f}")
    print(f"  move, 95 %, ms     {found[int(0.95 * len(found))]:.1f}")
    page.close()


@contextmanager
def streamlit(python: str, folder: Path):
    """Serve Streamlit's side; yield its address."""
    target, score = made_scores()
    np.savez(folder / "scores.npz", target=target, score=score)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = Path(__file__).with_name("page_streamlit.py")
    words = (
        python, "-m", "streamlit", "run", str(app), "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.headless", "true",
        "--browser.gatherUsageStats", "false", "--", str(folder / "scores.npz"),
    )  # fmt: skip
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--streamlit", help="a Python that has Streamlit")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        make_page(folder / "report.html")
        print("page")
        address = (folder / "report.html").as_uri()
        timed(browser, address, "[data-figure=total_cost]", "#slider", asked.moves)
        if asked.streamlit:
            print("Streamlit")
            with streamlit(asked.streamlit, folder) as address:
                slider = "[data-testid=stSlider] :is(input, [role=slider])"
                timed(browser, address, "[data-testid=stMetricValue]", slider, asked.moves // 4)
    print(f"load                 {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
