"""The drawings behind tests/bench/plots. No background and tones of middle brightness, so that a page may be light or
dark; text stays text. The same points give the same bytes."""

import json
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

GRAY = "#777c84"
BLUE, ORANGE, GREEN, PINK = "#3d7fd9", "#c76a15", "#2b8f63", "#b9588f"
PROCESSES = {"worker": ("worker", BLUE), "postgres": ("PostgreSQL", ORANGE), "broker": ("broker", GREEN),
             "load": ("load generator", PINK)}
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "slotkeeper", "font.family": "sans-serif", "font.size": 10,
    "text.color": GRAY, "axes.labelcolor": GRAY, "axes.edgecolor": GRAY, "axes.titlecolor": GRAY, "xtick.color": GRAY,
    "ytick.color": GRAY, "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none",
    "legend.frameon": False, "grid.color": GRAY, "grid.alpha": 0.3, "axes.grid": True, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False,
    "lines.marker": "o", "lines.markersize": 4,
}
THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")


def write(figure, folder, name):
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def axes(title, panels=1):
    figure = Figure(figsize=(7.2, 3.2 * panels), layout="constrained")
    figure.suptitle(title, fontsize=12)
    return figure, figure.subplots(panels, 1, sharex=panels > 1, squeeze=False)[:, 0]


def show_rounds(axis, places, points, colour, label=None):
    """The median of each point, and the worst and the best round."""
    medians = [point["per_second"] for point in points]
    spread = [[median - min(point["rounds"]) for median, point in zip(medians, points)],
              [max(point["rounds"]) - median for median, point in zip(medians, points)]]
    axis.errorbar(places, medians, yerr=spread, color=colour, capsize=3, label=label)


def show_processor(axis, places, points):
    bottom = [0.0] * len(points)
    for process, (label, colour) in PROCESSES.items():
        heights = [point["cpu_us_per_booking"][process] for point in points]
        axis.bar(places, heights, bottom=bottom, width=0.6, color=colour, label=label)
        bottom = [below + height for below, height in zip(bottom, heights)]
    axis.set_ylabel("processor time, µs a booking")
    axis.yaxis.set_major_formatter(THOUSANDS)
    axis.grid(axis="x", visible=False)
    axis.set_ylim(top=max(bottom) * 1.25)
    axis.legend(ncols=4, fontsize=9, loc="upper center")


def draw_rate(points, title, label):
    """Places are even, whatever the values are."""
    points = sorted(points, key=lambda point: point["at"])
    places = range(len(points))
    figure, (rate, processor) = axes(title, panels=2)
    show_rounds(rate, places, points, BLUE)
    rate.set_ylabel("bookings a second")
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_formatter(THOUSANDS)
    show_processor(processor, places, points)
    processor.set_xticks(places, [f"{point['at']:,}" for point in points])
    processor.set_xlabel(label)
    return figure


def draw_batch(points):
    return draw_rate(points, "Bookings a second against batch size", "batch.max, records")


def draw_partitions(points):
    return draw_rate(points, "Bookings a second against partitions, one worker with 3 threads", "partitions of slot-commands")


def draw_rows(points):
    return draw_rate(points, "Bookings a second against what the database holds",
                     "slots in the database, each with an appointment and two events")


def draw_workers(points):
    figure, (axis,) = axes("Bookings a second against workers, on two processors")
    for threads, colour in ((1, ORANGE), (3, BLUE)):
        some = sorted((point for point in points if point["threads"] == threads), key=lambda point: point["at"])
        show_rounds(axis, [point["at"] for point in some], some, colour, f"worker.threads = {threads}")
    axis.set_xticks(sorted({point["at"] for point in points}))
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(THOUSANDS)
    axis.set_xlabel("worker processes, 12 partitions")
    axis.set_ylabel("bookings a second")
    axis.legend()
    return figure


def draw_load(points):
    points = sorted(points, key=lambda point: point["share"])
    places = [point["per_second"] for point in points]
    figure, (axis,) = axes("Latency against load, 10 % to 90 % of the maximum")
    for name, label, colour in (("p99_ms", "p99", ORANGE), ("p50_ms", "p50", BLUE)):
        axis.plot(places, [point[name] for point in points], color=colour, label=label)
    for point in points:
        axis.plot([point["per_second"]] * len(point["p99_ms_rounds"]), point["p99_ms_rounds"], color=ORANGE, alpha=0.4,
                  linestyle="none", markersize=3)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(THOUSANDS)
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_xlim(left=0)
    axis.set_xticks(places, [f"{point['per_second']:,}\n{point['share']:.0%}" for point in points])
    axis.set_xlabel("bookings a second, and of the maximum")
    axis.set_ylabel("from due to outcome read, ms")
    axis.legend()
    return figure


def draw_takeover(points):
    figure, (axis,) = axes("From SIGKILL of a worker to its successor's first outcome")
    labels = {"same_name": "started again,\nwith worker.instance_id", "new_name": "started again,\nwithout it",
              "another_worker": "another worker,\nwhich was there"}
    points = [point for kind in labels for point in points if point["at"] == kind]
    for place, point in enumerate(points):
        axis.plot(point["firsts_s"], [place] * point["kills"], color=BLUE, alpha=0.5, linestyle="none")
        axis.plot([point["first_s"]], [place], color=ORANGE, marker="|", markersize=18, markeredgewidth=2)
    axis.set_yticks(range(len(points)), [labels[point["at"]] for point in points])
    axis.set_ylim(len(points) - 0.5, -0.5)
    axis.set_xlim(left=0)
    axis.set_xlabel("seconds; each kill, and the median")
    return figure


DRAWINGS = {"batch": draw_batch, "workers": draw_workers, "partitions": draw_partitions, "rows": draw_rows,
            "load": draw_load, "takeover": draw_takeover}


def main():
    results, folder = Path(sys.argv[1]), Path(sys.argv[2])
    matplotlib.rcParams.update(STYLE)
    curves = defaultdict(list)
    for text in results.read_text().splitlines():
        point = json.loads(text)
        curves[point["curve"]].append(point)
    folder.mkdir(exist_ok=True)
    for curve, points in curves.items():
        write(DRAWINGS[curve](points), folder, curve)


if __name__ == "__main__":
    main()
