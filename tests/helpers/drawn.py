"""What stands on a picture."""

from cutscore.report.figures.sheet import Sheet


def texts(figure):
    if isinstance(figure, Sheet):
        assert figure.png().startswith(b"\x89PNG")
        return figure.said
    from matplotlib.text import Text

    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]
