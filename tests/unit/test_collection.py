"""Each test process collects all tests first, so that has to be cheap."""


def test_collecting_loads_no_heavy_library(loaded_at_collection):
    assert loaded_at_collection == []
