"""Plays the demo: play.py FOLDER BEGAN.

FOLDER holds the stack, whose env has been sourced, and takes the workers' logs; BEGAN is the time that the
headings count from. Every scene says what is done, shows what came back, and checks it. The workers end with it.
"""

import signal
import sys
import traceback

import accounts
import crash
import scenes
from show import Clock, Failed
from stage import Stage

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def play(stage):
    scenes.workers_and_accounts(stage)
    scenes.slots_published(stage)
    scenes.fifty_race(stage)
    scenes.cancel_and_book_again(stage)
    scenes.reschedule(stage)
    scenes.completed_and_no_show(stage)
    scenes.repeated_command(stage)
    scenes.forged_and_garbage(stage)
    accounts.an_account_from_the_shell(stage)
    stream = crash.kill_in_mid_stream(stage)
    crash.trail_of_a_slot(stage)
    crash.nothing_lost_or_doubled(stage, stream)
    crash.verify(stage)


def failed(why):
    print(f"demo: FAILED: {why}", file=sys.stderr)
    raise SystemExit(1)


def interrupted(number, _frame):
    """The workers are still to be stopped, and once is enough."""
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main():
    folder, began = sys.argv[1:]
    Clock.began = float(began)
    sys.stdout.reconfigure(line_buffering=True)
    for name in SIGNALS:
        signal.signal(name, interrupted)
    stage = Stage(folder)
    try:
        play(stage)
    except Failed as failure:
        failed(failure)
    except Exception as error:
        traceback.print_exc()
        failed(repr(error))
    finally:
        for worker in stage.workers:
            worker.stop()


main()
