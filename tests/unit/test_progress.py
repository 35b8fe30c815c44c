from toolkit.progress import Progress, Report, silent


def test_a_report_may_go_nowhere() -> None:
    report: Report = silent
    report(Progress(task="pull", done=1))
