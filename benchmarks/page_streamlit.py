"""Streamlit's side of `page.py`: scores once in memory, a slider, figures and the cost curve."""

import sys

import numpy as np
import streamlit as st

MISS, ALARM = 10, 1


@st.cache_resource
def loaded():
    found = np.load(sys.argv[1])
    order = np.argsort(found["score"])[::-1]
    tp = np.append(0, np.cumsum(found["target"][order]))
    return found["score"][order], tp, np.arange(len(tp)) - tp


score, tp, fp = loaded()
cost = MISS * (tp[-1] - tp) + ALARM * fp
threshold = st.slider("threshold", 0.0, 1.0, 0.14, 0.001, format="%.3f")
place = int(np.searchsorted(-score, -threshold, side="right"))
st.metric("total cost", f"{cost[place]:,}")
left, right = st.columns(2)
left.metric("precision", f"{tp[place] / max(place, 1):.2%}")
right.metric("recall", f"{tp[place] / tp[-1]:.2%}")
st.table(
    {"flagged": [tp[place], fp[place]], "not flagged": [tp[-1] - tp[place], fp[-1] - fp[place]]}
)
some = np.linspace(0, len(score) - 1, 1_000).astype(int)
st.line_chart({"threshold": score[some], "cost": cost[some]}, x="threshold", y="cost")
