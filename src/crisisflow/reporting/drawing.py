"""One style for all figures: colours that the colour-blind can tell apart, and lines that differ in grey too."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crisisflow.artifacts import atomic_path

if TYPE_CHECKING:  # a heavy import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Style(NamedTuple):
    """How one of several series is drawn."""

    colour: str
    marker: str
    line: str


# Okabe and Ito's colours. The marks and dashes say the same in grey.
SERIES = tuple(
    Style(*parts)
    for parts in (
        ("#0072B2", "o", "-"),
        ("#D55E00", "s", "--"),
        ("#009E73", "^", "-."),
        ("#CC79A7", "D", ":"),
        ("#E69F00", "v", "-"),
        ("#56B4E9", "P", "--"),
        ("#000000", "X", "-."),
        ("#999999", "*", ":"),
    )
)


def style_of(at: int) -> Style:
    """The style of the series at this place; with more than eight they begin anew."""
    return SERIES[at % len(SERIES)]


def line_style(at: int, number: int) -> dict[str, Any]:
    """How the line and the marks of one of `number` series are drawn.

    The first is the widest and each further one narrower, with hollow marks: where series have the same values, every
    one of them is still to be seen.
    """
    style = style_of(at)
    share = (number - 1 - at) / max(number - 1, 3)  # of the series, those that will lie on this one
    return {
        "color": style.colour,
        "linestyle": style.line,
        "linewidth": 1.8 + 2.6 * share,
        "marker": style.marker,
        "markersize": 4.5 + 7 * share,
        "markerfacecolor": "white",
    }


def finish(drawn: "Figure", *panels: "Axes", axis: str = "y") -> None:
    """What all figures have in common: no box around the panels, a grid along `axis`, one legend above them."""
    labelled: dict[str, Any] = {}
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis=axis, color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
        handles, labels = panel.get_legend_handles_labels()
        labelled |= dict(zip(labels, handles, strict=True))
    if labelled:
        drawn.legend(
            labelled.values(), labelled, loc="outside upper center", ncols=min(len(labelled), 8), frameon=False
        )


def write_svg(path: Path, draw: Callable[[], "Figure"]) -> None:
    """Write what `draw` makes as SVG; the same figure gives the same bytes."""
    import matplotlib.style

    # A person's own matplotlibrc must not show, nor the date, nor the random salt of the ids.
    with matplotlib.style.context(["default", {"svg.hashsalt": "crisisflow"}]), atomic_path(path) as partial:
        draw().savefig(partial, format="svg", metadata={"Date": None})
